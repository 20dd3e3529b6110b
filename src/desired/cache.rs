//! Caches: a replication group with its subnet group and security group.

use std::collections::BTreeSet;

use super::builder::{Builder, vpc};
use super::connections;
use super::network::subnets;
use crate::aws::elasticache::replication_group::ReplicationGroup;
use crate::aws::elasticache::subnet_group::SubnetGroup;
use crate::graph::{Address, Input, Wanted};
use crate::spec::{Cache, Connection};

/// The port of Redis and Valkey.
pub(super) const PORT: u16 = 6379;

pub(super) fn build(builder: &mut Builder<'_>, name: &str, cache: &Cache) {
    let part = |part: &str| Address::of(&["cache", name, part]);
    let security_group = connections::guard(builder, &Connection::Cache(name.into()), PORT);
    let subnet_group = SubnetGroup::<Wanted> {
        name: builder.name(&[name], 255),
        description: format!("cache.{name}: where it may stand"),
        vpc: vpc(),
        subnets: subnets(builder, "private"),
    };
    let subnet_group = builder.add::<SubnetGroup>(part("subnet_group"), &subnet_group);
    let replicated = cache.replicas > 0;
    let group = ReplicationGroup::<Wanted> {
        name: builder.name(&[name], 40),
        description: format!("cache.{name} of {}", builder.environment.prefix()),
        engine: cache.engine.as_str().into(),
        version: cache.version.clone(),
        node: cache.node.clone(),
        replicas: cache.replicas.into(),
        failover: replicated,
        multi_az: replicated,
        encrypted_at_rest: true,
        encrypted_in_transit: true,
        subnet_group: Input::output(&subnet_group, "name"),
        security_groups: BTreeSet::from([security_group]),
    };
    builder.add::<ReplicationGroup>(replication_group(name), &group);
}

/// The address of a cache's replication group.
pub(super) fn replication_group(name: &str) -> Address {
    Address::of(&["cache", name, "replication_group"])
}
