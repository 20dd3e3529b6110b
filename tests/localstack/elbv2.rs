//! Load balancers, target groups and listeners.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::{
    Action as AwsAction, ActionTypeEnum, FixedResponseActionConfig, HttpHeaderConditionConfig, RuleCondition,
};
use infra::aws::elbv2::action::Action;
use infra::aws::elbv2::listener::Listener;
use infra::aws::elbv2::load_balancer::LoadBalancer;
use infra::aws::elbv2::rule::ListenerRule;
use infra::aws::elbv2::target_group::TargetGroup;
use infra::graph::State;
use infra::plan::Action as Planned;
use serde_json::json;

use crate::around::{Network, certificate, network};
use crate::kit::{Sandbox, desired, replaced_by};

pub(crate) fn load_balancer(network: &Network) -> LoadBalancer {
    LoadBalancer {
        name: "shop-test-web".into(),
        vpc: network.vpc.clone(),
        scheme: "internal".into(),
        subnets: network.subnets.clone().into(),
        security_groups: BTreeSet::from([network.security_groups[0].clone()]),
        idle_timeout_seconds: 75,
        drop_invalid_headers: true,
        deletion_protection: None,
    }
}

pub(crate) fn target_group(network: &Network) -> TargetGroup {
    TargetGroup {
        name: "shop-test-web".into(),
        vpc: network.vpc.clone(),
        port: 8000,
        load_balancer: String::new(),
        health_check_path: "/health/".into(),
        health_check_interval_seconds: 15,
        health_check_timeout_seconds: 5,
        healthy_threshold: 2,
        unhealthy_threshold: 3,
        health_check_codes: "200".into(),
        deregistration_delay_seconds: 30,
    }
}

pub(crate) fn listener(load_balancer: String, action: Action) -> Listener {
    let (protocol, certificate, tls_policy) = ("HTTP".into(), String::new(), String::new());
    Listener { load_balancer, port: 80, protocol, certificate, tls_policy, action, rules: Vec::new() }
}

#[tokio::test]
async fn load_balancer_round_trip() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let want = load_balancer(&network);
    let other_group = LoadBalancer { security_groups: BTreeSet::from([network.security_groups[1].clone()]), ..want.clone() };
    let patient = LoadBalancer { idle_timeout_seconds: 300, drop_invalid_headers: false, ..want.clone() };
    let protected = LoadBalancer { deletion_protection: Some(true), ..want.clone() };
    let unprotected = LoadBalancer { deletion_protection: Some(false), ..want.clone() };
    sandbox.round_trip(want, [other_group, patient, protected, unprotected]).await;
}

#[tokio::test]
async fn a_load_balancer_that_is_not_ready_yet_says_so() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    sandbox.settle_slowly("elbv2").await;
    let want = load_balancer(&network);
    let created = sandbox.create("service.web.load_balancer", &want).await;
    let [live] = sandbox.list::<LoadBalancer>().await.try_into().unwrap();
    assert_eq!(live.state, State::Busy("provisioning".into()));
    assert_eq!(live.outputs, created.outputs, "all outputs are known before it is ready");
    sandbox.settle::<LoadBalancer>(created).await.unwrap();
    let [live] = sandbox.list::<LoadBalancer>().await.try_into().unwrap();
    assert_eq!(live.state, State::Ready);
}

#[tokio::test]
async fn a_load_balancer_is_gone_when_it_lets_go_of_its_subnets() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let made = sandbox.make("service.web.load_balancer", load_balancer(&network)).await;
    sandbox.settle_slowly("elbv2").await;
    sandbox.discard::<LoadBalancer>(&made).await;
    for subnet in &network.subnets {
        sandbox.aws.ec2.delete_subnet().subnet_id(subnet).send().await.unwrap();
    }
    sandbox.aws.ec2.delete_security_group().group_id(&network.security_groups[0]).send().await.unwrap();
}

#[tokio::test]
async fn a_load_balancer_in_another_network_is_another_load_balancer() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let want = load_balancer(&network);
    sandbox.make("service.web.load_balancer", want.clone()).await;
    let moved = LoadBalancer { vpc: "vpc-1".into(), scheme: "internet-facing".into(), ..want };
    let change = sandbox.plan(&desired("service.web.load_balancer", &moved)).await;
    assert_eq!(replaced_by(&change), ["vpc", "scheme"]);
}

