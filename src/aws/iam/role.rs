//! Roles, with their inline policies, which cannot carry tags, and the managed ones attached to them.
//!
//! Roles live under the path `/infra/<project>/<environment>/`, so that policies about them can be narrow.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{EntityType, Role as AwsRole, RoleDetail};
use percent_encoding::percent_decode_str;

use super::super::access::{Access, named, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::rights::{attaches, grants_more, trusts_more};
use super::{PAGE, concerns, deleted, from_aws, once_visible, path_for, to_aws, unless_gone};
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::Output;
use crate::plan::rule::{name, update};
use crate::resource;
use crate::values::policy::Policy;

resource! {
    /// What a service may do in AWS.
    Role<P> = "iam.role" {
        /// Unique in the account, whatever the path; at most 64 characters.
        name: String => name(),
        /// Who may assume it.
        trust: Policy => update().widens(trusts_more, "more may assume it than before").headline(),
        /// Inline policies by name.
        policies: BTreeMap<String, Policy<P>> => update().widens(grants_more, "it may do what it could not before").headline(),
        /// ARNs of attached managed policies.
        managed_policies: BTreeSet<String> => update().widens(attaches, "it may do all that another policy allows").headline(),
    }
    outputs: [Output::held("arn"), Output::plain("name")],
    hourly: false,
}

/// The call that tells everything about roles at once, where others take four for each.
const DETAILS: &str = "iam:GetAccountAuthorizationDetails";

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
const ARN: &str = "iam::{account}:role/infra/{project}/{environment}/*";

impl Resource for Role {
    /// No spec attaches managed policies to a role; what people attached is detached.
    const ACCESS: Access = Access {
        read: &[reads(&["iam:GetAccountAuthorizationDetails"])],
        write: &[named(
            &[
                "iam:CreateRole",
                "iam:TagRole",
                "iam:PutRolePolicy",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:UpdateAssumeRolePolicy",
            ],
            &[ARN],
        )],
        delete: &[named(&["iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:DeleteRole"], &[ARN])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let concerns =
            |role: &&RoleDetail| concerns(scope, role.path().unwrap_or_default(), role.role_name().unwrap_or_default());
        all(aws).await?.iter().filter(concerns).map(found).collect()
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let call = aws.iam.create_role().path(path_for("iam:CreateRole", tags)?).role_name(&want.name);
        let call = call.assume_role_policy_document(want.trust.document()).set_tags(Some(to_aws(tags)?));
        let answer = call.send().await.call("iam:CreateRole")?;
        for (policy, document) in &want.policies {
            once_visible(|| put(aws, &want.name, policy, document)).await?;
        }
        for policy in &want.managed_policies {
            once_visible(|| attach(aws, &want.name, policy)).await?;
        }
        let arn = answer.role().map(AwsRole::arn);
        Ok(Created { id: want.name.clone(), outputs: outputs([("arn", arn), ("name", Some(&want.name))]) })
    }

    /// What a service gains comes before what it loses.
    async fn update(aws: &Aws, live: &At<Self>, want: &Self, changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        let (role, now) = (&live.id, &live.attrs);
        if changed.any(&["trust"]) {
            let call = aws.iam.update_assume_role_policy().role_name(role).policy_document(want.trust.document());
            call.send().await.call("iam:UpdateAssumeRolePolicy")?;
        }
        for (policy, document) in want.policies.iter().filter(|(policy, document)| now.policies.get(*policy) != Some(document)) {
            put(aws, role, policy, document).await?;
        }
        for policy in &want.managed_policies - &now.managed_policies {
            attach(aws, role, &policy).await?;
        }
        for policy in now.policies.keys().filter(|policy| !want.policies.contains_key(*policy)) {
            remove(aws, role, policy).await?;
        }
        for policy in &now.managed_policies - &want.managed_policies {
            detach(aws, role, &policy).await?;
        }
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        aws.iam.tag_role().role_name(&live.id).set_tags(Some(to_aws(tags)?)).send().await.call("iam:TagRole").map(drop)
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        let is_there = async { Ok(all(aws).await?.iter().any(|role| role.role_name() == Some(&live.id))) };
        unless_gone(empty_and_delete(aws, live).await, is_there).await
    }
}

/// All roles of the account.
async fn all(aws: &Aws) -> Result<Vec<RoleDetail>, AwsError> {
    let call = aws.iam.get_account_authorization_details().filter(EntityType::Role).max_items(PAGE);
    let pages = call.into_paginator().send().collect::<Result<Vec<_>, _>>().await.call(DETAILS)?;
    Ok(pages.into_iter().flat_map(|page| page.role_detail_list.unwrap_or_default()).collect())
}

/// IAM deletes only what has no policies.
async fn empty_and_delete(aws: &Aws, live: &At<Role>) -> Result<(), AwsError> {
    for policy in live.attrs.policies.keys() {
        remove(aws, &live.id, policy).await?;
    }
    for policy in &live.attrs.managed_policies {
        detach(aws, &live.id, policy).await?;
    }
    deleted(aws.iam.delete_role().role_name(&live.id).send().await.call("iam:DeleteRole"))
}

fn found(role: &RoleDetail) -> Result<Found<Role>, AwsError> {
    let name = role.role_name().unwrap_or_default().to_owned();
    let policies = role.role_policy_list().iter().map(|policy| {
        let document = parse(&name, policy.policy_document().unwrap_or_default())?;
        Ok((policy.policy_name().unwrap_or_default().to_owned(), document))
    });
    let managed = role.attached_managed_policies().iter();
    Ok(Found {
        state: State::Ready,
        attrs: Role {
            trust: parse(&name, role.assume_role_policy_document().unwrap_or_default())?,
            policies: policies.collect::<Result<_, AwsError>>()?,
            managed_policies: managed.filter_map(|policy| policy.policy_arn().map(str::to_owned)).collect(),
            name: name.clone(),
        },
        outputs: outputs([("arn", role.arn()), ("name", Some(&name))]),
        tags: from_aws(role.tags()),
        id: name,
    })
}

/// IAM gives documents URL-encoded ("compliant with RFC 3986").
fn parse(role: &str, document: &str) -> Result<Policy, AwsError> {
    let document = percent_decode_str(document).decode_utf8_lossy();
    Policy::parse(&document)
        .map_err(|error| AwsError::unexpected(DETAILS, format!("a policy of the role {role} is not JSON: {error}")))
}

async fn put(aws: &Aws, role: &str, policy: &str, document: &Policy) -> Result<(), AwsError> {
    let call = aws.iam.put_role_policy().role_name(role).policy_name(policy).policy_document(document.document());
    call.send().await.call("iam:PutRolePolicy").map(drop)
}

async fn remove(aws: &Aws, role: &str, policy: &str) -> Result<(), AwsError> {
    deleted(aws.iam.delete_role_policy().role_name(role).policy_name(policy).send().await.call("iam:DeleteRolePolicy"))
}

async fn attach(aws: &Aws, role: &str, policy: &str) -> Result<(), AwsError> {
    aws.iam.attach_role_policy().role_name(role).policy_arn(policy).send().await.call("iam:AttachRolePolicy").map(drop)
}

async fn detach(aws: &Aws, role: &str, policy: &str) -> Result<(), AwsError> {
    deleted(aws.iam.detach_role_policy().role_name(role).policy_arn(policy).send().await.call("iam:DetachRolePolicy"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded_and_a_plus_stays_a_plus() {
        let encoded = "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3AGet+%22%2C%22Resource%22%3A%22%2A%22%7D%7D";
        let expected =
            Policy { statements: BTreeSet::from([crate::values::policy::Statement::allow(&["s3:Get+"], ["*".into()])]) };
        assert_eq!(parse("web", encoded).unwrap(), expected);
        assert!(parse("web", "%7B").unwrap_err().message.contains("web"));
    }
}
