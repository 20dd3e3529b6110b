//! Who may take the two roles: a CI system proves by OpenID Connect which repository a job is of, and how it was started.
//!
//! Whoever can open a pull request may plan. Applying takes a job of the environment itself, which the CI system protects.

use std::str::FromStr;

use serde::Serialize;

use super::document::{Document, Statement};
use crate::values::partition::partition;

/// A CI system, and what of it is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A repository on GitHub, as the subject of its tokens spells it: `OWNER/REPO`, or `OWNER@ID/REPO@ID` where subjects are
    /// immutable ("OpenID Connect reference", "Immutable subject claims").
    GitHub {
        /// Owner and name.
        repository: String,
    },
    /// A project on CircleCI.
    CircleCi {
        /// The id of its organisation.
        organisation: String,
        /// Its id.
        project: String,
    },
}

/// The trust policies of both roles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrustPolicies {
    /// Of the role that plans.
    pub plan: Document,
    /// Of the role that applies.
    pub apply: Document,
}

/// Not a CI system that is known, or not as it is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "write `github:OWNER/REPO`, `github:OWNER@ID/REPO@ID` for a repository with immutable subject claims, \
or `circleci:ORGANISATION-ID/PROJECT-ID`"
)]
pub struct BadTrust;

impl FromStr for Trust {
    type Err = BadTrust;

    fn from_str(text: &str) -> Result<Self, BadTrust> {
        let (system, rest) = text.split_once(':').ok_or(BadTrust)?;
        let (first, second) = rest.split_once('/').ok_or(BadTrust)?;
        match system {
            "github" => {
                // Either both have ids or neither.
                let parts = [first, second].map(|part| part.split_once('@').map_or((part, None), |(name, id)| (name, Some(id))));
                let [(owner, owner_id), (name, id)] = parts;
                let ids = match (owner_id, id) {
                    (Some(owner_id), Some(id)) => number(owner_id) && number(id),
                    (None, None) => true,
                    _ => false,
                };
                let plain = word(owner, "-_") && word(name, "-_.");
                (plain && ids).then(|| Self::GitHub { repository: rest.into() }).ok_or(BadTrust)
            }
            "circleci" if uuid(first) && uuid(second) => {
                Ok(Self::CircleCi { organisation: first.to_ascii_lowercase(), project: second.to_ascii_lowercase() })
            }
            _ => Err(BadTrust),
        }
    }
}

impl Trust {
    /// The trust policies for an environment in an account; `branch` is the repository's default branch.
    pub fn policies(&self, account: &str, region: &str, environment: &str, branch: &str) -> TrustPolicies {
        let provider = self.provider();
        let document = |sid: &str, operator: &'static str, subjects: Vec<String>| {
            let federated = format!("arn:{}:iam::{account}:oidc-provider/{provider}", partition(region));
            let mut statement = Statement {
                sid: sid.into(),
                principals: [("Federated", federated)].into(),
                actions: ["sts:AssumeRoleWithWebIdentity".to_owned()].into(),
                ..Statement::default()
            };
            statement.when("StringEquals", format!("{provider}:aud"), [self.audience()]);
            statement.when(operator, format!("{provider}:sub"), subjects);
            Document::new(vec![statement])
        };
        match self {
            Self::GitHub { repository } => TrustPolicies {
                plan: document(
                    "Plan",
                    "StringEquals",
                    vec![format!("repo:{repository}:pull_request"), format!("repo:{repository}:ref:refs/heads/{branch}")],
                ),
                apply: document("Apply", "StringEquals", vec![format!("repo:{repository}:environment:{environment}")]),
            },
            // CircleCI's tokens know no environment; those of its second version know the branch.
            Self::CircleCi { organisation, project } => {
                let subject = format!("org/{organisation}/project/{project}/user/*");
                let mut apply =
                    document("Apply", "StringLike", vec![format!("{subject}/vcs-origin/*/vcs-ref/refs/heads/{branch}")]);
                // `*` spans slashes, and a branch may be called `x/vcs-ref/refs/heads/main`.
                for statement in &mut apply.statements {
                    statement.when("StringNotLike", format!("{provider}:sub"), ["*/vcs-ref/*/vcs-ref/*".to_owned()]);
                }
                TrustPolicies { plan: document("Plan", "StringLike", vec![subject]), apply }
            }
        }
    }

    /// The provider of tokens, as IAM names it.
    fn provider(&self) -> String {
        match self {
            Self::GitHub { .. } => "token.actions.githubusercontent.com".into(),
            Self::CircleCi { organisation, .. } => format!("oidc.circleci.com/org/{organisation}"),
        }
    }

    /// Whom tokens are made out to.
    fn audience(&self) -> String {
        match self {
            Self::GitHub { .. } => "sts.amazonaws.com".into(),
            Self::CircleCi { organisation, .. } => organisation.clone(),
        }
    }
}

fn word(text: &str, more: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}

fn number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len).collect::<Vec<_>>();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subjects(document: &Document) -> String {
        let statement = document.statements.first().unwrap();
        let subjects = statement.conditions.values().flatten().filter(|(key, _)| key.ends_with(":sub"));
        subjects.flat_map(|(_, values)| values.0.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn whoever_opens_a_pull_request_plans_and_the_environment_applies() {
        for repository in ["Octo-Org/shop.infra", "octocat@123456/shop@456789"] {
            let trust: Trust = format!("github:{repository}").parse().unwrap();
            let policies = trust.policies("123456789012", "eu-west-1", "prod", "main");
            let expected = format!("repo:{repository}:pull_request repo:{repository}:ref:refs/heads/main");
            assert_eq!(subjects(&policies.plan), expected);
            assert_eq!(subjects(&policies.apply), format!("repo:{repository}:environment:prod"));
        }
    }

    #[test]
    fn circleci_tells_branches_apart() {
        let (org, project) = ("c4b0cd6b-0001-4c4b-8a6e-0123456789ab", "0d3f2e0c-0002-4c4b-8a6e-0123456789ab");
        let trust: Trust = format!("circleci:{org}/{project}").parse().unwrap();
        let policies = trust.policies("123456789012", "eu-west-1", "prod", "main");
        let subject = format!("org/{org}/project/{project}/user/*");
        assert_eq!(subjects(&policies.plan), subject);
        let main = format!("{subject}/vcs-origin/*/vcs-ref/refs/heads/main");
        // A branch called `x/vcs-ref/refs/heads/main` would match that, too.
        assert_eq!(subjects(&policies.apply), format!("{main} */vcs-ref/*/vcs-ref/*"));
        assert!(policies.apply.statements[0].conditions.contains_key("StringNotLike"));
    }

    #[test]
    fn what_would_trust_too_many_is_refused() {
        for bad in [
            "octo-org/shop",
            "github:octo-org",
            "github:octo-org/*",
            "github:*/shop",
            "github:octo-org/",
            "github:octo-org/shop:ref:refs/heads/main",
            "github:octo-org@1/shop",
            "github:octo-org@x/shop@y",
            "github:octo-org/shop/more",
            "circleci:octo-org/shop",
            "gitlab:octo-org/shop",
        ] {
            assert_eq!(bad.parse::<Trust>(), Err(BadTrust), "{bad}");
        }
    }
}
