//! Replication groups: a Redis or Valkey primary with its replicas.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::plan::rule::{disrupt, fixed, judge, name, update};
use crate::plan::{Output, Rule, Schema};
use crate::resource;
use crate::values::version;

const ANOTHER: &str = "declare another cache beside it, then remove this one";

resource! {
    /// A cache.
    ReplicationGroup<P> = "elasticache.replication_group" {
        /// Unique in the account and region; at most 40 characters.
        name: String => name(),
        /// What it is for.
        description: String => update(),
        /// `redis` or `valkey`.
        engine: String => judge(cross).same(crate::plan::equal),
        /// The version, as exactly as the spec says it.
        version: String => judge(upgrade).same(version::satisfied_by),
        /// The node type.
        node: String => disrupt("connections are cut while nodes are exchanged"),
        /// Replicas beside the primary: 0 to 5.
        replicas: u32 => update(),
        /// Whether a replica takes over when the primary fails; needs one.
        failover: bool => update(),
        /// Whether the replicas stand in other zones than the primary.
        multi_az: bool => update(),
        /// Whether data are encrypted at rest.
        encrypted_at_rest: bool => fixed(ANOTHER),
        /// Whether connections must be over TLS.
        encrypted_in_transit: bool => fixed(ANOTHER),
        /// The name of its subnet group.
        subnet_group: P::Text => fixed(ANOTHER).names("elasticache.subnet_group"),
        /// Its security groups.
        security_groups: BTreeSet<P::Text> => update(),
    }
    outputs: [Output::held("arn"), Output::plain("name"), Output::held("address").when_ready(), Output::plain("port").when_ready()],
    Schema::STATEFUL
}

/// ElastiCache upgrades from Redis to Valkey in place, and not the other way.
fn cross(live: &Value, want: &Value) -> Rule {
    if live == "redis" && want == "valkey" {
        Rule::Disrupt("connections are cut while the engine is exchanged")
    } else {
        Rule::Fixed(ANOTHER)
    }
}

fn upgrade(live: &Value, want: &Value) -> Rule {
    if version::is_older(want, live) {
        Rule::Fixed("a cache cannot go back to an older version; declare another one beside it")
    } else {
        Rule::Disrupt("connections are cut while the engine is upgraded")
    }
}
