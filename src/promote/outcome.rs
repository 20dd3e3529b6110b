//! How a deployment ended: for its record, and for people.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of the images that a run moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Outcome {
    /// How it ended.
    pub ended: Ended,
    /// The services whose image moved, or was to move.
    pub services: Vec<String>,
    /// What was wrong, in the order it was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<String>,
    /// What kept the earlier image from being put back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
    /// The last lines that the services wrote to their logs, where something was wrong.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub logs: BTreeMap<String, Vec<String>>,
}

/// How a deployment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The new image runs everywhere, and is healthy.
    Healthy,
    /// It failed before any instance had the new image; what ran runs on.
    NotBegun,
    /// What ran before runs again.
    RolledBack,
    /// What ran before could not be put back everywhere.
    NotRolledBack,
    /// Nobody watched it to its end: the run was asked to stop.
    NotWatched,
}