#[tokio::test]
async fn target_group_round_trip() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let want = target_group(&network);
    let changed = TargetGroup {
        health_check_path: "/".into(),
        health_check_interval_seconds: 30,
        health_check_timeout_seconds: 6,
        healthy_threshold: 5,
        unhealthy_threshold: 2,
        health_check_codes: "200-299,301".into(),
        ..want.clone()
    };
    let patient = TargetGroup { deregistration_delay_seconds: 300, ..changed.clone() };
    sandbox.round_trip(want.clone(), [changed, patient, want]).await;
}

#[tokio::test]
async fn a_target_group_serves_one_load_balancer_only() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let arn = sandbox.make("service.web.load_balancer", load_balancer(&network)).await.output("arn");
    let want = TargetGroup { load_balancer: arn.clone(), ..target_group(&network) };
    let group = sandbox.make("service.web.target_group", want.clone()).await;
    let plan = async |want: &TargetGroup| sandbox.plan(&desired("service.web.target_group", want)).await;
    assert_eq!(plan(&want).await.action, Planned::NoOp, "no listener forwards to it yet, and one will");

    let listener = sandbox.make("service.web.listener", listener(arn, Action::Forward(group.id()))).await;
    assert_eq!(plan(&want).await.action, Planned::NoOp);
    let other = TargetGroup { load_balancer: "arn:another".into(), ..want };
    assert_eq!(replaced_by(&plan(&other).await), ["load_balancer"]);

    sandbox.discard::<Listener>(&listener).await;
    sandbox.discard::<TargetGroup>(&group).await;
}

#[tokio::test]
async fn listener_round_trip() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let arn = sandbox.make("service.web.load_balancer", load_balancer(&network)).await.output("arn");
    let group = sandbox.make("service.web.target_group", target_group(&network)).await.id();
    let plain = listener(arn, Action::Forward(group.clone()));
    let redirect = Listener { action: Action::RedirectToHttps(443), ..plain.clone() };
    let https = Listener {
        protocol: "HTTPS".into(),
        certificate: certificate(&sandbox.aws).await,
        tls_policy: "ELBSecurityPolicy-TLS13-1-2-2021-06".into(),
        action: Action::Forward(group),
        ..plain.clone()
    };
    let elsewhere = Listener { port: 8080, ..plain.clone() };
    sandbox.round_trip(plain.clone(), [redirect, https, elsewhere, plain]).await;
}

