//! One concurrent sweep over everything that bears our tags or our names, and what a spec leaves to AWS.
//!
//! [`Reader`] is the handle that planning holds. It has no operation that writes, and its clients refuse to send one.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;

use futures::future::{Either, join_all, join4, select};

use super::access::{Access, reads, uses};
use super::apprunner::service::Service;
use super::client::Aws;
use super::cloudwatch::states::AlarmState;
use super::elbv2::load_balancer::LoadBalancer;
use super::error::{AwsError, Call};
use super::kind::Resource as _;
use super::kinds::KINDS;
use super::neighbours;
use super::read::{both, chain};
use super::registries::{self, Elsewhere, Registries};
use super::unreachable::SoonTold;
use crate::graph::{Live, Scope};
use crate::promote::{ImageFacts, Seen};
use crate::registry::Reference;
use crate::spec::Environment;
use crate::values::architecture::Architecture;
use crate::values::image_digest::ImageDigest;

/// Reads an account and region.
#[derive(Debug)]
pub struct Reader {
    aws: Aws,
}

/// What was asked for beside the resources themselves.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// Whether availability zones are needed.
    pub zones: bool,
    /// The architectures that machine images are needed for.
    pub architectures: BTreeSet<Architecture>,
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// Everything of ours, and what bears our names without being ours.
    pub live: Vec<Live>,
    /// The availability zones that the account can use.
    pub zones: Vec<String>,
    /// The current machine images of Amazon Linux 2023.
    pub machine_images: BTreeMap<Architecture, String>,
    /// The ARN of the credentials.
    pub principal: Option<String>,
    /// How many calls it took.
    pub calls: usize,
    /// The longest chain of calls of which each waited for the one before.
    pub depth: usize,
}

/// Why nothing was seen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObserveError {
    /// The credentials are of another account than the spec's.
    #[error("the credentials are of account {actual}, and the spec is for {expected}")]
    WrongAccount {
        /// The account of the spec.
        expected: String,
        /// The account of the credentials.
        actual: String,
    },
    /// AWS refused, in one or more places.
    #[error("AWS could not be read")]
    Aws(Vec<AwsError>),
}

/// Whose the credentials are.
struct Caller {
    account: String,
    arn: Option<String>,
}

/// What looking takes beside the kinds. `sts:GetCallerIdentity` is missing because nobody needs a permission for it.
pub const ACCESS: Access = Access::reading(&[
    reads(&["ec2:DescribeAvailabilityZones"]),
    uses(&["ssm:GetParameters"], &["ssm:{region}::parameter/aws/service/ami-amazon-linux-latest/*"]),
]);

impl Reader {
    /// Connects to the account and region of a spec.
    pub async fn connect(account: &str, region: &str) -> Self {
        Self { aws: Aws::reader(account, region).await }
    }

    /// Connects to an account and region that may be read by a role only.
    pub async fn elsewhere(there: &Elsewhere) -> Self {
        let Elsewhere { account, region, role } = there;
        Self {
            aws: match role {
                Some(role) => Aws::by_role(role, account, region).await,
                None => Aws::reader(account, region).await,
            },
        }
    }

    /// Knows how to enter other registries.
    pub fn entering(mut self, registries: &Registries) -> Self {
        self.aws.registries = Arc::new(registries.clone());
        self
    }

    /// Looks once: what more than one part of the look asks for is asked once, and does not change meanwhile.
    pub fn for_one_look(self) -> Self {
        Self { aws: self.aws.for_one_look() }
    }

