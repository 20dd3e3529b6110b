//! What runs: services on instances of an Auto Scaling group, or on App Runner.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::alarms::ServiceAlarms;
use super::connection::Connection;
use super::deploy::Deploy;
use super::route::{Route, cidrs_schema};
use super::text::Text;
use crate::values::duration::Duration;
use crate::values::image_digest::ImageDigest;
use crate::values::secret_ref::SecretRef;

/// A service: containers of one image.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "ServiceTable")]
pub struct Service {
    /// Where it runs, with the settings that only make sense there.
    pub runtime: Runtime,
    /// The image repository of this environment that its image comes from.
    pub repository: String,
    /// The image it must run; without one, the image that runs stays.
    pub image: Option<ImageDigest>,
    /// The port its container listens on.
    pub port: Option<u16>,
    /// The path that answers 200 when it is healthy.
    pub health_check: Option<String>,
    /// The path that a deployment asks for at its public address.
    pub probe: Option<String>,
    /// What the container runs instead of the image's own command.
    pub command: Vec<String>,
    /// The databases and caches it may reach.
    pub connects: Vec<Connection>,
    /// Environment variables by value.
    pub env: BTreeMap<String, Text>,
    /// Environment variables whose values are secrets.
    pub secrets: BTreeMap<String, SecretRef>,
    /// For how many days its logs are kept.
    pub log_days: u32,
    /// Its alarms; none where the table is absent.
    pub alarms: Option<ServiceAlarms>,
    /// What runs once with a new image, before any instance does.
    pub release: Option<Release>,
    /// Its way through the load balancer of another service.
    pub route: Option<Route>,
}

/// Where a service runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Runtime {
    /// Containers on EC2 instances of an Auto Scaling group.
    Asg {
        /// The instances.
        instances: Instances,
        /// The load balancer in front of them, if any.
        load_balancer: Option<LoadBalancer>,
        /// How its instances are replaced.
        deploy: Deploy,
    },
    /// AWS App Runner.
    AppRunner {
        /// The processor of one instance.
        cpu: Cpu,
        /// The memory of one instance in GiB: one of `cpu.memory_gib()`.
        memory_gib: f64,
        /// How many instances run.
        scaling: Scaling,
    },
}

/// Which keys of a service only go with which runtime.
pub(super) const RUNTIME_KEYS: [(&str, &[&str]); 2] =
    [("asg", &["instances", "load_balancer", "route", "deploy", "release"]), ("apprunner", &["cpu", "memory_gib", "scaling"])];

/// A service as it is written: one table for both runtimes, since serde's own ways to say
/// "these keys or those" (`flatten`, `untagged`) cannot tell a reader what is wrong.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Service")]
struct ServiceTable {
    /// Where it runs.
    runtime: RuntimeName,

    /// The image repository of this environment that its image comes from.
    #[schemars(example = &"web")]
    repository: String,

    /// The image it must run, by digest. Without it, the image that runs stays.
    image: Option<ImageDigest>,

    /// The port its container listens on.
    #[schemars(range(min = 1, max = 65_535))]
    port: Option<u16>,

    /// The path that answers 200 when the service is healthy, such as `/health`. Without it, `/` behind a load balancer and an open port on App Runner.
    health_check: Option<String>,

    /// The path that a deployment asks for at the public address, such as `/health`, and that must answer 2xx or 3xx while it is
    /// watched. Without it, nothing is asked from outside.
    probe: Option<String>,

    /// What the container runs instead of the image's own command, word by word.
    #[serde(default)]
    command: Vec<String>,

    /// The databases and caches it may reach. Each gives it environment variables such as `DATABASE_MAIN_HOST`.
    #[serde(default)]
    connects: Vec<Connection>,

    /// Environment variables by value, in which other parts of the environment may stand: `${cache.main.host}`. Secrets do not belong here.
    #[serde(default)]
    env: BTreeMap<String, Text>,

