//! ElastiCache: caches.

use std::time::Duration;

use aws_sdk_elasticache::types::Tag;

use super::client::Aws;
use super::error::{AwsError, Call, IfThere};
use super::wait;
use crate::graph::Tags;

mod modification;
pub mod replication_group;
pub mod subnet_group;

/// How long a group may count as used after the last cache in it has gone.
const RELEASE: Duration = Duration::from_mins(2);

/// How long a cache may be at work before its tags can be had.
const AT_WORK: Duration = Duration::from_mins(30);

/// What ElastiCache answers about the tags of a cache that is being made or changed ("If the cluster is not in the available
/// state, `ListTagsForResource` returns an error").
const NOT_AVAILABLE: [&str; 2] = ["InvalidReplicationGroupState", "InvalidReplicationGroupStateFault"];

/// Tags as ElastiCache takes them.
fn to_aws(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The tags of anything in ElastiCache, by ARN; none where it is gone. Whose a cache is cannot be told without them, so one that
/// is at work is waited for.
async fn tags(aws: &Aws, arn: &str) -> Result<Option<Tags>, AwsError> {
    wait::despite(&NOT_AVAILABLE, AT_WORK, || async {
        let answer = aws.elasticache.list_tags_for_resource().resource_name(arn).send().await;
        let Some(answer) = answer.call("elasticache:ListTagsForResource").if_there()? else { return Ok(None) };
        let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
        Ok(Some(answer.tag_list().iter().filter_map(pair).collect()))
    })
    .await
}

/// Sets tags of anything in ElastiCache, by ARN.
async fn tag(aws: &Aws, arn: &str, tags: &Tags) -> Result<(), AwsError> {
    wait::despite(&NOT_AVAILABLE, AT_WORK, || async {
        let add = aws.elasticache.add_tags_to_resource().resource_name(arn).set_tags(Some(to_aws(tags)));
        add.send().await.call("elasticache:AddTagsToResource").map(drop)
    })
    .await
}

/// The ARN among the outputs of a live resource.
fn arn(outputs: &crate::graph::Outputs) -> &str {
    outputs.get("arn").map(String::as_str).unwrap_or_default()
}
