//! Caches.

use std::collections::BTreeSet;

use infra::aws::elasticache::replication_group::ReplicationGroup;
use infra::aws::elasticache::subnet_group::SubnetGroup;
use infra::aws::kinds::Registry;
use infra::graph::{Owner, State};

use crate::around::{Network, network};
use crate::kit::{Sandbox, desired, target};

fn subnet_group(network: &Network) -> SubnetGroup {
    SubnetGroup {
        name: "shop-test-main".into(),
        description: "cache.main".into(),
        vpc: network.vpc.clone(),
        subnets: network.subnets.clone().into(),
    }
}

/// A sandbox, and a cache that can be made in it.
pub(crate) async fn cache() -> (Sandbox, ReplicationGroup, Network) {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    sandbox.make("cache.main.subnet_group", subnet_group(&network)).await;
    let cache = ReplicationGroup {
        name: "shop-test-main".into(),
        description: "cache.main".into(),
        engine: "redis".into(),
        version: "7.0".into(),
        node: "cache.t4g.micro".into(),
        replicas: 0,
        failover: false,
        multi_az: false,
        encrypted_at_rest: true,
        encrypted_in_transit: true,
        subnet_group: "shop-test-main".into(),
        security_groups: BTreeSet::from([network.security_groups[0].clone()]),
    };
    (sandbox, cache, network)
}

#[tokio::test]
async fn subnet_group_round_trip() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let fewer = SubnetGroup { subnets: BTreeSet::from([network.subnets[0].clone()]), ..subnet_group(&network) };
    let described = SubnetGroup { description: "another".into(), ..fewer.clone() };
    sandbox.round_trip(subnet_group(&network), [fewer, described]).await;
}

#[tokio::test]
async fn replication_group_round_trip() {
    let (sandbox, want, network) = cache().await;
    let replicated = ReplicationGroup { replicas: 2, failover: true, multi_az: true, ..want.clone() };
    let changes = [
        ReplicationGroup { description: "another".into(), node: "cache.t4g.small".into(), ..want.clone() },
        replicated.clone(),
        ReplicationGroup { replicas: 1, ..replicated },
        ReplicationGroup { security_groups: network.security_groups.clone().into(), ..want.clone() },
        ReplicationGroup { version: "7.1".into(), ..want.clone() },
    ];
    sandbox.round_trip(want, changes).await;
    // Nothing holds the network any more.
    sandbox.aws.elasticache.delete_cache_subnet_group().cache_subnet_group_name("shop-test-main").send().await.unwrap();
    sandbox.aws.ec2.delete_subnet().subnet_id(&network.subnets[0]).send().await.unwrap();
}

#[tokio::test]
async fn replicated_from_the_start() {
    let (sandbox, want, _) = cache().await;
    let want = ReplicationGroup { replicas: 2, failover: true, multi_az: true, ..want };
    sandbox.round_trip(want, []).await;
}

#[tokio::test]
async fn redis_becomes_valkey_and_not_the_other_way() {
    let (sandbox, want, _) = cache().await;
    sandbox.make("cache.main.replication_group", want.clone()).await;
    let valkey = ReplicationGroup { engine: "valkey".into(), version: "8.0".into(), ..want.clone() };
    sandbox.put_right("cache.main.replication_group", valkey).await;
    let back = sandbox.plan(&desired("cache.main.replication_group", &want)).await;
    assert!(back.blocked.is_some(), "{back:#?}");
}

#[tokio::test]
async fn a_cache_that_is_being_made_is_known_for_ours() {
    let (sandbox, want, _) = cache().await;
    let kind = Registry.kind("elasticache.replication_group").unwrap();
    let change = sandbox.plan(&desired("cache.main.replication_group", &want)).await;
    let created = kind.create(&sandbox.aws, &change.after, &change.tags).await.unwrap();
    assert_eq!(created.outputs.keys().map(String::as_str).collect::<Vec<_>>(), ["arn", "name"]);
    let live = sandbox.list::<ReplicationGroup>().await;
    assert!(matches!(live[0].owner, Owner::Ours { .. }) && live[0].state == State::Ready, "{live:#?}");
    kind.delete(&sandbox.aws, &target(&live[0])).await.unwrap();
    kind.delete(&sandbox.aws, &target(&live[0])).await.unwrap();
    kind.gone(&sandbox.aws, &target(&live[0])).await.unwrap();
}
