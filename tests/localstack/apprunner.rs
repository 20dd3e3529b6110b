//! App Runner: services, and how they scale and reach the private network.

use std::collections::{BTreeMap, BTreeSet};

use infra::aws::apprunner::auto_scaling_configuration::AutoScalingConfiguration;
use infra::aws::apprunner::service::Service;
use infra::aws::apprunner::vpc_connector::VpcConnector;
use infra::graph::State;
use serde_json::json;

use crate::around::{Network, image, network, role};
use crate::ecr::repository;
use crate::kit::{Sandbox, desired, replaced_by};

fn scaling() -> AutoScalingConfiguration {
    AutoScalingConfiguration { name: "shop-test-api".into(), min: 1, max: 5, concurrency: 100 }
}

fn connector(network: &Network) -> VpcConnector {
    VpcConnector {
        name: "shop-test-api".into(),
        subnets: network.subnets.clone().into(),
        security_groups: BTreeSet::from([network.security_groups[0].clone()]),
    }
}

/// A sandbox with an image in it, and a service that can be made of it.
pub(crate) async fn service() -> (Sandbox, Service) {
    let sandbox = Sandbox::new().await;
    let aws = &sandbox.aws;
    let scaling = sandbox.make("service.api.scaling", scaling()).await;
    let repository = sandbox.make("repository.web", repository()).await;
    let service = Service {
        name: "shop-test-api".into(),
        image: format!("{}@{}", repository.output("uri"), image(aws, "shop-test/web", "v1").await),
        port: 8000,
        command: String::new(),
        environment: BTreeMap::from([("LOG_LEVEL".into(), "info".into())]),
        secrets: BTreeMap::new(),
        cpu: 1024,
        memory_mib: 2048,
        access_role: role(aws, "pull", "build.apprunner.amazonaws.com").await,
        instance_role: role(aws, "run", "tasks.apprunner.amazonaws.com").await,
        vpc_connector: BTreeSet::new(),
        auto_scaling_configuration: scaling.output("arn"),
        health_check_path: "/health".into(),
        automatic_deployments: false,
    };
    (sandbox, service)
}

#[tokio::test]
async fn auto_scaling_configuration_round_trip() {
    Sandbox::new().await.round_trip(scaling(), []).await;
}

#[tokio::test]
async fn another_auto_scaling_configuration_is_another_revision() {
    let sandbox = Sandbox::new().await;
    let first = sandbox.make("service.api.scaling", scaling()).await;
    let more = AutoScalingConfiguration { max: 7, ..scaling() };
    let change = sandbox.plan(&desired("service.api.scaling", &more)).await;
    assert_eq!(replaced_by(&change), ["max"]);
    let second = sandbox.make("service.other.scaling", more).await;
    assert_ne!(first.id(), second.id());
    assert_eq!(sandbox.list::<AutoScalingConfiguration>().await.len(), 2);
}

#[tokio::test]
async fn vpc_connector_round_trip() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    sandbox.round_trip(connector(&network), []).await;
    // Nothing holds the network any more.
    for subnet in &network.subnets {
        sandbox.aws.ec2.delete_subnet().subnet_id(subnet).send().await.unwrap();
    }
}

#[tokio::test]
async fn another_vpc_connector_takes_another_name() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let made = sandbox.make("service.api.connector", connector(&network)).await;
    let other = VpcConnector { security_groups: network.security_groups.clone().into(), ..connector(&network) };
    let change = sandbox.plan(&desired("service.api.connector", &other)).await;
    assert_eq!(replaced_by(&change), ["security_groups"]);
    assert_eq!(change.after["name"], "shop-test-api-b");
    let other = VpcConnector { name: "shop-test-api-b".into(), ..other };
    sandbox.make("service.other.connector", other).await;
    // The old one goes though the new one has the same subnets and group.
    sandbox.discard::<VpcConnector>(&made).await;
}

