//! Records as people read them: all runs of an environment in a table, and one run in full.

mod one;
mod table;

pub use one::one;
pub use table::{json, table};

use super::style::Role;
use crate::plan::Summary;
use crate::record::{Entry, ImageChange, Outcome};
use crate::values::image_digest::ImageDigest;

/// How a run ended, in words.
fn outcome(entry: &Entry) -> (Role, &'static str) {
    match entry.record.outcome {
        Outcome::Running if entry.was_cut_short() => (Role::Delete, "cut short"),
        Outcome::Running => (Role::Deferred, "running"),
        Outcome::Done => (Role::Create, "done"),
        Outcome::Failed => (Role::Delete, "failed"),
        Outcome::Partly => (Role::Delete, "partly"),
        Outcome::Interrupted => (Role::Update, "interrupted"),
        Outcome::RolledBack => (Role::Delete, "rolled back"),
    }
}

/// `5357f4ce50e8 → 7f6eb03f5b09`
fn moved(image: &ImageChange) -> String {
    let short = |digest: &Option<ImageDigest>| digest.as_ref().map_or("nothing", ImageDigest::short).to_owned();
    format!("{} → {}", short(&image.from), short(&image.to))
}

/// What was to be done, in the signs of plans.
fn signs(summary: Summary) -> Vec<(Role, String)> {
    let Summary { create, update, replace, delete, .. } = summary;
    let all =
        [(Role::Create, "+", create), (Role::Update, "~", update), (Role::Delete, "±", replace), (Role::Delete, "-", delete)];
    let some = all.into_iter().filter(|(_, _, count)| *count > 0);
    some.map(|(role, sign, count)| (role, format!("{sign}{count}"))).collect()
}
