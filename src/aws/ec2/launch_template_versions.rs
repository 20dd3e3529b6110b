//! The versions of a launch template. They never change: each update makes one, and old ones go.

use std::collections::{BTreeMap, BTreeSet};

use super::super::autoscaling;
use super::super::client::Aws;
use super::super::error::{AwsError, Call};

/// How many versions stay, beside those that groups use: enough to see what changed lately.
const KEPT: usize = 5;
/// How many versions one call deletes.
const AT_ONCE: usize = 200;

/// Makes a version the one that is meant where none is named.
pub(super) async fn set_default(aws: &Aws, id: &str, number: i64) -> Result<(), AwsError> {
    let modify = aws.ec2.modify_launch_template().launch_template_id(id).default_version(number.to_string());
    modify.send().await.call("ec2:ModifyLaunchTemplate").map(drop)
}

/// Deletes the versions that nobody needs: EC2 keeps 10 000, and would delete one that a group still starts instances from.
pub(super) async fn prune(aws: &Aws, id: &str) -> Result<(), AwsError> {
    let all = all(aws, id).await?;
    let old: BTreeSet<i64> = all.into_iter().filter(|(_, is_default)| !is_default).map(|(number, _)| number).collect();
    // The newest of all is the default one, which is not among them.
    let old: Vec<i64> = old.into_iter().rev().skip(KEPT - 1).collect();
    if old.is_empty() {
        return Ok(());
    }
    let used = autoscaling::template_versions(aws, id).await?;
    let old: Vec<i64> = old.into_iter().filter(|number| !used.contains(&number.to_string())).take(AT_ONCE).collect();
    // What is more goes next time.
    delete(aws, id, &old).await
}

/// Makes a version the default and the newest again: deletes those that came after it. Gives whether there was anything to do.
///
/// # Errors
/// `InUse` while a group starts instances from one of those, or has some of it: then none goes.
pub(super) async fn back_to(aws: &Aws, id: &str, number: i64) -> Result<bool, AwsError> {
    let all = all(aws, id).await?;
    let newer: Vec<i64> = all.keys().copied().filter(|other| *other > number).collect();
    let is_default = all.get(&number) == Some(&true);
    if newer.is_empty() && is_default {
        return Ok(false);
    }
    let used = autoscaling::template_versions(aws, id).await?;
    if let Some(used) = newer.iter().map(ToString::to_string).find(|newer| used.contains(newer)) {
        return Err(AwsError {
            operation: "ec2:DeleteLaunchTemplateVersions".into(),
            code: "InUse".into(),
            message: format!("version {used} of {id} stays: an Auto Scaling group still runs instances of it"),
            request_id: None,
        });
    }
    if !is_default {
        set_default(aws, id, number).await?;
    }
    for numbers in newer.chunks(AT_ONCE) {
        delete(aws, id, numbers).await?;
    }
    Ok(true)
}

/// Every version, and whether it is the default one.
async fn all(aws: &Aws, id: &str) -> Result<BTreeMap<i64, bool>, AwsError> {
    let mut pages = aws.ec2.describe_launch_template_versions().launch_template_id(id).into_paginator().items().send();
    let mut all = BTreeMap::new();
    while let Some(version) = pages.next().await {
        let version = version.call("ec2:DescribeLaunchTemplateVersions")?;
        all.extend(version.version_number().map(|number| (number, version.default_version() == Some(true))));
    }
    Ok(all)
}

async fn delete(aws: &Aws, id: &str, numbers: &[i64]) -> Result<(), AwsError> {
    const OPERATION: &str = "ec2:DeleteLaunchTemplateVersions";
    if numbers.is_empty() {
        return Ok(());
    }
    let numbers = numbers.iter().map(ToString::to_string).collect();
    let delete = aws.ec2.delete_launch_template_versions().launch_template_id(id).set_versions(Some(numbers));
    let answer = delete.send().await.call(OPERATION)?;
    // EC2 answers such a call with success, and says in the answer what it has refused.
    let refused = answer.unsuccessfully_deleted_launch_template_versions().iter().find_map(|version| {
        let error = version.response_error()?;
        let code = error.code().map_or("", |code| code.as_str());
        // One that somebody else has deleted in the meantime is what was wanted.
        (code != "launchTemplateVersionDoesNotExist").then(|| AwsError {
            operation: OPERATION.into(),
            code: code.into(),
            message: format!("version {}: {}", version.version_number().unwrap_or(0), error.message().unwrap_or_default()),
            request_id: None,
        })
    });
    refused.map_or(Ok(()), Err)
}
