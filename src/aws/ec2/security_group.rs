//! Security groups, with their rules as sets.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, ResourceType, SecurityGroup as AwsGroup};
use serde::{Deserialize, Serialize};

use super::super::access::{Access, makes, ours, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::both;
use super::super::shared::shared;
use super::rules::{self, Direction};
use super::world;
use super::{any_of, delete, from_aws, once_visible, owned, tagged};
use crate::graph::{Actual, Outputs, Phase, Scope, State, Tags};
use crate::plan::Output;
use crate::plan::rule::{name, replace, update};
use crate::resource;

resource! {
    /// Who may reach what carries it, and whom that may reach.
    SecurityGroup<P> = "ec2.security_group" {
        /// Unique in its network; at most 255 characters.
        name: String => name(),
        /// What it is for; EC2 never changes it.
        description: String => replace(),
        /// Its network.
        vpc: P::Text => replace(),
        /// Who may come in.
        ingress: BTreeSet<Rule<P>> => update().widens(world::let_in, "open to the whole internet").revocable().headline(),
        /// Where it may go.
        egress: BTreeSet<Rule<P>> => update().revocable(),
    }
    outputs: [Output::held("id"), Output::plain("name")],
    hourly: false,
}

/// One rule: one protocol, one range of ports, one peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub struct Rule<P: Phase = Actual> {
    /// `tcp`, `udp`, `icmp`, a number, or `-1` for all.
    pub protocol: String,
    /// First port; -1 where the protocol has none.
    pub from_port: i32,
    /// Last port; -1 where the protocol has none.
    pub to_port: i32,
    /// The other side.
    pub peer: Peer<P>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// The other side of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", rename_all = "snake_case")]
pub enum Peer<P: Phase = Actual> {
    /// Addresses, IPv4 or IPv6.
    Cidr(String),
    /// All that carries this security group.
    Group(P::Text),
    /// A prefix list; `infra` makes no such rule.
    PrefixList(String),
}

impl Resource for SecurityGroup {
    const ACCESS: Access = Access {
        read: &[reads(&["ec2:DescribeSecurityGroups", "ec2:DescribeVpcs"])],
        write: &[
            makes(&["ec2:CreateSecurityGroup"]),
            ours(&[
                "ec2:CreateSecurityGroup",
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:AuthorizeSecurityGroupEgress",
                "ec2:RevokeSecurityGroupIngress",
                "ec2:RevokeSecurityGroupEgress",
                "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
                "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
            ]),
        ],
        delete: &[ours(&["ec2:DeleteSecurityGroup"])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        // A name is taken only within a network: what bears it elsewhere is nobody's business here.
        let (ours, mut namesakes) = both(groups(aws, owned(scope)), inside(aws, scope)).await?;
        let prefix = scope.prefix();
        namesakes.retain(|group| {
            let known = ours.iter().any(|ours| ours.group_id() == group.group_id());
            !known && group.group_name().is_some_and(|name| name.starts_with(&prefix))
        });
        Ok(ours.iter().chain(&namesakes).map(found).collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = once_visible(|| async {
            let call = aws.ec2.create_security_group().vpc_id(&want.vpc).group_name(&want.name).description(&want.description);
            call.tag_specifications(tagged(ResourceType::SecurityGroup, tags)).send().await.call("ec2:CreateSecurityGroup")
        })
        .await?;
        let id = answer.group_id().unwrap_or_default().to_owned();
        // EC2 gives every new group a rule that lets everything out.
        let egress = BTreeSet::from([Rule::everywhere()]);
        rules::change(aws, &id, Direction::Egress, &egress, &want.egress).await?;
        rules::change(aws, &id, Direction::Ingress, &BTreeSet::new(), &want.ingress).await?;
        Ok(Created { outputs: outputs([("id", Some(&id)), ("name", Some(&want.name))]), id })
    }

    async fn update(aws: &Aws, live: &At<Self>, want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        rules::change(aws, &live.id, Direction::Egress, &live.attrs.egress, &want.egress).await?;
        rules::change(aws, &live.id, Direction::Ingress, &live.attrs.ingress, &want.ingress).await?;
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        delete(|| async { aws.ec2.delete_security_group().group_id(&live.id).send().await.call("ec2:DeleteSecurityGroup") }).await
    }
}

/// Everybody's in an environment's networks.
pub(in crate::aws) async fn inside(aws: &Aws, scope: &Scope) -> Result<Vec<AwsGroup>, AwsError> {
    let question = async {
        match super::vpc::ids(aws, scope).await? {
            none if none.is_empty() => Ok(Vec::new()),
            networks => groups(aws, vec![any_of("vpc-id", networks)]).await,
        }
    };
    shared(aws, |shared| &shared.groups_inside, question).await
}

async fn groups(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<AwsGroup>, AwsError> {
    let pages = aws.ec2.describe_security_groups().set_filters(Some(filters)).into_paginator().items().send();
    pages.collect::<Result<Vec<_>, _>>().await.call("ec2:DescribeSecurityGroups")
}

fn found(group: &AwsGroup) -> Found<SecurityGroup> {
    let id = group.group_id().unwrap_or_default().to_owned();
    Found {
        state: State::Ready,
        attrs: SecurityGroup {
            name: group.group_name().unwrap_or_default().to_owned(),
            description: group.description().unwrap_or_default().to_owned(),
            vpc: group.vpc_id().unwrap_or_default().to_owned(),
            ingress: rules::read(group.ip_permissions()),
            egress: rules::read(group.ip_permissions_egress()),
        },
        outputs: outputs([("id", Some(&id)), ("name", group.group_name())]),
        tags: from_aws(group.tags()),
        id,
    }
}
