//! How an instance refresh goes about it, on the way to a new version and on the way back.

use aws_sdk_autoscaling::types::{AlarmSpecification, RefreshPreferences};

use super::super::client::Aws;
use super::super::cloudwatch::states::{Standing, states};
use super::super::error::AwsError;
use super::group::Group;

/// The alarms that a refresh to what is wanted heeds. One of the service's own that is still to be made comes too late for it. One
/// that rings already says nothing of the new version, which may be what ends it.
pub(super) async fn heeded(aws: &Aws, want: &Group) -> Result<Vec<String>, AwsError> {
    let names: Vec<String> = want.alarms.union(&want.own_alarms).cloned().collect();
    let states = states(aws, &names).await?;
    let heeded = |name: &String| match states.iter().find(|state| state.name == *name) {
        Some(state) => state.standing != Standing::Alarm,
        None => want.alarms.contains(name),
    };
    Ok(names.into_iter().filter(heeded).collect())
}

/// To a new version: every instance is replaced, and all of them come back where that goes wrong.
pub(super) fn ahead(live: &Group, want: &Group, alarms: Vec<String>) -> RefreshPreferences {
    let alarms = (!alarms.is_empty()).then(|| AlarmSpecification::builder().set_alarms(Some(alarms)).build());
    // The last checkpoint is where the refresh ends: one at less than 100 percent would leave the others as they are.
    let checkpoints = want.checkpoint_percents.iter().copied().chain([100]).map(seconds).collect();
    let pauses = !want.checkpoint_percents.is_empty();
    RefreshPreferences::builder()
        .instance_warmup(seconds(watch(want)))
        .skip_matching(false)
        // Auto Scaling can go back to a numbered version only, not to the `$Latest` that somebody may have set.
        .auto_rollback(is_number(&live.launch_template_version))
        .set_alarm_specification(alarms)
        .set_checkpoint_percentages(pauses.then_some(checkpoints))
        .set_checkpoint_delay(want.checkpoint_delay_seconds.filter(|_| pauses).map(seconds))
        .build()
}

/// Back to the version from before: instances that still run it stay, nothing pauses, and the alarms that the new one set off do
/// not stop it. Where it fails it does not roll to the version that it comes from.
pub(super) fn behind(was: &Group) -> RefreshPreferences {
    RefreshPreferences::builder().instance_warmup(seconds(watch(was))).skip_matching(true).auto_rollback(false).build()
}

/// Seconds that a new instance is watched before the next old one goes. Auto Scaling takes no notice of what a load balancer says
/// until the grace period is over ("Set the health check grace period"), so a shorter watch would give up instances that work for
/// some that do not, and call that a success.
fn watch(group: &Group) -> u32 {
    let grace = if group.health_check == "ELB" { group.health_check_grace_seconds } else { 0 };
    group.warmup_seconds.max(grace)
}

/// Seconds or percent, as Auto Scaling takes them.
fn seconds(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

pub(super) fn is_number(version: &str) -> bool {
    version.parse::<u64>().is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::graph::Actual;

    fn group(health_check: &str, grace: u32) -> Group<Actual> {
        Group {
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
            min_healthy_percent: 100,
            max_healthy_percent: 150,
            checkpoint_percents: vec![20, 50],
            checkpoint_delay_seconds: Some(600),
            alarms: BTreeSet::new(),
            own_alarms: BTreeSet::new(),
        }
    }

    #[test]
    fn a_load_balancer_has_its_say_before_the_next_instance_goes() {
        assert_eq!(watch(&group("ELB", 300)), 300);
        assert_eq!(watch(&group("ELB", 60)), 120);
        assert_eq!(watch(&group("EC2", 300)), 120, "nobody asks the container of a worker");
    }

    #[test]
    fn the_way_there_pauses_and_heeds_alarms_and_the_way_back_does_neither() {
        let live = Group { launch_template_version: "1".into(), ..group("ELB", 300) };
        let there = ahead(&live, &group("ELB", 300), vec!["errors".into()]);
        assert_eq!((there.auto_rollback(), there.skip_matching()), (Some(true), Some(false)));
        assert_eq!(there.checkpoint_percentages(), [20, 50, 100], "the last one is where Auto Scaling ends the refresh");
        assert_eq!(there.checkpoint_delay(), Some(600));
        assert_eq!(there.alarm_specification().unwrap().alarms(), ["errors"]);
        assert_eq!(there.min_healthy_percentage(), None, "that is the group's own");

        let unnumbered = Group { launch_template_version: "$Latest".into(), ..group("ELB", 300) };
        assert_eq!(ahead(&unnumbered, &live, Vec::new()).auto_rollback(), Some(false), "Auto Scaling would refuse it");

        let back = behind(&live);
        assert_eq!((back.auto_rollback(), back.skip_matching()), (Some(false), Some(true)));
        assert_eq!((back.alarm_specification(), back.checkpoint_delay()), (None, None));
    }
}