    /// Environment variables whose values are kept in SSM Parameter Store or Secrets Manager.
    #[serde(default)]
    secrets: BTreeMap<String, SecretRef>,

    /// For how many days its logs are kept in CloudWatch.
    #[serde(default = "thirty")]
    #[schemars(range(min = 1, max = 3653))]
    log_days: u32,

    /// Alarms on what it answers and how busy it is. Without it, none.
    alarms: Option<ServiceAlarms>,

    /// `asg` only: the instances.
    instances: Option<Instances>,

    /// `asg` only: a load balancer in front of the instances. Without it, none.
    load_balancer: Option<LoadBalancer>,

    /// `asg` only: a way to it through the load balancer of another service. Without it, none.
    route: Option<Route>,

    /// `asg` only: how instances of a new image take the place of the old ones.
    deploy: Option<Deploy>,

    /// `asg` only: a command that runs once with a new image, before any instance does. Without it, none.
    release: Option<Release>,

    /// `apprunner` only: the processor of one instance. Without it, `1 vCPU`.
    cpu: Option<Cpu>,

    /// `apprunner` only: the memory of one instance in GiB, as App Runner offers it for that `cpu`. Without it, 2.
    #[schemars(range(min = 0.5, max = 12))]
    memory_gib: Option<f64>,

    /// `apprunner` only: how many instances run.
    scaling: Option<Scaling>,
}

/// Where a service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Runtime")]
enum RuntimeName {
    /// Containers on EC2 instances of an Auto Scaling group, with or without a load balancer.
    Asg,
    /// AWS App Runner: a public HTTPS service without instances to look after.
    AppRunner,
}

impl JsonSchema for Service {
    fn schema_name() -> Cow<'static, str> {
        ServiceTable::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        ServiceTable::json_schema(generator)
    }
}

impl TryFrom<ServiceTable> for Service {
    type Error = &'static str;

    /// Refuses only what `shape` has already refused with a better message.
    fn try_from(table: ServiceTable) -> Result<Self, &'static str> {
        let runtime = match table.runtime {
            RuntimeName::Asg => Runtime::Asg {
                instances: table.instances.ok_or("a service on `asg` needs a table `instances`")?,
                load_balancer: table.load_balancer,
                deploy: table.deploy.unwrap_or_default(),
            },
            RuntimeName::AppRunner => Runtime::AppRunner {
                cpu: table.cpu.unwrap_or_default(),
                memory_gib: table.memory_gib.unwrap_or(2.0),
                scaling: table.scaling.unwrap_or_default(),
            },
        };
        Ok(Self {
            runtime,
            repository: table.repository,
            image: table.image,
            port: table.port,
            health_check: table.health_check,
            probe: table.probe,
            command: table.command,
            connects: table.connects,
            env: table.env,
            secrets: table.secrets,
            log_days: table.log_days,
            alarms: table.alarms,
            release: table.release,
            route: table.route,
        })
    }
}

impl Service {
    /// Its own load balancer.
    #[must_use]
    pub fn load_balancer(&self) -> Option<&LoadBalancer> {
        match &self.runtime {
            Runtime::Asg { load_balancer, .. } => load_balancer.as_ref(),
            Runtime::AppRunner { .. } => None,
        }
    }
}

/// The instances of an Auto Scaling group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instances {
    /// The instance type, such as `t3.small`.
    #[serde(rename = "type")]
    #[schemars(example = &"t3.small")]
    pub instance_type: String,

    /// The least number of instances.
    #[schemars(range(min = 0, max = 1000), example = 1)]
    pub min: u32,

    /// The greatest number of instances.
    #[schemars(range(min = 1, max = 1000), example = 2)]
    pub max: u32,

    /// The average CPU use in percent that scaling keeps the group at. Without it, the group does not scale by itself.
    #[schemars(range(min = 1, max = 100))]
    pub cpu_target_percent: Option<u8>,

    /// The encrypted disk of each instance in GiB.
    #[serde(default = "thirty")]
    #[schemars(range(min = 8, max = 16_384))]
    pub disk_gib: u32,

    /// The machine image. Without it, the newest Amazon Linux 2023.
    pub ami: Option<String>,
}

