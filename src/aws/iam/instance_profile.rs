//! Instance profiles: how an EC2 instance comes by a role.

use std::time::Duration;

use aws_sdk_iam::types::InstanceProfile as AwsProfile;

use super::super::access::{Access, named, passes_roles_to, reads, uses};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::each;
use super::super::wait::{self, Look};
use super::{PAGE, concerns, deleted, from_aws, once_visible, path_for, to_aws, unless_gone};
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::Output;
use crate::plan::rule::{name, update};
use crate::resource;

resource! {
    /// Hands a role to instances.
    InstanceProfile<P> = "iam.instance_profile" {
        /// Unique in the account; at most 128 characters.
        name: String => name(),
        /// The name of the role; empty after a run cut between making it and adding the role.
        role: P::Text => update().names("iam.role"),
    }
    outputs: [Output::held("arn"), Output::plain("name")],
    hourly: false,
}

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
const ARN: &str = "iam::{account}:instance-profile/infra/{project}/{environment}/*";

/// Those of others that bear a name of ours, which the sweep looks at too.
const NAMESAKES: &str = "iam::{account}:instance-profile/*{prefix}*";

impl Resource for InstanceProfile {
    const ACCESS: Access = Access {
        read: &[
            reads(&["iam:ListInstanceProfiles"]),
            named(&["iam:ListInstanceProfileTags"], &[ARN]),
            uses(&["iam:ListInstanceProfileTags"], &[NAMESAKES]),
        ],
        write: &[
            named(
                &[
                    "iam:CreateInstanceProfile",
                    "iam:TagInstanceProfile",
                    "iam:AddRoleToInstanceProfile",
                    "iam:RemoveRoleFromInstanceProfile",
                    "iam:GetInstanceProfile",
                ],
                &[ARN],
            ),
            passes_roles_to("ec2.amazonaws.com"),
        ],
        delete: &[named(&["iam:RemoveRoleFromInstanceProfile", "iam:DeleteInstanceProfile"], &[ARN])],
    };

    /// IAM lists profiles without their tags.
    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let ours = all(aws).await?.into_iter().filter(|one| concerns(scope, one.path(), one.instance_profile_name()));
        let found = each(ours, |profile| async move {
            let pages = aws.iam.list_instance_profile_tags().instance_profile_name(profile.instance_profile_name());
            match pages.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.call("iam:ListInstanceProfileTags") {
                Ok(tags) => Ok(Some(found(&profile, from_aws(&tags)))),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        });
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let path = path_for("iam:CreateInstanceProfile", tags)?;
        let call = aws.iam.create_instance_profile().path(path).instance_profile_name(&want.name);
        let answer = call.set_tags(Some(to_aws(tags)?)).send().await.call("iam:CreateInstanceProfile")?;
        add(aws, &want.name, &want.role).await?;
        let arn = answer.instance_profile().map(AwsProfile::arn);
        Ok(Created { id: want.name.clone(), outputs: outputs([("arn", arn), ("name", Some(&want.name))]) })
    }

    async fn settle(aws: &Aws, created: Created) -> Result<Outputs, AwsError> {
        wait::until(&format!("instance profile {}", created.id), Duration::from_mins(2), || async {
            let call = aws.iam.get_instance_profile().instance_profile_name(&created.id);
            match call.send().await.call("iam:GetInstanceProfile") {
                Ok(answer) if answer.instance_profile().is_some_and(|profile| !profile.roles().is_empty()) => Ok(Look::Done(())),
                Ok(_) => Ok(Look::NotYet),
                Err(error) if error.is_not_found() => Ok(Look::NotYet),
                Err(error) => Err(error),
            }
        })
        .await?;
        Ok(created.outputs)
    }

    /// A profile holds one role at most, so the old one has to go first.
    async fn update(aws: &Aws, live: &At<Self>, want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        remove(aws, live).await?;
        add(aws, &live.id, &want.role).await?;
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        let call = aws.iam.tag_instance_profile().instance_profile_name(&live.id).set_tags(Some(to_aws(tags)?));
        call.send().await.call("iam:TagInstanceProfile").map(drop)
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        let is_there = async { Ok(all(aws).await?.iter().any(|profile| profile.instance_profile_name() == live.id)) };
        unless_gone(empty_and_delete(aws, live).await, is_there).await
    }
}

/// All instance profiles of the account.
async fn all(aws: &Aws) -> Result<Vec<AwsProfile>, AwsError> {
    let pages = aws.iam.list_instance_profiles().max_items(PAGE).into_paginator().items().send();
    pages.collect::<Result<Vec<_>, _>>().await.call("iam:ListInstanceProfiles")
}

/// IAM deletes only what holds no role.
async fn empty_and_delete(aws: &Aws, live: &At<InstanceProfile>) -> Result<(), AwsError> {
    remove(aws, live).await?;
    let call = aws.iam.delete_instance_profile().instance_profile_name(&live.id);
    deleted(call.send().await.call("iam:DeleteInstanceProfile"))
}

fn found(profile: &AwsProfile, tags: Tags) -> Found<InstanceProfile> {
    let name = profile.instance_profile_name().to_owned();
    let role = profile.roles().first().map(|role| role.role_name().to_owned()).unwrap_or_default();
    Found {
        id: name.clone(),
        state: State::Ready,
        outputs: outputs([("arn", Some(profile.arn())), ("name", Some(&name))]),
        attrs: InstanceProfile { name, role },
        tags,
    }
}

async fn add(aws: &Aws, profile: &str, role: &str) -> Result<(), AwsError> {
    let added = once_visible(|| async {
        let call = aws.iam.add_role_to_instance_profile().instance_profile_name(profile).role_name(role);
        call.send().await.call("iam:AddRoleToInstanceProfile")
    });
    match added.await {
        // There is room for one role, and a call that is repeated finds it there.
        Err(error) if error.is(&["LimitExceeded"]) && holds(aws, profile, role).await? => Ok(()),
        answer => answer.map(drop),
    }
}

async fn holds(aws: &Aws, profile: &str, role: &str) -> Result<bool, AwsError> {
    let answer = aws.iam.get_instance_profile().instance_profile_name(profile).send().await.call("iam:GetInstanceProfile")?;
    Ok(answer.instance_profile().is_some_and(|profile| profile.roles().iter().any(|found| found.role_name() == role)))
}

async fn remove(aws: &Aws, live: &At<InstanceProfile>) -> Result<(), AwsError> {
    if live.attrs.role.is_empty() {
        return Ok(());
    }
    let call = aws.iam.remove_role_from_instance_profile().instance_profile_name(&live.id).role_name(&live.attrs.role);
    deleted(call.send().await.call("iam:RemoveRoleFromInstanceProfile"))
}
