//! What refers to what: by reference in what will be, by id, ARN or name in what AWS has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::graph::{Address, Attrs, Reference};
use crate::plan::{Change, Plan, Schema, Schemas};

/// Which of the two states of an environment is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// What AWS has.
    Before,
    /// What it will have.
    After,
}

/// Both, the one that counts first.
pub(super) const EVER: [Time; 2] = [Time::After, Time::Before];

/// Finds the changes, by index, that values refer to.
pub(super) struct Links<'a> {
    pub(super) changes: &'a [Change],
    schemas: BTreeMap<&'static str, &'static Schema>,
    by_address: BTreeMap<&'a Address, usize>,
    by_value: BTreeMap<&'a str, usize>,
    by_name: BTreeMap<(&'a str, &'a str), usize>,
}

impl<'a> Links<'a> {
    pub(super) fn of(plan: &'a Plan, schemas: &dyn Schemas) -> Self {
        let schemas = plan.changes.iter().filter_map(|change| Some((change.kind, schemas.schema(change.kind)?)));
        let schemas: BTreeMap<_, _> = schemas.collect();
        let (mut by_address, mut by_value, mut by_name) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (index, change) in plan.changes.iter().enumerate() {
            // Of several at one address, references mean the one that is wanted.
            if !change.tags.is_empty() || !by_address.contains_key(&change.address) {
                by_address.insert(&change.address, index);
            }
            let (Some(live), Some(schema)) = (&change.live, schemas.get(change.kind)) else { continue };
            let held = schema.outputs.iter().filter(|output| output.held).filter_map(|output| live.outputs.get(output.name));
            by_value.extend(held.filter(|value| !value.is_empty()).map(|value| (value.as_str(), index)));
            by_name.extend(live.outputs.get("name").map(|name| ((change.kind, name.as_str()), index)));
        }
        Self { changes: &plan.changes, schemas, by_address, by_value, by_name }
    }

    /// The changes that any attribute of a change refers to, now or later.
    pub(super) fn of_change(&self, index: usize) -> BTreeSet<usize> {
        EVER.into_iter().flat_map(|time| self.of_change_at(index, time)).collect()
    }

    /// The changes that any attribute of a change refers to at a time.
    pub(super) fn of_change_at(&self, index: usize, time: Time) -> BTreeSet<usize> {
        let change = &self.changes[index];
        let attrs = attrs(change, time).into_iter().flatten();
        attrs.flat_map(|(name, value)| self.in_value(change, name, value)).filter(|&to| to != index).collect()
    }

    /// The changes that one attribute of a change refers to: those it will, or where it will not be, those it does.
    pub(super) fn by(&self, change: &Change, attribute: &str) -> BTreeSet<usize> {
        self.in_value(change, attribute, now(change, attribute))
    }

    /// The changes that a value refers to, which is of an attribute of a change.
    pub(super) fn in_value(&self, change: &Change, attribute: &str, value: &Value) -> BTreeSet<usize> {
        let names = self.schemas.get(change.kind).and_then(|schema| schema.attribute(attribute)?.names);
        let mut found = BTreeSet::new();
        self.collect(names, value, &mut found);
        found
    }

    fn collect(&self, names: Option<&'static str>, value: &Value, found: &mut BTreeSet<usize>) {
        match value {
            Value::String(text) => {
                let named = names.and_then(|kind| self.by_name.get(&(kind, text.as_str())));
                found.extend(named.or_else(|| self.by_value.get(text.as_str())));
            }
            Value::Array(items) => items.iter().for_each(|item| self.collect(names, item, found)),
            Value::Object(object) => match Reference::from_value(value) {
                Some(reference) => found.extend(self.by_address.get(&reference.address)),
                None => object.values().for_each(|item| self.collect(names, item, found)),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// The attributes of a change at a time; none where it is not there then.
pub(super) fn attrs(change: &Change, time: Time) -> Option<&Attrs> {
    match time {
        Time::Before => change.live.as_ref().map(|live| &live.attrs),
        Time::After => Some(&change.after).filter(|_| !change.tags.is_empty()),
    }
}

/// An attribute as it will be, or where it will not be or is not managed, as it is.
pub(super) fn now<'a>(change: &'a Change, attribute: &str) -> &'a Value {
    EVER.into_iter().find_map(|time| attrs(change, time)?.get(attribute)).unwrap_or(&Value::Null)
}
