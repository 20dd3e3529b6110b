//! Environment values and the like: only their names and fingerprints leave the planner.

use serde_json::Value;

use crate::graph::Reference;
use crate::plan::{Attribute, Sensitive};
use crate::values::name::fingerprint;

/// Digits of a fingerprint: enough to tell two values apart.
const DIGITS: usize = 8;

/// The value of an attribute with every literal text, number and truth in its sensitive part replaced by a fingerprint, except
/// those that `open` lets through. References say nothing but where a value comes from, and stay.
pub(crate) fn conceal(attribute: Option<&Attribute>, value: &Value, open: &dyn Fn(&str) -> bool) -> Value {
    match attribute.map_or(Sensitive::No, |attribute| attribute.sensitive) {
        Sensitive::No => value.clone(),
        Sensitive::All => hide("", value, open),
        Sensitive::Under(key) => {
            let mut shown = value.clone();
            if let Some(part) = shown.get_mut(key) {
                *part = hide("", part, open);
            }
            shown
        }
    }
}

/// Which parts of an attribute's value are sensitive, in Terraform's shape: `true` in place of each, and nothing for others.
pub(crate) fn marks(attribute: Option<&Attribute>, value: &Value) -> Option<Value> {
    match attribute.map_or(Sensitive::No, |attribute| attribute.sensitive) {
        Sensitive::No => None,
        Sensitive::All => mark(value),
        Sensitive::Under(key) => Some(Value::Object([(key.to_owned(), mark(value.get(key)?)?)].into_iter().collect())),
    }
}

/// The name goes into the fingerprint, so that a fingerprint does not betray a value known from elsewhere under another name.
fn hide(name: &str, value: &Value, open: &dyn Fn(&str) -> bool) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::String(text) if open(text) => value.clone(),
        Value::Array(items) => items.iter().map(|item| hide(name, item, open)).collect(),
        Value::Object(_) if Reference::from_value(value).is_some() => value.clone(),
        Value::Object(object) => Value::Object(object.iter().map(|(key, item)| (key.clone(), hide(key, item, open))).collect()),
        Value::String(text) => digest(name, text),
        Value::Bool(_) | Value::Number(_) => digest(name, &value.to_string()),
    }
}

fn digest(name: &str, text: &str) -> Value {
    Value::String(format!("sha256:{}", &fingerprint(format!("{name}={text}").as_bytes())[..DIGITS]))
}

fn mark(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(_) if Reference::from_value(value).is_some() => Some(Value::Bool(true)),
        Value::Object(object) => {
            Some(Value::Object(object.iter().filter_map(|(key, item)| Some((key.clone(), mark(item)?))).collect()))
        }
        Value::Array(items) => Some(items.iter().map(|item| mark(item).unwrap_or(Value::Bool(false))).collect()),
        Value::String(_) | Value::Bool(_) | Value::Number(_) => Some(Value::Bool(true)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::rule::update;

    #[test]
    fn nothing_but_names_fingerprints_and_references_gets_out() {
        let attribute = update().sensitive_under("environment");
        let value = json!({
            "image": "web",
            "environment": { "KEY": "hunter2", "HOST": { "$ref": "database.main.instance#address" }, "LIST": ["hunter2", 7] },
        });
        let shown = conceal(Some(&attribute), &value, &|_| false);
        assert!(!shown.to_string().contains("hunter2") && !shown.to_string().contains('7'.to_string().repeat(2).as_str()));
        assert_eq!(shown["image"], "web");
        assert_eq!(shown["environment"]["HOST"], value["environment"]["HOST"]);
        assert_ne!(shown["environment"]["KEY"], shown["environment"]["LIST"][0], "the name is part of the fingerprint");
        assert_eq!(
            marks(Some(&attribute), &value),
            Some(json!({ "environment": { "KEY": true, "HOST": true, "LIST": [true, true] } }))
        );
    }
}
