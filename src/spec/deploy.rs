//! How a new image comes to a service on an Auto Scaling group.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::values::duration::Duration;

/// How instances of a new image take the place of the old ones. Without it, no moment has less than the present capacity.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Deploy {
    /// How much of the present capacity stays in service and healthy meanwhile, in percent.
    #[schemars(range(min = 0, max = 100))]
    pub min_healthy_percent: u32,

    /// How much there may be meanwhile, new instances included, in percent of the present capacity: at most 100 more than `min_healthy_percent`. What is above 100 starts before old instances go. Without it, 150 where that is allowed.
    #[schemars(range(min = 100, max = 200))]
    pub max_healthy_percent: Option<u32>,

    /// With `false` the container of a new instance starts when the old instance is gone, for what must never run twice, such as a scheduler: for services of one instance at most.
    pub overlap: bool,

    /// How long a new instance runs before its figures count and the next old one goes. Behind a load balancer it is at least 5 minutes.
    pub warmup: Duration,

    /// Shares of the instances, in percent and ascending, after which the replacement pauses, such as `[20, 50]`. It goes on to 100 by itself.
    #[schemars(inner(range(min = 1, max = 99)))]
    pub checkpoint_percent: Vec<u32>,

    /// How long it pauses after each of these, at most `48h`.
    pub checkpoint_delay: Duration,

    /// Names of CloudWatch alarms that are there already, at most 10. When one of them goes off, the old image comes back.
    #[schemars(example = &["checkout-errors"])]
    pub alarms: Vec<String>,
}

/// How far apart the two percentages may be. Source: `InstanceMaintenancePolicy` in the Auto Scaling API reference.
pub(super) const APART: u32 = 100;

impl Deploy {
    /// How much of the capacity stays: nothing where the old must be gone first.
    #[must_use]
    pub const fn least_percent(&self) -> u32 {
        if self.overlap { self.min_healthy_percent } else { 0 }
    }

    /// How much there may be meanwhile. Half as much again unless said otherwise: with a tenth, nine instances would go one by one.
    /// Where it is no more than there was, Auto Scaling terminates before it launches ("Set an instance maintenance policy").
    #[must_use]
    pub fn most_percent(&self) -> u32 {
        let half_again = || (self.min_healthy_percent + APART).min(150);
        if self.overlap { self.max_healthy_percent.unwrap_or_else(half_again) } else { 100 }
    }
}

impl Default for Deploy {
    fn default() -> Self {
        Self {
            min_healthy_percent: 100,
            max_healthy_percent: None,
            overlap: true,
            warmup: Duration::from_secs(120),
            checkpoint_percent: Vec::new(),
            checkpoint_delay: Duration::from_secs(600),
            alarms: Vec::new(),
        }
    }
}
