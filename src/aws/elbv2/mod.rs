//! Elastic Load Balancing, version 2: application load balancers.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::{LoadBalancer as AwsLoadBalancer, Tag, TargetGroup as AwsTargetGroup};

use super::client::Aws;
use super::error::{AwsError, Call};
use super::read::{both, each};
use super::shared::shared;
use crate::graph::{Scope, Tags};

pub mod action;
pub mod listener;
pub mod load_balancer;
pub mod rule;
pub mod target_group;

/// How many resources `DescribeTags` takes in one call.
const TAGS_AT_ONCE: usize = 20;

/// The load balancers whose names begin as ours do. ELB can look for neither tags nor beginnings of names.
async fn load_balancers(aws: &Aws, scope: &Scope) -> Result<Vec<AwsLoadBalancer>, AwsError> {
    let question = async {
        let pages = aws.elbv2.describe_load_balancers().into_paginator().items().send();
        pages.collect::<Result<Vec<_>, _>>().await.call("elasticloadbalancing:DescribeLoadBalancers")
    };
    let mut found = shared(aws, |shared| &shared.load_balancers, question).await?;
    let prefix = scope.prefix();
    found.retain(|one| one.load_balancer_name().is_some_and(|name| name.starts_with(&prefix)));
    Ok(found)
}

/// The target groups whose names begin as ours do.
async fn target_groups(aws: &Aws, scope: &Scope) -> Result<Vec<AwsTargetGroup>, AwsError> {
    let question = async {
        let pages = aws.elbv2.describe_target_groups().into_paginator().items().send();
        pages.collect::<Result<Vec<_>, _>>().await.call("elasticloadbalancing:DescribeTargetGroups")
    };
    let mut found = shared(aws, |shared| &shared.target_groups, question).await?;
    let prefix = scope.prefix();
    found.retain(|one| one.target_group_name().is_some_and(|name| name.starts_with(&prefix)));
    Ok(found)
}

/// The tags of both, and of the listeners, by ARN: one call tells those of twenty, whatever they are.
async fn tags_of_ours(aws: &Aws, scope: &Scope) -> Result<BTreeMap<String, Tags>, AwsError> {
    let question = async {
        let named = both(load_balancers(aws, scope), target_groups(aws, scope));
        let ((load_balancers, target_groups), listeners) = both(named, listener::all(aws, scope)).await?;
        let arns = load_balancers.into_iter().filter_map(|one| one.load_balancer_arn);
        let arns = arns.chain(target_groups.into_iter().filter_map(|one| one.target_group_arn));
        let arns: Vec<String> = arns.chain(listeners.into_iter().filter_map(|one| one.listener_arn)).collect();
        tags(aws, &arns).await
    };
    shared(aws, |shared| &shared.load_balancing_tags, question).await
}

/// The tags of anything in ELB, by ARN. What vanished meanwhile is not among them.
async fn tags(aws: &Aws, arns: &[String]) -> Result<BTreeMap<String, Tags>, AwsError> {
    let some = each(arns.chunks(TAGS_AT_ONCE), |arns| tags_of_some(aws, arns)).await?;
    Ok(some.into_iter().flatten().collect())
}

async fn tags_of_some(aws: &Aws, arns: &[String]) -> Result<BTreeMap<String, Tags>, AwsError> {
    let ask = async |arns: &[String]| {
        let answer = aws.elbv2.describe_tags().set_resource_arns(Some(arns.to_vec())).send().await;
        let described = answer.call("elasticloadbalancing:DescribeTags")?.tag_descriptions.unwrap_or_default();
        let described = described.into_iter().map(|one| (one.resource_arn.unwrap_or_default(), one.tags.unwrap_or_default()));
        Ok::<BTreeMap<String, Tags>, AwsError>(described.map(|(arn, tags)| (arn, from_aws(&tags))).collect())
    };
    match ask(arns).await {
        // One that is gone spoils the call for all of them.
        Err(error) if error.is_not_found() => {
            let alone = each(arns, async |arn| match ask(std::slice::from_ref(arn)).await {
                Err(error) if error.is_not_found() => Ok(BTreeMap::new()),
                answer => answer,
            });
            Ok(alone.await?.into_iter().flatten().collect())
        }
        answer => answer,
    }
}

/// What CloudWatch calls a load balancer (`app/<name>/<id>`) or a target group (`targetgroup/<name>/<id>`): the end of its ARN.
fn full_name(arn: &str) -> &str {
    let resource = arn.rsplit(':').next().unwrap_or(arn);
    resource.strip_prefix("loadbalancer/").unwrap_or(resource)
}

/// Sets tags of anything in ELB, by ARN.
async fn tag(aws: &Aws, arn: &str, tags: &Tags) -> Result<(), AwsError> {
    let add = aws.elbv2.add_tags().resource_arns(arn).set_tags(Some(to_aws(tags)));
    add.send().await.call("elasticloadbalancing:AddTags").map(drop)
}

/// Tags as ELB takes them.
fn to_aws(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags as ELB gives them.
fn from_aws(tags: &[Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))).collect()
}

/// The answer, unless what was asked about vanished meanwhile.
fn unless_gone<T>(answer: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match answer {
        Err(error) if error.is_not_found() => Ok(None),
        answer => answer.map(Some),
    }
}

/// A call that deletes: what is not there any more is deleted.
fn deleted<T>(answer: Result<T, AwsError>) -> Result<(), AwsError> {
    unless_gone(answer).map(drop)
}
