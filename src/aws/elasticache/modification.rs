//! Changing a replication group: in an order in which ElastiCache takes it, one step after the other.
//!
//! Changes apply immediately: who runs `apply` means now, and its plan has said what that disrupts.

use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::Changed;
use super::replication_group::ReplicationGroup;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `ModifyReplicationGroup` of these attributes.
    Modify(Vec<&'static str>),
    /// `IncreaseReplicaCount`.
    Grow,
    /// `DecreaseReplicaCount`.
    Shrink,
}

/// The calls that a change takes. Failover needs a replica: it is switched off before the last one goes and on after the first
/// one is there ("When using automatic failover, there must be at least 2 cache clusters").
pub(super) fn steps(live: &ReplicationGroup, want: &ReplicationGroup, changed: &Changed<'_>) -> Vec<Step> {
    let among = |names: &[&'static str]| names.iter().copied().filter(|&name| changed.any(&[name])).collect::<Vec<_>>();
    let mut off = among(&["multi_az", "failover"]);
    let on = off.extract_if(.., |name| if *name == "failover" { want.failover } else { want.multi_az }).collect();
    let replicas = match want.replicas.cmp(&live.replicas) {
        _ if !changed.any(&["replicas"]) => None,
        std::cmp::Ordering::Less => Some(Step::Shrink),
        std::cmp::Ordering::Greater => Some(Step::Grow),
        std::cmp::Ordering::Equal => None,
    };
    let modify = |names: Vec<_>| (!names.is_empty()).then_some(Step::Modify(names));
    let rest = among(&["description", "engine", "version", "node", "security_groups"]);
    [modify(off), replicas, modify(on), modify(rest)].into_iter().flatten().collect()
}

impl Step {
    /// The attributes that are as wanted once it is done.
    pub(super) fn names(&self) -> Vec<String> {
        match self {
            Self::Modify(names) => names.iter().map(|&name| name.to_owned()).collect(),
            Self::Grow | Self::Shrink => vec!["replicas".into()],
        }
    }

    /// Makes the call.
    pub(super) async fn send(&self, aws: &Aws, name: &str, want: &ReplicationGroup) -> Result<(), AwsError> {
        let replicas = want.replicas.cast_signed();
        match self {
            Self::Grow => {
                let grow = aws.elasticache.increase_replica_count().replication_group_id(name).new_replica_count(replicas);
                grow.apply_immediately(true).send().await.call("elasticache:IncreaseReplicaCount").map(drop)
            }
            Self::Shrink => {
                let shrink = aws.elasticache.decrease_replica_count().replication_group_id(name).new_replica_count(replicas);
                shrink.apply_immediately(true).send().await.call("elasticache:DecreaseReplicaCount").map(drop)
            }
            Self::Modify(names) => modify(aws, name, names, want).await,
        }
    }
}

async fn modify(aws: &Aws, name: &str, names: &[&str], want: &ReplicationGroup) -> Result<(), AwsError> {
    let mut modify = aws.elasticache.modify_replication_group().replication_group_id(name).apply_immediately(true);
    for &name in names {
        modify = match name {
            "description" => modify.replication_group_description(&want.description),
            // The engine changes only together with a version.
            "engine" => modify.engine(want.engine.as_str()).engine_version(&want.version),
            "version" => modify.engine_version(&want.version),
            "node" => modify.cache_node_type(&want.node),
            "security_groups" => modify.set_security_group_ids(Some(want.security_groups.iter().cloned().collect())),
            "failover" => modify.automatic_failover_enabled(want.failover),
            "multi_az" => modify.multi_az_enabled(want.multi_az),
            _ => modify,
        };
    }
    modify.send().await.call("elasticache:ModifyReplicationGroup").map(drop)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn cache(replicas: u32) -> ReplicationGroup {
        ReplicationGroup {
            name: "shop-test-main".into(),
            description: "cache.main".into(),
            engine: "redis".into(),
            version: "7.1".into(),
            node: "cache.t4g.micro".into(),
            replicas,
            failover: replicas > 0,
            multi_az: replicas > 0,
            encrypted_at_rest: true,
            encrypted_in_transit: true,
            subnet_group: "shop-test-main".into(),
            security_groups: BTreeSet::new(),
        }
    }

    fn all(live: &ReplicationGroup, want: &ReplicationGroup) -> Vec<Step> {
        let changed = ["node", "replicas", "failover", "multi_az"].map(str::to_owned);
        steps(live, want, &Changed(&changed))
    }

    #[test]
    fn failover_is_on_only_while_there_are_replicas() {
        let (switch, rest) = (Step::Modify(vec!["multi_az", "failover"]), Step::Modify(vec!["node"]));
        assert_eq!(all(&cache(0), &cache(2)), [Step::Grow, switch.clone(), rest.clone()]);
        assert_eq!(all(&cache(2), &cache(0)), [switch, Step::Shrink, rest]);
    }

    #[test]
    fn only_what_differs_is_sent() {
        let changed = ["description".to_owned()];
        let want = ReplicationGroup { description: "another".into(), ..cache(1) };
        assert_eq!(steps(&cache(1), &want, &Changed(&changed)), [Step::Modify(vec!["description"])]);
        assert!(steps(&cache(1), &cache(1), &Changed(&["tags".to_owned()])).is_empty());
    }
}
