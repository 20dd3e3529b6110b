//! Records: what each run did, one file a run, kept in git beside the specs.
//!
//! The types here are the format; `docs/record.schema.json` is made from them. A record is public to everybody who reads the
//! repository, so it holds no secret and no environment value: changes come concealed from [`crate::render::json`], and the rest
//! goes through [`secrets`].

mod begin;
mod file;
mod find;
mod follow;
mod images;
mod name;
mod previous;
mod read;
mod rejected;
mod secrets;
#[cfg(test)]
mod tests;

pub use begin::Run;
pub use file::RecordFile;
pub use find::find;
pub use images::changes as image_changes;
pub use previous::previous;
pub use read::{Entry, Folder, Unreadable, read};
pub use rejected::{FOLDER as REJECTED_IMAGES, Kept, RejectedImage, rejections};
pub use secrets::Secrets;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::apply::{Cause, Failure};
use crate::graph::Address;
use crate::plan::{Choices, Deploy, Summary, Verb};
use crate::promote;
use crate::render::json::ResourceChange;
use crate::values::image_digest::ImageDigest;
use crate::values::origin::Origin;

/// The version of this format: the second part grows with additions, the first with what would break readers.
pub const FORMAT_VERSION: &str = "1.1";

/// What one run did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Record {
    /// The version of this format: the first number grows with what breaks readers, the second with additions.
    pub format_version: String,
    /// The command.
    pub verb: RunVerb,
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// Who ran it, from where, and from which commit.
    pub origin: Origin,
    /// Whom AWS took them for: the ARN of the credentials.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub principal: Option<String>,
    /// How the plan came to be agreed to.
    pub agreement: Agreement,
    /// When the first step could start, in UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Timestamp,
    /// When the last step had ended, in UTC; missing while the run lives, and where it was cut short.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was asked to stop, if it was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stopped: Option<Cause>,
    /// The exit code that goes with it; missing as long as there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exit_code: Option<u8>,
    /// A hash of what was to be done and to what.
    pub plan_id: String,
    /// How many resources there were of each fate.
    pub summary: Summary,
    /// The images that were to change, by service.
    pub images: BTreeMap<String, ImageChange>,
    /// What became of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deployment: Option<promote::Outcome>,
    /// The resources to which something was to be done, as the plan has them.
    pub resource_changes: Vec<ResourceChange>,
    /// What was done, in the plan's order.
    pub steps: Vec<Step>,
}

/// A command that changes an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunVerb {
    /// `infra apply`
    Apply,
    /// `infra promote`
    Promote,
    /// `infra rollback`
    Rollback,
    /// `infra destroy`
    Destroy,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has not: it is under way, or it was killed and could not say so.
    Running,
    /// Everything was done.
    Done,
    /// Something failed, and nothing had been written.
    Failed,
    /// Something failed, and something had been written.
    Partly,
    /// Somebody asked it to stop.
    Interrupted,
    /// What it deployed was found unhealthy, and what ran before was put back.
    RolledBack,
}

/// How a plan came to be agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Agreement {
    /// What somebody did.
    pub by: Consent,
    /// Whether it was a plan from a file.
    pub saved: bool,
    /// The hazards allowed by name.
    pub allow: Vec<String>,
    /// The addresses it was narrowed down to. Empty: everything.
    #[schemars(with = "Vec<String>")]
    pub only: Vec<Address>,
    /// What was taken over.
    #[schemars(with = "Vec<String>")]
    pub adopt: Vec<Address>,
    /// The images asked for by service, as they were written.
    pub images: BTreeMap<String, String>,
    /// The gates that images were let pass in spite of, by name, and why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub overrides: BTreeMap<String, String>,
}

/// What somebody did to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// They typed the environment's name.
    Typed,
    /// They gave `--yes`.
    Yes,
    /// They gave `--approve` with the id of the plan.
    Approved,
}

/// An image in place of another, both by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ImageChange {
    /// What ran; null where nothing did.
    pub from: Option<ImageDigest>,
    /// What was to run; null where nothing was.
    pub to: Option<ImageDigest>,
    /// Why that one, in words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<String>,
    /// What ran when the run had ended; missing where nobody looked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub running: Option<ImageDigest>,
}

/// One step, and how it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Step {
    /// The resource.
    #[schemars(with = "String")]
    pub address: Address,
    /// The AWS service and kind.
    pub r#type: String,
    /// What AWS called it when the run began; missing for what was to be made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// What was to be done to it.
    pub verb: Verb,
    /// How far it came.
    pub outcome: StepOutcome,
    /// When its call went out, in UTC.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Option<Timestamp>,
    /// From its call to its end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seconds: Option<f64>,
    /// What it waited for in vain.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "String")]
    pub waited_for: Option<Address>,
    /// What it said, such as the last lines that a command wrote.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output: Option<String>,
    /// What AWS answered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<Failure>,
}

/// How far a step came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// It was not started.
    Pending,
    /// Its call went out.
    Running,
    /// As planned.
    Done,
    /// The call was made, and AWS was left to its work.
    Begun,
    /// AWS refused, or the wait came to nothing.
    Failed,
    /// It was not tried: what it waited for failed, or was left itself.
    Left,
    /// It was not tried: somebody asked to stop.
    Stopped,
}

impl RunVerb {
    /// The command that these choices are made by.
    pub fn of(choices: &Choices) -> Self {
        match choices.deploy {
            _ if choices.destroy => Self::Destroy,
            Deploy::AsSpec | Deploy::Without => Self::Apply,
            Deploy::Alone { .. } => Self::Promote,
            Deploy::Back => Self::Rollback,
        }
    }
}

impl Agreement {
    /// Whether it was to the plan that was shown and no other; `--yes` alone is to whatever the plan is.
    pub fn is_to_one_plan(&self) -> bool {
        self.saved || self.by != Consent::Yes
    }
}

impl Record {
    /// How long the run took, once it has ended.
    pub fn took(&self) -> Option<Duration> {
        self.ended?.duration_since(self.started).try_into().ok()
    }

    /// The JSON Schema of records.
    pub fn schema() -> Value {
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Self>().to_value()
    }
}
