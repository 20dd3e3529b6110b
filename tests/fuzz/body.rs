//! What becomes of the body of an answer, or of a file of JSON.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::spoil::{odd, spoiled};
use crate::{bytes, cbor, spoil};

/// What stands in its place.
const BODIES: [&str; 7] = ["", "{}", "[]", "null", "<html><body>Bad gateway</body></html>", "<a/>", "{\"nextToken\": \"\"}"];

/// One thing that becomes of a body.
#[derive(Clone, Debug)]
pub(crate) enum Spoil {
    /// What is done to a text, and what is done to bytes that are none.
    Deeds(Vec<spoil::Deed>, Vec<bytes::Deed>),
    /// A value is missing with its name: `<name>value</name>` or `"name": value`.
    Lack(Index),
    /// A value is another.
    Value(Index, String),
    /// It is another one.
    Body(String),
}

/// All that may become of one.
pub(crate) fn spoils() -> impl Strategy<Value = Spoil> {
    prop_oneof![
        12 => (spoil::deeds(), bytes::deeds()).prop_map(|(of_text, of_bytes)| Spoil::Deeds(of_text, of_bytes)),
        4 => any::<Index>().prop_map(Spoil::Lack),
        4 => (any::<Index>(), odd()).prop_map(|(at, odd)| Spoil::Value(at, odd)),
        1 => select(BODIES.as_slice()).prop_map(|body| Spoil::Body(body.into())),
        1 => odd().prop_map(Spoil::Body),
    ]
}

impl Spoil {
    /// What this body becomes.
    pub(crate) fn of(&self, body: &[u8]) -> Vec<u8> {
        let Ok(text) = str::from_utf8(body) else { return self.of_bytes(body) };
        match self {
            Self::Deeds(deeds, _) => spoiled(text, deeds).into_bytes(),
            Self::Body(body) => body.clone().into_bytes(),
            Self::Lack(at) | Self::Value(at, _) => {
                // Leaves of XML: from the end of a tag to the beginning of its end.
                let leaves: Vec<_> = text
                    .match_indices("</")
                    .filter_map(|(end, _)| Some(text[..end].rfind('>')? + 1..end))
                    .filter(|leaf| !leaf.is_empty())
                    .collect();
                if leaves.is_empty() {
                    let other = if let Self::Value(_, odd) = self { Some(odd.as_str()) } else { None };
                    return json(text, *at, other).into_bytes();
                }
                let leaf = at.get(&leaves).clone();
                let mut text = text.to_owned();
                if let Self::Value(_, odd) = self {
                    text.replace_range(leaf, odd);
                } else {
                    let start = text[..leaf.start].rfind('<').unwrap_or(leaf.start);
                    let end = text[leaf.end..].find('>').map_or(leaf.end, |end| leaf.end + end + 1);
                    text.replace_range(start..end, "");
                }
                text.into_bytes()
            }
        }
    }

    /// What a body becomes that is no text.
    fn of_bytes(&self, body: &[u8]) -> Vec<u8> {
        let mut bytes = body.to_vec();
        match self {
            Self::Deeds(_, deeds) => return bytes::spoiled(body, deeds),
            Self::Body(body) => return body.clone().into_bytes(),
            Self::Lack(at) => {
                let parts = cbor::parts(body);
                let part = at.get(&parts);
                bytes.drain(part.start..part.item.end);
            }
            Self::Value(at, odd) => drop(bytes.splice(at.get(&cbor::parts(body)).item.clone(), cbor::text(odd))),
        }
        bytes
    }
}

/// JSON with one of its values another, at whatever depth, or without it where there is no other.
fn json(text: &str, at: Index, other: Option<&str>) -> String {
    fn paths(value: &serde_json::Value, path: &str, found: &mut Vec<String>) {
        let inner: Vec<(String, &serde_json::Value)> = match value {
            serde_json::Value::Object(table) => table.iter().map(|(key, value)| (key.clone(), value)).collect(),
            serde_json::Value::Array(items) => {
                items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
            }
            _ => Vec::new(),
        };
        for (key, value) in inner {
            let path = format!("{path}/{key}");
            found.push(path.clone());
            paths(value, &path, found);
        }
    }
    let Ok(mut value) = serde_json::from_str::<serde_json::Value>(text) else { return String::new() };
    let mut found = Vec::new();
    paths(&value, "", &mut found);
    if let Some((parent, key)) = (!found.is_empty()).then(|| at.get(&found)).and_then(|path| path.rsplit_once('/')) {
        match value.pointer_mut(parent) {
            Some(serde_json::Value::Object(table)) => match other {
                Some(other) => drop(table.insert(key.to_owned(), other.into())),
                None => drop(table.remove(key)),
            },
            Some(serde_json::Value::Array(items)) => {
                let index: usize = key.parse().unwrap();
                match other {
                    Some(other) => items[index] = other.into(),
                    None => drop(items.remove(index)),
                }
            }
            _ => {}
        }
    }
    value.to_string()
}
