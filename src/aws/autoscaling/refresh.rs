//! Instance refreshes: how the instances of a group change to another version of its launch template.
//!
//! The version is given to the refresh and never to the group: Auto Scaling writes it there when the refresh has succeeded. Were the
//! group changed first, a rollback would roll to the same version again.

use std::time::Duration;

use aws_sdk_autoscaling::types::{
    DesiredConfiguration, InstanceRefresh, InstanceRefreshStatus, LaunchTemplateSpecification, RefreshPreferences,
};

use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::wait::{self, Look};
use super::group::Group;

/// How long a refresh may take. Auto Scaling itself gives up after an hour in which an instance did not become healthy.
const LIMIT: Duration = Duration::from_hours(3);

/// New instances come before old ones go, a tenth of the group at a time and at least one ("launch before terminating").
const MOST_HEALTHY_PERCENT: i32 = 110;

/// Rolls the group to the launch template version that is wanted, and waits until it has: an empty group at once.
///
/// # Errors
/// Also when Auto Scaling found the new instances unhealthy and rolled back: with its reason.
pub(super) async fn roll(aws: &Aws, name: &str, live: &Group, want: &Group) -> Result<(), AwsError> {
    loop {
        match start(aws, name, live, want).await {
            Ok(id) => return verdict(&follow(aws, name, Some(&id)).await?),
            // That of an earlier run, or of somebody else: it comes to its end first.
            Err(error) if error.is(&["InstanceRefreshInProgress"]) => {
                let other = follow(aws, name, None).await?;
                if leads_to(&other, want) {
                    return verdict(&other);
                }
            }
            Err(error) => return Err(error),
        }
    }
}

async fn start(aws: &Aws, name: &str, live: &Group, want: &Group) -> Result<String, AwsError> {
    let template = LaunchTemplateSpecification::builder()
        .launch_template_id(&want.launch_template)
        .version(&want.launch_template_version)
        .build();
    let preferences = RefreshPreferences::builder()
        .min_healthy_percentage(100)
        .max_healthy_percentage(MOST_HEALTHY_PERCENT)
        .instance_warmup(i32::try_from(watch(want)).unwrap_or(i32::MAX))
        .skip_matching(false)
        // Auto Scaling can go back to a numbered version only, not to the `$Latest` that somebody may have set.
        .auto_rollback(live.launch_template_version.parse::<u64>().is_ok())
        .build();
    let answer = aws
        .autoscaling
        .start_instance_refresh()
        .auto_scaling_group_name(name)
        .desired_configuration(DesiredConfiguration::builder().launch_template(template).build())
        .preferences(preferences)
        .send()
        .await
        .call("autoscaling:StartInstanceRefresh")?;
    Ok(answer.instance_refresh_id().unwrap_or_default().to_owned())
}

/// Seconds that a new instance is watched before the next old one goes. Auto Scaling takes no notice of what a load balancer says
/// until the grace period is over ("Set the health check grace period"), so a shorter watch would give up instances that work for
/// some that do not, and call that a success.
fn watch(group: &Group) -> u32 {
    let grace = if group.health_check == "ELB" { group.health_check_grace_seconds } else { 0 };
    group.warmup_seconds.max(grace)
}

/// Waits for the end of a refresh, or of the latest one; whatever its end is.
async fn follow(aws: &Aws, name: &str, id: Option<&str>) -> Result<InstanceRefresh, AwsError> {
    wait::until(&format!("instance refresh of {name}"), LIMIT, || async {
        let describe = aws.autoscaling.describe_instance_refreshes().auto_scaling_group_name(name);
        let describe = describe.set_instance_refresh_ids(id.map(|id| vec![id.to_owned()]));
        let answer = describe.send().await.call("autoscaling:DescribeInstanceRefreshes")?;
        // Newest first.
        let refresh = answer.instance_refreshes().first().filter(|refresh| has_ended(refresh));
        Ok(refresh.map_or(Look::NotYet, |refresh| Look::Done(refresh.clone())))
    })
    .await
}

fn has_ended(refresh: &InstanceRefresh) -> bool {
    matches!(
        refresh.status(),
        Some(
            InstanceRefreshStatus::Successful
                | InstanceRefreshStatus::Failed
                | InstanceRefreshStatus::Cancelled
                | InstanceRefreshStatus::RollbackSuccessful
                | InstanceRefreshStatus::RollbackFailed
        )
    )
}

/// Whether a refresh was to bring what is wanted.
fn leads_to(refresh: &InstanceRefresh, want: &Group) -> bool {
    let template = refresh.desired_configuration().and_then(DesiredConfiguration::launch_template);
    template.is_some_and(|template| {
        template.launch_template_id() == Some(&want.launch_template) && template.version() == Some(&want.launch_template_version)
    })
}

/// Only a refresh that succeeded is one: a rollback that succeeded is a deployment that failed.
fn verdict(refresh: &InstanceRefresh) -> Result<(), AwsError> {
    let status = refresh.status().map_or("", InstanceRefreshStatus::as_str);
    if status == InstanceRefreshStatus::Successful.as_str() {
        return Ok(());
    }
    let rollback = refresh.rollback_details().and_then(|details| details.rollback_reason());
    let reasons: Vec<&str> = rollback.into_iter().chain(refresh.status_reason()).collect();
    Err(AwsError {
        operation: "autoscaling:StartInstanceRefresh".into(),
        code: status.into(),
        message: if reasons.is_empty() { "Auto Scaling gives no reason".into() } else { reasons.join("; ") },
        request_id: None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_sdk_autoscaling::types::RollbackDetails;

    use super::*;
    use crate::graph::Actual;

    fn ended(status: InstanceRefreshStatus) -> InstanceRefresh {
        InstanceRefresh::builder()
            .status(status)
            .status_reason("rolled back")
            .rollback_details(RollbackDetails::builder().rollback_reason("i-1 is unhealthy").build())
            .build()
    }

    #[test]
    fn only_success_is_success() {
        assert!(verdict(&ended(InstanceRefreshStatus::Successful)).is_ok());
        let error = verdict(&ended(InstanceRefreshStatus::RollbackSuccessful)).unwrap_err();
        assert_eq!((error.code.as_str(), error.message.as_str()), ("RollbackSuccessful", "i-1 is unhealthy; rolled back"));
    }

    #[test]
    fn a_load_balancer_has_its_say_before_the_next_instance_goes() {
        let group = |health_check: &str, grace| Group::<Actual> {
            name: "shop-test-web".into(),
            vpc: "vpc-1".into(),
            subnets: BTreeSet::new(),
            launch_template: "lt-1".into(),
            launch_template_version: "2".into(),
            min: 1,
            max: 2,
            target_groups: BTreeSet::new(),
            health_check: health_check.into(),
            health_check_grace_seconds: grace,
            warmup_seconds: 120,
            cpu_target_percent: 0,
        };
        assert_eq!(watch(&group("ELB", 300)), 300);
        assert_eq!(watch(&group("ELB", 60)), 120);
        assert_eq!(watch(&group("EC2", 300)), 120, "nobody asks the container of a worker");
    }

    #[test]
    fn a_refresh_goes_on_while_it_bakes_or_rolls_back() {
        for status in ["Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"] {
            assert!(!has_ended(&ended(status.into())), "{status}");
        }
        assert!(has_ended(&ended(InstanceRefreshStatus::Cancelled)));
    }
}
