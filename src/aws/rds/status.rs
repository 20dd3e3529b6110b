//! What the statuses of DB instances mean, and waiting for them.
//!
//! "Viewing Amazon RDS DB instance status" lists them all. AWS adds to them: one that is not known here counts as work under way.

use std::time::Duration;

use aws_sdk_rds::types::DbInstance;

use super::super::client::Aws;
use super::super::error::{AwsError, Call, IfThere};
use super::super::wait::{self, Look};
use crate::graph::State;

/// Engine upgrades and final snapshots of large databases take long.
pub(super) const LIMIT: Duration = Duration::from_hours(3);

/// It serves, whatever AWS does to its storage meanwhile; a full one waits for nothing but a larger storage.
const READY: [&str; 4] = ["available", "storage-optimization", "storage-initialization", "storage-full"];

/// It does not serve and will not by itself.
const FAILED: [&str; 4] = ["failed", "insufficient-capacity", "restore-error", "inaccessible-encryption-credentials"];

/// A database that somebody stopped; AWS starts it again after a week.
const STOPPED: &str = "stopped";

pub(super) fn state(status: &str) -> State {
    match status {
        "deleting" => State::Deleting,
        _ if READY.contains(&status) => State::Ready,
        _ if FAILED.contains(&status) || status.starts_with("incompatible-") => State::Failed(status.into()),
        _ => State::Busy(status.into()),
    }
}

/// A DB instance as it is, if it is there.
pub(super) async fn describe(aws: &Aws, name: &str) -> Result<Option<DbInstance>, AwsError> {
    let answer = aws.rds.describe_db_instances().db_instance_identifier(name).send().await;
    let answer = answer.call("rds:DescribeDBInstances").if_there()?;
    Ok(answer.and_then(|answer| answer.db_instances?.into_iter().next()))
}

/// Waits until AWS is not at work on it, whatever came of that: RDS changes and deletes nothing before.
pub(super) async fn at_rest(aws: &Aws, name: &str) -> Result<Option<DbInstance>, AwsError> {
    wait::until(&format!("waiting until {name} can be changed"), LIMIT, || async {
        let instance = describe(aws, name).await?;
        let status = instance.as_ref().and_then(DbInstance::db_instance_status).unwrap_or(STOPPED);
        let works = matches!(state(status), State::Busy(_)) && status != STOPPED;
        Ok(if works { Look::NotYet } else { Look::Done(instance) })
    })
    .await
}

/// Waits until it serves, and is as `done` wants it.
///
/// # Errors
/// With AWS's word for it, where it will not serve by itself.
pub(super) async fn serves(aws: &Aws, name: &str, done: impl Fn(&DbInstance) -> bool) -> Result<DbInstance, AwsError> {
    wait::until(&format!("waiting for the database {name}"), LIMIT, || async {
        let never = |why: &str| AwsError::unexpected("rds:DescribeDBInstances", format!("the database {name} {why}"));
        let instance = describe(aws, name).await?.ok_or_else(|| never("is gone"))?;
        let status = instance.db_instance_status().unwrap_or_default();
        match state(status) {
            State::Ready if done(&instance) => Ok(Look::Done(instance)),
            State::Busy(status) if status == STOPPED => Err(never("is stopped: start it, then run this again")),
            State::Ready | State::Busy(_) => Ok(Look::NotYet),
            State::Failed(_) | State::Deleting => Err(never(&in_words(status, &instance))),
        }
    })
    .await
}

/// A status, and what AWS adds to it.
fn in_words(status: &str, instance: &DbInstance) -> String {
    let why = instance.status_infos().iter().filter_map(|info| info.message());
    std::iter::once(format!("is {status}").as_str()).chain(why).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_work_unless_it_is_known_to_be_none() {
        assert_eq!(state("available"), State::Ready);
        assert_eq!(state("storage-optimization"), State::Ready);
        assert_eq!(state("deleting"), State::Deleting);
        assert_eq!(state("incompatible-network"), State::Failed("incompatible-network".into()));
        assert_eq!(state("configuring-something-new"), State::Busy("configuring-something-new".into()));
    }
}
