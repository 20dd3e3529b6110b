//! RDS: databases.

use std::time::Duration;

use aws_sdk_rds::types::Tag;

use super::client::Aws;
use super::error::{AwsError, Call, IfThere};
use crate::graph::Tags;

pub mod instance;
mod modification;
pub mod parameter_group;
mod status;
pub mod subnet_group;

/// How long a group may count as used after the last database in it has gone.
const RELEASE: Duration = Duration::from_mins(2);

/// Tags as RDS takes them.
fn to_aws(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags as RDS gives them.
fn from_aws(tags: &[Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))).collect()
}

/// The tags of what is described without them, by ARN; none where it is gone.
async fn tags(aws: &Aws, arn: &str) -> Result<Option<Tags>, AwsError> {
    let answer = aws.rds.list_tags_for_resource().resource_name(arn).send().await;
    Ok(answer.call("rds:ListTagsForResource").if_there()?.map(|answer| from_aws(answer.tag_list())))
}

/// Sets tags of anything in RDS, by ARN.
async fn tag(aws: &Aws, arn: &str, tags: &Tags) -> Result<(), AwsError> {
    let add = aws.rds.add_tags_to_resource().resource_name(arn).set_tags(Some(to_aws(tags)));
    add.send().await.call("rds:AddTagsToResource").map(drop)
}

/// The ARN among the outputs of a live resource.
fn arn(outputs: &crate::graph::Outputs) -> &str {
    outputs.get("arn").map(String::as_str).unwrap_or_default()
}
