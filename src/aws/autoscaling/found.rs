//! What groups are found to be: those that are being refreshed, where the refresh leads.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::types::{AutoScalingGroup, InstanceRefresh, InstanceRefreshStatus};

use super::super::client::Aws;
use super::super::error::AwsError;
use super::super::kind::{Found, outputs};
use super::super::read::{both, each};
use super::group::Group;
use super::{VPC, from_aws, groups, maintenance, policy, progress};
use crate::graph::{Scope, State};

/// Those of an environment, and those that bear names of its own.
pub(super) async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Group>>, AwsError> {
    // Without filters: Auto Scaling can look for tags or for names, and both are wanted.
    let (groups, targets) = both(groups(aws), policy::targets(aws)).await?;
    let concerned =
        |group: &AutoScalingGroup| scope.concerns(group.auto_scaling_group_name().unwrap_or_default(), &from_aws(group.tags()));
    let targets = &targets;
    each(groups.into_iter().filter(concerned), |group| async move {
        // Auto Scaling writes the version into the group at the end; where a refresh leads is what the group is to be.
        let refresh = progress::under_way(aws, group.auto_scaling_group_name().unwrap_or_default()).await?;
        let found = found(&group, targets);
        Ok(match refresh {
            Some(refresh) if found.state == State::Ready => refreshing(found, &refresh),
            _ => found,
        })
    })
    .await
}

fn found(group: &AutoScalingGroup, targets: &BTreeMap<String, u32>) -> Found<Group> {
    let name = group.auto_scaling_group_name().unwrap_or_default();
    let tags = from_aws(group.tags());
    let template = group.launch_template();
    let subnets = group.vpc_zone_identifier().unwrap_or_default().split(',').map(str::trim).filter(|id| !id.is_empty());
    let number = |number: Option<i32>| number.and_then(|number| number.try_into().ok()).unwrap_or(0);
    let (min_healthy_percent, max_healthy_percent) = maintenance::percentages(group);
    Found {
        id: name.to_owned(),
        state: if group.status().is_some() { State::Deleting } else { State::Ready },
        attrs: Group {
            name: name.to_owned(),
            vpc: tags.get(VPC).cloned().unwrap_or_default(),
            subnets: subnets.map(str::to_owned).collect(),
            launch_template: template.and_then(|template| template.launch_template_id()).unwrap_or_default().to_owned(),
            launch_template_version: template.and_then(|template| template.version()).unwrap_or_default().to_owned(),
            min: number(group.min_size()),
            max: number(group.max_size()),
            target_groups: group.target_group_arns().iter().cloned().collect(),
            health_check: group.health_check_type().unwrap_or_default().to_owned(),
            health_check_grace_seconds: number(group.health_check_grace_period()),
            warmup_seconds: number(group.default_instance_warmup()),
            cpu_target_percent: targets.get(name).copied().unwrap_or(0),
            min_healthy_percent,
            max_healthy_percent,
            checkpoint_percents: Vec::new(),
            checkpoint_delay_seconds: None,
            alarms: BTreeSet::new(),
            own_alarms: BTreeSet::new(),
        },
        outputs: outputs([("arn", group.auto_scaling_group_arn()), ("name", Some(name))]),
        tags,
    }
}

/// Whether a refresh is on its way to what was asked for, and not back.
pub(super) fn leads_ahead(refresh: &InstanceRefresh) -> bool {
    use InstanceRefreshStatus::{Baking, InProgress, Pending};
    matches!(refresh.status(), Some(Pending | InProgress | Baking))
}

/// A group whose instances are being replaced: busy, and at the version that this leads to. A refresh that goes back leads to the
/// group's own.
fn refreshing(mut found: Found<Group>, refresh: &InstanceRefresh) -> Found<Group> {
    let status = refresh.status().map_or("", InstanceRefreshStatus::as_str);
    found.state = State::Busy(format!("instance refresh {status}"));
    let template = refresh.desired_configuration().and_then(|desired| desired.launch_template());
    let template = template.filter(|_| leads_ahead(refresh));
    if let Some((id, version)) = template.and_then(|template| template.launch_template_id().zip(template.version())) {
        (found.attrs.launch_template, found.attrs.launch_template_version) = (id.to_owned(), version.to_owned());
    }
    found
}
