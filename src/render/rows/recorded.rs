//! The differences of a change as programs have it: concealed already, and without the references it was made of.

use serde_json::{Map, Value};

use super::differ::{Differ, Difference};
use super::meaning::unfold;
use super::names::Names;
use crate::render::json::{Delta, Marks};

/// In place of what nobody knew when the plan was made.
const UNKNOWN: &str = "(known after apply)";

/// What differs between the two sides of a change; nothing where there is only one.
pub(in crate::render) fn differences(change: &Delta) -> Vec<Difference> {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return Vec::new() };
    let nowhere = Map::new();
    let unknown = match &change.after_unknown {
        Marks::At(unknown) => unknown,
        Marks::Nowhere(_) => &nowhere,
    };
    let names = Names::default();
    let differ = Differ { names: &names };
    let forces = |name: &String| change.replace_paths.iter().any(|path| path.first() == Some(name));
    let replaces = change.actions.len() > 1;
    let mut names: Vec<&String> = before.keys().chain(after.keys()).chain(unknown.keys()).collect();
    names.sort();
    names.dedup();
    // A successor refers to everything anew, mostly to the same as before.
    names.retain(|name| !replaces || forces(name) || !unknown.contains_key(*name));
    let of = |side: &Map<String, Value>, name: &String| side.get(name).cloned().unwrap_or_default();
    let sides = names.into_iter().map(|name| (name, of(before, name), fill(of(after, name), unknown.get(name))));
    let differing = sides.filter(|(_, before, after)| before != after);
    let told = differing.map(|(name, before, after)| Difference {
        note: forces(name).then_some("forces replacement"),
        ..differ.between(name, name, &unfold(&before), &unfold(&after))
    });
    told.collect()
}

/// A value with words where it was not known.
fn fill(value: Value, unknown: Option<&Value>) -> Value {
    match (value, unknown) {
        (_, Some(Value::Bool(true))) => Value::String(UNKNOWN.into()),
        (Value::Object(mut table), Some(Value::Object(unknown))) => {
            for (key, unknown) in unknown {
                let value = table.remove(key).unwrap_or_default();
                table.insert(key.clone(), fill(value, Some(unknown)));
            }
            Value::Object(table)
        }
        (Value::Null, Some(unknown @ Value::Object(_))) => fill(Value::Object(Map::new()), Some(unknown)),
        (Value::Array(items), Some(Value::Array(unknown))) => {
            items.into_iter().zip(unknown).map(|(item, unknown)| fill(item, Some(unknown))).collect()
        }
        (value, _) => value,
    }
}
