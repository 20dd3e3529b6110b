//! Alarms of CloudWatch, in the terms people think in. An alarm without its key is not managed.
//!
//! Every figure is taken once a minute. An alarm rings when it has reached its threshold for as long as `for` says, and is quiet
//! where there is nothing to measure.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::values::duration::Duration;

/// Alarms of a service. A deployment of the service watches them: while one rings, the new version is not accepted.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceAlarms {
    /// The share of requests answered with a 5xx code, in percent; what the load balancer answers itself counts. Needs a load balancer or App Runner.
    #[schemars(range(min = 0.001, max = 100), example = 5)]
    pub errors_5xx_percent: Option<f64>,

    /// How many instances the load balancer finds unhealthy.
    #[schemars(range(min = 1, max = 1000), example = 1)]
    pub unhealthy_targets: Option<u32>,

    /// The time within which 95 of 100 requests are answered, in seconds. Needs a load balancer or App Runner.
    #[schemars(range(min = 0.001, max = 4000), example = 1)]
    pub latency_p95_seconds: Option<f64>,

    /// The average CPU use of its instances, in percent.
    #[schemars(range(min = 1, max = 100), example = 90)]
    pub cpu_percent: Option<u8>,

    /// For how long it must be so before an alarm rings, in whole minutes from `1m` to `1d`. Without it, `5m`.
    #[serde(rename = "for", default = "five_minutes")]
    pub lasting: Duration,

    /// The ARN of an SNS topic that is told when an alarm begins to ring and when it ends. Without it, nobody is told.
    #[schemars(example = &"arn:aws:sns:us-east-1:123456789012:on-call")]
    pub notify: Option<String>,
}

impl ServiceAlarms {
    /// How many alarms these are.
    pub(super) fn declared(&self) -> usize {
        let keys = [
            self.errors_5xx_percent.is_some(),
            self.unhealthy_targets.is_some(),
            self.latency_p95_seconds.is_some(),
            self.cpu_percent.is_some(),
        ];
        keys.into_iter().filter(|declared| *declared).count()
    }
}

/// Alarms of a database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseAlarms {
    /// The storage that is left, in GiB. The alarm rings when there is no more than that.
    #[schemars(range(min = 1, max = 65_536), example = 5)]
    pub free_storage_gib: Option<u32>,

    /// The average CPU use, in percent.
    #[schemars(range(min = 1, max = 100), example = 90)]
    pub cpu_percent: Option<u8>,

    /// How many connections are open.
    #[schemars(range(min = 1, max = 1_000_000), example = 80)]
    pub connections: Option<u32>,

    /// For how long it must be so before an alarm rings, in whole minutes from `1m` to `1d`. Without it, `5m`.
    #[serde(rename = "for", default = "five_minutes")]
    pub lasting: Duration,

    /// The ARN of an SNS topic that is told when an alarm begins to ring and when it ends. Without it, nobody is told.
    #[schemars(example = &"arn:aws:sns:us-east-1:123456789012:on-call")]
    pub notify: Option<String>,
}

/// Alarms of a cache. They are about all of its nodes: evictions add up, and of the others the worst node counts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheAlarms {
    /// How many keys a minute are dropped because memory is full.
    #[schemars(range(min = 1, max = 1_000_000_000), example = 100)]
    pub evictions_per_minute: Option<u32>,

    /// The CPU use of the engine, in percent of the one core it runs on.
    #[schemars(range(min = 1, max = 100), example = 90)]
    pub cpu_percent: Option<u8>,

    /// How much of the memory for data is used, in percent.
    #[schemars(range(min = 1, max = 100), example = 90)]
    pub memory_percent: Option<u8>,

    /// For how long it must be so before an alarm rings, in whole minutes from `1m` to `1d`. Without it, `5m`.
    #[serde(rename = "for", default = "five_minutes")]
    pub lasting: Duration,

    /// The ARN of an SNS topic that is told when an alarm begins to ring and when it ends. Without it, nobody is told.
    #[schemars(example = &"arn:aws:sns:us-east-1:123456789012:on-call")]
    pub notify: Option<String>,
}

const fn five_minutes() -> Duration {
    Duration::from_secs(300)
}
