//! From a spec to a plan: what `plan`, `apply` and `destroy` have in common.

use std::collections::BTreeMap;

use futures::future::try_join_all;

use super::context::Context;
use super::error::Error;
use crate::aws::kinds::Registry;
use crate::aws::observe::{Ask, Observation, Reader};
use crate::desired::{self, Facts, Running, choose_zones, registry, repository_name};
use crate::graph::{Address, Desired, Scope};
use crate::plan::{Choices, Plan, plan};
use crate::render::Header;
use crate::spec::{Environment, Runtime};
use crate::values::architecture::Architecture;

/// A plan, and what it was made of.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) environment: Environment,
    pub(super) plan: Plan,
    pub(super) header: Header,
    /// The ARN of the credentials that it was read with.
    pub(super) principal: Option<String>,
}

/// Reads AWS and plans.
pub(super) async fn prepare(context: &Context, name: &str, choices: &Choices) -> Result<Prepared, Error> {
    let environment = environment(context, name)?;
    check_images(&environment, &choices.images)?;
    let scope = scope(&environment);
    let reader = Reader::connect(&environment.aws.account, &environment.aws.region).await;
    let wants = if choices.destroy { without(&environment, &choices.only) } else { Some(environment.clone()) };
    let ask = wants.as_ref().map_or_else(Ask::default, ask);
    let reading = context.busy("reading AWS");
    let (seen, images) = futures::join!(reader.observe(&scope, &ask), images(&reader, &environment, &choices.images));
    drop(reading);
    // What keeps AWS from being read at all says more than what keeps one image from being found.
    let seen = seen?;
    let images = images?;

    let desired = wants.map_or(Ok(Vec::new()), |wants| wanted(&wants, &seen, images))?;
    let plan = plan(&Registry, &scope, &desired, &seen.live, &choices.options())?;
    let (project, name, aws) = (&environment.project, &environment.environment, &environment.aws);
    let plan = plan.at(&[project, name, &aws.account, &aws.region]);
    let header = header(&environment, &seen, context.now(), choices.clone());
    Ok(Prepared { environment, plan, header, principal: seen.principal })
}

/// Where AWS was read, and when.
pub(super) fn header(environment: &Environment, seen: &Observation, observed_at: String, choices: Choices) -> Header {
    Header {
        project: environment.project.clone(),
        environment: environment.environment.clone(),
        account: environment.aws.account.clone(),
        region: environment.aws.region.clone(),
        observed_at,
        calls: seen.calls,
        depth: seen.depth,
        choices,
        promotion: Vec::new(),
        approval_required: environment.approval.required,
    }
}

/// The spec of one environment.
pub(super) fn environment(context: &Context, name: &str) -> Result<Environment, Error> {
    let loaded = context.load(Some(&[name.to_owned()]))?;
    let found = loaded.specs.into_iter().map(|spec| spec.environment).find(|spec| spec.environment == name);
    found.ok_or_else(|| Error::Usage {
        message: format!("there is no environment `{name}`"),
        help: "`infra validate` names those that are there".into(),
    })
}

/// What is ours.
pub(super) fn scope(environment: &Environment) -> Scope {
    Scope { project: environment.project.clone(), environment: environment.environment.clone() }
}

fn wanted(environment: &Environment, seen: &Observation, images: BTreeMap<String, String>) -> Result<Vec<Desired>, Error> {
    let zones = environment.network.as_ref().map_or(0, |network| network.zones);
    let facts = Facts {
        zones: choose_zones(zones, &seen.zones, &seen.live),
        machine_images: seen.machine_images.clone(),
        running: Running::read(&seen.live),
        images,
    };
    Ok(desired::build(environment, &facts)?)
}

/// What is wanted when only these parts are to go: all else, which lets go of them. Nothing where all is to go, or where a part
/// is none that others could do without.
fn without(environment: &Environment, parts: &[Address]) -> Option<Environment> {
    let (first, others) = parts.split_first()?;
    others.iter().try_fold(environment.without(first.as_str())?, |rest, part| rest.without(part.as_str()))
}

fn ask(environment: &Environment) -> Ask {
    let instances = environment.service.iter().filter_map(|(_, service)| match &service.runtime {
        Runtime::Asg { instances, .. } if instances.ami.is_none() => Some(Architecture::of(&instances.instance_type)),
        Runtime::Asg { .. } | Runtime::AppRunner { .. } => None,
    });
    Ask { zones: environment.network.is_some(), architectures: instances.collect() }
}

fn check_images(environment: &Environment, images: &BTreeMap<String, String>) -> Result<(), Error> {
    let services: Vec<&str> = environment.service.names().collect();
    let unknown = images.iter().find(|(service, _)| !services.contains(&service.as_str()));
    unknown.map_or(Ok(()), |(service, _)| {
        let message = format!("`--image {service}=…`: {} has no service `{service}`", environment.environment);
        Err(Error::Usage { message, help: format!("its services are {}", services.join(", ")) })
    })
}

/// The images asked for, by digest.
async fn images(
    reader: &Reader,
    environment: &Environment,
    images: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Error> {
    let registry = registry(&environment.aws.account, &environment.aws.region);
    let resolved = images.iter().map(|(service, reference)| {
        let registry = &registry;
        async move {
            let repository = environment.service.get(service).map(|service| repository_name(environment, &service.repository));
            let repository = repository.unwrap_or_default();
            let reference = in_repository(reference, registry, &repository)?;
            let image = reader.image(&repository, reference).await?;
            Ok::<_, Error>((service.clone(), format!("{registry}/{repository}@{}", image.digest)))
        }
    });
    Ok(try_join_all(resolved).await?.into_iter().collect())
}

/// The tag or digest in a reference, which may be written with its registry and repository if those are the service's own.
fn in_repository<'a>(reference: &'a str, registry: &str, repository: &str) -> Result<&'a str, Error> {
    let Some((path, last)) = reference.split_once('@').or_else(|| {
        let colon = reference.rfind(':').filter(|_| !reference.starts_with("sha256:"))?;
        Some((&reference[..colon], &reference[colon + 1..]))
    }) else {
        return Ok(reference);
    };
    if path == repository || path == format!("{registry}/{repository}") {
        return Ok(last);
    }
    Err(Error::Usage {
        message: format!("{reference} is not in the service's own repository"),
        help: format!("push it to {registry}/{repository} first, or write just its tag or digest"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_may_be_short_or_whole() {
        let (registry, repository) = ("123456789012.dkr.ecr.us-east-1.amazonaws.com", "shop-dev/web");
        let part = |reference| in_repository(reference, registry, repository).ok();
        assert_eq!(part("v1"), Some("v1"));
        assert_eq!(part("sha256:abc"), Some("sha256:abc"));
        assert_eq!(part("shop-dev/web:v1"), Some("v1"));
        assert_eq!(part("123456789012.dkr.ecr.us-east-1.amazonaws.com/shop-dev/web@sha256:abc"), Some("sha256:abc"));
        assert_eq!(part("nginx:latest"), None);
        assert_eq!(part("localhost:5000/shop-dev/web:v1"), None);
    }
}
