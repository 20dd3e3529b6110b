//! The log of a lease: one parameter of SSM Parameter Store, whose versions are the entries.
//!
//! Parameter Store numbers versions one by one and keeps the newest hundred. It has no call that writes only if nothing has changed,
//! so an entry says itself what it was written after (see `crate::lease`). The parameter is never deleted: AWS asks to wait 30
//! seconds before one of the same name is made again (`DeleteParameter`), and a next run could be faster than that.

use std::sync::Arc;

use aws_sdk_ssm::types::{ParameterTier, ParameterType, Tag};
use futures::future::BoxFuture;
use jiff::Timestamp;

use super::access::{Access, named};
use super::client::Aws;
use super::error::{AwsError, Call};
use crate::graph::Scope;
use crate::lease::{Log, Version};

/// As many versions as Parameter Store gives in one answer.
const PAGE: i32 = 50;

/// What holding an environment takes.
pub(super) const ACCESS: Access = Access {
    read: &[],
    write: &[named(
        &["ssm:GetParameterHistory", "ssm:PutParameter", "ssm:AddTagsToResource"],
        &["ssm:{here}:parameter/infra/{project}/{environment}/lease"],
    )],
    delete: &[],
};

/// The parameter of an environment's lease.
#[derive(Debug)]
pub struct Parameter {
    aws: Aws,
    name: String,
    tags: Vec<Tag>,
}

impl Parameter {
    /// That of this environment. Its clients are its own, since what is written here is no part of the environment.
    ///
    /// # Errors
    /// When the scope makes no tags.
    pub async fn connect(account: &str, region: &str, scope: &Scope) -> Result<Arc<Self>, AwsError> {
        let tag = |(key, value): (&str, &str)| Tag::builder().key(key).value(value).build();
        let tags: Result<Vec<Tag>, _> = scope.filter().into_iter().map(tag).collect();
        let tags = tags.map_err(|error| AwsError::unexpected("ssm:AddTagsToResource", error.to_string()))?;
        Ok(Arc::new(Self { aws: Aws::writer(account, region).await, name: parameter_name(scope), tags }))
    }
}

/// What the parameter of an environment's lease is called.
pub fn parameter_name(scope: &Scope) -> String {
    format!("/infra/{}/{}/lease", scope.project, scope.environment)
}

impl Log for Parameter {
    fn history(&self) -> BoxFuture<'_, Result<Vec<Version>, AwsError>> {
        Box::pin(async move {
            let pages = self.aws.ssm.get_parameter_history().name(&self.name).max_results(PAGE).into_paginator().send();
            let pages = match pages.collect::<Result<Vec<_>, _>>().await.call("ssm:GetParameterHistory") {
                Err(error) if error.is_not_found() => return Ok(Vec::new()),
                pages => pages?,
            };
            let mut versions: Vec<Version> = pages
                .into_iter()
                .flat_map(|page| page.parameters.unwrap_or_default())
                .map(|version| Version {
                    number: version.version().try_into().unwrap_or_default(),
                    text: version.value.unwrap_or_default(),
                })
                .collect();
            // In what order, and whether pages overlap where versions are added meanwhile, AWS does not say.
            versions.sort_by_key(|version| version.number);
            versions.dedup_by_key(|version| version.number);
            Ok(versions)
        })
    }

    fn append<'a>(&'a self, text: &'a str, begins: bool) -> BoxFuture<'a, Result<Option<u64>, AwsError>> {
        Box::pin(async move {
            // A parameter can be given tags only by the call that makes it, and only if that call may not overwrite one.
            let call = self.aws.ssm.put_parameter().name(&self.name).value(text).r#type(ParameterType::String);
            let call = call.tier(ParameterTier::Standard).overwrite(!begins).set_tags(begins.then(|| self.tags.clone()));
            match call.send().await.call("ssm:PutParameter") {
                Ok(answer) => Ok(answer.version().try_into().ok()),
                Err(error) if error.is(&["ParameterAlreadyExists", "TooManyUpdates"]) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
