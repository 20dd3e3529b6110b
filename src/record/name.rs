//! What record files are called: `<UTC time>-<verb>-<plan id>.json`, so that they sort by time and never meet in git.

use jiff::Timestamp;

use super::{Record, RunVerb};

/// The extension of records.
pub(super) const EXTENSION: &str = "json";

impl RunVerb {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Destroy => "destroy",
        }
    }
}

/// The names a record may have, best first: the same plan may be carried out twice within a second.
pub(super) fn names(record: &Record) -> impl Iterator<Item = String> {
    let stem = format!("{}-{}-{}", time(record.started), record.verb.name(), record.plan_id);
    let first = format!("{stem}.{EXTENSION}");
    std::iter::once(first).chain((2..).map(move |number| format!("{stem}-{number}.{EXTENSION}")))
}

fn time(time: Timestamp) -> impl std::fmt::Display {
    time.strftime("%Y%m%dT%H%M%SZ")
}
