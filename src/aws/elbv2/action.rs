//! What load balancers do with requests.

use aws_sdk_elasticloadbalancingv2::types::{
    Action as AwsAction, ActionTypeEnum, FixedResponseActionConfig, ForwardActionConfig, RedirectActionConfig,
    RedirectActionStatusCodeEnum, TargetGroupStickinessConfig, TargetGroupTuple,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::error::AwsError;
use crate::graph::{Actual, Phase};

/// What happens to requests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", rename_all = "snake_case")]
pub enum Action<P: Phase = Actual> {
    /// A target group, by ARN, gets them.
    Forward(P::Text),
    /// The sender is told to come again over HTTPS, on this port, for good (301).
    RedirectToHttps(u16),
    /// The sender is refused, with this HTTP code.
    Refuse(u16),
    /// What somebody else set up, as JSON; `infra` makes none.
    Other(String),
}

/// As ELB takes it.
///
/// # Errors
/// Where it is none of ours.
pub(super) fn to_action(action: &Action) -> Result<AwsAction, AwsError> {
    match action {
        Action::Forward(target_group) => {
            Ok(AwsAction::builder().r#type(ActionTypeEnum::Forward).target_group_arn(target_group).build())
        }
        Action::RedirectToHttps(port) => {
            Ok(AwsAction::builder().r#type(ActionTypeEnum::Redirect).redirect_config(to_https(*port)).build())
        }
        Action::Refuse(status) => {
            Ok(AwsAction::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(refusal(*status)).build())
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

/// An answer of a code and nothing else.
fn refusal(status: u16) -> FixedResponseActionConfig {
    FixedResponseActionConfig::builder().status_code(status.to_string()).content_type("text/plain").build()
}

/// What ELB tells, as far as it is of our kinds.
pub(super) fn from_actions(actions: &[AwsAction]) -> Action {
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
        (Some(ActionTypeEnum::FixedResponse), _, _) => refused(action).unwrap_or_else(other),
        _ => other(),
    }
}

/// A refusal without a message; what type the message it has not is of tells nothing.
fn refused(action: &AwsAction) -> Option<Action> {
    let fixed = action.fixed_response_config()?;
    let plain = fixed.message_body().unwrap_or_default().is_empty();
    fixed.status_code().filter(|_| plain)?.parse().ok().map(Action::Refuse)
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
        for action in [Action::Forward("arn:tg".into()), Action::RedirectToHttps(8443), Action::Refuse(403)] {
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
