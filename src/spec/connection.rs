//! What a service connects to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// A database or a cache that a service may reach: `database.NAME` or `cache.NAME`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Connection {
    /// A database of this name in the same environment.
    Database(String),
    /// A cache of this name in the same environment.
    Cache(String),
}

impl Connection {
    /// What a service is told of it.
    #[must_use]
    pub const fn parts(&self) -> &'static [&'static str] {
        match self {
            Self::Database(_) => &["host", "port", "name", "secret_arn"],
            Self::Cache(_) => &["host", "port"],
        }
    }

    /// The names of the environment variables a service finds these under, such as `DATABASE_MAIN_HOST`.
    #[must_use]
    pub fn variables(&self) -> Vec<String> {
        let (kind, name) = match self {
            Self::Database(name) => ("database", name),
            Self::Cache(name) => ("cache", name),
        };
        let variable = |part: &&str| format!("{kind}_{name}_{part}").replace('-', "_").to_ascii_uppercase();
        self.parts().iter().map(variable).collect()
    }
}

/// What was written names neither a database nor a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither `database.NAME` nor `cache.NAME`")]
pub struct NotAConnection;

impl FromStr for Connection {
    type Err = NotAConnection;

    fn from_str(text: &str) -> Result<Self, NotAConnection> {
        match text.split_once('.') {
            Some(("database", name)) if !name.is_empty() => Ok(Self::Database(name.to_owned())),
            Some(("cache", name)) if !name.is_empty() => Ok(Self::Cache(name.to_owned())),
            _ => Err(NotAConnection),
        }
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(name) => write!(f, "database.{name}"),
            Self::Cache(name) => write!(f, "cache.{name}"),
        }
    }
}

impl<'de> Deserialize<'de> for Connection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl schemars::JsonSchema for Connection {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Connection".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "`database.NAME` or `cache.NAME`.",
            "format": "infra-connection",
            "examples": ["database.main"],
            "pattern": r"^(database|cache)\.[a-z][a-z0-9-]*$",
        })
    }
}
