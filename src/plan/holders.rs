//! Who holds whom in AWS: read off the attributes of live resources, so that it is right also for what left the spec.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::change::Change;
use super::schema::Schemas;
use crate::graph::Live;

/// For each live resource, by index, those that refer to it.
pub(super) struct Holders {
    of: Vec<BTreeSet<usize>>,
    users_of_versions: BTreeSet<usize>,
}

impl Holders {
    /// The same by the indices of changes.
    pub(super) fn among(schemas: &dyn Schemas, changes: &[Change]) -> Self {
        Self::find(schemas, &changes.iter().map(|change| change.live.as_ref()).collect::<Vec<_>>())
    }

    /// Matches the texts in every live resource's attributes with the outputs of all others.
    pub(super) fn find(schemas: &dyn Schemas, live: &[Option<&Live>]) -> Self {
        let there = || live.iter().enumerate().filter_map(|(index, &live)| Some((index, live?, schemas.schema(live?.kind)?)));
        let mut by_value: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut by_name: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (index, live, schema) in there() {
            for output in schema.outputs.iter().filter(|output| output.held) {
                by_value.entry(live.outputs.get(output.name).map_or("", String::as_str)).or_default().push(index);
            }
            if let Some(name) = live.outputs.get("name") {
                by_name.entry((live.kind, name)).or_default().push(index);
            }
        }
        by_value.remove("");

        let mut of = vec![BTreeSet::new(); live.len()];
        for (holder, live, schema) in there() {
            for (attribute, value) in &live.attrs {
                let names = schema.attribute(attribute).and_then(|attribute| attribute.names);
                each_text(value, &mut |text| {
                    let held = by_value.get(text).into_iter().chain(names.and_then(|kind| by_name.get(&(kind, text))));
                    for &held in held.flatten().filter(|&&held| held != holder) {
                        of[held].insert(holder);
                    }
                });
            }
        }
        let has_versions = there().filter(|(.., schema)| schema.outputs.iter().any(|output| output.moves));
        let users_of_versions = has_versions.flat_map(|(index, ..)| of[index].iter().copied()).collect();
        Self { of, users_of_versions }
    }

    /// Who holds it.
    pub(super) fn of(&self, index: usize) -> &BTreeSet<usize> {
        &self.of[index]
    }

    /// Who holds something that has versions. It may use, through an older one, what the newest does not name any more, as
    /// instances do until their group has been refreshed, maybe by a later run.
    pub(super) fn users_of_versions(&self) -> &BTreeSet<usize> {
        &self.users_of_versions
    }
}

/// Shows every text inside a value.
pub(super) fn each_text(value: &Value, see: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, see)),
        Value::Object(object) => object.values().for_each(|item| each_text(item, see)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
