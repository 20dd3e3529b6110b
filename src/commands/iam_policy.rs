//! `infra iam-policy`: the least rights for an environment, without AWS.

use serde::Serialize;

use super::context::Context;
use super::error::{Error, Exit};
use super::prepare;
use crate::cli::{IamPolicy, PolicyFor};
use crate::desired;
use crate::permissions::{Document, INLINE_LIMIT, MANAGED_LIMIT, Place, Source, TrustPolicies, Verb, json, least};
use crate::spec::Notify;

/// What is printed.
#[derive(Serialize)]
#[serde(untagged)]
enum Printed {
    Policy(Policy),
    WithTrust { policy: Policy, trust: TrustPolicies },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Policy {
    Whole(Document),
    Parts(Vec<Document>),
}

pub(super) fn run(context: &Context, command: &IamPolicy) -> Result<Exit, Error> {
    let environment = prepare::environment(context, &command.environment.env)?;
    let (scope, aws) = (prepare::scope(&environment), &environment.aws);
    let verb = match command.verb {
        PolicyFor::Plan => Verb::Plan,
        PolicyFor::Apply => Verb::Apply,
        PolicyFor::Promotion => Verb::Promotion,
        PolicyFor::Push => Verb::Push,
    };
    let from = environment.promotion.as_ref().and_then(|promotion| promotion.from.as_deref());
    let from = from.map(|from| prepare::environment(context, from)).transpose()?;
    let source = from.as_ref().and_then(|from| match &from.aws.role {
        _ if (&from.aws.account, &from.aws.region) == (&aws.account, &aws.region) => Some(Source::Here(&from.environment)),
        role => role.as_deref().map(Source::By),
    });
    let place = Place { scope: &scope, account: &aws.account, region: &aws.region, source };
    let mut policy = least(verb, place, &desired::kinds(&environment));
    let tells = |notify: &&Notify| verb == Verb::Apply || verb == Verb::Plan && notify.tells_plans();
    policy = policy.with_keys(environment.notify.iter().filter(tells).flat_map(Notify::keys), place);
    let size = policy.size();
    if size > INLINE_LIMIT && !command.split {
        context.tell(&format!(
            "note: the policy has {size} characters, and the inline policies of a role at most {INLINE_LIMIT}; `--split` makes \
             managed policies of it\n"
        ));
    }
    let policy = if command.split { Policy::Parts(policy.parts(MANAGED_LIMIT)) } else { Policy::Whole(policy) };
    let trust =
        command.trust.as_ref().map(|trust| trust.policies(&aws.account, &aws.region, &environment.environment, &command.branch));
    let printed = match trust {
        None => Printed::Policy(policy),
        Some(trust) => Printed::WithTrust { policy, trust },
    };
    context.print(&format!("{}\n", json(&printed)))?;
    Ok(Exit::Done)
}
