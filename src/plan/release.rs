//! Resources that are to go and hold each other, as two security groups do once somebody has let each into the other: none of
//! them could go first, so all of them let go of each other before any goes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::change::{Action, Change, Effect, FieldChange};
use super::holders::{Holders, each_text};
use super::schema::Schemas;
use crate::graph::State;

/// Has whatever goes in a circle give up what it can without going; see [`Attribute::revocable`](super::Attribute::revocable).
pub(super) fn release(schemas: &dyn Schemas, changes: &mut [Change]) {
    let holders = Holders::among(schemas, changes);
    let there = |change: &Change| change.live.as_ref().is_some_and(|live| live.state != State::Deleting);
    let goes = |index: &usize| {
        let change = &changes[*index];
        change.action == Action::Delete && change.is_step() && there(change)
    };
    let circular: Vec<usize> = (0..changes.len()).filter(goes).filter(|&index| holds_itself(index, &holders, &goes)).collect();
    let mut names = BTreeSet::new();
    for &index in &circular {
        let outputs = schemas.schema(changes[index].kind).map_or(&[][..], |schema| schema.outputs);
        let held = outputs.iter().filter(|output| output.held);
        names.extend(held.filter_map(|output| changes[index].live.as_ref()?.outputs.get(output.name)).cloned());
    }
    for index in circular {
        let Some(schema) = schemas.schema(changes[index].kind) else { continue };
        for attribute in schema.attributes.iter().filter(|attribute| attribute.revocable) {
            let_go(&mut changes[index], attribute.name, &names);
        }
    }
}

/// Whether a walk from holder to holder, all of which go, comes back to where it began.
fn holds_itself(index: usize, holders: &Holders, goes: &dyn Fn(&usize) -> bool) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![index]);
    while let Some(held) = open.pop() {
        let next = holders.of(held).iter().copied().filter(|holder| goes(holder) && seen.insert(*holder));
        open.extend(next);
    }
    seen.contains(&index)
}

/// Takes the elements of a set that name one of these out of it, as a change before the deletion.
fn let_go(change: &mut Change, attribute: &str, names: &BTreeSet<String>) {
    let before = change.before();
    let Some(Value::Array(elements)) = before.get(attribute) else { return };
    let names_one = |element: &Value| {
        let mut found = false;
        each_text(element, &mut |text| found |= names.contains(text));
        found
    };
    let after: Value = elements.iter().filter(|element| !names_one(element)).cloned().collect();
    if before[attribute] == after {
        return;
    }
    if change.after.is_empty() {
        change.after.clone_from(&before);
    }
    change.after.insert(attribute.into(), after.clone());
    let (name, before) = (attribute.to_owned(), before[attribute].clone());
    change.fields.push(FieldChange { name, before, after, effect: Effect::Update });
}
