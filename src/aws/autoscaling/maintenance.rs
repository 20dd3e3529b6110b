//! How much of a group must stay healthy, and how much it may grow, while instances are replaced: Auto Scaling keeps that with the
//! group ("instance maintenance policy"), for instance refreshes and for whatever else it replaces.

use aws_sdk_autoscaling::types::{AutoScalingGroup, InstanceMaintenancePolicy};

use super::group::Group;

/// What Auto Scaling takes for "no such policy".
const NONE: i32 = -1;

/// The policy of a group. One that was not there is taken away again.
pub(super) fn policy(want: &Group) -> InstanceMaintenancePolicy {
    let there = want.max_healthy_percent > 0;
    let percent = |percent: u32| if there { i32::try_from(percent).unwrap_or(NONE) } else { NONE };
    InstanceMaintenancePolicy::builder()
        .min_healthy_percentage(percent(want.min_healthy_percent))
        .max_healthy_percentage(percent(want.max_healthy_percent))
        .build()
}

/// Both percentages of a group; 0 and 0 where it has no policy.
pub(super) fn percentages(group: &AutoScalingGroup) -> (u32, u32) {
    let policy = group.instance_maintenance_policy();
    let percent = |percent: Option<i32>| percent.and_then(|percent| percent.try_into().ok()).unwrap_or(0);
    (
        percent(policy.and_then(InstanceMaintenancePolicy::min_healthy_percentage)),
        percent(policy.and_then(InstanceMaintenancePolicy::max_healthy_percentage)),
    )
}
