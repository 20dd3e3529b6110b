//! The target groups that the instances of a group register in.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::wait::{self, Look};

/// How long registering and letting go may take: longer than the longest pause that a target is given to finish its requests.
const LIMIT: Duration = Duration::from_mins(65);

/// Registers the instances where they are not yet, and only then lets them go from where they shall not be; waits until both is done.
pub(super) async fn set(aws: &Aws, group: &str, live: &BTreeSet<String>, want: &BTreeSet<String>) -> Result<(), AwsError> {
    let arns = |of: &BTreeSet<String>, not: &BTreeSet<String>| of.difference(not).cloned().collect::<Vec<_>>();
    let (new, old) = (arns(want, live), arns(live, want));
    if !new.is_empty() {
        let attach = aws.autoscaling.attach_load_balancer_target_groups().auto_scaling_group_name(group);
        attach.set_target_group_arns(Some(new)).send().await.call("autoscaling:AttachLoadBalancerTargetGroups")?;
        wait_for(aws, group, |states| states.iter().all(|(_, state)| state != "Adding")).await?;
    }
    if !old.is_empty() {
        let detach = aws.autoscaling.detach_load_balancer_target_groups().auto_scaling_group_name(group);
        detach.set_target_group_arns(Some(old.clone())).send().await.call("autoscaling:DetachLoadBalancerTargetGroups")?;
        wait_for(aws, group, |states| !states.iter().any(|(arn, _)| old.contains(arn))).await?;
    }
    Ok(())
}

/// Waits until the target groups and their states (`Adding`, `Added`, `InService`, `Removing`, `Removed`) are as they should be.
async fn wait_for(aws: &Aws, group: &str, done: impl Fn(&[(String, String)]) -> bool) -> Result<(), AwsError> {
    wait::until(&format!("target groups of {group}"), LIMIT, || async {
        let answer = aws.autoscaling.describe_load_balancer_target_groups().auto_scaling_group_name(group).send().await;
        let answer = answer.call("autoscaling:DescribeLoadBalancerTargetGroups")?;
        let states: Vec<(String, String)> = answer
            .load_balancer_target_groups()
            .iter()
            .filter_map(|one| Some((one.load_balancer_target_group_arn()?.to_owned(), one.state()?.to_owned())))
            .filter(|(_, state)| state != "Removed")
            .collect();
        Ok(if done(&states) { Look::Done(()) } else { Look::NotYet })
    })
    .await
}
