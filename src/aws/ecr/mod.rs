//! ECR: images.

use aws_sdk_ecr::types::Tag;

use super::error::AwsError;
use crate::graph::Tags;

mod blob;
pub mod copy;
mod image;
mod lifecycle;
mod manifest;
pub mod repository;
mod scan;

pub use image::{facts, tag_as_rejected};
pub use lifecycle::Keep;

/// Tags as ECR takes them.
fn to_aws(tags: &Tags) -> Result<Vec<Tag>, AwsError> {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    tags.collect::<Result<_, _>>().map_err(|error| AwsError::unexpected("ecr:TagResource", error.to_string()))
}

/// Tags as ECR gives them.
fn from_aws(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}
