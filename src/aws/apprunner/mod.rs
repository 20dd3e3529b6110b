//! App Runner.

use aws_sdk_apprunner::types::Tag;

use super::client::Aws;
use super::error::{AwsError, Call, IfThere};
use super::unanswered::NotRepeated;
use crate::graph::Tags;

pub mod auto_scaling_configuration;
pub(super) mod operation;
pub mod service;
pub(super) mod settings;
pub mod vpc_connector;

/// For creates that App Runner would carry out twice: what is made again under a name is a revision.
fn not_repeated() -> aws_sdk_apprunner::config::Builder {
    aws_sdk_apprunner::config::Builder::new().retry_classifier(NotRepeated)
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
