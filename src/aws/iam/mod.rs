//! IAM: what services may do.

use std::time::Duration;

use aws_sdk_iam::types::Tag;

use super::error::AwsError;
use super::wait;
use crate::graph::{Scope, Tags};

pub mod instance_profile;
mod rights;
pub mod role;

/// As many as IAM gives in one answer.
const PAGE: i32 = 1000;

/// The path of an environment's roles and instance profiles, so that policies about them can be narrow.
fn path(scope: &Scope) -> String {
    format!("/infra/{}/{}/", scope.project, scope.environment)
}

/// The path for what is about to be made; its ownership tags tell the environment.
fn path_for(operation: &str, tags: &Tags) -> Result<String, AwsError> {
    let scope = Scope::of(tags).ok_or_else(|| AwsError::unexpected(operation, "the ownership tags are missing"))?;
    Ok(path(&scope))
}

/// Whether a path or a name is one of this environment's, whoever made what bears it.
fn concerns(scope: &Scope, at: &str, name: &str) -> bool {
    at == path(scope) || name.starts_with(&scope.prefix())
}

/// Tags as IAM takes them.
fn to_aws(tags: &Tags) -> Result<Vec<Tag>, AwsError> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect::<Result<_, _>>().map_err(|error| AwsError::unexpected("iam:Tag", error.to_string()))
}

/// Tags as IAM gives them.
fn from_aws(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

/// Makes a call about something new, which IAM may not know everywhere yet ("Changes that I make are not always immediately
/// visible").
async fn once_visible<T, F>(call: impl FnMut() -> F) -> Result<T, AwsError>
where
    F: Future<Output = Result<T, AwsError>>,
{
    wait::despite(&["NoSuchEntity"], Duration::from_secs(30), call).await
}

/// The answer of a call that deletes: what is not there any more is deleted.
fn deleted<T>(answer: Result<T, AwsError>) -> Result<(), AwsError> {
    match answer {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}
