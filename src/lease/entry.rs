//! What is written into the log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::values::origin::Origin;

/// That a run holds the environment for a while, or not any more.
///
/// Fields may be added. None may go or mean something else, because an older `infra` must still see who holds what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which run wrote it: random, and another for each run.
    pub run: String,
    /// What the run does, such as `apply`. `unlock` writes entries too.
    pub verb: String,
    /// The plan it carries out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plan: Option<String>,
    /// Where the run comes from.
    pub origin: Origin,
    /// When the run took the environment.
    pub started: Timestamp,
    /// Until when it holds the environment. Without it the environment is free.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires: Option<Timestamp>,
    /// When the environment was given back. Before it had this field, `infra` did not say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended: Option<Timestamp>,
    /// The last valid entry that its writer knew; none at the beginning of a log.
    pub after: Option<Mark>,
}

/// Which entry. Numbers begin anew where the log was deleted, hence the run beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its number in the log.
    pub version: u64,
    /// The run that wrote it.
    pub run: String,
}

impl Entry {
    /// Until when the environment is held, if it is at `now`.
    pub fn held(&self, now: Timestamp) -> Option<Timestamp> {
        self.expires.filter(|expires| now < *expires)
    }
}
