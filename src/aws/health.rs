//! How instances are, and what they run.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::types::AutoScalingGroup;
use jiff::Timestamp;

use super::client::Aws;
use super::error::{AwsError, Call};
use super::read::each;
use super::running::timestamp;

/// One instance of an Auto Scaling group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instance {
    /// Its id.
    pub id: String,
    /// What Auto Scaling says of its life, such as `InService`.
    pub lifecycle: String,
    /// The version of the launch template it was started from.
    pub version: Option<String>,
    /// What the load balancer says of it, with its reason; nothing where there is no load balancer.
    pub target: Option<(String, Option<String>)>,
}

/// What a launch template version has instances run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// The image, as a whole reference by digest.
    pub image: String,
    /// When the version was made.
    pub since: Option<Timestamp>,
}

/// The instances that are in a group.
pub(super) fn members(group: &AutoScalingGroup) -> Vec<Instance> {
    let instances = group.instances().iter().map(|instance| Instance {
        id: instance.instance_id().unwrap_or_default().to_owned(),
        lifecycle: instance.lifecycle_state().map_or("Unknown", |state| state.as_str()).to_owned(),
        version: instance.launch_template().and_then(|template| template.version()).map(str::to_owned),
        target: None,
    });
    instances.collect()
}

/// Instances with what some target groups say of them.
pub(super) async fn with_targets(
    aws: &Aws,
    instances: Vec<Instance>,
    target_groups: &BTreeSet<String>,
) -> Result<Vec<Instance>, AwsError> {
    let targets = each(target_groups, |arn| targets(aws, arn)).await?;
    let targets: BTreeMap<String, (String, Option<String>)> = targets.into_iter().flatten().collect();
    let with_target = |instance: Instance| Instance { target: targets.get(&instance.id).cloned(), ..instance };
    Ok(instances.into_iter().map(with_target).collect())
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

/// What each of some versions of a launch template has instances run.
///
/// # Errors
/// As AWS answers.
pub(super) async fn images(aws: &Aws, template: &str, versions: BTreeSet<String>) -> Result<BTreeMap<String, Version>, AwsError> {
    if versions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let request = aws.ec2.describe_launch_template_versions().launch_template_id(template);
    let answer = request.set_versions(Some(versions.into_iter().collect())).send().await;
    let answer = answer.call("ec2:DescribeLaunchTemplateVersions")?;
    let images = answer.launch_template_versions().iter().filter_map(|version| {
        let image = super::ec2::user_data::decode(version.launch_template_data()?.user_data()?, &aws.region).image;
        let since = version.create_time().and_then(timestamp);
        Some((version.version_number()?.to_string(), Version { image, since }))
    });
    Ok(images.collect())
}
