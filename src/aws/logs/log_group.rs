//! CloudWatch log groups.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::LogGroup as AwsGroup;

use super::super::access::{Access, named, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::each;
use super::super::wait::{self, Look};
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::Output;
use crate::plan::rule::{name, update};
use crate::resource;

resource! {
    /// Where the output of a service goes.
    LogGroup = "logs.log_group" {
        /// Unique in the account and region: `/<project>/<environment>/<service>`, at most 512 characters.
        name: String => name().headline(),
        /// Days that entries are kept: one of the numbers CloudWatch Logs offers; 0 reads as for ever.
        retention_days: i32 => update().headline(),
    }
    outputs: [Output::held("arn"), Output::plain("name")],
    hourly: false,
}

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
const ARN: &str = "logs:{here}:log-group:/{project}/{environment}/*";

impl Resource for LogGroup {
    const ACCESS: Access = Access {
        read: &[reads(&["logs:DescribeLogGroups"]), named(&["logs:ListTagsForResource"], &[ARN])],
        write: &[named(&["logs:CreateLogGroup", "logs:TagResource", "logs:PutRetentionPolicy"], &[ARN])],
        delete: &[named(&["logs:DeleteLogGroup"], &[ARN])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let groups = groups(aws, &format!("/{}/{}/", scope.project, scope.environment)).await?;
        let found = each(groups, |group| async move {
            let arn = group.log_group_arn().unwrap_or_default();
            match aws.logs.list_tags_for_resource().resource_arn(arn).send().await.call("logs:ListTagsForResource") {
                Ok(answer) => Ok(Some(found(&group, answer.tags.unwrap_or_default().into_iter().collect()))),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        });
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let call = aws.logs.create_log_group().log_group_name(&want.name).set_tags(Some(tags.clone().into_iter().collect()));
        call.send().await.call("logs:CreateLogGroup")?;
        // Logs refuses a second change while the first is under way.
        wait::despite(&["OperationAbortedException", "ResourceNotFoundException"], Duration::from_secs(30), || {
            keep(aws, &want.name, want.retention_days)
        })
        .await?;
        // The call that creates one does not say what it is called.
        let arn = wait::until(&format!("log group {}", want.name), Duration::from_mins(2), || async {
            let group = groups(aws, &want.name).await?.into_iter().find(|group| group.log_group_name() == Some(&want.name));
            Ok(group.and_then(|group| group.arn).map_or(Look::NotYet, Look::Done))
        })
        .await?;
        Ok(Created { id: want.name.clone(), outputs: outputs([("arn", Some(&arn)), ("name", Some(&want.name))]) })
    }

    async fn update(aws: &Aws, live: &At<Self>, want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        keep(aws, &live.id, want.retention_days).await?;
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        // Tags go by the ARN without the `:*` that policies want.
        let arn = live.outputs.get("arn").map(|arn| arn.trim_end_matches(":*"));
        let call = aws.logs.tag_resource().set_resource_arn(arn.map(str::to_owned));
        call.set_tags(Some(tags.clone().into_iter().collect())).send().await.call("logs:TagResource").map(drop)
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        match aws.logs.delete_log_group().log_group_name(&live.id).send().await.call("logs:DeleteLogGroup") {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }
}

async fn groups(aws: &Aws, prefix: &str) -> Result<Vec<AwsGroup>, AwsError> {
    let pages = aws.logs.describe_log_groups().log_group_name_prefix(prefix).into_paginator().items().send();
    pages.collect::<Result<Vec<_>, _>>().await.call("logs:DescribeLogGroups")
}

fn found(group: &AwsGroup, tags: Tags) -> Found<LogGroup> {
    let name = group.log_group_name().unwrap_or_default().to_owned();
    Found {
        id: name.clone(),
        state: State::Ready,
        outputs: outputs([("arn", group.arn()), ("name", Some(&name))]),
        attrs: LogGroup { name, retention_days: group.retention_in_days().unwrap_or(0) },
        tags,
    }
}

async fn keep(aws: &Aws, name: &str, days: i32) -> Result<(), AwsError> {
    let call = aws.logs.put_retention_policy().log_group_name(name).retention_in_days(days);
    call.send().await.call("logs:PutRetentionPolicy").map(drop)
}
