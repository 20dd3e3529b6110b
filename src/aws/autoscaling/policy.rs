//! Target tracking: the one scaling policy of a group. Policies carry no tags; ours is known by its name in its group.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types::{MetricType, PredefinedMetricSpecification, ScalingPolicy, TargetTrackingConfiguration};

use super::super::client::Aws;
use super::super::error::{AwsError, Call};

/// The policy's name.
const NAME: &str = "cpu";

/// Its kind, as Auto Scaling spells it.
const TARGET_TRACKING: &str = "TargetTrackingScaling";

/// The average CPU that each group aims at, in percent, by the group's name. A policy that is off aims at nothing.
pub(super) async fn targets(aws: &Aws) -> Result<BTreeMap<String, u32>, AwsError> {
    let mut pages = aws.autoscaling.describe_policies().policy_types(TARGET_TRACKING).into_paginator().items().send();
    let mut targets = BTreeMap::new();
    while let Some(policy) = pages.next().await {
        let policy = policy.call("autoscaling:DescribePolicies")?;
        if let (Some(group), Some(target)) = (policy.auto_scaling_group_name(), target(&policy)) {
            targets.insert(group.to_owned(), target);
        }
    }
    Ok(targets)
}

fn target(policy: &ScalingPolicy) -> Option<u32> {
    let tracking = policy.target_tracking_configuration()?;
    let metric = tracking.predefined_metric_specification()?.predefined_metric_type()?;
    let ours = policy.policy_name() == Some(NAME) && *metric == MetricType::AsgAverageCpuUtilization;
    let works = policy.enabled() != Some(false) && tracking.disable_scale_in() != Some(true);
    // A fraction is nothing that we set; it is told as no policy, and put right.
    tracking.target_value().filter(|_| ours && works).and_then(|value| value.to_string().parse().ok())
}

/// Makes the group aim at this; at 0, it aims at nothing.
pub(super) async fn set(aws: &Aws, group: &str, cpu_target_percent: u32) -> Result<(), AwsError> {
    if cpu_target_percent == 0 {
        let delete = aws.autoscaling.delete_policy().auto_scaling_group_name(group).policy_name(NAME);
        return match delete.send().await.call("autoscaling:DeletePolicy") {
            Err(error) if !super::is_missing(&error) => Err(error),
            _ => Ok(()),
        };
    }
    let metric = PredefinedMetricSpecification::builder().predefined_metric_type(MetricType::AsgAverageCpuUtilization).build();
    let tracking = TargetTrackingConfiguration::builder()
        .predefined_metric_specification(metric)
        .target_value(cpu_target_percent.into())
        .disable_scale_in(false)
        .build();
    aws.autoscaling
        .put_scaling_policy()
        .auto_scaling_group_name(group)
        .policy_name(NAME)
        .policy_type(TARGET_TRACKING)
        .target_tracking_configuration(tracking)
        .enabled(true)
        .send()
        .await
        .call("autoscaling:PutScalingPolicy")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(name: &str, target_value: f64, enabled: bool) -> ScalingPolicy {
        let metric = PredefinedMetricSpecification::builder().predefined_metric_type(MetricType::AsgAverageCpuUtilization);
        let tracking = TargetTrackingConfiguration::builder().predefined_metric_specification(metric.build());
        let tracking = tracking.target_value(target_value).build();
        ScalingPolicy::builder().policy_name(name).target_tracking_configuration(tracking).enabled(enabled).build()
    }

    #[test]
    fn only_a_policy_as_we_set_it_counts() {
        assert_eq!(target(&policy(NAME, 60.0, true)), Some(60));
        assert_eq!(target(&policy(NAME, 60.5, true)), None);
        assert_eq!(target(&policy("theirs", 60.0, true)), None);
        assert_eq!(target(&policy(NAME, 60.0, false)), None);
    }
}
