//! What people should think of before they say yes, by name.

use serde::{Deserialize, Serialize};

use super::change::{Action, Change, Effect};
use super::schema::Schema;

/// A danger of a change. Worst first: what can never be taken back, then what hurts, then what surprises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hazard {
    /// Data goes with the resource; must be allowed by name.
    DataLoss,
    /// More people or programs get in: a port opened to the world, a policy that grants more.
    WiderAccess,
    /// People notice.
    Downtime,
    /// Something that is not ours uses it and notices.
    UnmanagedNeighbour,
    /// Another resource takes its place, with another id.
    Replacement,
    /// The bill grows.
    Cost,
}

impl Hazard {
    /// All of them, worst first.
    pub const ALL: &[Self] =
        &[Self::DataLoss, Self::WiderAccess, Self::Downtime, Self::UnmanagedNeighbour, Self::Replacement, Self::Cost];

    /// Its name, as flags and plans spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DataLoss => "data-loss",
            Self::WiderAccess => "wider-access",
            Self::Downtime => "downtime",
            Self::UnmanagedNeighbour => "unmanaged-neighbour",
            Self::Replacement => "replacement",
            Self::Cost => "cost",
        }
    }

    /// Whether it must be allowed by name even where everything else is approved.
    pub const fn must_be_allowed(self) -> bool {
        matches!(self, Self::DataLoss)
    }

    /// Whether a change has it.
    fn is_of(self, schema: &Schema, change: &Change) -> bool {
        let action = change.action;
        let goes = matches!(action, Action::Delete | Action::Replace { .. });
        let updated = action == Action::Update && change.fields.iter().any(|field| field.name != "tags");
        match self {
            Self::DataLoss => schema.stateful && goes,
            Self::Downtime => {
                let disrupts = change.fields.iter().any(|field| matches!(field.effect, Effect::Disrupt(_)));
                action == (Action::Replace { delete_first: true }) || (updated && disrupts)
            }
            Self::UnmanagedNeighbour => (goes || updated) && change.live.as_ref().is_some_and(|live| !live.neighbours.is_empty()),
            Self::Replacement => matches!(action, Action::Replace { .. }),
            Self::Cost if action == Action::Create => schema.hourly,
            Self::WiderAccess | Self::Cost => self.warnings(schema, change).next().is_some(),
        }
    }

    /// The attributes in whose new values it lies, by name, each with why.
    pub(crate) fn warnings(self, schema: &Schema, change: &Change) -> impl Iterator<Item = (&'static str, &'static str)> {
        schema.attributes.iter().filter_map(move |attribute| {
            let warning = match self {
                Self::WiderAccess => attribute.widens,
                Self::Cost => attribute.costs,
                _ => None,
            }?;
            let (before, after) = change.values(attribute.name)?;
            (warning.when)(before, after).then_some((attribute.name, warning.why))
        })
    }
}

/// The hazards of a change, worst first.
pub(super) fn hazards(schema: &Schema, change: &Change) -> Vec<Hazard> {
    Hazard::ALL.iter().copied().filter(|hazard| hazard.is_of(schema, change)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_serialised_form_and_the_worst_is_least() {
        for hazard in Hazard::ALL {
            assert_eq!(serde_json::to_value(hazard).unwrap(), hazard.name());
        }
        assert!(Hazard::ALL.is_sorted());
    }
}
