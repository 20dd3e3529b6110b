//! Replication groups: a Redis or Valkey primary with its replicas.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_elasticache::types::{
    AutomaticFailoverStatus, CacheCluster, Endpoint, MultiAzStatus, NodeGroup, PendingModifiedValues,
    ReplicationGroup as AwsGroup,
};
use serde_json::Value;

use super::super::access::{Access, linked_role, named, reads, uses};
use super::super::client::Aws;
use super::super::error::{AwsError, Call, IfThere};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::{both, each};
use super::super::wait::{self, Look};
use super::modification::steps;
use super::{arn, subnet_group, to_aws};
use crate::graph::{Outputs, Scope, State, Tags};

use crate::plan::rule::{disrupt, fixed, judge, name, update};
use crate::plan::{Output, Rule, Schema, grows};
use crate::resource;
use crate::values::instance_class::{DEARER, is_dearer};
use crate::values::version;

/// Where caches listen.
const PORT: i32 = 6379;
const ANOTHER: &str = "declare another cache beside it, then remove this one";

resource! {
    /// A cache.
    ReplicationGroup<P> = "elasticache.replication_group" {
        /// Unique in the account and region; at most 40 characters.
        name: String => name(),
        /// What it is for.
        description: String => update(),
        /// `redis` or `valkey`.
        engine: String => judge(cross).same(crate::plan::equal).headline(),
        /// The version, as exactly as the spec says it.
        version: String => judge(upgrade).same(version::satisfied_by).headline(),
        /// The node type.
        node: String => disrupt("connections are cut while nodes are exchanged").costs(is_dearer, DEARER).headline(),
        /// Replicas beside the primary: 0 to 5.
        replicas: u32 => update().costs(grows, "every replica is another node").headline(),
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
    outputs: [
        Output::held("arn"),
        Output::plain("name"),
        Output::held("address").when_ready(),
        Output::plain("port").when_ready(),
        Output::plain("member_1").when_ready(),
        Output::plain("member_2").when_ready(),
        Output::plain("member_3").when_ready(),
        Output::plain("member_4").when_ready(),
        Output::plain("member_5").when_ready(),
        Output::plain("member_6").when_ready(),
    ],
    hourly: true,
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

/// How long a change of nodes may take.
const LIMIT: Duration = Duration::from_hours(2);

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
const ARN: &str = "elasticache:{here}:*:{prefix}*";

impl Resource for ReplicationGroup {
    /// The network interfaces are made by the service-linked role, as AWS's own `AmazonElastiCacheFullAccess` relies on, though the
    /// Service Authorization Reference lists `ec2:CreateNetworkInterface` beside these.
    const ACCESS: Access = Access {
        read: &[
            reads(&["elasticache:DescribeReplicationGroups", "elasticache:DescribeCacheClusters"]),
            named(&["elasticache:ListTagsForResource"], &[ARN]),
        ],
        write: &[
            named(
                &[
                    "elasticache:CreateReplicationGroup",
                    "elasticache:ModifyReplicationGroup",
                    "elasticache:IncreaseReplicaCount",
                    "elasticache:DecreaseReplicaCount",
                    "elasticache:AddTagsToResource",
                ],
                &[ARN, subnet_group::ARN],
            ),
            uses(&["elasticache:CreateReplicationGroup"], &["elasticache:{here}:parametergroup:default.*"]),
            linked_role("elasticache.amazonaws.com"),
        ],
        delete: &[named(&["elasticache:DeleteReplicationGroup"], &[ARN])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let prefix = scope.prefix();
        let mut described = describe(aws, None).await?;
        described.retain(|(group, _)| group.replication_group_id().is_some_and(|name| name.starts_with(&prefix)));
        let found = each(described, |(group, members)| async move {
            let works = matches!(state(&group), State::Busy(_));
            let Some(tags) = super::tags(aws, group.arn().unwrap_or_default()).await? else { return Ok(None) };
            // Its tags came once that work was done, so it is not as it was described.
            let again = if works { describe(aws, group.replication_group_id()).await?.pop() } else { Some((group, members)) };
            Ok(again.map(|(group, members)| found(&group, &members, tags)))
        });
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = aws
            .elasticache
            .create_replication_group()
            .replication_group_id(&want.name)
            .replication_group_description(&want.description)
            .engine(want.engine.as_str())
            .engine_version(&want.version)
            .cache_node_type(&want.node)
            .num_cache_clusters(want.replicas.cast_signed() + 1)
            .automatic_failover_enabled(want.failover)
            .multi_az_enabled(want.multi_az)
            .at_rest_encryption_enabled(want.encrypted_at_rest)
            .transit_encryption_enabled(want.encrypted_in_transit)
            .cache_subnet_group_name(&want.subnet_group)
            .set_security_group_ids(Some(want.security_groups.iter().cloned().collect()))
            .port(PORT)
            .set_tags(Some(to_aws(tags)))
            .send()
            .await
            .call("elasticache:CreateReplicationGroup")?;
        let arn = answer.replication_group().and_then(AwsGroup::arn);
        Ok(Created { id: want.name.clone(), outputs: outputs([("arn", arn), ("name", Some(&want.name))]) })
    }

    async fn settle(aws: &Aws, created: Created) -> Result<Outputs, AwsError> {
        serves(aws, &created.id, |_| true).await
    }

    async fn update(aws: &Aws, live: &At<Self>, want: &Self, changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        let mut outputs = Outputs::new();
        for step in steps(&live.attrs, want, changed) {
            serves(aws, &live.id, |_| true).await?; // ElastiCache takes one change at a time
            step.send(aws, &live.id, want).await?;
            // It goes on saying `available` for a moment, so the values themselves are what is waited for.
            outputs = serves(aws, &live.id, |now| Changed(&step.names()).are_met(want, now)).await?;
        }
        Ok(outputs)
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, arn(&live.outputs), tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        let rests = wait::until("waiting until a cache can be deleted", LIMIT, || async {
            Ok(match describe(aws, Some(&live.id)).await?.pop().map(|(group, _)| state(&group)) {
                Some(State::Busy(_)) => Look::NotYet,
                state => Look::Done(state),
            })
        });
        if matches!(rests.await?, None | Some(State::Deleting)) {
            return Ok(());
        }
        let delete = aws.elasticache.delete_replication_group().replication_group_id(&live.id).retain_primary_cluster(false);
        delete.send().await.call("elasticache:DeleteReplicationGroup").if_there().map(drop)
    }

    async fn gone(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        wait::until(&format!("waiting until the cache {} is gone", live.id), LIMIT, || async {
            Ok(if describe(aws, Some(&live.id)).await?.is_empty() { Look::Done(()) } else { Look::NotYet })
        })
        .await
    }
}

/// All groups, or one, each with its members: some of what a group is, only its members tell.
async fn describe(aws: &Aws, name: Option<&str>) -> Result<Vec<(AwsGroup, Vec<CacheCluster>)>, AwsError> {
    let groups = async {
        let ask = aws.elasticache.describe_replication_groups().set_replication_group_id(name.map(str::to_owned));
        let mut pages = ask.into_paginator().items().send();
        let mut groups = Vec::new();
        while let Some(group) = pages.next().await {
            groups.extend(group.call("elasticache:DescribeReplicationGroups").if_there()?);
        }
        Ok(groups)
    };
    let clusters = async {
        let mut pages = aws.elasticache.describe_cache_clusters().into_paginator().items().send();
        let mut clusters: BTreeMap<String, Vec<CacheCluster>> = BTreeMap::new();
        while let Some(cluster) = pages.next().await {
            let cluster = cluster.call("elasticache:DescribeCacheClusters")?;
            clusters.entry(cluster.replication_group_id().unwrap_or_default().to_owned()).or_default().push(cluster);
        }
        Ok(clusters)
    };
    let (groups, mut clusters) = both(groups, clusters).await?;
    let with_members = |group: AwsGroup| {
        let members = clusters.remove(group.replication_group_id().unwrap_or_default()).unwrap_or_default();
        (group, members)
    };
    Ok(groups.into_iter().map(with_members).collect())
}

/// Waits until it serves, and is as `done` wants it; gives its outputs.
async fn serves(aws: &Aws, name: &str, done: impl Fn(&ReplicationGroup) -> bool) -> Result<Outputs, AwsError> {
    wait::until(&format!("waiting for the cache {name}"), LIMIT, || async {
        let never = |why: &str| AwsError::unexpected("elasticache:DescribeReplicationGroups", format!("the cache {name} {why}"));
        let (group, members) = describe(aws, Some(name)).await?.pop().ok_or_else(|| never("is gone"))?;
        let switching =
            matches!(group.automatic_failover(), Some(AutomaticFailoverStatus::Enabling | AutomaticFailoverStatus::Disabling));
        match state(&group) {
            State::Ready if !switching && done(&attributes(&group, &members, false)) => Ok(Look::Done(outputs_of(&group))),
            State::Ready | State::Busy(_) => Ok(Look::NotYet),
            State::Failed(status) => Err(never(&format!("is {status}; AWS tells why in its events"))),
            State::Deleting => Err(never("is being deleted")),
        }
    })
    .await
}

fn state(group: &AwsGroup) -> State {
    match group.status().unwrap_or_default() {
        "available" => State::Ready,
        "deleting" => State::Deleting,
        "create-failed" => State::Failed("create-failed".into()),
        status => State::Busy(status.into()),
    }
}

fn found(group: &AwsGroup, members: &[CacheCluster], tags: Tags) -> Found<ReplicationGroup> {
    Found {
        id: group.replication_group_id().unwrap_or_default().to_owned(),
        state: state(group),
        attrs: attributes(group, members, true),
        outputs: outputs_of(group),
        tags,
    }
}

/// How it is, or with what is `pending`, how it will be.
fn attributes(group: &AwsGroup, members: &[CacheCluster], pending: bool) -> ReplicationGroup {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let member = members.first();
    let will_be = member.and_then(CacheCluster::pending_modified_values).filter(|_| pending);
    let version = will_be.and_then(PendingModifiedValues::engine_version);
    let node = will_be.and_then(PendingModifiedValues::cache_node_type);
    let groups = member.map(CacheCluster::security_groups).unwrap_or_default();
    ReplicationGroup {
        name: text(group.replication_group_id()),
        description: text(group.description()),
        engine: text(member.and_then(CacheCluster::engine).or(group.engine())),
        version: text(version.or(member.and_then(CacheCluster::engine_version))),
        node: text(node.or(member.and_then(CacheCluster::cache_node_type)).or(group.cache_node_type())),
        replicas: u32::try_from(group.member_clusters().len().saturating_sub(1)).unwrap_or_default(),
        failover: matches!(
            group.automatic_failover(),
            Some(AutomaticFailoverStatus::Enabled | AutomaticFailoverStatus::Enabling)
        ),
        multi_az: group.multi_az() == Some(&MultiAzStatus::Enabled),
        encrypted_at_rest: group.at_rest_encryption_enabled().unwrap_or(false),
        encrypted_in_transit: group.transit_encryption_enabled().unwrap_or(false),
        subnet_group: text(member.and_then(CacheCluster::cache_subnet_group_name)),
        security_groups: groups.iter().filter_map(|group| group.security_group_id()).map(str::to_owned).collect(),
    }
}

fn outputs_of(group: &AwsGroup) -> Outputs {
    let endpoint = group.node_groups().first().and_then(NodeGroup::primary_endpoint);
    let port = endpoint.and_then(Endpoint::port).map(|port| port.to_string());
    // What they are called is ElastiCache's affair: it gives numbers, and after one has gone the others keep theirs.
    let mut members: Vec<&str> = group.member_clusters().iter().map(String::as_str).collect();
    members.sort_unstable();
    let member = |number: usize| members.get(number - 1).copied();
    outputs([
        ("arn", group.arn()),
        ("name", group.replication_group_id()),
        ("address", endpoint.and_then(Endpoint::address)),
        ("port", port.as_deref()),
        ("member_1", member(1)),
        ("member_2", member(2)),
        ("member_3", member(3)),
        ("member_4", member(4)),
        ("member_5", member(5)),
        ("member_6", member(6)),
    ])
}
