//! What ran before, as the records have it.

use super::{Entry, Outcome, RunVerb};
use crate::values::image_digest::ImageDigest;

/// What a service ran before `running` was deployed, and the name of the record that says so. Rollbacks are passed over: going back
/// twice goes back two steps. `entries` are newest first.
pub fn previous(entries: &[Entry], service: &str, running: &ImageDigest) -> Option<(ImageDigest, String)> {
    let deployed = entries.iter().filter(|entry| entry.record.outcome == Outcome::Done && entry.record.verb != RunVerb::Rollback);
    deployed
        .filter_map(|entry| Some((entry, entry.record.images.get(service)?)))
        .find(|(_, change)| change.to.as_ref() == Some(running))
        .and_then(|(entry, change)| Some((change.from.clone()?, entry.stem().to_owned())))
}
