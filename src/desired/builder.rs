//! What the builders of every part share: names, tags and the growing graph.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::facts::{Copy, Facts};
use super::{alarms, apprunner, asg, cache, database, network, repository, turns};
use crate::aws::ecr::copy::Image;
use crate::aws::kind::{Shape, encode};
use crate::graph::{Address, Desired, Input, Tags};
use crate::spec::layout::MOST_ZONES;
use crate::spec::{Environment, Runtime};
use crate::values::name::name;
use crate::values::partition::partition;

/// What AWS has that a spec cannot be built with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The region has fewer zones than the spec asks for.
    #[error("the spec asks for {wanted} availability zones; {region} has {} that this account can use: {}", .there.len(), .there.join(", "))]
    TooFewZones {
        /// How many are asked for.
        wanted: u8,
        /// The region.
        region: String,
        /// Those that are there.
        there: Vec<String>,
    },
}

/// Every resource of an environment.
///
/// # Errors
/// When AWS does not have what the spec asks for.
pub fn build(environment: &Environment, facts: &Facts) -> Result<Vec<Desired>, BuildError> {
    let mut builder = Builder { environment, facts, graph: Vec::new() };
    if let Some(wanted) = environment.network {
        if facts.zones.len() < usize::from(wanted.zones) {
            let (region, there) = (environment.aws.region.clone(), facts.zones.clone());
            return Err(BuildError::TooFewZones { wanted: wanted.zones, region, there });
        }
        network::build(&mut builder, wanted);
    }
    for (name, repository) in &environment.repository {
        repository::build(&mut builder, name, *repository);
    }
    for copy in &facts.copies {
        repository::build_copy(&mut builder, copy);
    }
    for (name, database) in &environment.database {
        database::build(&mut builder, name, database);
        alarms::of_database(&mut builder, name, database);
    }
    for (name, cache) in &environment.cache {
        cache::build(&mut builder, name, cache);
        alarms::of_cache(&mut builder, name, cache);
    }
    for (name, service) in environment.service.iter() {
        match &service.runtime {
            Runtime::Asg { instances, deploy, .. } => asg::build(&mut builder, name, service, instances, deploy),
            Runtime::AppRunner { cpu, memory_gib, scaling } => {
                apprunner::build(&mut builder, name, service, *cpu, *memory_gib, *scaling);
            }
        }
        alarms::of_service(&mut builder, name, service);
        alarms::heed(&mut builder, name);
    }
    turns::take(&mut builder);
    Ok(builder.graph)
}

/// The kinds of everything that an environment may need, zones and running images aside.
pub fn kinds(environment: &Environment) -> BTreeSet<&'static str> {
    let zones = ('a'..='z').take(MOST_ZONES.into()).map(|letter| format!("{}{letter}", environment.aws.region));
    // A release command is there only while an image moves.
    let images = environment.service.names().map(|name| (name.to_owned(), "another@sha256:0".to_owned()));
    let facts = Facts { zones: zones.collect(), images: images.collect(), ..Facts::default() };
    // A spec asks for no more zones than a network has slots.
    let mut kinds: BTreeSet<_> = build(environment, &facts).unwrap_or_default().iter().map(|resource| resource.kind).collect();
    if !environment.repository.is_empty() {
        kinds.insert(Image::SCHEMA.kind);
    }
    kinds
}

/// The graph while it grows.
pub(super) struct Builder<'a> {
    pub(super) environment: &'a Environment,
    pub(super) facts: &'a Facts,
    graph: Vec<Desired>,
}

