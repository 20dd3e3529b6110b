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

/// The answer of a deletion, where it may be one that the SDK had to repeat. Rights to roles and instance profiles are given by their
/// paths, and of what is gone IAM knows no path: it denies the second call, where the first was carried out and its answer lost.
/// What IAM then does not list any more is deleted.
async fn unless_gone(
    answer: Result<(), AwsError>,
    is_there: impl Future<Output = Result<bool, AwsError>>,
) -> Result<(), AwsError> {
    match answer {
        Err(denied) if denied.is(&["AccessDenied"]) => match is_there.await {
            Ok(false) => Ok(()),
            _ => Err(denied),
        },
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_denied_deletion_of_what_is_gone_is_done() {
        let refused = |code: &str| Err(AwsError { code: code.into(), ..AwsError::unexpected("iam:DeleteRole", "no") });
        let looks = |seen: Result<bool, AwsError>| std::future::ready(seen);
        assert_eq!(unless_gone(refused("AccessDenied"), looks(Ok(false))).await, Ok(()));
        assert_eq!(unless_gone(refused("AccessDenied"), looks(Ok(true))).await, refused("AccessDenied"));
        // Who may not look either is told what was denied first.
        let blind = looks(Err(AwsError::unexpected("iam:ListInstanceProfiles", "no")));
        assert_eq!(unless_gone(refused("AccessDenied"), blind).await, refused("AccessDenied"));
        assert_eq!(unless_gone(refused("DeleteConflict"), looks(Ok(false))).await, refused("DeleteConflict"));
    }
}
