//! What people and programs see. Rows first, then drawing; nothing here prints.

pub mod diagnostic;
mod draw;
pub mod events;
pub mod json;
pub mod markdown;
pub mod report;
pub mod rows;
pub mod status;
pub mod style;
pub mod text;
pub mod topology;
pub mod words;

pub use draw::Page;

/// What heads every plan: where it looked, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

impl Header {
    /// The header in a line.
    pub fn line(&self) -> String {
        let Self { project, environment, account, region, observed_at, .. } = self;
        format!("{project} {environment} in account {account}, {region}, read at {observed_at}")
    }

    /// The command that carries out exactly this plan, where it is still the one.
    pub fn command(&self, plan: &crate::plan::Plan) -> String {
        format!("infra apply --env {} --approve {}", self.environment, plan.id())
    }
}
