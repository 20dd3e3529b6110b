//! App Runner's auto scaling configurations.
//!
//! Making one under a name that exists makes its next revision; nothing of a revision can be changed.

use aws_sdk_apprunner::types::{AutoScalingConfiguration as AwsConfiguration, AutoScalingConfigurationStatus};

use super::super::access::{Access, named, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call, IfThere};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::{both, each};
use super::to_aws;
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::rule::replace;
use crate::plan::{Output, grows};
use crate::resource;

resource! {
    /// How an App Runner service scales.
    AutoScalingConfiguration = "apprunner.auto_scaling_configuration" {
        /// Its name, which revisions share; 4 to 32 characters.
        name: String => replace(),
        /// Fewest instances.
        min: u32 => replace().costs(grows, "more instances are kept at any time").headline(),
        /// Most instances.
        max: u32 => replace().costs(grows, "more instances may run").headline(),
        /// Requests at once that an instance takes: 1 to 200.
        concurrency: u32 => replace().headline(),
    }
    outputs: [Output::held("arn")],
    hourly: false,
}

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
pub(super) const ARN: &str = "apprunner:{here}:*/{prefix}*";

impl Resource for AutoScalingConfiguration {
    const ACCESS: Access = Access {
        read: &[
            reads(&["apprunner:ListAutoScalingConfigurations"]),
            named(&["apprunner:DescribeAutoScalingConfiguration", "apprunner:ListTagsForResource"], &[ARN]),
        ],
        write: &[named(&["apprunner:CreateAutoScalingConfiguration", "apprunner:TagResource"], &[ARN])],
        delete: &[named(&["apprunner:DeleteAutoScalingConfiguration"], &[ARN])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let prefix = scope.prefix();
        let mut pages = aws.apprunner.list_auto_scaling_configurations().latest_only(false).into_paginator().send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.call("apprunner:ListAutoScalingConfigurations")?;
            let ours = page.auto_scaling_configuration_summary_list().iter().filter(|summary| {
                summary.status() != Some(&AutoScalingConfigurationStatus::Inactive)
                    && summary.auto_scaling_configuration_name().is_some_and(|name| name.starts_with(&prefix))
            });
            arns.extend(ours.filter_map(|summary| summary.auto_scaling_configuration_arn()).map(str::to_owned));
        }
        let found = each(arns, |arn| async move {
            let (configuration, tags) = both(describe(aws, &arn), super::tags(aws, &arn)).await?;
            Ok(configuration.zip(tags).and_then(|(configuration, tags)| found(&arn, &configuration, tags)))
        });
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = aws
            .apprunner
            .create_auto_scaling_configuration()
            .auto_scaling_configuration_name(&want.name)
            .min_size(want.min.cast_signed())
            .max_size(want.max.cast_signed())
            .max_concurrency(want.concurrency.cast_signed())
            .set_tags(Some(to_aws(tags)))
            .customize()
            .config_override(super::not_repeated())
            .send()
            .await
            .call("apprunner:CreateAutoScalingConfiguration")?;
        let arn = answer.auto_scaling_configuration().and_then(AwsConfiguration::auto_scaling_configuration_arn);
        let arn = arn.ok_or_else(|| AwsError::unexpected("apprunner:CreateAutoScalingConfiguration", "no ARN"))?;
        Ok(Created { id: arn.to_owned(), outputs: outputs([("arn", Some(arn))]) })
    }

    async fn update(_aws: &Aws, _live: &At<Self>, _want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        Ok(Outputs::new()) // nothing of it is updated in place
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        let delete = aws.apprunner.delete_auto_scaling_configuration().auto_scaling_configuration_arn(&live.id);
        delete.send().await.call("apprunner:DeleteAutoScalingConfiguration").if_there().map(drop)
    }
}

async fn describe(aws: &Aws, arn: &str) -> Result<Option<AwsConfiguration>, AwsError> {
    let answer = aws.apprunner.describe_auto_scaling_configuration().auto_scaling_configuration_arn(arn).send().await;
    let answer = answer.call("apprunner:DescribeAutoScalingConfiguration").if_there()?;
    Ok(answer.and_then(|answer| answer.auto_scaling_configuration))
}

fn found(arn: &str, configuration: &AwsConfiguration, tags: Tags) -> Option<Found<AutoScalingConfiguration>> {
    let number = |value: Option<i32>| value.unwrap_or_default().cast_unsigned();
    // Deleted ones can be described for some time.
    (configuration.status() != Some(&AutoScalingConfigurationStatus::Inactive)).then(|| Found {
        id: arn.to_owned(),
        state: State::Ready,
        attrs: AutoScalingConfiguration {
            name: configuration.auto_scaling_configuration_name().unwrap_or_default().to_owned(),
            min: number(configuration.min_size()),
            max: number(configuration.max_size()),
            concurrency: number(configuration.max_concurrency()),
        },
        outputs: outputs([("arn", Some(arn))]),
        tags,
    })
}
