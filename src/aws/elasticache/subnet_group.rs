//! Cache subnet groups.

use std::collections::BTreeSet;

use aws_sdk_elasticache::types::{CacheSubnetGroup, Subnet};

use super::super::access::{Access, named, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call, IfThere};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::each;
use super::super::wait;
use super::{RELEASE, arn, to_aws};
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::Output;
use crate::plan::rule::{name, replace, update};
use crate::resource;

resource! {
    /// The subnets that caches may stand in.
    SubnetGroup<P> = "elasticache.subnet_group" {
        /// Unique in the account and region; at most 255 characters, lower case.
        name: String => name(),
        /// What it is for.
        description: String => update(),
        /// Its network; ElastiCache takes it from the subnets.
        vpc: P::Text => replace(),
        /// Its subnets.
        subnets: BTreeSet<P::Text> => update(),
    }
    outputs: [Output::held("arn"), Output::plain("name")],
    hourly: false,
}

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
pub(super) const ARN: &str = "elasticache:{here}:*:{prefix}*";

impl Resource for SubnetGroup {
    const ACCESS: Access = Access {
        read: &[reads(&["elasticache:DescribeCacheSubnetGroups"]), named(&["elasticache:ListTagsForResource"], &[ARN])],
        write: &[named(
            &["elasticache:CreateCacheSubnetGroup", "elasticache:ModifyCacheSubnetGroup", "elasticache:AddTagsToResource"],
            &[ARN],
        )],
        delete: &[named(&["elasticache:DeleteCacheSubnetGroup"], &[ARN])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let prefix = scope.prefix();
        let mut pages = aws.elasticache.describe_cache_subnet_groups().into_paginator().items().send();
        let mut ours = Vec::new();
        while let Some(group) = pages.next().await {
            let group = group.call("elasticache:DescribeCacheSubnetGroups")?;
            if group.cache_subnet_group_name().is_some_and(|name| name.starts_with(&prefix)) {
                ours.push(group);
            }
        }
        let found = each(ours, |group| async move {
            let tags = super::tags(aws, group.arn().unwrap_or_default()).await?;
            Ok(tags.map(|tags| found(&group, tags)))
        });
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = aws
            .elasticache
            .create_cache_subnet_group()
            .cache_subnet_group_name(&want.name)
            .cache_subnet_group_description(&want.description)
            .set_subnet_ids(Some(want.subnets.iter().cloned().collect()))
            .set_tags(Some(to_aws(tags)))
            .send()
            .await
            .call("elasticache:CreateCacheSubnetGroup")?;
        let arn = answer.cache_subnet_group().and_then(CacheSubnetGroup::arn);
        Ok(Created { id: want.name.clone(), outputs: outputs([("arn", arn), ("name", Some(&want.name))]) })
    }

    /// ElastiCache wants all subnets with any change.
    async fn update(aws: &Aws, live: &At<Self>, want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        aws.elasticache
            .modify_cache_subnet_group()
            .cache_subnet_group_name(&live.id)
            .cache_subnet_group_description(&want.description)
            .set_subnet_ids(Some(want.subnets.iter().cloned().collect()))
            .send()
            .await
            .call("elasticache:ModifyCacheSubnetGroup")?;
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, arn(&live.outputs), tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        wait::despite(&["CacheSubnetGroupInUse"], RELEASE, || async {
            let answer = aws.elasticache.delete_cache_subnet_group().cache_subnet_group_name(&live.id).send().await;
            answer.call("elasticache:DeleteCacheSubnetGroup").if_there().map(drop)
        })
        .await
    }
}

fn found(group: &CacheSubnetGroup, tags: Tags) -> Found<SubnetGroup> {
    let name = group.cache_subnet_group_name().unwrap_or_default();
    Found {
        id: name.to_owned(),
        state: State::Ready,
        attrs: SubnetGroup {
            name: name.to_owned(),
            description: group.cache_subnet_group_description().unwrap_or_default().to_owned(),
            vpc: group.vpc_id().unwrap_or_default().to_owned(),
            subnets: group.subnets().iter().filter_map(Subnet::subnet_identifier).map(str::to_owned).collect(),
        },
        outputs: outputs([("arn", group.arn()), ("name", Some(name))]),
        tags,
    }
}
