//! What waits for something deferred is deferred itself: it stays as it is, and so does all that it still uses.

use std::collections::BTreeMap;

use super::change::{Action, Change};
use super::rests::Rests;
use super::schema::Schemas;
use crate::graph::{Address, Desired};

/// Passes deferral on until nothing that is left to do rests on what is deferred.
pub(super) fn spread(schemas: &dyn Schemas, desired: &BTreeMap<&Address, &Desired>, changes: &mut [Change]) {
    if changes.iter().all(|change| change.deferred.is_none()) {
        return;
    }
    let rests = Rests::new(schemas, desired, changes);
    let next = |changes: &[Change]| {
        let mut steps = changes.iter().enumerate().filter(|(_, change)| change.is_step());
        steps.find_map(|(index, change)| {
            let waits_for = rests.on(index, change).into_iter().find_map(|on| changes[on].deferred.clone())?;
            Some((index, waits_for))
        })
    };
    while let Some((index, waits_for)) = next(changes) {
        let change = &mut changes[index];
        (change.action, change.deferred) = (Action::NoOp, Some(waits_for));
        change.fields.clear();
        change.hazards.clear();
    }
}
