//! When a group is ready: as many instances in service as it must have at least, and healthy where a load balancer asks them.

use std::time::Duration;

use aws_sdk_autoscaling::types::{AutoScalingGroup, LifecycleState, ScalingActivityStatusCode};
use aws_sdk_elasticloadbalancingv2::types::{TargetHealthReasonEnum, TargetHealthStateEnum};

use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::wait::{self, Look};

/// How long instances may take to install what they need, to pull an image and to become healthy.
const LIMIT: Duration = Duration::from_mins(20);

/// Waits until the group has its instances. Fails as soon as Auto Scaling says that it could not start one, with its reason.
pub(super) async fn wait(aws: &Aws, name: &str) -> Result<AutoScalingGroup, AwsError> {
    wait::until(&format!("instances of {name}"), LIMIT, || async {
        let Some(group) = super::group(aws, name).await? else {
            return Ok(Look::NotYet);
        };
        let Some(missing) = lacks(aws, &group).await? else { return Ok(Look::Done(group)) };
        refused(aws, name).await?;
        Ok(Look::Still(missing))
    })
    .await
}

/// What the group still lacks, in words.
async fn lacks(aws: &Aws, group: &AutoScalingGroup) -> Result<Option<String>, AwsError> {
    let least = usize::try_from(group.min_size().unwrap_or(0)).unwrap_or(0);
    let in_service = group.instances().iter().filter(|instance| instance.lifecycle_state() == Some(&LifecycleState::InService));
    let in_service = in_service.count();
    if in_service < least {
        return Ok(Some(format!("{in_service} of {least} instances are in service")));
    }
    for target_group in group.target_group_arns() {
        let answer = aws.elbv2.describe_target_health().target_group_arn(target_group).send().await;
        let answer = answer.call("elasticloadbalancing:DescribeTargetHealth")?;
        let (mut healthy, mut sick) = (0, Vec::new());
        for target in answer.target_health_descriptions() {
            let Some(health) = target.target_health() else { continue };
            // A target group that no listener forwards to asks nobody for their health.
            let unasked = health.reason() == Some(&TargetHealthReasonEnum::NotInUse);
            if health.state() == Some(&TargetHealthStateEnum::Healthy) || unasked {
                healthy += 1;
            } else {
                let id = target.target().and_then(|target| target.id()).unwrap_or_default();
                let state = health.state().map_or("", |state| state.as_str());
                sick.push(format!("{id} is {state}: {}", health.description().unwrap_or("no reason given")));
            }
        }
        if healthy < least {
            return Ok(Some(format!("{healthy} of {least} instances are healthy; {}", sick.join("; "))));
        }
    }
    Ok(None)
}

/// Fails if the last thing that Auto Scaling tried in this group failed.
async fn refused(aws: &Aws, name: &str) -> Result<(), AwsError> {
    const OPERATION: &str = "autoscaling:DescribeScalingActivities";
    let answer = aws.autoscaling.describe_scaling_activities().auto_scaling_group_name(name).max_records(1).send().await;
    // Newest first.
    match answer.call(OPERATION)?.activities().first() {
        Some(activity) if activity.status_code() == Some(&ScalingActivityStatusCode::Failed) => Err(AwsError {
            operation: OPERATION.into(),
            code: ScalingActivityStatusCode::Failed.as_str().into(),
            message: activity.status_message().or(activity.description()).unwrap_or_default().into(),
            request_id: None,
        }),
        _ => Ok(()),
    }
}
