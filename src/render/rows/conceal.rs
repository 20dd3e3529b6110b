//! Environment values and the like: only their names and fingerprints leave the planner.

use serde_json::{Map, Value, json};

use crate::graph::{Reference, is_unknown};
use crate::plan::{Attribute, Sensitive};
use crate::values::name::fingerprint;

/// Digits of a fingerprint: enough to tell two values apart.
const DIGITS: usize = 8;

/// What marks a fingerprint in a [sealed](seal) value. No environment value is an object, so nothing else looks like one.
const SEALED: &str = "$sealed";

/// The value of an attribute with every literal text, number and truth in its sensitive part replaced by a fingerprint, except
/// those that `open` lets through. References say nothing but where a value comes from, and stay.
pub(crate) fn conceal(attribute: Option<&Attribute>, value: &Value, open: &dyn Fn(&str) -> bool) -> Value {
    sensitive_part(attribute, value, &|part| hide("", part, open, shown))
}

/// As [`conceal`], in a form that says what is a fingerprint and what a text: to conceal or to seal it again changes nothing,
/// so that what was kept sealed is shown as it would have been before.
pub(crate) fn seal(attribute: Option<&Attribute>, value: &Value, open: &dyn Fn(&str) -> bool) -> Value {
    sensitive_part(attribute, value, &|part| hide("", part, open, |fingerprint| json!({ SEALED: fingerprint })))
}

fn sensitive_part(attribute: Option<&Attribute>, value: &Value, hide: &dyn Fn(&Value) -> Value) -> Value {
    match attribute.map_or(Sensitive::No, |attribute| attribute.sensitive) {
        Sensitive::No => value.clone(),
        Sensitive::All => hide(value),
        Sensitive::Under(key) => {
            let mut shown = value.clone();
            if let Some(part) = shown.get_mut(key) {
                *part = hide(part);
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
fn hide(name: &str, value: &Value, open: &dyn Fn(&str) -> bool, form: fn(&str) -> Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::String(text) if open(text) => value.clone(),
        Value::Array(items) => items.iter().map(|item| hide(name, item, open, form)).collect(),
        Value::Object(_) if Reference::from_value(value).is_some() => value.clone(),
        Value::Object(object) if is_unknown(value) => {
            // A text that references stand in: each of its parts by the name of the whole, and by its place.
            let parts = object.values().filter_map(Value::as_array).flatten().enumerate();
            let hidden = parts.map(|(place, part)| hide(&format!("{name}#{place}"), part, open, form)).collect();
            Value::Object(object.keys().cloned().zip([hidden]).collect())
        }
        Value::Object(object) => match sealed(object) {
            Some(fingerprint) => form(fingerprint),
            None => Value::Object(object.iter().map(|(key, item)| (key.clone(), hide(key, item, open, form))).collect()),
        },
        Value::String(text) => form(&digest(name, text)),
        Value::Bool(_) | Value::Number(_) => form(&digest(name, &value.to_string())),
    }
}

fn digest(name: &str, text: &str) -> String {
    format!("sha256:{}", &fingerprint(format!("{name}={text}").as_bytes())[..DIGITS])
}

fn shown(fingerprint: &str) -> Value {
    Value::String(fingerprint.to_owned())
}

/// The fingerprint that an object stands for.
fn sealed(object: &Map<String, Value>) -> Option<&str> {
    object.get(SEALED).filter(|_| object.len() == 1)?.as_str()
}

fn mark(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(_) if is_unknown(value) => Some(Value::Bool(true)),
        Value::Object(object) if sealed(object).is_some() => Some(Value::Bool(true)),
        Value::Object(object) => {
            Some(Value::Object(object.iter().filter_map(|(key, item)| Some((key.clone(), mark(item)?))).collect()))
        }
        Value::Array(items) => Some(items.iter().map(|item| mark(item).unwrap_or(Value::Bool(false))).collect()),
        Value::String(_) | Value::Bool(_) | Value::Number(_) => Some(Value::Bool(true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::rule::update;

    #[test]
    fn a_text_with_references_in_it_shows_nothing_but_those() {
        let attribute = update().sensitive_under("environment");
        let url = json!({ "$joined": ["redis://shop:hunter2@", { "$ref": "cache.main.replication_group#address" }, "/0"] });
        let value = json!({ "environment": { "ONE": url, "OTHER": url } });
        let shown = conceal(Some(&attribute), &value, &|_| false);
        assert!(!shown.to_string().contains("hunter2") && !shown.to_string().contains("\"/0\""), "{shown}");
        let [one, other] = ["ONE", "OTHER"].map(|name| &shown["environment"][name]["$joined"]);
        assert_eq!((&one[1], one.as_array().unwrap().len()), (&url["$joined"][1], 3));
        assert!(one[0] != other[0] && one[2] != other[2], "the name is part of the fingerprint: {shown}");
        let sealed = seal(Some(&attribute), &value, &|_| false);
        assert_eq!(conceal(Some(&attribute), &sealed, &|_| false), shown);
        assert_eq!(marks(Some(&attribute), &value), Some(json!({ "environment": { "ONE": true, "OTHER": true } })));
    }

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
        let sealed = seal(Some(&attribute), &value, &|_| false);
        assert!(!sealed.to_string().contains("hunter2"));
        assert_eq!(conceal(Some(&attribute), &sealed, &|_| false), shown);
        assert_eq!(seal(Some(&attribute), &sealed, &|_| false), sealed);
        assert_eq!(marks(Some(&attribute), &sealed), marks(Some(&attribute), &value));
    }
}
