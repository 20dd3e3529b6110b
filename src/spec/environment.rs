//! An environment as its spec declares it, with every `extends` resolved and every default filled in.
//!
//! The doc comments of the fields become the descriptions that `infra schema` prints and editors show, so they speak
//! to the people who write specs. Bounds that concern one value alone stand here too, and reach the schema the same way;
//! rules across fields are in `check`.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::Deserialize;

use super::named::Named;
use super::notify::Notify;
use super::route::Route;
use super::service::{LoadBalancer, Runtime, Service};
use super::store::{Cache, Database};
use crate::values::duration::Duration;

/// One environment of an application on AWS. A table that is absent is not managed.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The application. Everything it owns in AWS is named and tagged after it.
    #[schemars(example = &"shop")]
    pub project: String,

    /// The environment's name: what `--env` takes, and the second part of every name in AWS.
    #[schemars(example = &"dev")]
    pub environment: String,

    /// The AWS account and region it lives in.
    pub aws: Aws,

    /// Tags that everything of the environment carries in AWS, beside the ones that mark ownership.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,

    /// Whether a person has to agree to a plan before it is applied.
    #[serde(default)]
    pub approval: Approval,

    /// The private network. Instances, databases, caches and load balancers need one.
    pub network: Option<Network>,

    /// Image repositories in ECR, by name.
    #[serde(default)]
    pub repository: BTreeMap<String, Repository>,

    /// What runs, by name. The order is the order in which services are deployed.
    #[serde(default)]
    pub service: Named<Service>,

    /// Databases on RDS, by name. A service reaches one by `connects = ["database.NAME"]`.
    #[serde(default)]
    pub database: BTreeMap<String, Database>,

    /// Caches on ElastiCache, by name. A service reaches one by `connects = ["cache.NAME"]`.
    #[serde(default)]
    pub cache: BTreeMap<String, Cache>,

    /// The last step of `apply`: images that run in another environment move here by digest; and what any image must be to run here.
    pub promotion: Option<Promotion>,

    /// Who is told when something is done to the environment. That somebody cannot be told never stops a deployment.
    pub notify: Option<Notify>,
}

impl Environment {
    /// What AWS names start with: `<project>-<environment>`.
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("{}-{}", self.project, self.environment)
    }

    /// The load balancer by which a service on instances is reached, and whose it is: its own, or that of the service it stands behind.
    #[must_use]
    pub fn front(&self, service: &str) -> Option<(&str, &LoadBalancer)> {
        let (name, its) = self.service.get_key_value(service)?;
        let (owner, its) = its.route.as_ref().map_or(Some((name, its)), |route| self.service.get_key_value(&route.behind))?;
        Some((owner, its.load_balancer()?))
    }

    /// The services that stand behind the load balancer of this one, with how they are reached, in the order of the spec.
    pub fn behind<'a>(&'a self, owner: &str) -> impl Iterator<Item = (&'a str, &'a Route)> {
        let routes = self.service.iter().filter_map(|(name, service)| Some((name, service.route.as_ref()?)));
        routes.filter(move |(_, route)| route.behind == owner)
    }

    /// Where people reach a service, by the host name that AWS gave what stands in front of it: by a name of its own where its route
    /// has one.
    #[must_use]
    pub fn reached_at(&self, service: &str, scheme: &str, host: &str) -> String {
        let hosts = self.service.get(service).and_then(|service| service.route.as_ref()).map(|route| route.hosts.as_slice());
        let own = hosts.unwrap_or_default().iter().find(|host| !host.contains(['*', '?']));
        format!("{scheme}://{}", own.map_or(host, String::as_str))
    }

    /// Whether a service has an address on the internet.
    #[must_use]
    pub fn is_public(&self, service: &str) -> bool {
        match self.service.get(service).map(|service| &service.runtime) {
            Some(Runtime::Asg { .. }) => self.front(service).is_some_and(|(_, front)| front.public),
            Some(Runtime::AppRunner { .. }) => true,
            None => false,
        }
    }

    /// The name of the database inside a database instance: the one that was written, else the project's,
    /// in the letters that every engine takes without quoting.
    #[must_use]
    pub fn database_name(&self, database: &Database) -> String {
        database.name.clone().unwrap_or_else(|| self.project.replace('-', "_"))
    }
}

/// The AWS account and region.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Aws {
    /// The account's number, twelve digits in quotes. Credentials of any other account are refused.
    #[schemars(example = &"123456789012")]
    pub account: String,

    /// The region, such as `us-east-1`.
    #[schemars(example = &"us-east-1")]
    pub region: String,

    /// The ARN of a role in this account that other environments take on to read what runs here and to pull its images, where
    /// they live in another account and promote from this one. `infra iam-policy --for promotion` prints its policy.
    pub role: Option<String>,
}

/// Whether a person has to agree to a plan before it is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// With `true`, `apply` wants the environment's name typed, or `--approve PLAN_ID` where nobody can type.
    #[serde(default)]
    pub required: bool,
}

/// The private network: a VPC with a public and a private subnet in every zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The addresses of the network, from a `/16` to a `/20`, such as `10.10.0.0/16`. Subnets have fixed places in it.
    #[schemars(schema_with = "cidr_schema")]
    pub cidr: Ipv4Net,

    /// How many availability zones it spans. Databases, caches and load balancers need two.
    #[schemars(range(min = 1, max = 6), example = 2)]
    pub zones: u8,

    /// How private subnets reach the internet.
    pub nat: Nat,
}

/// How private subnets reach the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Nat {
    /// One NAT gateway for all zones: the cheapest, and down with its zone.
    Single,
    /// A NAT gateway in every zone.
    PerZone,
    /// None: private subnets reach nothing outside the network. Instances then stand in the public ones, closed to the internet.
    None,
}

/// An image repository in ECR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// How many images are kept; older ones are removed by ECR.
    #[serde(default = "twenty")]
    #[schemars(range(min = 1, max = 100_000))]
    pub keep_images: u32,

    /// Whether an image is scanned for vulnerabilities when it arrives.
    #[serde(default = "yes")]
    pub scan_on_push: bool,

    /// Whether a tag, once given, stays with its image.
    #[serde(default = "yes")]
    pub immutable_tags: bool,
}

/// The last step of `apply`: images that run in another environment move here by digest; and what any image must be to run here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// The environment whose running images move here. Without it, none: what an image must be holds all the same.
    #[schemars(example = &"staging")]
    pub from: Option<String>,

    /// How many critical findings an image may have. Without it, any number.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub max_critical: Option<u32>,

    /// How many findings of high severity an image may have. Without it, any number.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub max_high: Option<u32>,

    /// Whether an image without a finished scan is refused.
    #[serde(default = "yes")]
    pub require_scan: bool,

    /// How long an image must have run in the environment it comes from.
    pub min_age: Option<Duration>,

    /// How long a deployment is watched after AWS says it is done; until then it can still be put back.
    pub bake: Option<Duration>,

    /// The platforms an image must be built for, such as `linux/amd64`.
    #[serde(default)]
    pub platforms: Vec<String>,
}

pub(super) const fn yes() -> bool {
    true
}

const fn twenty() -> u32 {
    20
}

pub(super) fn cidr_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "string",
        "format": "infra-cidr",
        "examples": ["10.10.0.0/16"],
        "pattern": r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$",
    })
}
