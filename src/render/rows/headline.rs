//! A resource that is to be made, in one line: the few attributes by which people know it.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::conceal::conceal;
use super::meaning::{Speaker, image};
use super::names::Names;
use crate::aws::rds::instance::Storage;
use crate::graph::{Address, Attrs, Reference};
use crate::plan::{Attribute, Schema};

/// The attributes that the kind's table marks for it; those that say "none", "no" or nothing are left out.
pub(super) fn headline(schema: &Schema, address: &Address, attrs: &Attrs, names: &Names<'_>) -> String {
    let mut line = String::new();
    let mut bare = false;
    for attribute in schema.attributes.iter().filter(|attribute| attribute.headline) {
        let value = attrs.get(attribute.name).map(|value| conceal(Some(attribute), value, &|_| false)).unwrap_or_default();
        let Some(phrase) = phrase(attribute, &value, address, names) else { continue };
        // Texts that stand for themselves read as one: `postgres 16 db.t4g.micro`.
        let joint = if line.is_empty() {
            ""
        } else if bare && value.is_string() {
            " "
        } else {
            ", "
        };
        line = format!("{line}{joint}{phrase}");
        bare = value.is_string();
    }
    line
}

fn phrase(attribute: &Attribute, value: &Value, address: &Address, names: &Names<'_>) -> Option<String> {
    let name = attribute.name.replace('_', " ");
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::Bool(true) => Some(name),
        Value::Number(number) => Some(format!("{name} {number}")),
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(image(text).unwrap_or_else(|| text.clone())),
        Value::Array(items) if items.is_empty() => None,
        Value::Object(table) if table.is_empty() => None,
        _ => Some(
            image_of(value)
                .or_else(|| services(value))
                .or_else(|| storage(value))
                .unwrap_or_else(|| things(attribute.name, value, address, names)),
        ),
    }
}

/// A container is known by its image, and by what it runs in place of what the image says.
fn image_of(value: &Value) -> Option<String> {
    let command = value.get("command").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    Some([image(value.get("image")?.as_str()?)?.as_str()].into_iter().chain(command).collect::<Vec<_>>().join(" "))
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
    let list =
        |items: BTreeSet<String>| items.iter().map(|item| item.trim_end_matches(".amazonaws.com")).collect::<Vec<_>>().join(", ");
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

fn storage(value: &Value) -> Option<String> {
    let storage = Storage::deserialize(value).ok()?;
    let most = if storage.max_gib > 0 { format!(" growing to {} GiB", storage.max_gib) } else { String::new() };
    Some(format!("{} GiB {}{most}", storage.gib, storage.kind))
}

/// The elements of a set; what begins alike is said once: `tcp 5432 from service.api, service.web`.
fn things(attribute: &str, value: &Value, address: &Address, names: &Names<'_>) -> String {
    let speaker = Speaker { names, exact: false };
    let items = match plain(value, address) {
        Value::Array(items) => items,
        one => vec![one],
    };
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for item in &items {
        let words = speaker.words(attribute, item);
        let (head, tail) = words.split_once(" from ").map_or((words.as_str(), ""), |(head, tail)| (head, tail));
        match said.last_mut() {
            Some((same, tails)) if same == head && !tail.is_empty() => tails.push(tail.to_owned()),
            _ => said.push((head.to_owned(), vec![tail.to_owned()])),
        }
    }
    let said = said.into_iter().map(|(head, tails)| match tails.join(", ") {
        tails if tails.is_empty() => head,
        tails => format!("{head} from {tails}"),
    });
    said.collect::<Vec<_>>().join("; ")
}

/// References as addresses: in what is new, that they are known after apply goes without saying. Addresses within the same part
/// of the environment lose what they share with it, and a security group stands for its owner.
fn plain(value: &Value, address: &Address) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| plain(item, address)).collect(),
        Value::Object(object) => match Reference::from_value(value) {
            Some(reference) => Value::String(near(reference.address.as_str(), address)),
            None => Value::Object(object.iter().map(|(key, item)| (key.clone(), plain(item, address))).collect()),
        },
        _ => value.clone(),
    }
}

fn near(other: &str, address: &Address) -> String {
    let scope = address.scope();
    let inside = other.strip_prefix(scope).and_then(|rest| rest.strip_prefix('.'));
    inside.or_else(|| other.strip_suffix(".security_group")).unwrap_or(other).to_owned()
}