    /// Looks at everything at once. Each kind's calls form a chain of their own.
    ///
    /// # Errors
    /// Everything that AWS refused, not only the first.
    pub async fn observe(&self, scope: &Scope, ask: &Ask) -> Result<Observation, ObserveError> {
        let aws = &self.aws;
        let kinds = join_all(KINDS.iter().map(|kind| chain(kind.list(aws, scope))));
        let zones = chain(self.zones(ask.zones));
        let images = chain(self.machine_images(&ask.architectures));
        let inside = chain(neighbours::inside(aws, scope));
        let account = pin!(chain(self.account()));
        let sweep = pin!(join4(kinds, zones, images, inside));
        // Without the right account nothing else is worth waiting for.
        let (principal, (kinds, zones, images, inside)) = match select(account, sweep).await {
            Either::Left((account, sweep)) => (self.check(account)?, sweep.await),
            Either::Right((seen, account)) => (self.check(account.await)?, seen),
        };

        let mut seen = Observation { principal, ..Observation::default() };
        let mut errors: Vec<AwsError> = Vec::new();
        for kind in kinds {
            match kind {
                Ok(live) => seen.live.extend(live),
                Err(error) => errors.push(error),
            }
        }
        zones.map_or_else(|error| errors.push(error), |zones| seen.zones = zones);
        images.map_or_else(|error| errors.push(error), |images| seen.machine_images = images);
        inside.map_or_else(|error| errors.push(error), |inside| neighbours::introduce(&mut seen.live, scope, &inside));
        if !errors.is_empty() {
            // One cause, such as credentials that expire on the way, comes back from every call.
            errors.sort_by(|a, b| (&a.code, &a.message).cmp(&(&b.code, &b.message)));
            errors.dedup_by(|a, b| a.code == b.code && a.message == b.message);
            return Err(ObserveError::Aws(errors));
        }
        (seen.calls, seen.depth) = self.took();
        Ok(seen)
    }

    /// How many calls reading has taken so far, and the longest chain of them.
    pub fn took(&self) -> (usize, usize) {
        (self.aws.reads().calls(), self.aws.reads().depth())
    }

    /// The digest of an image of a repository, by tag or digest.
    ///
    /// # Errors
    /// As [`super::images::resolve`].
    pub async fn image(&self, repository: &str, reference: &str) -> Result<super::images::ResolvedImage, AwsError> {
        chain(super::images::resolve(&self.aws, repository, reference)).await
    }

    /// What a repository knows of an image; none where it does not have it.
    ///
    /// # Errors
    /// As [`super::ecr::facts`].
    pub async fn image_facts(
        &self,
        repository: &str,
        registry_id: Option<&str>,
        digest: &ImageDigest,
    ) -> Result<Option<ImageFacts>, AwsError> {
        chain(super::ecr::facts(&self.aws, repository, registry_id, digest)).await
    }

