//! DB instances. They hold data: what cannot be changed in place stays as it is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan::rule::{disrupt, fixed, judge, name, update};
use crate::plan::{Output, Rule, Schema};
use crate::resource;
use crate::values::version;

const ANOTHER: &str = "declare another database beside it, move the data, then remove this one";
const FAILS_OVER: &str = "the database restarts, or fails over where it is in several zones";

resource! {
    /// A database.
    Instance<P> = "rds.instance" {
        /// Unique in the account and region; at most 63 characters.
        name: String => name(),
        /// `postgres`, `mysql` or `mariadb`.
        engine: String => fixed(ANOTHER),
        /// The version, as exactly as the spec says it: `16` is content with any 16.x that AWS has upgraded to.
        version: String => judge(upgrade).same(version::satisfied_by),
        /// The instance class.
        class: String => disrupt(FAILS_OVER),
        /// Its storage.
        storage: Storage => judge(grow).same(Storage::satisfied_by),
        /// Whether its storage is encrypted.
        encrypted: bool => fixed(ANOTHER),
        /// Whether a second instance in another zone stands by.
        multi_az: bool => update(),
        /// Days that automatic backups are kept: 0 to 35.
        backup_days: u32 => update(),
        /// Whether AWS refuses to delete it.
        deletion_protection: bool => update(),
        /// Whether a snapshot is taken when it is deleted. RDS does not know it; the tag `infra:final-snapshot` does.
        final_snapshot: bool => update(),
        /// Whether it has a public address.
        public: bool => update(),
        /// The name of its subnet group.
        subnet_group: P::Text => fixed(ANOTHER).names("rds.subnet_group"),
        /// Its security groups.
        security_groups: BTreeSet<P::Text> => update(),
        /// The name of its parameter group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parameter_group: Option<P::Text> => disrupt("it takes effect at the next reboot").names("rds.parameter_group"),
        /// Whether Performance Insights is on.
        performance_insights: bool => update(),
        /// The name of the database in it.
        database: String => fixed(ANOTHER),
        /// The name of its master user, whose password AWS makes and keeps.
        username: String => fixed(ANOTHER),
        /// Whether AWS makes and keeps the master password in Secrets Manager.
        managed_password: bool => update(),
    }
    outputs: [
        Output::held("arn"),
        Output::plain("name"),
        Output::held("address").when_ready(),
        Output::plain("port").when_ready(),
        Output::held("secret_arn").when_ready(),
    ],
    Schema::STATEFUL.protected_by("deletion_protection")
}

/// Storage, in GiB.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// The volume type, such as `gp3`.
    pub kind: String,
    /// Allocated now.
    pub gib: u32,
    /// How far RDS may let it grow by itself; 0 for not at all.
    pub max_gib: u32,
}

impl Storage {
    /// RDS may have let it grow.
    fn satisfied_by(want: &Value, live: &Value) -> bool {
        let read = |value: &Value| Self::deserialize(value).ok();
        let (Some(want), Some(live)) = (read(want), read(live)) else { return false };
        let grown = want.gib <= live.gib && live.gib <= want.max_gib;
        want.kind == live.kind && want.max_gib == live.max_gib && (want.gib == live.gib || grown)
    }
}

/// RDS lets storage grow only ("You can't reduce the amount of storage for a DB instance after storage has been allocated").
fn grow(live: &Value, want: &Value) -> Rule {
    if want["gib"].as_u64() < live["gib"].as_u64() {
        Rule::Fixed("storage cannot shrink; write what AWS has, or more")
    } else {
        Rule::Update
    }
}

/// RDS upgrades, and never goes back.
fn upgrade(live: &Value, want: &Value) -> Rule {
    if version::is_older(want, live) {
        Rule::Fixed("a database engine cannot go back to an older version; restore a snapshot beside it")
    } else {
        Rule::Disrupt("the database is down while its engine is upgraded")
    }
}
