//! Listeners, with their default action, which cannot carry tags, and their rules.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::types::{Certificate, Listener as AwsListener, TargetGroup};
use ipnet::Ipv4Net;
use serde_json::Value;

use super::super::access::{Access, named, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::{both, each};
use super::super::shared::shared;
use super::action::{Action, from_actions, to_action};
use super::rule::{self, ListenerRule};
use super::{deleted, load_balancer, load_balancers, tags_of_ours, target_groups, to_aws, unless_gone};
use crate::graph::{Input, Outputs, Owner, Scope, State, Tags, Wanted};
use crate::plan::Output;
use crate::plan::rule::{replace, update};
use crate::resource;

resource! {
    /// A port of a load balancer, and what happens to requests there.
    Listener<P> = "elbv2.listener" {
        /// The ARN of its load balancer.
        load_balancer: P::Text => replace(),
        /// Its port.
        port: u16 => update().headline(),
        /// `HTTP` or `HTTPS`.
        protocol: String => update().headline(),
        /// The ARN of the certificate; empty for HTTP.
        certificate: String => update(),
        /// The security policy; empty for HTTP.
        tls_policy: String => update(),
        /// What happens to requests.
        action: Action<P> => update().headline(),
        /// Which requests something else happens to; of several rules that fit one, the first counts.
        rules: Vec<ListenerRule<P>> => update().widens(lets_more_in, "addresses get through that did not"),
    }
    outputs: [Output::held("arn")],
    hourly: false,
}

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
const ARN: &str = "elasticloadbalancing:{here}:*/{prefix}*";

impl Resource for Listener {
    const ACCESS: Access = Access {
        read: &[reads(&[
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeRules",
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTags",
        ])],
        write: &[
            named(&["elasticloadbalancing:CreateListener"], &[load_balancer::ARN]),
            named(
                &[
                    "elasticloadbalancing:ModifyListener",
                    "elasticloadbalancing:AddTags",
                    "elasticloadbalancing:CreateRule",
                    "elasticloadbalancing:ModifyRule",
                    "elasticloadbalancing:SetRulePriorities",
                    "elasticloadbalancing:DeleteRule",
                ],
                &[ARN],
            ),
        ],
        delete: &[named(&["elasticloadbalancing:DeleteListener"], &[ARN])],
    };

    /// Listeners bear no names: those on our load balancers that carry no tags of ours are somebody else's business.
    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let aws = &aws.for_one_look();
        let ((mut tags, mut rules), listed) =
            both(both(tags_of_ours(aws, scope), rules_of_ours(aws, scope)), all(aws, scope)).await?;
        let found = listed.iter().filter_map(|listener| {
            let tags = tags.remove(listener.listener_arn()?)?;
            let rules = rules.remove(listener.listener_arn()?).unwrap_or_default();
            (!matches!(scope.owner(&tags), Owner::Foreign(_))).then(|| found(listener, rules, tags))
        });
        Ok(found.collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = aws
            .elbv2
            .create_listener()
            .load_balancer_arn(&want.load_balancer)
            .port(want.port.into())
            .protocol(want.protocol.as_str().into())
            .set_certificates(certificates(want))
            .set_ssl_policy(text(&want.tls_policy))
            .default_actions(to_action(&want.action)?)
            .set_tags(Some(to_aws(tags)))
            .send()
            .await
            .call("elasticloadbalancing:CreateListener")?;
        let id = answer.listeners().first().and_then(AwsListener::listener_arn).unwrap_or_default().to_owned();
        if !want.rules.is_empty() {
            rule::set(aws, &id, &want.rules).await?;
        }
        Ok(Created { outputs: outputs([("arn", Some(&id))]), id })
    }

    /// Says everything but the rules anew: a certificate belongs to HTTPS alone, so they change together. Rules come before the rest,
    /// but where there are to be none: what they took from the default action is not to reach it before that is another.
    async fn update(aws: &Aws, live: &At<Self>, want: &Self, changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        let (rules, rest) = (changed.any(&["rules"]), changed.0.iter().any(|name| name != "rules"));
        if rules && !want.rules.is_empty() {
            rule::set(aws, &live.id, &want.rules).await?;
        }
        if rest {
            aws.elbv2
                .modify_listener()
                .listener_arn(&live.id)
                .port(want.port.into())
                .protocol(want.protocol.as_str().into())
                .set_certificates(certificates(want))
                .set_ssl_policy(text(&want.tls_policy))
                .default_actions(to_action(&want.action)?)
                .send()
                .await
                .call("elasticloadbalancing:ModifyListener")?;
        }
        if rules && want.rules.is_empty() {
            rule::set(aws, &live.id, &[]).await?;
        }
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        deleted(aws.elbv2.delete_listener().listener_arn(&live.id).send().await.call("elasticloadbalancing:DeleteListener"))
    }
}

/// The listeners of the load balancers whose names begin as ours do.
pub(super) async fn all(aws: &Aws, scope: &Scope) -> Result<Vec<AwsListener>, AwsError> {
    let question = async {
        let load_balancers = load_balancers(aws, scope).await?;
        let arns = load_balancers.iter().filter_map(|load_balancer| load_balancer.load_balancer_arn());
        let listeners = each(arns, async |arn| unless_gone(of(aws, arn).await)).await?;
        Ok(listeners.into_iter().flatten().flatten().collect())
    };
    shared(aws, |shared| &shared.listeners, question).await
}

/// The rules of the environment's listeners, by ARN. Each listener has to be asked, so only those are whose load balancer serves target
/// groups that no default action names: rules that lead nowhere of ours are nobody's as long as there are none of ours.
async fn rules_of_ours(aws: &Aws, scope: &Scope) -> Result<BTreeMap<String, Vec<ListenerRule>>, AwsError> {
    let (groups, listeners) = both(target_groups(aws, scope), all(aws, scope)).await?;
    let leads = |listener: &AwsListener| match from_actions(listener.default_actions()) {
        Action::Forward(target_group) => Some(target_group),
        _ => None,
    };
    let by_default: Vec<String> = listeners.iter().filter_map(leads).collect();
    let elsewhere = groups.iter().filter(|group| !by_default.iter().any(|arn| group.target_group_arn() == Some(arn)));
    let served: Vec<&String> = elsewhere.flat_map(TargetGroup::load_balancer_arns).collect();
    let asked = listeners.iter().filter(|listener| served.iter().any(|arn| listener.load_balancer_arn() == Some(arn)));
    let asked = asked.filter_map(AwsListener::listener_arn);
    let rules = each(asked, async |arn| {
        let rules = unless_gone(rule::of(aws, arn).await)?.unwrap_or_default();
        Ok::<_, AwsError>((arn.to_owned(), rules.into_iter().map(|numbered| numbered.rule).collect()))
    });
    Ok(rules.await?.into_iter().collect())
}

/// Whether more addresses get through to something that was not for everybody.
fn lets_more_in(before: &Value, after: &Value) -> bool {
    let forwards = |value: &Value| -> Vec<(Input, BTreeSet<String>)> {
        let rules: Vec<ListenerRule<Wanted>> = serde_json::from_value(value.clone()).unwrap_or_default();
        let forward = |rule: ListenerRule<Wanted>| match rule.action {
            Action::Forward(target_group) => Some((target_group, rule.sources)),
            _ => None,
        };
        rules.into_iter().filter_map(forward).collect()
    };
    let range = |text: &String| text.parse::<Ipv4Net>().ok();
    let was = forwards(before);
    forwards(after).into_iter().any(|(target_group, sources)| {
        let mut passed = was.iter().filter(|(other, _)| *other == target_group).map(|(_, sources)| sources).peekable();
        if passed.peek().is_none() || passed.clone().any(BTreeSet::is_empty) {
            return false;
        }
        let passed: Vec<Ipv4Net> = passed.flatten().filter_map(range).collect();
        let let_in = |source: &String| range(source).is_some_and(|source| passed.iter().any(|was| was.contains(&source)));
        sources.is_empty() || !sources.iter().all(let_in)
    })
}

/// The listeners of a load balancer.
async fn of(aws: &Aws, load_balancer: &str) -> Result<Vec<AwsListener>, AwsError> {
    let mut pages = aws.elbv2.describe_listeners().load_balancer_arn(load_balancer).into_paginator().items().send();
    let mut listeners = Vec::new();
    while let Some(listener) = pages.next().await {
        listeners.push(listener.call("elasticloadbalancing:DescribeListeners")?);
    }
    Ok(listeners)
}

fn found(listener: &AwsListener, rules: Vec<ListenerRule>, tags: Tags) -> Found<Listener> {
    Found {
        id: listener.listener_arn().unwrap_or_default().to_owned(),
        state: State::Ready,
        attrs: Listener {
            load_balancer: listener.load_balancer_arn().unwrap_or_default().to_owned(),
            port: listener.port().and_then(|port| port.try_into().ok()).unwrap_or(0),
            protocol: listener.protocol().map_or("", |protocol| protocol.as_str()).to_owned(),
            certificate: listener.certificates().first().and_then(Certificate::certificate_arn).unwrap_or_default().to_owned(),
            tls_policy: listener.ssl_policy().unwrap_or_default().to_owned(),
            action: from_actions(listener.default_actions()),
            rules,
        },
        outputs: outputs([("arn", listener.listener_arn())]),
        tags,
    }
}

fn certificates(want: &Listener) -> Option<Vec<Certificate>> {
    text(&want.certificate).map(|arn| vec![Certificate::builder().certificate_arn(arn).build()])
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn more_get_in_where_more_addresses_do() {
        let rule = |group: &str, path: &str, sources: &[&str]| json!({ "hosts": [], "paths": [path], "sources": sources, "action": { "forward": group } });
        let was = json!([rule("tool", "/tool/*", &["203.0.113.0/24"]), rule("api", "/api/*", &[])]);
        let more = |after: Value| lets_more_in(&was, &after);
        assert!(!more(was.clone()) && !more(json!([])));
        assert!(!more(json!([rule("tool", "/other/*", &["203.0.113.7/32"]), rule("api", "/v2/*", &[])])), "fewer, and elsewhere");
        assert!(!more(json!([rule("new", "/new/*", &[])])), "it was not there for anybody");
        for sources in [&[][..], &["0.0.0.0/0"], &["203.0.113.0/24", "192.0.2.1/32"]] {
            assert!(more(json!([rule("tool", "/tool*", sources)])), "{sources:?}");
        }
    }
}