    /// What runs of an environment's services.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn running(&self, scope: &Scope) -> Result<BTreeMap<String, Seen>, AwsError> {
        chain(super::running::look(&self.aws, scope)).await
    }

    /// The digest of an image in another registry, by tag or digest.
    ///
    /// # Errors
    /// As that registry answers.
    pub async fn digest_elsewhere(&self, image: &Reference) -> Result<ImageDigest, AwsError> {
        let repository = registries::repository(&self.aws, image).await?;
        repository.resolve(image.tag_or_digest()).await.map_err(|error| registries::refused(&error))
    }

    /// What an image in another registry says of itself. Nobody there tells of scans.
    ///
    /// # Errors
    /// As that registry answers.
    pub async fn image_elsewhere(&self, image: &Reference, digest: &ImageDigest) -> Result<ImageFacts, AwsError> {
        let repository = registries::repository(&self.aws, image).await?;
        let about = repository.describe(digest).await.map_err(|error| registries::refused(&error))?;
        Ok(ImageFacts {
            tags: image.tag.iter().cloned().collect(),
            size: Some(about.size),
            commit: about.commit().map(str::to_owned),
            platforms: about.platforms,
            ..ImageFacts::default()
        })
    }

    /// How alarms stand.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn alarms(&self, names: &[String]) -> Result<Vec<AlarmState>, AwsError> {
        chain(super::cloudwatch::states::states(&self.aws, names)).await
    }

    /// Where people reach each service that can be reached, without a slash at the end.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn addresses(&self, environment: &Environment, scope: &Scope) -> Result<BTreeMap<String, String>, AwsError> {
        let (balancers, services) = both(LoadBalancer::list(&self.aws, scope), Service::list(&self.aws, scope)).await?;
        let balanced = balancers.iter().map(|found| (&found.tags, found.outputs.get("dns_name")));
        let served = services.iter().map(|found| (&found.tags, found.outputs.get("url")));
        let hosts = balanced.chain(served).filter_map(|(tags, host)| {
            let owner = scope.owner(tags);
            Some((owner.address()?.service()?.to_owned(), host?.trim_start_matches("https://")))
        });
        let hosts: BTreeMap<String, &str> = hosts.collect();
        let reached = environment.service.names().filter_map(|name| {
            let front = environment.front(name);
            let host = hosts.get(front.map_or(name, |(owner, _)| owner))?;
            let plain = front.is_some_and(|(_, balancer)| balancer.certificate.is_none());
            Some((name.to_owned(), environment.reached_at(name, if plain { "http" } else { "https" }, host)))
        });
        Ok(reached.collect())
    }

    /// The last lines of a service's log, oldest first.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn last_lines(&self, scope: &Scope, service: &str, lines: usize) -> Result<Vec<String>, AwsError> {
        let group = format!("/{}/{}/{service}", scope.project, scope.environment);
        super::logs::tail::last_lines(&self.aws, &group, lines).await
    }

    /// What each of these versions of a launch template has instances run, as a whole reference by digest.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn image_in_version(&self, template: &str, version: &str) -> Result<Option<String>, AwsError> {
        let versions = chain(super::health::images(&self.aws, template, BTreeSet::from([version.to_owned()]))).await?;
        Ok(versions.into_values().next().map(|version| version.image))
    }

    /// Makes sure that the credentials are of the spec's account, where nothing else is read.
    ///
    /// # Errors
    /// When they are of another, or of none.
    pub async fn check_account(&self) -> Result<(), ObserveError> {
        self.check(self.account().await).map(drop)
    }

    fn check(&self, caller: Result<Caller, AwsError>) -> Result<Option<String>, ObserveError> {
        let Caller { account: actual, arn } = caller.map_err(|error| ObserveError::Aws(vec![error]))?;
        let expected = self.aws.account.clone();
        if actual == expected { Ok(arn) } else { Err(ObserveError::WrongAccount { expected, actual }) }
    }

    /// Whose the credentials are: the call that everything hangs on.
    async fn account(&self) -> Result<Caller, AwsError> {
        let soon = aws_sdk_sts::config::Builder::new().retry_classifier(SoonTold::default());
        let call = self.aws.sts.get_caller_identity().customize().config_override(soon);
        let identity = call.send().await.call("sts:GetCallerIdentity")?;
        Ok(Caller { account: identity.account().unwrap_or_default().into(), arn: identity.arn().map(Into::into) })
    }

    async fn zones(&self, wanted: bool) -> Result<Vec<String>, AwsError> {
        if !wanted {
            return Ok(Vec::new());
        }
        let filter = |name: &str, value: &str| aws_sdk_ec2::types::Filter::builder().name(name).values(value).build();
        let zones = self.aws.ec2.describe_availability_zones();
        let zones = zones.filters(filter("zone-type", "availability-zone")).filters(filter("state", "available"));
        let zones = zones.send().await.call("ec2:DescribeAvailabilityZones")?;
        Ok(zones.availability_zones().iter().filter_map(|zone| zone.zone_name().map(str::to_owned)).collect())
    }

    /// Amazon Linux 2023 as AWS publishes it ("Calling AMI public parameters in Parameter Store").
    async fn machine_images(&self, wanted: &BTreeSet<Architecture>) -> Result<BTreeMap<Architecture, String>, AwsError> {
        if wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let parameter = |architecture: Architecture| {
            format!("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{}", architecture.as_str())
        };
        let names = wanted.iter().map(|&architecture| parameter(architecture)).collect();
        let answer = self.aws.ssm.get_parameters().set_names(Some(names)).send().await.call("ssm:GetParameters")?;
        let value = |architecture: Architecture| {
            let found = answer.parameters().iter().find(|found| found.name() == Some(&parameter(architecture)));
            found.and_then(|found| found.value()).map(|value| (architecture, value.to_owned())).ok_or_else(|| {
                AwsError::unexpected("ssm:GetParameters", format!("AWS publishes no {} in this region", parameter(architecture)))
            })
        };
        wanted.iter().map(|&architecture| value(architecture)).collect()
    }
}
