//! Auto Scaling groups: their instances, and how these change to another version.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::{DesiredConfiguration, LaunchTemplateSpecification, Tag};
use infra::aws::Aws;
use infra::aws::AwsError;
use infra::aws::autoscaling::group::Group;
use infra::aws::ec2::launch_template::LaunchTemplate;
use infra::aws::elbv2::action::Action;
use infra::aws::elbv2::listener::Listener;
use infra::aws::elbv2::load_balancer::LoadBalancer;
use infra::aws::elbv2::target_group::TargetGroup;
use infra::aws::kind::{At, Changed, Resource};
use infra::graph::{Created, Outputs};
use infra::plan::{self, Reason};
use serde_json::json;

use crate::around::{Network, network};
use crate::elbv2::{listener, load_balancer, target_group};
use crate::kit::{Made, Sandbox, desired, replaced_by};
use crate::launch_template::launch_template;

pub(crate) const GROUP: &str = "service.web.group";
pub(crate) const TEMPLATE: &str = "service.web.launch_template";

/// A network with a launch template in it.
pub(crate) async fn surroundings(sandbox: &Sandbox) -> (Network, LaunchTemplate, Made) {
    let network = network(&sandbox.aws).await;
    let template = launch_template(&sandbox.aws, &network).await;
    let made = sandbox.make(TEMPLATE, template.clone()).await;
    (network, template, made)
}

pub(crate) fn group(network: &Network, template: &Made) -> Group {
    Group {
        name: "shop-test-web".into(),
        vpc: network.vpc.clone(),
        subnets: network.subnets.clone().into(),
        launch_template: template.id(),
        launch_template_version: "1".into(),
        min: 1,
        max: 2,
        target_groups: BTreeSet::new(),
        health_check: "EC2".into(),
        health_check_grace_seconds: 300,
        warmup_seconds: 120,
        cpu_target_percent: 60,
        min_healthy_percent: 100,
        max_healthy_percent: 150,
        checkpoint_percents: Vec::new(),
        checkpoint_delay_seconds: None,
        alarms: BTreeSet::new(),
        own_alarms: BTreeSet::new(),
    }
}

/// A target group that a listener forwards to.
pub(crate) async fn front(sandbox: &Sandbox, network: &Network) -> String {
    let load_balancer = sandbox.make::<LoadBalancer>("service.web.load_balancer", load_balancer(network)).await.id();
    let target_group = sandbox.make::<TargetGroup>("service.web.target_group", target_group(network)).await.id();
    let forward = listener(load_balancer, Action::Forward(target_group.clone()));
    sandbox.make::<Listener>("service.web.listener", forward).await;
    target_group
}

/// The versions that instances in service run, sorted.
pub(crate) async fn running(aws: &Aws) -> Vec<String> {
    let answer = aws.autoscaling.describe_auto_scaling_groups().send().await.unwrap();
    let instances = answer.auto_scaling_groups()[0].instances();
    let in_service = instances.iter().filter(|instance| instance.lifecycle_state().unwrap().as_str() == "InService");
    let mut versions: Vec<String> =
        in_service.map(|instance| instance.launch_template().unwrap().version().unwrap().to_owned()).collect();
    versions.sort();
    versions
}

/// Changes the group without a plan, for changes that fail.
pub(crate) async fn update(sandbox: &Sandbox, live: &Group, want: &Group, changed: &str) -> Result<Outputs, AwsError> {
    let at = At { id: live.name.clone(), attrs: live.clone(), outputs: Outputs::new() };
    Group::update(&sandbox.aws, &at, want, &Changed(&[changed.to_owned()])).await
}

#[tokio::test]
async fn group_round_trip() {
    let sandbox = Sandbox::new().await;
    let (network, template, made) = surroundings(&sandbox).await;
    sandbox.put_right(TEMPLATE, LaunchTemplate { instance_type: "t3.medium".into(), ..template }).await;
    let want = group(&network, &made);
    let more = Group { min: 2, max: 4, cpu_target_percent: 70, ..want.clone() };
    let one_zone = Group { subnets: BTreeSet::from([network.subnets[0].clone()]), warmup_seconds: 60, ..want.clone() };
    let unscaled = Group { cpu_target_percent: 0, health_check_grace_seconds: 30, ..want.clone() };
    let second_version = Group { launch_template_version: "2".into(), ..want.clone() };
    let all_at_once = Group { min_healthy_percent: 0, max_healthy_percent: 100, ..want.clone() };
    let ungoverned = Group { min_healthy_percent: 0, max_healthy_percent: 0, ..want.clone() };
    sandbox.round_trip(want, [more, one_zone, unscaled, second_version, all_at_once, ungoverned]).await;
    // Its instances have let go of what they were in.
    sandbox.aws.ec2.delete_subnet().subnet_id(&network.subnets[1]).send().await.unwrap();
}