/// A load balancer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadBalancer {
    /// Whether it is reached from the internet; otherwise only from inside the network.
    #[serde(default)]
    pub public: bool,

    /// The ARN of a certificate in ACM. With it, HTTPS is served on 443 and 80 redirects there.
    pub certificate: Option<String>,

    /// After how long without traffic a connection is closed, from `1s` to `4000s`.
    #[serde(default = "one_minute")]
    pub idle_timeout: Duration,

    /// The addresses that reach it, such as `203.0.113.0/24`. Without it, the internet, or where it is not public the network.
    #[serde(default)]
    #[schemars(schema_with = "cidrs_schema")]
    pub allow: Vec<Ipv4Net>,
}

/// A command that runs once with a new image, such as a migration of the database, before any instance runs that image. Where it
/// fails, the deployment stops and what runs stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// What the container runs instead of the image's own command, word by word. It runs again where a deployment was cut short, and the
    /// old version still serves meanwhile.
    #[schemars(example = ["python", "manage.py", "migrate"])]
    pub command: Vec<String>,

    /// After how long it is given up, the start of its instance included, from `10s` to `2h`.
    #[serde(default = "fifteen_minutes")]
    pub timeout: Duration,
}

/// The processor of one App Runner instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
pub enum Cpu {
    /// A quarter of a processor.
    #[serde(rename = "0.25 vCPU")]
    Quarter,
    /// Half a processor.
    #[serde(rename = "0.5 vCPU")]
    Half,
    /// One processor.
    #[default]
    #[serde(rename = "1 vCPU")]
    One,
    /// Two processors.
    #[serde(rename = "2 vCPU")]
    Two,
    /// Four processors.
    #[serde(rename = "4 vCPU")]
    Four,
}

impl Cpu {
    /// As it is written in a spec and by App Runner.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quarter => "0.25 vCPU",
            Self::Half => "0.5 vCPU",
            Self::One => "1 vCPU",
            Self::Two => "2 vCPU",
            Self::Four => "4 vCPU",
        }
    }

    /// In CPU units, of which 1024 make one vCPU; App Runner answers in these, whatever it was asked in.
    #[must_use]
    pub const fn units(self) -> u32 {
        match self {
            Self::Quarter => 256,
            Self::Half => 512,
            Self::One => 1024,
            Self::Two => 2048,
            Self::Four => 4096,
        }
    }

    /// The sizes of memory in GiB that App Runner offers with this processor.
    /// Source: "Vertical scaling" in the App Runner developer guide's page on service configuration.
    #[must_use]
    pub const fn memory_gib(self) -> &'static [f64] {
        match self {
            Self::Quarter => &[0.5, 1.0],
            Self::Half => &[1.0],
            Self::One => &[2.0, 3.0, 4.0],
            Self::Two => &[4.0, 6.0],
            Self::Four => &[8.0, 10.0, 12.0],
        }
    }
}

/// How many App Runner instances run. The defaults are App Runner's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scaling {
    /// The least number of instances kept ready.
    #[schemars(range(min = 1, max = 25))]
    pub min: u32,

    /// The greatest number of instances.
    #[schemars(range(min = 1, max = 200))]
    pub max: u32,

    /// How many requests one instance serves at a time before another is started.
    #[schemars(range(min = 1, max = 200))]
    pub concurrency: u32,
}

impl Default for Scaling {
    fn default() -> Self {
        Self { min: 1, max: 25, concurrency: 100 }
    }
}

const fn thirty() -> u32 {
    30
}

const fn fifteen_minutes() -> Duration {
    Duration::from_secs(15 * 60)
}

const fn one_minute() -> Duration {
    Duration::from_secs(60)
}
