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
            // A list is the keyword; a table is a property that happens to be called so.
            if object.get("required").is_some_and(Value::is_array) {
                object.remove("required");
            }
            object.values_mut().for_each(without_required);
        }
        Value::Array(items) => items.iter_mut().for_each(without_required),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every keyword of a schema that `shape` would have to know. One that turns up here is not checked until it does.
    #[test]
    fn uses_no_keyword_that_shape_ignores() {
        const KNOWN: [&str; 17] = [
            "$defs",
            "$ref",
            "$schema",
            "additionalProperties",
            "const",
            "default",
            "description",
            "enum",
            "examples",
            "format",
            "items",
            "maximum",
            "minimum",
            "oneOf",
            "properties",
            "required",
            "type",
        ];
        const SAID_BY_FORMAT: [&str; 2] = ["pattern", "title"];
        fn keywords(schema: &Value, found: &mut Vec<String>) {
            for (keyword, value) in schema.as_object().into_iter().flatten() {
                found.push(keyword.clone());
                match keyword.as_str() {
                    "$defs" | "properties" => {
                        value.as_object().into_iter().flatten().for_each(|(_, value)| keywords(value, found));
                    }
                    "items" | "additionalProperties" => keywords(value, found),
                    "oneOf" => value.as_array().into_iter().flatten().for_each(|value| keywords(value, found)),
                    _ => {}
                }
            }
        }
        let mut found = Vec::new();
        keywords(&STRICT, &mut found);
        assert!(found.len() > 100);
        found.retain(|keyword| !KNOWN.contains(&keyword.as_str()) && !SAID_BY_FORMAT.contains(&keyword.as_str()));
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn one_file_may_leave_out_anything_and_still_use_every_key() {
        let schema = schema();
        // All but the two conditions on the runtime.
        assert_eq!(schema.to_string().matches("\"required\":[").count(), 2);
        assert!(schema.pointer("/$defs/Approval/properties/required").is_some_and(Value::is_object));
    }
}