#[tokio::test]
async fn instances_register_in_target_groups_and_are_healthy_before_the_group_is_ready() {
    let sandbox = Sandbox::new().await;
    let (network, _, template) = surroundings(&sandbox).await;
    let first = front(&sandbox, &network).await;
    let want = Group { target_groups: [first.clone()].into(), health_check: "ELB".into(), min: 2, ..group(&network, &template) };
    sandbox.make(GROUP, want.clone()).await;
    let health = async |target_group: &str| {
        let answer = sandbox.aws.elbv2.describe_target_health().target_group_arn(target_group).send().await.unwrap();
        let states =
            answer.target_health_descriptions().iter().map(|one| one.target_health().unwrap().state().unwrap().to_string());
        states.collect::<Vec<_>>()
    };
    assert_eq!(health(&first).await, ["healthy", "healthy"]);

    let second = TargetGroup { name: "shop-test-web-b".into(), ..target_group(&network) };
    let second = sandbox.make::<TargetGroup>("service.web.other_target_group", second).await.id();
    let moved = Group { target_groups: [second.clone()].into(), ..want };
    assert_eq!(sandbox.put_right(GROUP, moved).await, BTreeSet::from(["target_groups".to_owned()]));
    assert_eq!(health(&second).await.len(), 2);
}

#[tokio::test]
async fn what_auto_scaling_could_not_start_is_told_with_its_reason() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let elsewhere = crate::around::network(&sandbox.aws).await;
    // Accepted by both calls, and refused when an instance is started.
    let template = launch_template(&sandbox.aws, &elsewhere).await;
    let template = sandbox.make(TEMPLATE, template).await;
    let created = sandbox.create(GROUP, &group(&network, &template)).await;
    let error = sandbox.settle::<Group>(created).await.unwrap_err();
    assert!(error.message.contains("different networks"), "{error}");
}

#[tokio::test]
async fn a_new_version_takes_the_place_of_the_old_one_by_a_refresh() {
    let sandbox = Sandbox::new().await;
    let (network, template, made) = surroundings(&sandbox).await;
    let want = Group { min: 2, max: 2, ..group(&network, &made) };
    sandbox.make(GROUP, want.clone()).await;
    sandbox.put_right(TEMPLATE, LaunchTemplate { instance_type: "t3.medium".into(), ..template }).await;
    let want = Group { launch_template_version: "2".into(), ..want };
    assert_eq!(sandbox.put_right(GROUP, want).await, BTreeSet::from(["launch_template_version".to_owned()]));
    assert_eq!(running(&sandbox.aws).await, ["2", "2"]);
}

#[tokio::test]
async fn a_refresh_that_is_rolled_back_is_a_failure_and_leaves_the_old_version() {
    let sandbox = Sandbox::new().await;
    let (network, template, made) = surroundings(&sandbox).await;
    let live = group(&network, &made);
    sandbox.make(GROUP, live.clone()).await;
    sandbox.put_right(TEMPLATE, LaunchTemplate { instance_type: "t3.medium".into(), ..template }).await;
    let want = Group { launch_template_version: "2".into(), ..live.clone() };
    for (outcome, code) in [("Failed", "RollbackSuccessful"), ("RollbackFailed", "RollbackFailed"), ("Cancelled", "Cancelled")] {
        let body = json!({ "service": "autoscaling", "resource": "shop-test-web", "outcome": outcome });
        sandbox.control("outcome", &body).await;
        let error = update(&sandbox, &live, &want, "launch_template_version").await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(!error.message.is_empty());
        let change = sandbox.plan(&desired(GROUP, &want)).await;
        assert_eq!(change.fields[0].before, "1", "the group still starts instances from the old version");
    }
}

/// As if a run had been killed right after it started a refresh to this version.
async fn killed_refresh(sandbox: &Sandbox, want: &Group) {
    sandbox.settle_slowly("autoscaling").await;
    let template = LaunchTemplateSpecification::builder().launch_template_id(&want.launch_template);
    let template = template.version(&want.launch_template_version).build();
    let start = sandbox.aws.autoscaling.start_instance_refresh().auto_scaling_group_name(&want.name);
    start.desired_configuration(DesiredConfiguration::builder().launch_template(template).build()).send().await.unwrap();
}

/// How the refreshes of the group ended, the last one first.
pub(crate) async fn refreshes(aws: &Aws) -> Vec<String> {
    let answer = aws.autoscaling.describe_instance_refreshes().auto_scaling_group_name("shop-test-web").send().await.unwrap();
    answer.instance_refreshes().iter().map(|refresh| refresh.status().unwrap().to_string()).collect()
}

