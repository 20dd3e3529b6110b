//! What people and programs see. Rows first, then drawing; nothing here prints.

pub mod deployment;
pub mod diagnostic;
mod draw;
pub mod events;
pub mod history;
pub mod html;
pub mod json;
pub mod lease;
pub mod markdown;
pub mod report;
pub mod rows;
pub mod status;
pub mod style;
pub mod text;
pub mod topology;
mod visible;
pub mod words;

pub use draw::Page;
pub(crate) use rows::conceal::conceal;
pub(crate) use visible::lines as visible_lines;

use serde::{Deserialize, Serialize};

use crate::plan::{Choices, Plan};
use crate::promote::Promotion;

/// What heads every plan: where it looked, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// When AWS was read, in UTC.
    pub observed_at: String,
    /// How many calls that took.
    pub calls: usize,
    /// The longest chain of calls of which each waited for the one before.
    pub depth: usize,
    /// What was asked for beside the spec.
    pub choices: Choices,
    /// The images that move, by service in the order of the spec.
    #[serde(default)]
    pub promotion: Vec<Promotion>,
    /// Whether the spec says that somebody must approve exactly this plan.
    pub approval_required: bool,
}

impl Header {
    /// The header in a line.
    pub fn line(&self) -> String {
        let Self { project, environment, account, region, observed_at, .. } = self;
        format!("{project} {environment} in account {account}, {region}, read at {observed_at}")
    }

    /// The command that carries out exactly this plan, where it is still the one.
    pub fn command(&self, plan: &Plan) -> String {
        let words = self.choices.words();
        let (verb, flags) = words.split_first().map_or(("apply", &[][..]), |(verb, flags)| (verb.as_str(), flags));
        let mut command = format!("infra {verb} --env {} --approve {}", self.environment, plan.id());
        for hazard in plan.hazards().iter().filter(|hazard| hazard.must_be_allowed()) {
            command.push_str(&format!(" --allow {}", hazard.name()));
        }
        for flag in flags {
            command.push_str(&format!(" {flag}"));
        }
        command
    }
}
