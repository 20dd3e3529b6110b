//! Instance refreshes while they go on, and how they end.

use std::time::Duration;

use aws_sdk_autoscaling::types::{InstanceRefresh, InstanceRefreshStatus, RefreshPreferences};

use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::wait::{self, Look};
use super::is_missing;

/// How long a refresh may take, the pauses at its checkpoints apart. Auto Scaling itself gives up after an hour in which an
/// instance did not become healthy.
const LIMIT: Duration = Duration::from_hours(3);

/// The refresh that is under way, if there is one: Auto Scaling does one at a time.
pub(super) async fn under_way(aws: &Aws, name: &str) -> Result<Option<InstanceRefresh>, AwsError> {
    let describe = aws.autoscaling.describe_instance_refreshes().auto_scaling_group_name(name).send().await;
    let refreshes = match describe.call("autoscaling:DescribeInstanceRefreshes") {
        // The group has gone since it was listed, or is on its way.
        Err(error) if is_missing(&error) || error.message.contains("pending delete") => return Ok(None),
        answer => answer?.instance_refreshes.unwrap_or_default(),
    };
    // Newest first.
    let last = refreshes.into_iter().next();
    Ok(last.filter(|refresh| !has_ended(refresh)))
}

/// Waits for the end of a refresh, whatever that is.
pub(super) async fn follow(aws: &Aws, name: &str, refresh: &InstanceRefresh) -> Result<InstanceRefresh, AwsError> {
    let id = refresh.instance_refresh_id().unwrap_or_default();
    wait::until(&format!("instance refresh of {name}"), limit(refresh), || async {
        let describe = aws.autoscaling.describe_instance_refreshes().auto_scaling_group_name(name).instance_refresh_ids(id);
        let answer = describe.send().await.call("autoscaling:DescribeInstanceRefreshes")?;
        let Some(refresh) = answer.instance_refreshes().first() else { return Ok(Look::NotYet) };
        Ok(if has_ended(refresh) { Look::Done(refresh.clone()) } else { Look::Still(in_words(refresh)) })
    })
    .await
}

fn limit(refresh: &InstanceRefresh) -> Duration {
    let preferences = refresh.preferences();
    let pauses = preferences.map_or(0, |preferences| preferences.checkpoint_percentages().len());
    let pause = preferences.and_then(RefreshPreferences::checkpoint_delay).and_then(|seconds| seconds.try_into().ok());
    LIMIT + Duration::from_secs(pause.unwrap_or(0)) * u32::try_from(pauses).unwrap_or(0)
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

/// How it stands: whose it is cannot be told, how old it is can.
fn in_words(refresh: &InstanceRefresh) -> String {
    let status = refresh.status().map_or("", InstanceRefreshStatus::as_str);
    let percent = refresh.percentage_complete().map(|percent| format!("{percent}%"));
    let begun = refresh.start_time().map(wait::begun);
    let reason = refresh.status_reason().map(str::to_owned);
    let more: Vec<String> = [percent, begun, reason].into_iter().flatten().collect();
    [&[format!("instance refresh {status}")], more.as_slice()].concat().join(", ")
}

/// Only a refresh that succeeded is one: a rollback that succeeded is a deployment that failed.
pub(super) fn verdict(refresh: &InstanceRefresh) -> Result<(), AwsError> {
    let status = refresh.status().map_or("", InstanceRefreshStatus::as_str);
    if status == InstanceRefreshStatus::Successful.as_str() {
        return Ok(());
    }
    let rollback = refresh.rollback_details().and_then(|details| details.rollback_reason());
    let mut reasons: Vec<&str> = rollback.into_iter().chain(refresh.status_reason()).collect();
    reasons.dedup();
    Err(AwsError {
        operation: "autoscaling:StartInstanceRefresh".into(),
        code: status.into(),
        message: if reasons.is_empty() { "Auto Scaling gives no reason".into() } else { reasons.join("; ") },
        request_id: None,
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::types::RollbackDetails;

    use super::*;

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
    fn a_refresh_goes_on_while_it_bakes_or_rolls_back() {
        for status in ["Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"] {
            assert!(!has_ended(&ended(status.into())), "{status}");
        }
        assert!(has_ended(&ended(InstanceRefreshStatus::Cancelled)));
    }

    #[test]
    fn pauses_are_waited_for() {
        let pausing =
            RefreshPreferences::builder().set_checkpoint_percentages(Some(vec![20, 50, 100])).checkpoint_delay(600).build();
        let refresh = InstanceRefresh::builder().preferences(pausing).build();
        assert_eq!(limit(&refresh), LIMIT + Duration::from_mins(30));
        assert_eq!(limit(&InstanceRefresh::builder().build()), LIMIT);
    }

    #[test]
    fn one_that_is_under_way_tells_how_far_and_how_old_it_is() {
        let begun = std::time::SystemTime::now() - Duration::from_mins(12);
        let refresh = InstanceRefresh::builder().status(InstanceRefreshStatus::InProgress).percentage_complete(50);
        let refresh = refresh.start_time(begun.into()).status_reason("Waiting for instances to warm up").build();
        let words = "instance refresh InProgress, 50%, begun 12m ago, Waiting for instances to warm up";
        assert_eq!(in_words(&refresh), words);
        assert_eq!(
            in_words(&InstanceRefresh::builder().status(InstanceRefreshStatus::Pending).build()),
            "instance refresh Pending"
        );
    }
}