impl Builder<'_> {
    /// Adds a resource; gives back its address for others to refer to.
    pub(super) fn add<R: Shape>(&mut self, address: Address, wanted: &R::Wanted) -> Address
    where
        R::Wanted: Serialize,
    {
        let tags = self.tags(&address);
        self.graph.push(Desired {
            address: address.clone(),
            kind: R::SCHEMA.kind,
            attrs: encode(wanted),
            tags,
            after: Vec::new(),
            deferred: None,
            blocked: None,
        });
        address
    }

    /// The resource added last.
    pub(super) fn last(&mut self) -> &mut Desired {
        self.graph.last_mut().expect("called right after adding one")
    }

    /// What has been added so far.
    pub(super) fn resources(&self) -> impl Iterator<Item = &Desired> {
        self.graph.iter()
    }

    /// A resource that has been added.
    pub(super) fn at(&mut self, address: &Address) -> Option<&mut Desired> {
        self.graph.iter_mut().find(|resource| resource.address == *address)
    }

    /// `<project>-<environment>-<words>` in at most `limit` characters.
    pub(super) fn name(&self, words: &[&str], limit: usize) -> String {
        let mut all = vec![self.environment.project.as_str(), self.environment.environment.as_str()];
        all.extend(words);
        name(&all, limit)
    }

    /// The tags of the spec and a name for people, which also tells what a resource is when `infra:address` was lost.
    pub(super) fn tags(&self, address: &Address) -> Tags {
        let mut tags: Tags = self.environment.tags.clone();
        let words: Vec<&str> = address.as_str().split('.').collect();
        tags.insert("Name".into(), format!("{}-{}", self.environment.prefix(), words.join("-")));
        tags
    }

    /// The region and account of the environment.
    pub(super) fn place(&self) -> (&str, &str) {
        (&self.environment.aws.region, &self.environment.aws.account)
    }

    /// An ARN in the account and region of the environment.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        let (region, account) = self.place();
        format!("arn:{}:{service}:{region}:{account}:{resource}", partition(region))
    }

    /// What the image of a service is: what was asked for, else what the spec says, else what runs.
    pub(super) fn image(&self, service: &str) -> Option<String> {
        let asked = self.facts.images.get(service).cloned();
        let written = || {
            let service = self.environment.service.get(service)?;
            let digest = service.image.as_ref()?;
            Some(format!("{}/{}@{digest}", self.registry(), self.repository(&service.repository)))
        };
        asked.or_else(written).or_else(|| self.facts.running.get(service)?.image.clone())
    }

    /// The registry of the account and region.
    pub(super) fn registry(&self) -> String {
        registry(&self.environment.aws.account, &self.environment.aws.region)
    }

    /// The name in ECR of one of the environment's repositories.
    pub(super) fn repository(&self, name: &str) -> String {
        repository::name(self.environment, name)
    }

    /// What keeps a service from the image it is to run, and where that image comes from if the repository lacks it: for the
    /// resource that names the image, the one added last.
    pub(super) fn hold_image(&mut self, service: &str) {
        let blocked = self.facts.refused.get(service).cloned();
        let copies = self.environment.service.get(service).into_iter().flat_map(|table| {
            let image = self.facts.images.get(service);
            let its = move |copy: &&Copy| {
                copy.repository == table.repository && image.is_some_and(|image| image.ends_with(copy.digest.as_str()))
            };
            self.facts.copies.iter().filter(its).map(|copy| repository::image_address(&copy.repository, &copy.digest))
        });
        let copies: Vec<Address> = copies.collect();
        let deferred = self.waits_for_image(service);
        let last = self.last();
        last.after.extend(copies);
        (last.blocked, last.deferred) = (blocked, deferred);
    }

    /// What a service that has no image waits for.
    fn waits_for_image(&self, service: &str) -> Option<String> {
        self.image(service).is_none().then(|| format!("an image of service.{service}"))
    }
}

/// The registry that ECR gives an account in a region.
pub fn registry(account: &str, region: &str) -> String {
    let suffix = if partition(region) == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("{account}.dkr.ecr.{region}.{suffix}")
}

/// Addresses of the parts of a network that others refer to.
pub(super) fn vpc() -> Input {
    Input::output(&Address::of(&["network", "vpc"]), "id")
}

/// Environment variables by name.
pub(super) type Variables = BTreeMap<String, Input>;