#[tokio::test]
async fn service_round_trip() {
    let (sandbox, want) = service().await;
    let network = network(&sandbox.aws).await;
    let connector = sandbox.make("service.api.connector", connector(&network)).await;
    let scaling = sandbox.make("service.api.more", AutoScalingConfiguration { max: 9, ..scaling() }).await;
    let digest = image(&sandbox.aws, "shop-test/web", "v2").await;
    let secret = format!("arn:aws:secretsmanager:eu-west-1:{}:secret:api-AbCdEf:key::", sandbox.aws.account);
    let changes = [
        Service { image: want.image.split('@').next().unwrap().to_owned() + "@" + &digest, ..want.clone() },
        Service {
            port: 9000,
            command: "serve --all".into(),
            environment: BTreeMap::new(),
            secrets: BTreeMap::from([("API_KEY".into(), secret)]),
            ..want.clone()
        },
        Service { cpu: 2048, memory_mib: 4096, health_check_path: String::new(), ..want.clone() },
        Service { vpc_connector: BTreeSet::from([connector.output("arn")]), ..want.clone() },
        Service { auto_scaling_configuration: scaling.output("arn"), ..want.clone() },
        want.clone(),
    ];
    sandbox.round_trip(want, changes).await;
    // Nothing holds its connector any more.
    sandbox.discard::<VpcConnector>(&connector).await;
}

#[tokio::test]
async fn a_role_made_a_moment_later_is_waited_for() {
    let (sandbox, want) = service().await;
    let account = &sandbox.aws.account;
    let want = Service { instance_role: format!("arn:aws:iam::{account}:role/late"), ..want };
    let late = async {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        role(&sandbox.aws, "late", "tasks.apprunner.amazonaws.com").await;
    };
    tokio::join!(sandbox.make("service.api.service", want), late);
}

#[tokio::test]
async fn a_deployment_that_was_rolled_back_is_a_failure() {
    let (sandbox, want) = service().await;
    let made = sandbox.make("service.api.service", want.clone()).await;
    let missing = want.image.split('@').next().unwrap().to_owned() + "@sha256:" + &"0".repeat(64);
    let broken = Service { image: missing, ..want };
    let change = sandbox.plan(&desired("service.api.service", &broken)).await;
    let kind = infra::aws::kinds::Registry.kind("apprunner.service").unwrap();
    let changed = ["image".to_owned()];
    let error = kind.update(&sandbox.aws, &made.target, &change.after, &changed, &change.tags).await.unwrap_err();
    assert_eq!(error.code, "OperationFailed");
    assert!(error.message.contains("UPDATE_SERVICE") && error.message.contains("ROLLBACK_SUCCEEDED"), "{error}");
}

#[tokio::test]
async fn a_service_that_never_worked_has_failed_and_can_be_deleted() {
    let (sandbox, want) = service().await;
    let missing = want.image.split('@').next().unwrap().to_owned() + "@sha256:" + &"0".repeat(64);
    let broken = Service { image: missing, ..want };
    let kind = infra::aws::kinds::Registry.kind("apprunner.service").unwrap();
    let change = sandbox.plan(&desired("service.api.service", &broken)).await;
    sandbox.settle_slowly("apprunner").await;
    let created = kind.create(&sandbox.aws, &change.after, &change.tags).await.unwrap();
    assert!(!created.outputs.contains_key("url"), "{created:?}");
    let busy = sandbox.list::<Service>().await;
    assert_eq!(busy[0].state, State::Busy("OPERATION_IN_PROGRESS".into()));
    let error = kind.settle(&sandbox.aws, created).await.unwrap_err();
    assert!(error.message.contains("CREATE_SERVICE") && error.message.contains("FAILED"), "{error}");
    let failed = sandbox.list::<Service>().await;
    assert_eq!(failed[0].state, State::Failed("CREATE_FAILED".into()));
    let target = crate::kit::target(&failed[0]);
    kind.delete(&sandbox.aws, &target).await.unwrap();
    assert_eq!(sandbox.list::<Service>().await[0].state, State::Deleting);
    kind.gone(&sandbox.aws, &target).await.unwrap();
}

