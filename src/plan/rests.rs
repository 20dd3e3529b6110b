//! What a change rests on: what must be there before it, and what must let go before it.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Action, Change};
use super::holders::Holders;
use super::schema::Schemas;
use crate::graph::{Address, Desired, references};

/// Finds what each of some changes rests on.
pub(super) struct Rests<'a> {
    schemas: &'a dyn Schemas,
    desired: &'a BTreeMap<&'a Address, &'a Desired>,
    holders: Holders,
    /// Which change decides a wanted address.
    wanted: BTreeMap<Address, usize>,
    /// Which changes have something in AWS, by kind.
    there: BTreeMap<&'static str, BTreeSet<usize>>,
}

impl<'a> Rests<'a> {
    pub(super) fn new(schemas: &'a dyn Schemas, desired: &'a BTreeMap<&'a Address, &'a Desired>, changes: &[Change]) -> Self {
        let wanted = changes.iter().enumerate().filter(|(_, change)| !change.tags.is_empty());
        let wanted = wanted.map(|(index, change)| (change.address.clone(), index)).collect();
        let mut there: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for (index, change) in changes.iter().enumerate().filter(|(_, change)| change.live.is_some()) {
            there.entry(change.kind).or_default().insert(index);
        }
        Self { schemas, desired, holders: Holders::among(schemas, changes), wanted, there }
    }

    /// The changes, by index, that this one cannot do without. They may have nothing to do.
    pub(super) fn on(&self, index: usize, change: &Change) -> BTreeSet<usize> {
        let needed: BTreeSet<Address> = match change.action {
            // One that is there already came after what it was to come after.
            Action::Create => self.desired.get(&change.address).map(|desired| desired.dependencies()).unwrap_or_default(),
            _ => change.after.values().flat_map(references).map(|reference| reference.address).collect(),
        };
        let mut on: BTreeSet<usize> = needed.iter().filter_map(|address| self.wanted.get(address).copied()).collect();
        if matches!(change.action, Action::Replace { .. } | Action::Delete) {
            on.extend(self.holders.of(index).union(self.holders.users_of_versions()).filter(|&&holder| holder != index));
            let yields_to = self.schemas.schema(change.kind).map_or(&[][..], |schema| schema.yields_to);
            on.extend(yields_to.iter().filter_map(|kind| self.there.get(kind)).flatten());
        }
        on
    }
}