#[tokio::test]
async fn a_refresh_of_an_earlier_run_is_followed_to_its_end() {
    let sandbox = Sandbox::new().await;
    let (network, template, made) = surroundings(&sandbox).await;
    let want = group(&network, &made);
    sandbox.make(GROUP, want.clone()).await;
    sandbox.put_right(TEMPLATE, LaunchTemplate { instance_type: "t3.medium".into(), ..template.clone() }).await;
    sandbox.put_right(TEMPLATE, LaunchTemplate { instance_type: "t3.large".into(), ..template }).await;

    let second = Group { launch_template_version: "2".into(), ..want.clone() };
    killed_refresh(&sandbox, &second).await;
    let waits = sandbox.plan(&desired(GROUP, &second)).await;
    assert_eq!((waits.reason, waits.fields.len()), (Reason::Busy, 0), "it leads where it should: {waits:#?}");
    sandbox.settle::<Group>(Created { id: second.name.clone(), ..Created::default() }).await.unwrap();
    assert_eq!(refreshes(&sandbox.aws).await, ["Successful"], "so there is no other");
    assert_eq!(sandbox.plan(&desired(GROUP, &second)).await.action, plan::Action::NoOp);

    let third = Group { launch_template_version: "3".into(), ..want.clone() };
    killed_refresh(&sandbox, &want).await;
    let changed = sandbox.put_right(GROUP, third).await;
    assert_eq!(changed, BTreeSet::from(["launch_template_version".to_owned()]));
    assert_eq!(refreshes(&sandbox.aws).await, ["Successful"; 3], "it led elsewhere, so another follows");
    assert_eq!(running(&sandbox.aws).await, ["3"]);
}

#[tokio::test]
async fn an_instance_profile_that_auto_scaling_has_not_heard_of_yet_is_waited_for() {
    let sandbox = Sandbox::new().await;
    let (network, _, template) = surroundings(&sandbox).await;
    let refusal = json!({
        "service": "autoscaling", "operation": "CreateAutoScalingGroup", "code": "ValidationError", "times": 2,
        "message": "You must use a valid fully-formed launch template. Value (arn:aws:iam::1:instance-profile/shop-test-web-instance) \
                    for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile arn",
    });
    sandbox.control("fail", &refusal).await;
    sandbox.make(GROUP, group(&network, &template)).await;
}

#[tokio::test]
async fn an_empty_group_changes_its_version_too() {
    let sandbox = Sandbox::new().await;
    let (network, template, made) = surroundings(&sandbox).await;
    let want = Group { min: 0, ..group(&network, &made) };
    sandbox.make(GROUP, want.clone()).await;
    sandbox.put_right(TEMPLATE, LaunchTemplate { instance_type: "t3.medium".into(), ..template }).await;
    sandbox.put_right(GROUP, Group { launch_template_version: "2".into(), ..want }).await;
    assert!(running(&sandbox.aws).await.is_empty());
}

#[tokio::test]
async fn the_capacity_that_scaling_chose_is_no_difference_and_what_people_moved_is_put_back() {
    let sandbox = Sandbox::new().await;
    let (network, _, template) = surroundings(&sandbox).await;
    let want = group(&network, &template);
    sandbox.make(GROUP, want.clone()).await;
    let autoscaling = &sandbox.aws.autoscaling;
    let set = autoscaling.set_desired_capacity().auto_scaling_group_name("shop-test-web").desired_capacity(2);
    set.send().await.unwrap();
    let plan = sandbox.plan(&desired(GROUP, &want)).await;
    assert!(plan.fields.is_empty(), "{plan:#?}");

    let moved = autoscaling.update_auto_scaling_group().auto_scaling_group_name("shop-test-web").max_size(5);
    moved.send().await.unwrap();
    autoscaling.delete_policy().auto_scaling_group_name("shop-test-web").policy_name("cpu").send().await.unwrap();
    let tag = Tag::builder().resource_id("shop-test-web").resource_type("auto-scaling-group");
    autoscaling.delete_tags().tags(tag.key("infra:vpc").build()).send().await.unwrap();
    let changed = sandbox.put_right(GROUP, want).await;
    assert_eq!(changed, ["cpu_target_percent", "max", "vpc"].map(str::to_owned).into());
}

#[tokio::test]
async fn a_group_in_another_network_is_another_group() {
    let sandbox = Sandbox::new().await;
    let (network, _, template) = surroundings(&sandbox).await;
    let want = group(&network, &template);
    sandbox.make(GROUP, want.clone()).await;
    let change = sandbox.plan(&desired(GROUP, &Group { vpc: "vpc-other".into(), ..want })).await;
    assert_eq!(replaced_by(&change), ["vpc"]);
}

#[tokio::test]
async fn instances_carry_whose_they_are_and_not_what_speaks_of_the_group() {
    let sandbox = Sandbox::new().await;
    let (network, _, template) = surroundings(&sandbox).await;
    sandbox.make(GROUP, group(&network, &template)).await;
    let answer = sandbox.aws.ec2.describe_instances().send().await.unwrap();
    let tags = answer.reservations()[0].instances()[0].tags();
    let keys: BTreeSet<&str> = tags.iter().filter_map(|tag| tag.key()).collect();
    for key in ["Name", "infra:project", "infra:environment", "infra:address"] {
        assert!(keys.contains(key), "{keys:?}");
    }
    assert!(!keys.contains("infra:declared") && !keys.contains("infra:vpc"), "{keys:?}");
}
