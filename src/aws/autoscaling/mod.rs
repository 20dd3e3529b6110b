//! EC2 Auto Scaling.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::{AutoScalingGroup, Instance, LaunchTemplateSpecification, Tag, TagDescription};

use super::client::Aws;
use super::error::{AwsError, Call};
use super::shared::shared;
use crate::graph::{DECLARED, REPLACES, Tags};

mod found;
pub mod group;
mod maintenance;
mod policy;
mod preferences;
mod progress;
mod ready;
mod refresh;
mod targets;

/// Tag: the network that a group is meant for, which Auto Scaling itself does not know.
const VPC: &str = "infra:vpc";

/// Every group of the account.
pub(super) async fn groups(aws: &Aws) -> Result<Vec<AutoScalingGroup>, AwsError> {
    let question = async {
        let pages = aws.autoscaling.describe_auto_scaling_groups().into_paginator().items().send();
        pages.collect::<Result<Vec<_>, _>>().await.call("autoscaling:DescribeAutoScalingGroups")
    };
    shared(aws, |shared| &shared.scaling_groups, question).await
}

/// One group, if it is there.
async fn group(aws: &Aws, name: &str) -> Result<Option<AutoScalingGroup>, AwsError> {
    let answer = aws.autoscaling.describe_auto_scaling_groups().auto_scaling_group_names(name).send().await;
    Ok(answer.call("autoscaling:DescribeAutoScalingGroups")?.auto_scaling_groups.unwrap_or_default().pop())
}

/// Whether an instance is on its way out: nothing is started from its version any more.
fn leaves(instance: &Instance) -> bool {
    // `Terminating`, `Terminating:Wait` and more of the kind.
    instance.lifecycle_state().is_some_and(|state| state.as_str().starts_with("Terminat"))
}

/// The versions of a launch template that groups start instances from, or that run in them.
pub(super) async fn template_versions(aws: &Aws, template: &str) -> Result<BTreeSet<String>, AwsError> {
    let groups = groups(aws).await?;
    let named = groups.iter().flat_map(|group| {
        let mixed = group.mixed_instances_policy().and_then(|policy| policy.launch_template());
        let mixed = mixed.and_then(|template| template.launch_template_specification());
        let running = group.instances().iter().filter(|instance| !leaves(instance)).filter_map(Instance::launch_template);
        group.launch_template().into_iter().chain(mixed).chain(running)
    });
    let its = named.filter(|named| named.launch_template_id() == Some(template));
    Ok(its.filter_map(LaunchTemplateSpecification::version).map(str::to_owned).collect())
}

/// Tags of a group as Auto Scaling takes them. Instances get those that say whose they are; what speaks of the group stays with it.
fn to_aws(group: &str, tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| {
        Tag::builder()
            .resource_id(group)
            .resource_type("auto-scaling-group")
            .key(key)
            .value(value)
            .propagate_at_launch(![DECLARED, REPLACES, VPC].contains(&key.as_str()))
            .build()
    };
    tags.iter().map(tag).collect()
}

/// Tags as Auto Scaling gives them.
pub(super) fn from_aws(tags: &[TagDescription]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()))).collect()
}

/// Whether the group is not there: Auto Scaling has no code of its own for that.
fn is_missing(error: &AwsError) -> bool {
    error.is(&["ValidationError"]) && error.message.contains("not found")
}