/// The service made of one image, and the change to another.
async fn changing() -> (Sandbox, Service, infra::plan::Change) {
    let (sandbox, want) = service().await;
    sandbox.make("service.api.service", want.clone()).await;
    let digest = image(&sandbox.aws, "shop-test/web", "v2").await;
    let other = Service { image: format!("{}@{digest}", want.image.split('@').next().unwrap()), cpu: 2048, ..want.clone() };
    let change = sandbox.plan(&desired("service.api.service", &Service { memory_mib: 4096, ..other })).await;
    (sandbox, want, change)
}

async fn steer(sandbox: &Sandbox, outcome: &str) {
    let body = json!({ "service": "apprunner", "resource": "shop-test-api", "outcome": outcome });
    sandbox.control("outcome", &body).await;
}

#[tokio::test]
async fn what_a_deployment_changed_is_put_back_exactly() {
    let (sandbox, _, change) = changing().await;
    let before = sandbox.list::<Service>().await;
    sandbox.update(&change).await.unwrap();
    assert_ne!(sandbox.list::<Service>().await, before);
    assert_eq!(sandbox.restore(&change).await, Ok(true));
    assert_eq!(sandbox.list::<Service>().await, before);
    sandbox.is_restored(&change).await;
}

#[tokio::test]
async fn what_app_runner_took_back_itself_is_not_taken_back_twice() {
    let (sandbox, _, change) = changing().await;
    let before = sandbox.list::<Service>().await;
    for outcome in ["ROLLBACK_SUCCEEDED", "FAILED"] {
        steer(&sandbox, outcome).await;
        let failure = sandbox.update(&change).await.unwrap_err();
        assert_eq!(failure.code, "OperationFailed", "{failure}");
        assert!(failure.message.contains(outcome), "{failure}");
        sandbox.is_restored(&change).await;
        assert_eq!(sandbox.list::<Service>().await, before);
    }
}

#[tokio::test]
async fn an_operation_that_is_stuck_is_waited_for_and_told() {
    let (sandbox, want, change) = changing().await;
    let arn = sandbox.list::<Service>().await[0].id.clone();
    // Each operation is seen under way, on a busy machine too.
    sandbox.settle_seconds("apprunner", 4.0).await;
    steer(&sandbox, "stuck").await;
    sandbox.aws.apprunner.start_deployment().service_arn(&arn).send().await.unwrap();
    sandbox.control("calls/reset", &json!({})).await;
    let release = async {
        sandbox.called("apprunner:ListOperations", 3).await;
        steer(&sandbox, "SUCCEEDED").await;
    };
    let ((done, told), ()) = tokio::join!(sandbox.listen(sandbox.update(&change)), release);
    done.unwrap();
    let stuck = |text: &String| text.starts_with("START_DEPLOYMENT IN_PROGRESS, begun ") && text.ends_with("s ago");
    assert!(told.iter().any(stuck), "{told:?}");
    assert!(told.iter().any(|text| text.starts_with("UPDATE_SERVICE ")), "{told:?}");

    // So is one that is stuck when the deployment is undone.
    sandbox.settle_seconds("apprunner", 0.3).await;
    steer(&sandbox, "stuck").await;
    sandbox.aws.apprunner.start_deployment().service_arn(&arn).send().await.unwrap();
    let release = async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        steer(&sandbox, "SUCCEEDED").await;
    };
    let (restored, ()) = tokio::join!(sandbox.restore(&change), release);
    assert_eq!(restored, Ok(true));
    assert_eq!(sandbox.list::<Service>().await[0].attrs, desired("service.api.service", &want).attrs);
}

#[tokio::test]
async fn a_service_that_somebody_paused_is_left_to_them() {
    let (sandbox, _, change) = changing().await;
    let arn = sandbox.list::<Service>().await[0].id.clone();
    sandbox.aws.apprunner.pause_service().service_arn(&arn).send().await.unwrap();
    let failure = sandbox.update(&change).await.unwrap_err();
    assert_eq!(failure.code, "Paused", "{failure}");
    assert!(failure.message.contains(&format!("aws apprunner resume-service --service-arn {arn}")), "{failure}");
}
