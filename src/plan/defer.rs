//! What waits for something deferred is deferred itself: it stays as it is, and so does all that it still uses.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Action, Change};
use super::holders::Holders;
use super::schema::Schemas;
use crate::graph::{Address, Desired, references};

/// Passes deferral on until nothing that is left to do rests on what is deferred.
pub(super) fn spread(schemas: &dyn Schemas, desired: &BTreeMap<&Address, &Desired>, changes: &mut [Change]) {
    if changes.iter().all(|change| change.deferred.is_none()) {
        return;
    }
    let holders = Holders::among(schemas, changes);
    loop {
        let wanted = changes.iter().filter(|change| !change.tags.is_empty());
        let waiting: BTreeMap<&Address, &String> =
            wanted.filter_map(|change| Some((&change.address, change.deferred.as_ref()?))).collect();
        let found = changes.iter().enumerate().filter(|(_, change)| change.is_step()).find_map(|(index, change)| {
            let on = needs(change, desired).into_iter().find_map(|address| waiting.get(&address).copied());
            let on = on.or_else(|| kept_by(schemas, change, holders.of(index), changes));
            Some((index, on?.clone()))
        });
        let Some((index, on)) = found else { break };
        let change = &mut changes[index];
        (change.action, change.deferred) = (Action::NoOp, Some(on));
        change.fields.clear();
        change.hazards.clear();
    }
}

/// Why what is replaced or deleted must stay for now: somebody holds it, or goes before it, and waits.
fn kept_by<'a>(schemas: &dyn Schemas, change: &Change, holders: &BTreeSet<usize>, changes: &'a [Change]) -> Option<&'a String> {
    let goes = matches!(change.action, Action::Replace { .. } | Action::Delete);
    let yields_to = schemas.schema(change.kind).map_or(&[][..], |schema| schema.yields_to);
    let first =
        |(index, other): &(usize, &Change)| holders.contains(index) || yields_to.contains(&other.kind) && other.live.is_some();
    changes.iter().enumerate().filter(|_| goes).filter(first).find_map(|(_, other)| other.deferred.as_ref())
}

/// What must be there before a change can be made: all it will refer to, and before it is there at all, all it comes after.
fn needs(change: &Change, desired: &BTreeMap<&Address, &Desired>) -> BTreeSet<Address> {
    match change.action {
        Action::Create => desired.get(&change.address).map(|desired| desired.dependencies()).unwrap_or_default(),
        _ => change.after.values().flat_map(references).map(|reference| reference.address).collect(),
    }
}
