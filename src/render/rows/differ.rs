//! What differs between two values, as far down as people care: elements of sets, keys of tables, one text and another.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::conceal::conceal;
use super::meaning::{Speaker, unfold};
use super::names::{Names, unknown};
use crate::graph::{Reference, references, substitute};
use crate::plan::{Attribute, Effect, FieldChange, Schema};

/// One difference. It has words of its own, or others within it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What becomes of it.
    pub mark: Mark,
    /// What it is called: an attribute or a key. An element of a set has no name.
    pub name: String,
    /// What it was, and what it will be.
    pub words: Words,
    /// What it takes, where that is more than a call.
    pub note: Option<&'static str>,
    /// Differences within it.
    pub within: Vec<Difference>,
}

/// What becomes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It was not there.
    Added,
    /// It was another.
    Changed,
    /// It will not be there.
    Removed,
}

/// A value, or two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// All is said within.
    None,
    /// One value, which is added or removed, or comes in place of one that need not be told.
    One(String),
    /// One value, and the one that comes in its place.
    Two(String, String),
}

/// Finds differences.
#[derive(Clone, Copy)]
pub(super) struct Differ<'a> {
    pub(super) names: &'a Names<'a>,
}

impl Differ<'_> {
    /// The differences of a resource. Attributes that differ only because what they refer to does are told together.
    pub(super) fn fields(self, schema: Option<&Schema>, fields: &[FieldChange]) -> Vec<Difference> {
        let attribute = |field: &FieldChange| schema.and_then(|schema| schema.attribute(&field.name));
        let follows: Vec<&FieldChange> = fields.iter().filter(|field| self.follows(attribute(field), field)).collect();
        let single = matches!(follows[..], [field] if is_plain(std::slice::from_ref(&field.after)));
        let together = if single { Vec::new() } else { follows };
        let mut told = Vec::new();
        for effect in [Effect::Replace, Effect::Update] {
            let alike: Vec<&FieldChange> =
                together.iter().copied().filter(|field| note(&field.effect) == note(&effect)).collect();
            if !alike.is_empty() {
                told.push(following(&alike, note(&effect)));
            }
        }
        let alone = fields.iter().filter(|field| !told_in(&together, field));
        told.extend(alone.map(|field| self.field(attribute(field), field)));
        told
    }

    /// Whether an attribute refers to the same as before, of which only the ids will be others.
    fn follows(self, attribute: Option<&Attribute>, field: &FieldChange) -> bool {
        let so_far = substitute(&field.after, &|reference| self.names.so_far(reference));
        let [so_far, before] = [&so_far, &field.before].map(|value| sorted(&self.shown(attribute, value)));
        !references(&field.after).is_empty() && so_far == before
    }

    /// A value without its secrets.
    fn shown(self, attribute: Option<&Attribute>, value: &Value) -> Value {
        conceal(attribute, value, &|text| self.names.knows(text))
    }

    /// The difference of an attribute.
    fn field(self, attribute: Option<&Attribute>, field: &FieldChange) -> Difference {
        let [before, after] = [&field.before, &field.after].map(|value| unfold(&self.shown(attribute, value)));
        let mut difference = self.between(&field.name, &field.name, &before, &after);
        difference.note = note(&field.effect);
        difference
    }

    /// `attribute` says what kind of value this is; `name` is what people see.
    pub(super) fn between(self, attribute: &str, name: &str, before: &Value, after: &Value) -> Difference {
        let mark = match (before, after) {
            (Value::Null, _) => Mark::Added,
            (_, Value::Null) => Mark::Removed,
            _ => Mark::Changed,
        };
        let within = match (before, after) {
            (Value::Array(before), Value::Array(after)) if before.len() == 1 && after.len() == 1 && is_plain(before) => {
                return self.between(attribute, name, &before[0], &after[0]);
            }
            (Value::Array(_) | Value::Null, Value::Array(_) | Value::Null) => {
                self.elements(attribute, elements(before), elements(after))
            }
            _ => match (self.table(before), self.table(after)) {
                (Some(before), Some(after)) => self.keys(attribute, before, after),
                _ => Vec::new(),
            },
        };
        match <[Difference; 1]>::try_from(within) {
            Ok([only]) if !only.name.is_empty() => Difference { name: format!("{name}.{}", only.name), ..only },
            Ok([only]) => Difference { mark, name: name.into(), words: Words::None, note: None, within: vec![only] },
            Err(within) if !within.is_empty() => Difference { mark, name: name.into(), words: Words::None, note: None, within },
            Err(_) => {
                Difference { mark, name: name.into(), words: self.pair(attribute, before, after), note: None, within: Vec::new() }
            }
        }
    }

    /// One value in place of another. What a reference stood for so far need not be told.
    fn pair(self, attribute: &str, before: &Value, after: &Value) -> Words {
        let say = |value| self.speak(false).words(attribute, value);
        match (before, after) {
            (Value::Null, value) | (value, Value::Null) => Words::One(say(value)),
            (Value::String(id), value) if Reference::from_value(value).is_some_and(|to| self.names.is(id, &to)) => {
                Words::One(say(value))
            }
            _ if say(before) == say(after) => {
                let say = |value| self.speak(true).words(attribute, value);
                Words::Two(say(before), say(after))
            }
            _ => Words::Two(say(before), say(after)),
        }
    }

    /// The elements that only one of two sets has.
    fn elements(self, attribute: &str, before: &[Value], after: &[Value]) -> Vec<Difference> {
        let mut gone: Vec<&Value> = before.iter().filter(|item| !after.contains(item)).collect();
        let mut come: Vec<&Value> = after.iter().filter(|item| !before.contains(item)).collect();
        let mut found = Vec::new();
        // The successor of what was referred to: one line, since only its id differs.
        come.retain(|item| {
            let Some(reference) = Reference::from_value(item) else { return true };
            let place = gone.iter().position(|item| item.as_str().is_some_and(|id| self.names.is(id, &reference)));
            let Some(place) = place else { return true };
            gone.remove(place);
            found.push(element(Mark::Changed, unknown(&reference)));
            false
        });
        let say = |item: &Value, exact| self.speak(exact).words(attribute, item);
        let brief = |items: &[&Value]| items.iter().map(|item| say(item, false)).collect::<BTreeSet<_>>();
        let exact = !brief(&gone).is_disjoint(&brief(&come));
        found.extend(gone.into_iter().map(|item| element(Mark::Removed, say(item, exact))));
        found.extend(come.into_iter().map(|item| element(Mark::Added, say(item, exact))));
        found
    }

    fn keys(self, attribute: &str, before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Difference> {
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let of = |table: &Map<String, Value>, key: &String| table.get(key).cloned().unwrap_or_default();
        let differing =
            keys.into_iter().map(|key| (key, of(before, key), of(after, key))).filter(|(_, before, after)| before != after);
        differing.map(|(key, before, after)| self.between(attribute, key, &before, &after)).collect()
    }

    /// A value as a table of values by key; nothing at all is an empty one.
    fn table(self, value: &Value) -> Option<&Map<String, Value>> {
        static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        match value {
            Value::Null => Some(&EMPTY),
            Value::Object(_) if self.speak(false).is_one_thing(value) => None,
            Value::Object(table) => Some(table),
            _ => None,
        }
    }

    fn speak(&self, exact: bool) -> Speaker<'_> {
        Speaker { names: self.names, exact }
    }
}

