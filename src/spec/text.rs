//! Values of environment variables: texts in which other parts of the environment may stand, as `${cache.main.host}`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::connection::Connection;

/// What opens a reference; twice its first character, and it is only text.
const OPEN: &str = "${";

/// A text, in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(pub Vec<Piece>);

/// One piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Literal(String),
    /// What another part of the environment is called or reached by.
    Of(Part),
}

/// What can stand in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// One of [`Connection::parts`], by its place among them.
    Connection(Connection, usize),
    /// The host name by which a service is reached.
    Service(String),
}

/// The text has a `${` that opens nothing known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what stands in `${{…}}` here is no part of an environment")]
pub struct NoSuchPart;

impl Text {
    /// The parts that stand in it.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Of(part) => Some(part),
            Piece::Literal(_) => None,
        })
    }
}

impl FromStr for Text {
    type Err = NoSuchPart;

    fn from_str(text: &str) -> Result<Self, NoSuchPart> {
        let (mut pieces, mut literal, mut rest) = (Vec::new(), String::new(), text);
        while let Some((before, after)) = rest.split_once(OPEN) {
            if let Some(before) = before.strip_suffix('$') {
                literal += before;
                literal += OPEN;
                rest = after;
                continue;
            }
            literal += before;
            let (inside, after) = after.split_once('}').ok_or(NoSuchPart)?;
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            pieces.push(Piece::Of(inside.parse()?));
            rest = after;
        }
        pieces.push(Piece::Literal(literal + rest));
        pieces.retain(|piece| !matches!(piece, Piece::Literal(text) if text.is_empty()));
        Ok(Self(pieces))
    }
}

impl FromStr for Part {
    type Err = NoSuchPart;

    fn from_str(text: &str) -> Result<Self, NoSuchPart> {
        let (of, part) = text.rsplit_once('.').ok_or(NoSuchPart)?;
        if let Some(name) = of.strip_prefix("service.").filter(|name| part == "host" && !name.is_empty()) {
            return Ok(Self::Service(name.to_owned()));
        }
        let connection: Connection = of.parse().map_err(|_| NoSuchPart)?;
        let place = connection.parts().iter().position(|known| *known == part).ok_or(NoSuchPart)?;
        Ok(Self::Connection(connection, place))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(connection, place) => write!(f, "{connection}.{}", connection.parts()[*place]),
            Self::Service(name) => write!(f, "service.{name}.host"),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A text. `${database.NAME.host}`, `…port`, `…name` and `…secret_arn`, `${cache.NAME.host}` and `…port`, and `${service.NAME.host}` in it stand for what those are; `$${` is a `${` and nothing else.",
            "format": "infra-text",
            "examples": ["rediss://${cache.main.host}:${cache.main.port}/0"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Option<String> {
        let text: Text = text.parse().ok()?;
        let piece = |piece: &Piece| match piece {
            Piece::Literal(text) => format!("[{text}]"),
            Piece::Of(part) => format!("<{part}>"),
        };
        Some(text.0.iter().map(piece).collect())
    }

    #[test]
    fn parts_stand_in_texts_and_everything_else_stays_as_it_is() {
        for literal in ["", "smtp://user@example.com:587", "$HOME", "100 %", "a $ b", "{x}"] {
            let expected = if literal.is_empty() { String::new() } else { format!("[{literal}]") };
            assert_eq!(pieces(literal).as_ref(), Some(&expected));
        }
        assert_eq!(
            pieces("rediss://${cache.main.host}:${cache.main.port}/0").unwrap(),
            "[rediss://]<cache.main.host>[:]<cache.main.port>[/0]"
        );
        assert_eq!(pieces("${service.web.host}").unwrap(), "<service.web.host>");
        assert_eq!(pieces("$${HOME} ${database.main.name}").unwrap(), "[${HOME} ]<database.main.name>");
        for wrong in [
            "${HOME}",
            "${cache.main}",
            "${cache.main.name}",
            "${database.main.password}",
            "${service.web.port}",
            "${cache.main.host",
        ] {
            assert_eq!(pieces(wrong), None, "{wrong}");
        }
    }
}
