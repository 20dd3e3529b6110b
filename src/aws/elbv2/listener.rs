//! Listeners, with their default action, which cannot carry tags.

use aws_sdk_elasticloadbalancingv2::types::{
    Action as AwsAction, ActionTypeEnum, Certificate, ForwardActionConfig, Listener as AwsListener, RedirectActionConfig,
    RedirectActionStatusCodeEnum, TargetGroupStickinessConfig, TargetGroupTuple,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::access::{Access, named, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::{both, each};
use super::super::shared::shared;
use super::{deleted, load_balancer, load_balancers, tags_of_ours, to_aws, unless_gone};
use crate::graph::{Actual, Outputs, Owner, Phase, Scope, State, Tags};
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
    }
    outputs: [Output::held("arn")],
    hourly: false,
}

/// What happens to requests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", rename_all = "snake_case")]
pub enum Action<P: Phase = Actual> {
    /// A target group, by ARN, gets them.
    Forward(P::Text),
    /// The sender is told to come again over HTTPS, on this port, for good (301).
    RedirectToHttps(u16),
    /// What somebody else set up, as JSON; `infra` makes none.
    Other(String),
}

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
const ARN: &str = "elasticloadbalancing:{here}:*/{prefix}*";

impl Resource for Listener {
    const ACCESS: Access = Access {
        read: &[reads(&[
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeTags",
        ])],
        write: &[
            named(&["elasticloadbalancing:CreateListener"], &[load_balancer::ARN]),
            named(&["elasticloadbalancing:ModifyListener", "elasticloadbalancing:AddTags"], &[ARN]),
        ],
        delete: &[named(&["elasticloadbalancing:DeleteListener"], &[ARN])],
    };

    /// Listeners bear no names: those on our load balancers that carry no tags of ours are somebody else's business.
    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let aws = &aws.for_one_look();
        let (mut tags, listed) = both(tags_of_ours(aws, scope), all(aws, scope)).await?;
        let found = listed.iter().filter_map(|listener| {
            let tags = tags.remove(listener.listener_arn()?)?;
            (!matches!(scope.owner(&tags), Owner::Foreign(_))).then(|| found(listener, tags))
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
        Ok(Created { outputs: outputs([("arn", Some(&id))]), id })
    }

    /// Says everything anew: a certificate belongs to HTTPS alone, so they change together.
    async fn update(aws: &Aws, live: &At<Self>, want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
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

/// The listeners of a load balancer.
async fn of(aws: &Aws, load_balancer: &str) -> Result<Vec<AwsListener>, AwsError> {
    let mut pages = aws.elbv2.describe_listeners().load_balancer_arn(load_balancer).into_paginator().items().send();
    let mut listeners = Vec::new();
    while let Some(listener) = pages.next().await {
        listeners.push(listener.call("elasticloadbalancing:DescribeListeners")?);
    }
    Ok(listeners)
}

fn found(listener: &AwsListener, tags: Tags) -> Found<Listener> {
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

fn to_action(action: &Action) -> Result<AwsAction, AwsError> {
    match action {
        Action::Forward(target_group) => {
            Ok(AwsAction::builder().r#type(ActionTypeEnum::Forward).target_group_arn(target_group).build())
        }
        Action::RedirectToHttps(port) => {
            Ok(AwsAction::builder().r#type(ActionTypeEnum::Redirect).redirect_config(to_https(*port)).build())
        }
        Action::Other(action) => {
            Err(AwsError::unexpected("elasticloadbalancing:ModifyListener", format!("{action} is nothing that infra sets up")))
        }
    }
}

/// The same address over HTTPS; what is not named keeps what the request had.
fn to_https(port: u16) -> RedirectActionConfig {
    RedirectActionConfig::builder()
        .protocol("HTTPS")
        .port(port.to_string())
        .host("#{host}")
        .path("/#{path}")
        .query("#{query}")
        .status_code(RedirectActionStatusCodeEnum::Http301)
        .build()
}

fn from_actions(actions: &[AwsAction]) -> Action {
    let other = || Action::Other(actions.iter().map(describe).collect::<serde_json::Value>().to_string());
    let [action] = actions else { return other() };
    let groups = action.forward_config().map(ForwardActionConfig::target_groups).unwrap_or_default();
    let sticky = action
        .forward_config()
        .and_then(ForwardActionConfig::target_group_stickiness_config)
        .and_then(TargetGroupStickinessConfig::enabled);
    let target_group = match groups {
        [] => action.target_group_arn(),
        [group] => group.target_group_arn(),
        _ => None,
    };
    match (action.r#type(), target_group, action.redirect_config()) {
        (Some(ActionTypeEnum::Forward), Some(target_group), _) if sticky != Some(true) => {
            Action::Forward(target_group.to_owned())
        }
        (Some(ActionTypeEnum::Redirect), _, Some(redirect)) => match redirect.port().and_then(|port| port.parse().ok()) {
            Some(port) if *redirect == to_https(port) => Action::RedirectToHttps(port),
            _ => other(),
        },
        _ => other(),
    }
}

/// What somebody else set up, as far as it fits into a line of a plan.
fn describe(action: &AwsAction) -> serde_json::Value {
    let forward = action.forward_config().map(|forward| {
        let group = |group: &TargetGroupTuple| json!({ "target_group": group.target_group_arn(), "weight": group.weight() });
        forward.target_groups().iter().map(group).collect::<Vec<_>>()
    });
    let redirect = action.redirect_config().map(|to| {
        json!({
            "protocol": to.protocol(), "host": to.host(), "port": to.port(), "path": to.path(), "query": to.query(),
            "status_code": to.status_code().map(RedirectActionStatusCodeEnum::as_str),
        })
    });
    let fixed = action.fixed_response_config().map(|fixed| {
        json!({ "status_code": fixed.status_code(), "content_type": fixed.content_type(), "message_body": fixed.message_body() })
    });
    let parts = [("forward", forward.map(Into::into)), ("redirect", redirect), ("fixed_response", fixed)];
    let mut described = json!({ "type": action.r#type().map(ActionTypeEnum::as_str) });
    for (name, part) in parts {
        if let Some(part) = part {
            described[name] = part;
        }
    }
    described
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_back() {
        for action in [Action::Forward("arn:tg".into()), Action::RedirectToHttps(8443)] {
            assert_eq!(from_actions(&[to_action(&action).unwrap()]), action);
        }
    }

    #[test]
    fn elb_tells_one_target_group_in_two_places() {
        let tuple = TargetGroupTuple::builder().target_group_arn("arn:tg").weight(1).build();
        let forward = |groups: &[TargetGroupTuple]| {
            let config = ForwardActionConfig::builder().set_target_groups(Some(groups.to_vec())).build();
            AwsAction::builder().r#type(ActionTypeEnum::Forward).forward_config(config).build()
        };
        assert_eq!(from_actions(&[forward(std::slice::from_ref(&tuple))]), Action::Forward("arn:tg".into()));
        assert!(matches!(from_actions(&[forward(&[tuple.clone(), tuple])]), Action::Other(_)));
    }

    #[test]
    fn another_redirect_is_told_as_it_is() {
        let config =
            RedirectActionConfig::builder().host("example.org").status_code(RedirectActionStatusCodeEnum::Http302).build();
        let action = AwsAction::builder().r#type(ActionTypeEnum::Redirect).redirect_config(config).build();
        let Action::Other(text) = from_actions(&[action]) else { panic!("it is none of ours") };
        assert!(text.contains("example.org") && text.contains("HTTP_302"), "{text}");
        assert!(to_action(&Action::Other(text)).is_err());
    }
}
