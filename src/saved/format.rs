//! The file of a saved plan: JSON, with a version and a checksum.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::seal;
use super::written::is_as_written;
use crate::graph::{Address, Attrs, Live, Neighbour, Outputs, Owner, State, Tags};
use crate::plan::{Action, Blocked, Change, FieldChange, Hazard, Plan, Reason, Schemas, Step};
use crate::render::Header;
use crate::values::name::fingerprint;

/// The version of the format. Another first number is another format; a larger second one holds what this `infra` does not know.
pub const FORMAT_VERSION: &str = "1.0";

/// What the file says it is.
const FORMAT: &str = "infra plan";

/// A plan and all that is shown of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// Where AWS was read, when, and what was asked for.
    pub header: Header,
    /// The plan, sealed.
    pub plan: Plan,
}

/// A file that is no plan, or none for this `infra`.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// Something else.
    #[error("it is not a plan that `infra plan --out` has written: {0}")]
    NotAPlan(String),
    /// A later version.
    #[error("it was written by a newer infra (format {0}; this one reads {FORMAT_VERSION})")]
    Newer(String),
    /// Somebody changed it.
    #[error("it has been changed since `infra plan --out` wrote it")]
    Edited,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    format_version: String,
    plan_id: String,
    header: Header,
    changes: Vec<Entry>,
    steps: Vec<Step>,
}

/// A [`Change`], with its kind by name, and what it rests on.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    address: Address,
    kind: String,
    action: Action,
    reason: Reason,
    blocked: Option<Blocked>,
    deferred: Option<String>,
    /// A fingerprint of what was in AWS, or that nothing was.
    observed: String,
    live: Option<Seen>,
    after: Attrs,
    tags: Tags,
    fields: Vec<FieldChange>,
    hazards: Vec<Hazard>,
    waits_for: Vec<Address>,
}

/// A [`Live`] without its kind, which is that of its change.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    id: String,
    owner: Owner,
    state: State,
    attrs: Attrs,
    outputs: Outputs,
    tags: Tags,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    neighbours: Vec<Neighbour>,
}

impl Saved {
    /// Seals a plan.
    pub fn new(header: Header, plan: &Plan, schemas: &dyn Schemas) -> Self {
        Self { header, plan: seal(plan, schemas) }
    }

    /// As written into a file.
    ///
    /// # Panics
    /// Never: a plan is plain data with texts as keys.
    pub fn to_text(&self) -> String {
        let file = File {
            format: FORMAT.into(),
            format_version: FORMAT_VERSION.into(),
            plan_id: self.plan.id(),
            header: self.header.clone(),
            changes: self.plan.changes.iter().map(entry).collect(),
            steps: self.plan.steps.clone(),
        };
        let mut file = serde_json::to_value(file).expect("a plan is plain data");
        file["checksum"] = checksum(&file).into();
        format!("{file:#}\n")
    }

    /// As read from a file.
    ///
    /// # Errors
    /// When it is no plan, a newer one, or not as it was written.
    pub fn from_text(text: &str, schemas: &dyn Schemas) -> Result<Self, SavedError> {
        let not = |error: &dyn std::fmt::Display| SavedError::NotAPlan(error.to_string());
        let mut file: Value = serde_json::from_str(text).map_err(|error| not(&error))?;
        if file["format"] != FORMAT {
            return Err(not(&format!("it has no `\"format\": \"{FORMAT}\"`")));
        }
        let version = file["format_version"].as_str().ok_or_else(|| not(&"it has no `format_version`"))?;
        if version != FORMAT_VERSION {
            let newer = numbers(version) > numbers(FORMAT_VERSION);
            let none = || not(&format!("no infra has written the format `{version}`"));
            return Err(if newer { SavedError::Newer(version.to_owned()) } else { none() });
        }
        if !is_as_written(text, &file) {
            return Err(SavedError::Edited);
        }
        let written = file.as_object_mut().and_then(|file| file.remove("checksum"));
        if written != Some(checksum(&file).into()) {
            return Err(SavedError::Edited);
        }
        let file: File = serde_json::from_value(file).map_err(|error| not(&error))?;
        let changes = file.changes.into_iter().map(|entry| restored(entry, schemas)).collect::<Result<Vec<_>, _>>()?;
        if file.steps.iter().any(|step| step.change >= changes.len()) {
            return Err(not(&"a step is of no change"));
        }
        Ok(Self { header: file.header, plan: Plan::restored(changes, file.steps, file.plan_id) })
    }
}

/// None where it is no version.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Guards against an edit, not against an attacker: whoever can write the file can compute it. What protects the account is that
/// the file is compared with a plan made anew, and only that one is carried out.
fn checksum(file: &Value) -> String {
    format!("sha256:{}", fingerprint(file.to_string().as_bytes()))
}

fn entry(change: &Change) -> Entry {
    let Change { address, kind, action, reason, blocked, deferred, live, after, tags, fields, hazards, waits_for } =
        change.clone();
    let live = live.map(|Live { kind: _, id, owner, state, attrs, outputs, tags, neighbours }| Seen {
        id,
        owner,
        state,
        attrs,
        outputs,
        tags,
        neighbours,
    });
    let observed = live
        .as_ref()
        .map_or_else(|| "absent".into(), |live| checksum(&serde_json::to_value(live).expect("what AWS has is plain data")));
    let kind = kind.to_owned();
    Entry { address, kind, action, reason, blocked, deferred, observed, live, after, tags, fields, hazards, waits_for }
}

fn restored(entry: Entry, schemas: &dyn Schemas) -> Result<Change, SavedError> {
    let Entry { address, kind, action, reason, blocked, deferred, observed: _, live, after, tags, fields, hazards, waits_for } =
        entry;
    let known = schemas.schema(&kind).ok_or_else(|| SavedError::NotAPlan(format!("{address} is of the unknown kind {kind}")))?;
    let kind = known.kind;
    let live = live.map(|Seen { id, owner, state, attrs, outputs, tags, neighbours }| Live {
        kind,
        id,
        owner,
        state,
        attrs,
        outputs,
        tags,
        neighbours,
    });
    Ok(Change { address, kind, action, reason, blocked, deferred, live, after, tags, fields, hazards, waits_for })
}
