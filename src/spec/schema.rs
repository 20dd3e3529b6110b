//! The JSON Schema of a spec, derived from the types.
//!
//! There are two: the strict one is what a whole environment must satisfy, and what `shape` holds it against; the
//! published one is for editors, which see one file at a time and cannot know what `extends` brings in.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::environment::Environment;
use super::service::RUNTIME_KEYS;

/// The schema of an environment with every `extends` resolved.
pub(super) static STRICT: LazyLock<Value> = LazyLock::new(|| {
    let generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Environment>().to_value();
    without_null(&mut schema);
    schema
});

/// The schema of one file of a spec, as `infra schema` prints it: nothing is required, since a base may hold it.
#[must_use]
pub fn schema() -> Value {
    let mut schema = STRICT.clone();
    without_required(&mut schema);
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".into(), json!("An environment for infra"));
        if let Some(Value::Object(keys)) = root.get_mut("properties") {
            let description =
                "A spec that this one extends, relative to this file. Tables merge, this file winning; lists are replaced.";
            keys.insert("extends".into(), json!({ "type": "string", "description": description, "examples": ["base.toml"] }));
        }
    }
    if let Some(service) = schema.pointer_mut("/$defs/Service").and_then(Value::as_object_mut) {
        service.insert("allOf".into(), runtimes_exclude_each_other());
    }
    schema
}

/// Where a table names its runtime, the keys of the other one are refused.
fn runtimes_exclude_each_other() -> Value {
    let rule = |(runtime, _): &(&str, _)| {
        let others = RUNTIME_KEYS.iter().filter(|(other, _)| other != runtime).flat_map(|(_, keys)| *keys);
        let refused: Map<String, Value> = others.map(|key| ((*key).to_owned(), json!(false))).collect();
        json!({
            "if": { "properties": { "runtime": { "const": runtime } }, "required": ["runtime"] },
            "then": { "properties": refused },
        })
    };
    RUNTIME_KEYS.iter().map(rule).collect()
}

/// What an optional field accepts: TOML has no null, so schemars's "or null" only confuses editors.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".into(), only);
                }
            }
            if let Some(Value::Array(mut choices)) = object.remove("anyOf") {
                choices.retain(|choice| choice["type"] != "null");
                match <[Value; 1]>::try_from(choices) {
                    Ok([Value::Object(only)]) => object.extend(only),
                    Ok(other) => drop(object.insert("anyOf".into(), other.into_iter().collect())),
                    Err(choices) => drop(object.insert("anyOf".into(), choices.into())),
                }
            }
            if object.get("default") == Some(&Value::Null) {
                object.remove("default");
            }
            object.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

fn without_required(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.remove("required");
            object.values_mut().for_each(without_required);
        }
        Value::Array(items) => items.iter_mut().for_each(without_required),
        _ => {}
    }
}
