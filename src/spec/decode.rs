//! From the tree to the types, through serde.
//!
//! `shape` has made sure that this succeeds; should the two ever disagree, the error still points at the value.

use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::problem::{Place, Problem};
use super::tree::{Node, Value};

/// Decodes a tree.
pub(super) fn decode<T: DeserializeOwned>(node: &Node) -> Result<T, Problem> {
    T::deserialize(node).map_err(|error| Problem::error(error.message).at(error.place.unwrap_or_else(|| node.place.clone())))
}

/// What serde refused, and where, as soon as that is known.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct DecodeError {
    message: String,
    place: Option<Place>,
}

impl de::Error for DecodeError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), place: None }
    }
}

/// Reads one node, and names its place in whatever goes wrong inside it that has none yet.
fn visit<'de, V: Visitor<'de>>(node: &'de Node, visitor: V) -> Result<V::Value, DecodeError> {
    let result = match &node.value {
        Value::String(text) | Value::Datetime(text) => visitor.visit_borrowed_str(text),
        Value::Integer(number) => match i64::try_from(*number) {
            Ok(number) => visitor.visit_i64(number),
            Err(_) => visitor.visit_i128(*number),
        },
        Value::Float(number) => visitor.visit_f64(number.parse().unwrap_or(f64::NAN)),
        Value::Boolean(flag) => visitor.visit_bool(*flag),
        Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.iter())),
        Value::Table(table) => {
            visitor.visit_map(MapDeserializer::new(table.iter().map(|entry| (entry.key.as_str(), &entry.node))))
        }
    };
    result.map_err(|error| DecodeError { place: error.place.or_else(|| Some(node.place.clone())), ..error })
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visit(self, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        // TOML has no null: what is written is there.
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let text = self.text().ok_or_else(|| de::Error::custom("not a string"))?;
        StrDeserializer::new(text).deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, DecodeError> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
