//! What runs of an environment's services, and how it does: looked up by tags, without the rest of the environment.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apprunner::types::{OperationStatus, ServiceStatus};
use aws_sdk_autoscaling::types::AutoScalingGroup;
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::access::{Access, reads, source};
use super::apprunner::{operation, settings};
use super::client::Aws;
use super::error::AwsError;
use super::health::{self, Instance};
use super::read::{both, each};
use super::{apprunner, autoscaling};
use crate::graph::Scope;
use crate::promote::{Part, Seen};

/// What looking takes.
pub const ACCESS: Access = Access::reading(&[
    reads(&[
        "autoscaling:DescribeAutoScalingGroups",
        "ec2:DescribeLaunchTemplateVersions",
        "elasticloadbalancing:DescribeTargetHealth",
        "apprunner:ListServices",
    ]),
    source(
        &["apprunner:DescribeService", "apprunner:ListOperations", "apprunner:ListTagsForResource"],
        &["apprunner:{here}:service/{project}-{source}-*"],
    ),
]);

/// Every service of an environment that runs somewhere, by its name in the spec.
///
/// # Errors
/// As AWS answers.
pub async fn look(aws: &Aws, scope: &Scope) -> Result<BTreeMap<String, Seen>, AwsError> {
    let (mut seen, others) = both(on_instances(aws, scope), on_app_runner(aws, scope)).await?;
    seen.extend(others);
    Ok(seen)
}

async fn on_instances(aws: &Aws, scope: &Scope) -> Result<BTreeMap<String, Seen>, AwsError> {
    let groups: BTreeMap<String, AutoScalingGroup> = autoscaling::groups(aws)
        .await?
        .into_iter()
        .filter(|group| group.status().is_none())
        .filter_map(|group| {
            let owner = scope.owner(&autoscaling::from_aws(group.tags()));
            Some((owner.address()?.service_of("group")?.to_owned(), group))
        })
        .collect();
    let found = each(groups, |(service, group)| async move { Ok((service, in_group(aws, &group).await?)) });
    Ok(found.await?.into_iter().collect())
}

async fn in_group(aws: &Aws, group: &AutoScalingGroup) -> Result<Seen, AwsError> {
    let target_groups: BTreeSet<String> = group.target_group_arns().iter().cloned().collect();
    let Some(template) = group.launch_template() else { return Ok(Seen::default()) };
    let (id, set) = (template.launch_template_id().unwrap_or_default(), template.version().unwrap_or_default());
    let members = health::members(group);
    let mut versions: BTreeSet<String> = members.iter().filter_map(|instance| instance.version.clone()).collect();
    versions.insert(set.to_owned());
    let (instances, images) = both(health::with_targets(aws, members, &target_groups), health::images(aws, id, versions)).await?;
    let image = |version: &str| images.get(version).map(|version| version.image.clone());
    Ok(Seen {
        image: image(set),
        since: images.get(set).and_then(|version| version.since),
        busy: None,
        parts: instances.into_iter().map(|instance| part(&image, instance)).collect(),
    })
}

fn part(image: &dyn Fn(&str) -> Option<String>, instance: Instance) -> Part {
    Part {
        image: instance.version.as_deref().and_then(image),
        healthy: instance.lifecycle == "InService" && instance.target.as_ref().is_none_or(|(health, _)| health == "healthy"),
        health: match instance.target {
            Some((health, Some(reason))) => format!("{}, {health}: {reason}", instance.lifecycle),
            Some((health, None)) => format!("{}, {health}", instance.lifecycle),
            None => instance.lifecycle,
        },
        name: instance.id,
    }
}

async fn on_app_runner(aws: &Aws, scope: &Scope) -> Result<BTreeMap<String, Seen>, AwsError> {
    let found = each(apprunner::services(aws, scope).await?, |summary| async move {
        let arn = summary.service_arn().unwrap_or_default();
        let ((service, tags), last) =
            both(both(operation::describe(aws, arn), apprunner::tags(aws, arn)), operation::last(aws, arn)).await?;
        let Some((service, tags)) = service.zip(tags) else { return Ok(None) };
        let owner = scope.owner(&tags);
        let name = owner.address().and_then(|address| address.service_of("service"));
        let Some(name) = name else { return Ok(None) };
        let image = Some(settings::attributes(&service).image).filter(|image| !image.is_empty());
        let status = service.status();
        let part = Part {
            name: service.service_id().to_owned(),
            image: image.clone(),
            healthy: *status == ServiceStatus::Running,
            health: if *status == ServiceStatus::Running { "ready".into() } else { status.to_string() },
        };
        let ended =
            last.filter(|last| last.status() == Some(&OperationStatus::Succeeded)).and_then(|last| last.ended_at().copied());
        let busy = (*status == ServiceStatus::OperationInProgress).then(|| status.to_string());
        let since = timestamp(&ended.unwrap_or(*service.updated_at()));
        Ok(Some((name.to_owned(), Seen { image, since, busy, parts: vec![part] })))
    });
    Ok(found.await?.into_iter().flatten().collect())
}

/// To the second: nobody asks for more.
pub(super) fn timestamp(moment: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(moment.secs()).ok()
}