fn note(effect: &Effect) -> Option<&'static str> {
    match effect {
        Effect::Update | Effect::Disrupt(_) => None,
        Effect::Replace => Some("forces replacement"),
        Effect::Fixed(_) => Some("cannot be changed"),
    }
}

fn told_in(together: &[&FieldChange], field: &FieldChange) -> bool {
    together
        .iter()
        .any(|one| one.name == field.name && matches!(one.effect, Effect::Replace | Effect::Update | Effect::Disrupt(_)))
}

/// Attributes that follow what they refer to, in one line.
fn following(fields: &[&FieldChange], note: Option<&'static str>) -> Difference {
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let to: BTreeSet<String> =
        fields.iter().flat_map(|field| references(&field.after)).map(|reference| reference.address.to_string()).collect();
    let words = format!("{} {}", if fields.len() == 1 { "follows" } else { "follow" }, Vec::from_iter(to).join(", "));
    Difference { mark: Mark::Changed, name: names.join(", "), words: Words::One(words), note, within: Vec::new() }
}

/// Ids sort otherwise than the references they stand for.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items = items.clone();
            items.sort_by_key(ToString::to_string);
            Value::Array(items)
        }
        _ => value.clone(),
    }
}

fn element(mark: Mark, words: String) -> Difference {
    Difference { mark, name: String::new(), words: Words::One(words), note: None, within: Vec::new() }
}

fn elements(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Whether a set holds ids and the like, of which one in place of another reads best on one line.
fn is_plain(items: &[Value]) -> bool {
    items.iter().all(|item| item.is_string() || Reference::from_value(item).is_some())
}
