//! A resource that is to be made, in one line: the few attributes by which people know it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::conceal::conceal;
use super::meaning::{Speaker, image};
use super::names::Names;
use crate::graph::{Attrs, Reference};
use crate::plan::{Attribute, Schema};

/// The attributes that the kind's table marks for it; those that say "none", "no" or nothing are left out.
pub(super) fn headline(schema: &Schema, attrs: &Attrs, names: &Names<'_>) -> String {
    let marked = schema.attributes.iter().filter(|attribute| attribute.headline);
    let words = marked.filter_map(|attribute| phrase(attribute, attrs.get(attribute.name)?, names));
    words.collect::<Vec<_>>().join(", ")
}

fn phrase(attribute: &Attribute, value: &Value, names: &Names<'_>) -> Option<String> {
    let value = conceal(Some(attribute), value, &|_| false);
    let name = attribute.name.replace('_', " ");
    match &value {
        Value::Null | Value::Bool(false) => None,
        Value::Bool(true) => Some(name),
        Value::Number(number) => Some(format!("{name} {number}")),
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(image(text).unwrap_or_else(|| text.clone())),
        Value::Array(items) if items.is_empty() => None,
        _ => Some(image_of(&value).or_else(|| services(&value)).unwrap_or_else(|| brief(attribute.name, &value, names))),
    }
}

/// A container is known by its image.
fn image_of(value: &Value) -> Option<String> {
    image(value.get("image")?.as_str()?)
}

/// Policies, by whom they let do something, or by the services in which they let something be done.
fn services(value: &Value) -> Option<String> {
    let mut statements = Vec::new();
    collect(value, &mut statements);
    let texts =
        |value: &Value| value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    let principals = statements.iter().filter_map(|statement| statement.get("principals")?.as_object());
    let principals: BTreeSet<String> = principals.flat_map(|kinds| kinds.values().flat_map(texts)).collect();
    let actions = statements.iter().flat_map(|statement| texts(&statement["actions"]));
    let services: BTreeSet<String> = actions.filter_map(|action| Some(action.split_once(':')?.0.to_owned())).collect();
    let list = |items: BTreeSet<String>| items.into_iter().collect::<Vec<_>>().join(", ");
    match () {
        () if !principals.is_empty() => Some(format!("for {}", list(principals))),
        () if !services.is_empty() => Some(format!("may use {}", list(services))),
        () => None,
    }
}

fn collect<'a>(value: &'a Value, statements: &mut Vec<&'a Value>) {
    match value {
        Value::Object(object) if object.contains_key("actions") => statements.push(value),
        Value::Object(object) => object.values().for_each(|item| collect(item, statements)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, statements)),
        _ => {}
    }
}

/// Everything here is new: that references are known after apply goes without saying.
fn brief(attribute: &str, value: &Value, names: &Names<'_>) -> String {
    Speaker { names, exact: false }.words(attribute, &plain(value))
}

fn plain(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(object) => match Reference::from_value(value) {
            Some(reference) => Value::String(reference.address.to_string()),
            None => Value::Object(object.iter().map(|(key, item)| (key.clone(), plain(item))).collect()),
        },
        _ => value.clone(),
    }
}
