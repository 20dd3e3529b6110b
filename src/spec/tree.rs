//! A spec as it was written: keys and values, each with the file and place it came from.
//!
//! Files are merged here, before anything is decoded, so that a problem always points at the place where the value
//! was written, however many files stand between it and the environment.

use indexmap::IndexMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{FileId, Place};

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Where the value stands; for a table with a header, the header.
    pub(super) place: Place,
    /// The value.
    pub(super) value: Value,
}

/// A value of TOML.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Text.
    String(String),
    /// A whole number. Wider than TOML's, so that one that is too large is found by the check of its bounds.
    Integer(i128),
    /// A number with a fraction, as it is written: `7.10` is a version to people, and no float can say so.
    Float(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A date or a time, which no key of a spec takes.
    Datetime(String),
    /// A list.
    Array(Vec<Node>),
    /// A table.
    Table(Table),
}

/// Entries by key, in the order in which the files name them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Table(IndexMap<String, Entry>);

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// The key.
    pub(super) key: String,
    /// Where the key stands.
    pub(super) place: Place,
    /// Its value.
    pub(super) node: Node,
}

impl Node {
    /// Takes over a document that has been parsed.
    pub(super) fn document(file: FileId, document: &Spanned<DeTable<'_>>) -> Self {
        Self { place: place(file, document), value: Value::Table(Table::parsed(file, document.get_ref())) }
    }

    fn parsed(file: FileId, value: &Spanned<DeValue<'_>>) -> Self {
        let place = place(file, value);
        let value = match value.get_ref() {
            DeValue::String(text) => Value::String(text.clone().into_owned()),
            DeValue::Integer(number) => {
                Value::Integer(i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX))
            }
            DeValue::Float(number) => Value::Float(number.as_str().to_owned()),
            DeValue::Boolean(flag) => Value::Boolean(*flag),
            DeValue::Datetime(time) => Value::Datetime(time.to_string()),
            DeValue::Array(items) => Value::Array(items.iter().map(|item| Self::parsed(file, item)).collect()),
            DeValue::Table(table) => Value::Table(Table::parsed(file, table)),
        };
        Self { place, value }
    }

    /// This value with another one written over it: tables merge key by key, anything else is replaced.
    pub(super) fn overlaid(self, over: Self) -> Self {
        let value = match (self.value, over.value) {
            (Value::Table(base), Value::Table(over)) => Value::Table(base.overlaid(over)),
            (_, over) => over,
        };
        Self { place: over.place, value }
    }

    /// The entries, where this is a table.
    pub(super) fn table(&self) -> Option<&Table> {
        if let Value::Table(table) = &self.value { Some(table) } else { None }
    }

    /// The entries, where this is a table, to be changed.
    pub(super) fn table_mut(&mut self) -> Option<&mut Table> {
        if let Value::Table(table) = &mut self.value { Some(table) } else { None }
    }

    /// The text, where this is a string.
    pub(super) fn text(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// What stands at a path of keys, and of positions in lists.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, step| match &node.value {
            Value::Table(table) => table.get(step).map(|entry| &entry.node),
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }
}

impl Table {
    fn parsed(file: FileId, table: &DeTable<'_>) -> Self {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().clone().into_owned(),
                place: place(file, key),
                node: Node::parsed(file, value),
            })
            .collect();
        // The parser sorts by name; the order of services is the order in which they are written.
        entries.sort_by_key(|entry| entry.place.span.start);
        entries.into_iter().collect()
    }

    fn overlaid(mut self, over: Self) -> Self {
        for (key, entry) in over.0 {
            match self.0.get_mut(&key) {
                Some(own) => {
                    own.place = entry.place;
                    own.node = own.node.clone().overlaid(entry.node);
                }
                None => drop(self.0.insert(key, entry)),
            }
        }
        self
    }

    /// The entry with this key.
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.0.get(key)
    }

    /// The entry with this key, to be changed.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.0.get_mut(key)
    }

    /// Adds an entry at the end. Its key must be new.
    pub(super) fn push(&mut self, entry: Entry) {
        let before = self.0.insert(entry.key.clone(), entry);
        debug_assert!(before.is_none(), "{before:?} was there already");
    }

    /// Takes the entry with this key out.
    pub(super) fn remove(&mut self, key: &str) -> Option<Entry> {
        self.0.shift_remove(key)
    }

    /// Every entry, in order, to be changed.
    pub(super) fn iter_mut(&mut self) -> indexmap::map::ValuesMut<'_, String, Entry> {
        self.0.values_mut()
    }

    /// Every entry, in order.
    pub(super) fn iter(&self) -> indexmap::map::Values<'_, String, Entry> {
        self.0.values()
    }
}

impl FromIterator<Entry> for Table {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Self(entries.into_iter().map(|entry| (entry.key.clone(), entry)).collect())
    }
}

impl<'a> IntoIterator for &'a Table {
    type Item = &'a Entry;
    type IntoIter = indexmap::map::Values<'a, String, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn place<T>(file: FileId, spanned: &Spanned<T>) -> Place {
    Place { file, span: spanned.span() }
}
