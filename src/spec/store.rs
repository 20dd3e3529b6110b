//! What keeps data: databases and caches.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::alarms::{CacheAlarms, DatabaseAlarms};
use super::environment::yes;

/// A database on RDS: encrypted, private, its password made and kept by AWS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The engine: `postgres`, `mysql` or `mariadb`.
    #[schemars(example = &"postgres")]
    pub engine: String,

    /// The version, in quotes. With only the major version (`"16"`), AWS chooses and keeps up with the minor one.
    #[schemars(example = &"16")]
    pub version: String,

    /// The instance class, such as `db.t4g.micro`.
    #[schemars(example = &"db.t4g.micro")]
    pub class: String,

    /// Storage in GiB. AWS can enlarge it, never shrink it.
    #[schemars(range(min = 20, max = 65_536), example = 20)]
    pub storage_gib: u32,

    /// Up to how many GiB AWS may enlarge the storage by itself. Without it, not at all.
    #[schemars(range(min = 20, max = 65_536))]
    pub max_storage_gib: Option<u32>,

    /// Whether a standby in a second zone takes over when the first fails.
    #[serde(default)]
    pub multi_az: bool,

    /// For how many days automatic backups are kept; 0 turns them off.
    #[serde(default = "seven")]
    #[schemars(range(min = 0, max = 35))]
    pub backup_days: u8,

    /// Whether AWS refuses to delete the database.
    #[serde(default = "yes")]
    pub deletion_protection: bool,

    /// Whether a snapshot is kept when the database is deleted.
    #[serde(default = "yes")]
    pub final_snapshot: bool,

    /// The name of the database inside the instance. Without it, the project's name with `_` for `-`.
    pub name: Option<String>,

    /// Settings of the engine, by their names in a parameter group of RDS. Values are written in quotes.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,

    /// Alarms on its storage and how busy it is. Without it, none.
    pub alarms: Option<DatabaseAlarms>,
}

/// A cache on ElastiCache: encrypted at rest and in transit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// The engine.
    pub engine: CacheEngine,

    /// The version, in quotes, such as `"7.1"`.
    #[schemars(example = &"7.1")]
    pub version: String,

    /// The node type, such as `cache.t4g.micro`.
    #[schemars(example = &"cache.t4g.micro")]
    pub node: String,

    /// How many copies stand by beside the primary node. With one or more, AWS fails over by itself.
    #[serde(default)]
    #[schemars(range(min = 0, max = 5))]
    pub replicas: u8,

    /// Alarms on its memory and how busy it is. Without it, none.
    pub alarms: Option<CacheAlarms>,
}

/// The engine of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CacheEngine {
    /// Redis OSS.
    Redis,
    /// Valkey.
    Valkey,
}

impl CacheEngine {
    /// The engine as ElastiCache names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Valkey => "valkey",
        }
    }
}

const fn seven() -> u8 {
    7
}
