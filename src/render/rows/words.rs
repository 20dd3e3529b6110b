//! Why a resource changes, and what its hazards mean, in words.

use serde_json::Value;

use crate::graph::{Owner, State};
use crate::plan::{Action, Change, Effect, Hazard, Reason, Schema};

/// Why; empty where the sign says it all.
pub(super) fn reason(change: &Change) -> String {
    let live = change.live.as_ref();
    match change.reason {
        Reason::AsDeclared | Reason::New => String::new(),
        // Whose the name is by now is what is in the way, and says more.
        _ if live.is_none() && change.blocked.is_some() => String::new(),
        Reason::Spec => "the spec changed".into(),
        Reason::Drift => "changed in AWS since the last apply".into(),
        // Deleted by somebody, or never made by a run that was cut: its neighbours remember it either way.
        Reason::Gone => "missing in AWS, though declared before".into(),
        Reason::Removed => "not in the spec".into(),
        Reason::Leftover => "left over from a run that was cut".into(),
        Reason::Failed => match live.map(|live| &live.state) {
            Some(State::Failed(word)) => format!("it never worked: {word}"),
            _ => "it never worked".into(),
        },
        Reason::Busy => match live.map(|live| &live.state) {
            Some(State::Busy(word)) => format!("only waited for: AWS is still at work on it ({word})"),
            _ => "only waited for: AWS is still at work on it".into(),
        },
        Reason::Follows => "what it refers to changes".into(),
        Reason::Adopted => match live.map(|live| &live.owner) {
            Some(Owner::Foreign(who)) => format!("taken over from {who}"),
            _ => "taken over".into(),
        },
        Reason::Unknown => "it is not known which side changed".into(),
    }
}

/// What a hazard means for this change.
pub(super) fn hazard(hazard: Hazard, change: &Change, schema: Option<&Schema>) -> String {
    match hazard {
        Hazard::DataLoss => {
            let snapshot = change.live.as_ref().and_then(|live| live.attrs.get("final_snapshot"));
            match snapshot {
                Some(Value::Bool(true)) => "what it holds goes with it, except for a final snapshot".into(),
                Some(Value::Bool(false)) => "what it holds goes with it, and no final snapshot is kept".into(),
                _ => "what it holds goes with it for good".into(),
            }
        }
        Hazard::Downtime => {
            let why = change.fields.iter().filter_map(|field| match &field.effect {
                Effect::Disrupt(why) => Some(format!("{}: {why}", field.name)),
                _ => None,
            });
            let why: Vec<String> = why.collect();
            if why.is_empty() { "it goes before its successor comes".into() } else { why.join("; ") }
        }
        Hazard::UnmanagedNeighbour => {
            let neighbours = change.live.iter().flat_map(|live| &live.neighbours);
            let who: Vec<&str> = neighbours.map(|neighbour| neighbour.what.as_str()).collect();
            format!("used by {}, not ours", who.join(", "))
        }
        Hazard::Cost if change.action == Action::Create => "billed by the hour, used or not".into(),
        Hazard::WiderAccess | Hazard::Cost => {
            let why = schema.into_iter().flat_map(|schema| hazard.warnings(schema, change));
            why.map(|(attribute, why)| format!("{attribute}: {why}")).collect::<Vec<_>>().join("; ")
        }
        Hazard::Replacement => match change.action {
            Action::Replace { delete_first: true } => "the old one is deleted first, then another is made".into(),
            _ => "another, with another id, is made first, then the old one is deleted".into(),
        },
    }
}
