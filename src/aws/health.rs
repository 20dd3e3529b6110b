//! How instances are: what status adds to the sweep.

use std::collections::{BTreeMap, BTreeSet};

use super::access::{Access, reads};
use super::client::Aws;
use super::error::{AwsError, Call};
use super::read::{both, each};

/// What status takes beside the sweep.
pub const ACCESS: Access = Access::reading(&[reads(&[
    "autoscaling:DescribeAutoScalingGroups",
    "ec2:DescribeLaunchTemplateVersions",
    "elasticloadbalancing:DescribeTargetHealth",
])]);

/// One instance of an Auto Scaling group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// What Auto Scaling says of its life, such as `InService`.
    pub lifecycle: String,
    /// The version of the launch template it was started from.
    pub version: Option<String>,
    /// What the load balancer says of it, with its reason; nothing where there is no load balancer.
    pub target: Option<(String, Option<String>)>,
}

/// The instances of some groups, by the group's name.
///
/// # Errors
/// As AWS answers.
pub async fn instances(
    aws: &Aws,
    groups: &BTreeMap<String, BTreeSet<String>>,
) -> Result<BTreeMap<String, Vec<Instance>>, AwsError> {
    if groups.is_empty() {
        return Ok(BTreeMap::new());
    }
    let target_groups: BTreeSet<&String> = groups.values().flatten().collect();
    let (found, targets) =
        both(in_groups(aws, groups.keys().cloned().collect()), each(target_groups, |arn| targets(aws, arn))).await?;
    let targets: BTreeMap<String, (String, Option<String>)> = targets.into_iter().flatten().collect();
    Ok(found
        .into_iter()
        .map(|(group, instances)| {
            let with_target = |instance: Instance| Instance { target: targets.get(&instance.id).cloned(), ..instance };
            (group, instances.into_iter().map(with_target).collect())
        })
        .collect())
}

async fn in_groups(aws: &Aws, names: Vec<String>) -> Result<BTreeMap<String, Vec<Instance>>, AwsError> {
    let request = aws.autoscaling.describe_auto_scaling_groups().set_auto_scaling_group_names(Some(names));
    let mut pages = request.into_paginator().items().send();
    let mut groups = BTreeMap::new();
    while let Some(group) = pages.next().await {
        let group = group.call("autoscaling:DescribeAutoScalingGroups")?;
        let instances = group.instances().iter().map(|instance| Instance {
            id: instance.instance_id().unwrap_or_default().to_owned(),
            lifecycle: instance.lifecycle_state().map_or("Unknown", |state| state.as_str()).to_owned(),
            version: instance.launch_template().and_then(|template| template.version()).map(str::to_owned),
            target: None,
        });
        groups.insert(group.auto_scaling_group_name().unwrap_or_default().to_owned(), instances.collect());
    }
    Ok(groups)
}

type Target = (String, (String, Option<String>));

async fn targets(aws: &Aws, arn: &str) -> Result<Vec<Target>, AwsError> {
    let answer = aws.elbv2.describe_target_health().target_group_arn(arn).send().await;
    let answer = answer.call("elasticloadbalancing:DescribeTargetHealth")?;
    let targets = answer.target_health_descriptions().iter().filter_map(|target| {
        let health = target.target_health()?;
        let state = health.state().map_or("unknown", |state| state.as_str()).to_owned();
        Some((target.target()?.id()?.to_owned(), (state, health.description().map(str::to_owned))))
    });
    Ok(targets.collect())
}

/// The image in each of some versions of a launch template.
///
/// # Errors
/// As AWS answers.
pub async fn images(aws: &Aws, template: &str, versions: BTreeSet<String>) -> Result<BTreeMap<String, String>, AwsError> {
    if versions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let request = aws.ec2.describe_launch_template_versions().launch_template_id(template);
    let answer = request.set_versions(Some(versions.into_iter().collect())).send().await;
    let answer = answer.call("ec2:DescribeLaunchTemplateVersions")?;
    let images = answer.launch_template_versions().iter().filter_map(|version| {
        let image = super::ec2::user_data::decode(version.launch_template_data()?.user_data()?, &aws.region).image;
        Some((version.version_number()?.to_string(), image))
    });
    Ok(images.collect())
}