#[tokio::test]
async fn listeners_of_others_are_left_alone_and_what_they_did_to_ours_is_put_right() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let arn = sandbox.make("service.web.load_balancer", load_balancer(&network)).await.output("arn");
    let want = listener(arn.clone(), Action::RedirectToHttps(443));
    let ours = sandbox.make("service.web.listener", want.clone()).await.id();

    let gone = FixedResponseActionConfig::builder().status_code("410").content_type("text/plain").message_body("gone").build();
    let gone = AwsAction::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(gone).build();
    let elbv2 = &sandbox.aws.elbv2;
    let extra = elbv2.create_listener().load_balancer_arn(&arn).port(8080).protocol("HTTP".into());
    extra.default_actions(gone.clone()).send().await.unwrap();
    elbv2.modify_listener().listener_arn(&ours).default_actions(gone).send().await.unwrap();

    let [live] = sandbox.list::<Listener>().await.try_into().unwrap();
    assert!(live.attrs["action"]["other"].as_str().unwrap().contains(r#""status_code":"410""#), "{live:#?}");
    assert_eq!(sandbox.put_right("service.web.listener", want).await, BTreeSet::from(["action".to_owned()]));
}

fn rule(path: &str, sources: &[&str], action: Action) -> ListenerRule {
    let set = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    ListenerRule { hosts: BTreeSet::new(), paths: set(&[path]), sources: set(sources), other: String::new(), action }
}

#[tokio::test]
async fn rules_come_change_move_and_go_and_what_others_do_to_them_is_put_right() {
    const ADDRESS: &str = "service.web.listener";
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let arn = sandbox.make("service.web.load_balancer", load_balancer(&network)).await.output("arn");
    let web = sandbox.make("service.web.target_group", target_group(&network)).await.id();
    let named = |name: &str| TargetGroup { name: format!("shop-test-{name}"), ..target_group(&network) };
    let api = sandbox.make("service.api.target_group", named("api")).await;
    let tool = sandbox.make("service.tool.target_group", named("tool")).await.id();
    let to = |arn: &str| Action::Forward(arn.to_owned());
    let plain = listener(arn, to(&web));
    let with = |rules: &[ListenerRule]| Listener { rules: rules.to_vec(), ..plain.clone() };

    let of_api = rule("/api/*", &[], to(&api.id()));
    let of_tool = |sources: &[&str]| rule("/api/tool/*", sources, to(&tool));
    let hosted = ListenerRule { hosts: BTreeSet::from(["tools.example.com".to_owned()]), ..of_tool(&["192.0.2.0/24"]) };
    let refusal = rule("/api/tool/*", &[], Action::Refuse(403));
    let first = with(&[of_tool(&["192.0.2.0/24"]), refusal.clone(), of_api.clone()]);
    let changes = [
        with(&[of_tool(&["192.0.2.0/24", "198.51.100.0/24"]), refusal.clone(), of_api.clone()]),
        with(&[hosted.clone(), of_tool(&["203.0.113.0/24"]), refusal.clone(), of_api.clone()]),
        // In another order, with nothing else another.
        with(&[of_api.clone(), of_tool(&["203.0.113.0/24"]), hosted, refusal.clone()]),
        plain.clone(),
        with(std::slice::from_ref(&of_api)),
    ];
    sandbox.round_trip(first.clone(), changes).await;

    sandbox.make(ADDRESS, first.clone()).await;
    let [live] = sandbox.list::<Listener>().await.try_into().unwrap();
    let elbv2 = &sandbox.aws.elbv2;
    let there = async || elbv2.describe_rules().listener_arn(&live.id).send().await.unwrap().rules.unwrap();
    // Somebody takes one, and puts another before all others.
    let of_tools = there().await.into_iter().find(|rule| rule.priority() == Some("1")).unwrap();
    elbv2.delete_rule().rule_arn(of_tools.rule_arn().unwrap()).send().await.unwrap();
    let header = HttpHeaderConditionConfig::builder().http_header_name("X-Beta").values("1").build();
    let header = RuleCondition::builder().field("http-header").http_header_config(header).build();
    let create = elbv2.create_rule().listener_arn(&live.id).priority(1).conditions(header);
    create.actions(AwsAction::builder().r#type(ActionTypeEnum::Forward).target_group_arn(&web).build()).send().await.unwrap();
    let [live] = sandbox.list::<Listener>().await.try_into().unwrap();
    assert!(live.attrs["rules"][0]["other"].as_str().unwrap().contains("X-Beta"), "{live:#?}");
    assert_eq!(sandbox.put_right(ADDRESS, first).await, BTreeSet::from(["rules".to_owned()]));
    assert_eq!(there().await.len(), 4, "three, and the default action");

    // What they lead to can go once they have gone.
    sandbox.put_right(ADDRESS, plain).await;
    sandbox.discard::<TargetGroup>(&api).await;
}

/// The answer to the call that makes a rule is lost, and the SDK asks again: there is one all the same.
#[tokio::test]
async fn a_rule_is_not_made_twice() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let arn = sandbox.make("service.web.load_balancer", load_balancer(&network)).await.output("arn");
    let web = sandbox.make("service.web.target_group", target_group(&network)).await.id();
    let api = TargetGroup { name: "shop-test-api".into(), ..target_group(&network) };
    let api = sandbox.make("service.api.target_group", api).await.id();
    let want = listener(arn, Action::Forward(web));
    sandbox.make("service.web.listener", want.clone()).await;
    let lost = json!({ "service": "elbv2", "operation": "CreateRule", "code": "InternalFailure", "status": 500, "after": true });
    sandbox.control("fail", &lost).await;
    let rules = vec![rule("/api/*", &[], Action::Forward(api.clone())), rule("/v2/*", &[], Action::Forward(api))];
    sandbox.put_right("service.web.listener", Listener { rules, ..want }).await;
}
