//! Values that stand in for those that are missing or wrong, so that one mistake does not hide the others.
//!
//! They are the examples of the schema and carry the place of the mistake: `check` keeps quiet about places that
//! have been blamed already.

use serde_json::Value as Json;

use super::{choices, resolve};
use crate::spec::problem::Place;
use crate::spec::suggest;
use crate::spec::tree::{Entry, Node, Value};

/// A value that satisfies a schema.
pub(super) fn of(schema: &'static Json, place: &Place) -> Node {
    let here = |value| Node { place: place.clone(), value };
    match example(schema) {
        Some(Json::String(text)) => here(Value::String(text.clone())),
        Some(Json::Number(number)) => here(Value::Integer(number.as_i64().unwrap_or_default().into())),
        _ => {
            let schema = resolve(schema);
            if let Some(choice) = choices(schema).and_then(|choices| choices.first().copied()) {
                return here(Value::String(choice.to_owned()));
            }
            match schema["type"].as_str() {
                Some("object") => here(Value::Table(
                    schema["required"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(Json::as_str)
                        .map(|key| Entry {
                            key: key.to_owned(),
                            place: place.clone(),
                            node: of(&schema["properties"][key], place),
                        })
                        .collect(),
                )),
                Some("array") => here(Value::Array(Vec::new())),
                Some("boolean") => here(Value::Boolean(false)),
                Some("integer" | "number") => here(Value::Integer(schema["minimum"].as_i64().unwrap_or_default().into())),
                _ => here(Value::String(String::new())),
            }
        }
    }
}

/// How such values are written in a spec, in words.
pub(super) fn written(key: &str, schema: &'static Json) -> String {
    let values = match (example(schema), choices(resolve(schema))) {
        (Some(example), _) => vec![example.to_string()],
        (None, Some(choices)) => choices.iter().map(|choice| format!("\"{choice}\"")).collect(),
        (None, None) => return format!("`{key}`"),
    };
    let lines: Vec<String> = values.iter().map(|value| format!("{key} = {value}")).collect();
    suggest::list(lines.iter().map(String::as_str), "or")
}

fn example(schema: &'static Json) -> Option<&'static Json> {
    schema["examples"].get(0).or_else(|| resolve(schema)["examples"].get(0))
}
