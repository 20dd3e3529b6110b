//! The last step: which image moves where, what speaks against it, and whether it does well there.
//!
//! Pure: what is known of an image and of what runs is looked up by [`crate::aws`] and [`crate::registry`], and the clock comes in
//! as a value. The image itself moves as part of the plan, like everything else.

mod gate;
mod gates;
mod log_line;
mod outcome;
mod scan;
mod seen;
pub mod watch;

pub use gate::{Gate, Verdict};
pub use gates::{Rules, judge};
pub use log_line::without_values;
pub use outcome::{Ended, Outcome};
pub use seen::{Part, Seen, digest};

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::image_digest::ImageDigest;

/// An image that is to run in a service in place of another, and what speaks for and against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// The service, by its name in the spec.
    pub service: String,
    /// The digest that runs; none where nothing does.
    pub from: Option<ImageDigest>,
    /// The digest that is to run.
    pub to: ImageDigest,
    /// Who says so.
    pub source: Source,
    /// Where its bytes come from, as a whole reference by digest; none where the environment's own repository has it.
    pub copied_from: Option<String>,
    /// What is known of it.
    pub image: ImageFacts,
    /// What each gate that was asked says, in their order.
    pub verdicts: Vec<Verdict>,
}

/// Who says which image a service is to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// It runs in that environment.
    Environment(String),
    /// The spec has it in writing.
    Spec,
    /// Somebody asked for it; as they wrote it.
    Asked(String),
    /// It ran here before, as that record says.
    Record(String),
}

impl Source {
    /// Why this image, in words.
    pub fn words(&self) -> String {
        match self {
            Self::Environment(name) => format!("runs in {name}"),
            Self::Spec => "written in the spec".into(),
            Self::Asked(reference) => format!("asked for: {reference}"),
            Self::Record(name) => format!("ran here before: {name}"),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spec => "spec",
            Self::Environment(name) | Self::Asked(name) | Self::Record(name) => name,
        })
    }
}

/// What is known of an image. What could not be found out is missing, and a gate that needs it says no.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImageFacts {
    /// Its tags in the repository it comes from, sorted.
    pub tags: Vec<String>,
    /// When it was pushed there.
    pub pushed_at: Option<Timestamp>,
    /// Its size there, compressed, in bytes.
    pub size: Option<u64>,
    /// What scanning found.
    pub scan: Option<Scan>,
    /// The commit that it says it was built from: its label `org.opencontainers.image.revision`.
    pub commit: Option<String>,
    /// The platforms it is built for, such as `linux/amd64`, sorted.
    pub platforms: Vec<String>,
    /// Since when it has run in the environment it comes from.
    pub runs_since: Option<Timestamp>,
    /// What keeps it from being healthy there, in words; none where it is.
    pub ails: Option<String>,
    /// Somebody said that it must not run anywhere any more.
    pub rejected: Option<Rejection>,
}

/// What scanning an image found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// In ECR's words, such as `COMPLETE` or `IN_PROGRESS`.
    pub status: String,
    /// Why, where ECR says it.
    pub description: Option<String>,
    /// How many findings there are of each severity, in ECR's words, such as `CRITICAL`.
    pub counts: BTreeMap<String, u32>,
    /// The findings of high and critical severity, worst first.
    pub findings: Vec<Finding>,
}

/// A vulnerability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Its name, such as `CVE-2026-1234`.
    pub name: String,
    /// In ECR's words, such as `CRITICAL`.
    pub severity: String,
    /// The package that has it.
    pub package: Option<String>,
    /// The version of that package.
    pub version: Option<String>,
    /// The version that has it no more.
    pub fixed_in: Option<String>,
}

/// That an image must not run anywhere any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: Option<String>,
    /// When, in UTC.
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rejected")?;
        if let Some(by) = &self.by {
            write!(f, " by {by}")?;
        }
        if let Some(at) = self.at {
            write!(f, " on {}", at.strftime("%Y-%m-%d"))?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl Promotion {
    /// The verdicts that keep it from being deployed.
    pub fn refused(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.refuses())
    }
}
