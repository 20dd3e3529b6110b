//! Gates: what an image must be for a deployment.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Finding;

/// A condition that an image must meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// Nobody has rejected it. Cannot be overridden.
    Rejected,
    /// It is healthy where it comes from.
    Healthy,
    /// It has run there long enough: `min_age`.
    MinAge,
    /// It is built for `platforms`.
    Platforms,
    /// A scan of it has finished: `require_scan`.
    Scan,
    /// It has no more critical findings than `max_critical`.
    MaxCritical,
    /// It has no more findings of high severity than `max_high`.
    MaxHigh,
}

impl Gate {
    /// All, in the order in which they are asked.
    pub const ALL: [Self; 7] =
        [Self::Rejected, Self::Healthy, Self::MinAge, Self::Platforms, Self::Scan, Self::MaxCritical, Self::MaxHigh];

    /// As people type it after `--override`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Healthy => "healthy",
            Self::MinAge => "min-age",
            Self::Platforms => "platforms",
            Self::Scan => "scan",
            Self::MaxCritical => "max-critical",
            Self::MaxHigh => "max-high",
        }
    }

    /// The gate of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gate| gate.name() == name)
    }

    /// Whether people may let an image pass in spite of it.
    pub const fn can_be_overridden(self) -> bool {
        !matches!(self, Self::Rejected)
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a gate says of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Which.
    pub gate: Gate,
    /// Whether the image meets it.
    pub passed: bool,
    /// What was looked at, in words: "3 critical findings, and `max_critical` is 0".
    pub why: String,
    /// The findings that speak against it.
    pub findings: Vec<Finding>,
    /// Why somebody let it pass all the same.
    pub overridden: Option<String>,
}

impl Verdict {
    /// Whether the image must not be deployed.
    pub fn refuses(&self) -> bool {
        !self.passed && self.overridden.is_none()
    }
}
