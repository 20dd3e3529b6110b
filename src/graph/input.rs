//! References: a value is either a literal or an output of another resource, known only once that resource exists.
//!
//! A kind writes its attributes once, over a [`Phase`]. In the [`Wanted`] phase a text may be a reference; in the [`Actual`]
//! phase, which is all that code calling AWS ever sees, it is a string. So an unresolved reference cannot reach AWS.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::Address;

/// When a set of attributes is looked at: before references are resolved, or after.
pub trait Phase: Copy + Debug + Ord + Send + Sync + 'static {
    /// A text that may refer to another resource.
    type Text: Clone + Debug + Ord + Serialize + DeserializeOwned + Send + Sync + 'static;
}

/// What the spec asks for: texts may be references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {}

/// What AWS says, and what AWS is told: every text is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actual {}

impl Phase for Wanted {
    type Text = Input;
}

impl Phase for Actual {
    type Text = String;
}

/// A text that is known now, or will be once another resource exists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// A literal. First, so that a set of literals sorts as a set of strings does.
    Known(String),
    /// An output of another resource.
    Output(Reference),
    /// Several, one right after the other: a text that outputs stand in.
    Joined(Vec<Self>),
}

/// One output of one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The resource.
    pub address: Address,
    /// The name of its output, such as `id`.
    pub output: String,
}

impl Input {
    /// An output of the resource at `address`.
    pub fn output(address: &Address, output: &str) -> Self {
        Self::Output(Reference { address: address.clone(), output: output.to_owned() })
    }

    /// Some texts as one; in the one form there is for each.
    pub fn joined(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut joined: Vec<Self> = Vec::new();
        for part in parts {
            match (joined.last_mut(), part) {
                (_, Self::Known(text)) if text.is_empty() => {}
                (Some(Self::Known(before)), Self::Known(text)) => before.push_str(&text),
                (_, part) => joined.push(part),
            }
        }
        match joined.len() {
            0 => Self::Known(String::new()),
            1 => joined.swap_remove(0),
            _ => Self::Joined(joined),
        }
    }
}

impl From<&str> for Input {
    fn from(text: &str) -> Self {
        Self::Known(text.to_owned())
    }
}

impl From<String> for Input {
    fn from(text: String) -> Self {
        Self::Known(text)
    }
}

/// The key that marks a reference in erased attributes.
const MARK: &str = "$ref";

/// The key that marks texts that are one.
const JOINED: &str = "$joined";

/// Whether a value is a text that is not known before something else exists.
pub fn is_unknown(value: &Value) -> bool {
    Reference::from_value(value).is_some() || parts(value).is_some()
}

/// The parts of a text that references stand in.
fn parts(value: &Value) -> Option<&Vec<Value>> {
    value.as_object().filter(|object| object.len() == 1)?.get(JOINED)?.as_array()
}

impl Reference {
    fn to_value(&self) -> Value {
        json!({ MARK: format!("{}#{}", self.address, self.output) })
    }

    /// The reference that a value is, if it is one.
    pub fn from_value(value: &Value) -> Option<Self> {
        let object = value.as_object().filter(|object| object.len() == 1)?;
        let (address, output) = object.get(MARK)?.as_str()?.split_once('#')?;
        Some(Self { address: address.parse().ok()?, output: output.to_owned() })
    }
}

impl Serialize for Input {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(text) => serializer.serialize_str(text),
            Self::Output(reference) => reference.to_value().serialize(serializer),
            Self::Joined(parts) => BTreeMap::from([(JOINED, parts)]).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match (&value, Reference::from_value(&value)) {
            (Value::String(text), _) => Ok(Self::Known(text.clone())),
            (_, Some(reference)) => Ok(Self::Output(reference)),
            _ if parts(&value).is_some() => {
                let parts = parts(&value).into_iter().flatten().map(Self::deserialize);
                parts.collect::<Result<_, _>>().map(Self::Joined).map_err(D::Error::custom)
            }
            _ => Err(D::Error::custom("neither a text nor a reference")),
        }
    }
}

/// Every reference inside a value, in order of appearance.
pub fn references(value: &Value) -> Vec<Reference> {
    match value {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(object) => match Reference::from_value(value) {
            Some(reference) => vec![reference],
            None => object.values().flat_map(references).collect(),
        },
        _ => Vec::new(),
    }
}

/// The value with every reference that `known` can answer replaced by the answer; the others stay.
pub fn substitute(value: &Value, known: &dyn Fn(&Reference) -> Option<String>) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| substitute(item, known)).collect(),
        Value::Object(object) => match Reference::from_value(value) {
            Some(reference) => known(&reference).map_or_else(|| value.clone(), Value::String),
            None if parts(value).is_some() => join(parts(value).into_iter().flatten().map(|part| substitute(part, known))),
            None => Value::Object(object.iter().map(|(key, item)| (key.clone(), substitute(item, known))).collect()),
        },
        _ => value.clone(),
    }
}

/// A text, where all its parts are known by now.
fn join(parts: impl Iterator<Item = Value>) -> Value {
    let parts: Vec<Value> = parts.collect();
    let texts: Option<String> = parts.iter().map(Value::as_str).collect();
    texts.map_or_else(|| json!({ JOINED: parts }), Value::String)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_references_in_it_is_one_once_all_are_known() {
        let part = |name: &str| Input::output(&Address::of(&["cache", "main"]), name);
        let text = Input::joined(["rediss://".into(), part("host"), ":".into(), part("port"), "/".into(), "0".into()]);
        let value = serde_json::to_value(&text).unwrap();
        assert_eq!(serde_json::from_value::<Input>(value.clone()).unwrap(), text);
        assert_eq!(references(&value).len(), 2);
        assert!(is_unknown(&value));
        let half = substitute(&value, &|reference| (reference.output == "host").then(|| "cache.example".into()));
        assert!(is_unknown(&half) && references(&half).len() == 1);
        assert_eq!(substitute(&half, &|_| Some("6379".into())), json!("rediss://cache.example:6379/0"));
        assert_eq!(Input::joined(["a".into(), "".into(), "b".into()]), "ab".into());
        assert_eq!(Input::joined([part("host")]), part("host"));
    }

    #[test]
    fn references_survive_erasure_and_are_found_at_any_depth() {
        let input = Input::output(&Address::of(&["network", "vpc"]), "id");
        let value = json!({ "deep": [{ "peer": serde_json::to_value(&input).unwrap() }, "literal"] });
        let found = references(&value);
        assert_eq!(found.len(), 1);
        assert_eq!(Input::Output(found[0].clone()), input);
        let resolved = substitute(&value, &|_| Some("vpc-1".into()));
        assert_eq!(resolved, json!({ "deep": [{ "peer": "vpc-1" }, "literal"] }));
        assert!(references(&resolved).is_empty());
    }
}
