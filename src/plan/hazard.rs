//! What people should think of before they say yes, by name.

use serde::{Deserialize, Serialize};

use super::change::{Action, Effect, FieldChange};
use super::schema::Schema;

/// A danger of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hazard {
    /// Data goes with the resource; must be allowed by name.
    DataLoss,
    /// People notice.
    Downtime,
    /// Another resource takes its place, with another id.
    Replacement,
}

impl Hazard {
    /// All of them, worst first.
    pub const ALL: &[Self] = &[Self::DataLoss, Self::Downtime, Self::Replacement];

    /// Its name, as flags and plans spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DataLoss => "data-loss",
            Self::Downtime => "downtime",
            Self::Replacement => "replacement",
        }
    }

    /// Whether it must be allowed by name even where everything else is approved.
    pub const fn must_be_allowed(self) -> bool {
        matches!(self, Self::DataLoss)
    }
}

/// The hazards of one change, worst first.
pub(super) fn hazards(schema: &Schema, action: Action, fields: &[FieldChange]) -> Vec<Hazard> {
    let mut hazards = Vec::new();
    if schema.stateful && matches!(action, Action::Delete | Action::Replace { .. }) {
        hazards.push(Hazard::DataLoss);
    }
    let disrupts = fields.iter().any(|field| matches!(field.effect, Effect::Disrupt(_)));
    if action == (Action::Replace { delete_first: true }) || (action == Action::Update && disrupts) {
        hazards.push(Hazard::Downtime);
    }
    if matches!(action, Action::Replace { .. }) {
        hazards.push(Hazard::Replacement);
    }
    hazards
}
