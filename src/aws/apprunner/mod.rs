//! App Runner.

use aws_sdk_apprunner::types::{ServiceStatus, ServiceSummary, Tag};

use super::client::Aws;
use super::error::{AwsError, Call, IfThere};
use super::shared::shared;
use super::unanswered::NotRepeated;
use crate::graph::{Scope, Tags};

pub mod auto_scaling_configuration;
pub(super) mod operation;
pub mod service;
pub(super) mod settings;
pub mod vpc_connector;

/// For creates that App Runner would carry out twice: what is made again under a name is a revision.
fn not_repeated() -> aws_sdk_apprunner::config::Builder {
    aws_sdk_apprunner::config::Builder::new().retry_classifier(NotRepeated)
}

/// The services whose names begin as ours do and that are not deleted: App Runner goes on listing those for a while.
pub(super) async fn services(aws: &Aws, scope: &Scope) -> Result<Vec<ServiceSummary>, AwsError> {
    let question = async {
        let pages = aws.apprunner.list_services().into_paginator().send();
        let pages = pages.collect::<Result<Vec<_>, _>>().await.call("apprunner:ListServices")?;
        Ok(pages.into_iter().flat_map(|page| page.service_summary_list).collect())
    };
    let mut services = shared(aws, |shared| &shared.services, question).await?;
    let prefix = scope.prefix();
    services.retain(|service| {
        service.status() != Some(&ServiceStatus::Deleted) && service.service_name().is_some_and(|name| name.starts_with(&prefix))
    });
    Ok(services)
}

/// Tags as App Runner takes them.
fn to_aws(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The tags of anything in App Runner, by ARN; none where it is gone.
pub(super) async fn tags(aws: &Aws, arn: &str) -> Result<Option<Tags>, AwsError> {
    let answer = aws.apprunner.list_tags_for_resource().resource_arn(arn).send().await;
    let Some(answer) = answer.call("apprunner:ListTagsForResource").if_there()? else { return Ok(None) };
    let tags = answer.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
    Ok(Some(tags.collect()))
}

/// Sets tags of anything in App Runner, by ARN.
async fn tag(aws: &Aws, arn: &str, tags: &Tags) -> Result<(), AwsError> {
    let set = aws.apprunner.tag_resource().resource_arn(arn).set_tags(Some(to_aws(tags)));
    set.send().await.call("apprunner:TagResource").map(drop)
}
