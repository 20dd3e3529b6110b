//! Killed while a deployment goes wrong, the next run ends with what it was asked for.

use std::time::Duration;

use infra::record::Outcome;
use serde_json::{Value, json};

use crate::life::interrupt::{end, interrupt, made};
use crate::life::{Stage, images};

/// An operation that does not end: whoever waits may quit, and says so; whoever comes when it has ended goes on.
#[tokio::test]
async fn an_operation_that_is_stuck() {
    let stage = Stage::running("dev").await;
    stage.push("v2").await;
    let outcome = async |outcome: &str| {
        let body = json!({ "service": "apprunner", "resource": "techhub-dev-api", "outcome": outcome });
        stage.sandbox.control("outcome", &body).await;
    };
    outcome("stuck").await;
    let child = stage.start(&[&["apply", "--yes"], images("v2").as_slice()].concat(), made("apprunner:UpdateService")).await;
    interrupt(&child).await;
    // Auto Scaling's part is seen to its end, App Runner's has none.
    tokio::time::sleep(Duration::from_secs(6)).await;
    interrupt(&child).await;
    let ended = end(child, Duration::from_mins(3)).await;
    assert_eq!(ended.code, 130, "{ended:#?}");
    assert_eq!(stage.recorded().await.remove(0).record.outcome, Outcome::Interrupted);
    assert_eq!(stage.run(&["unlock", "--yes"]).await.code, 0);
    outcome("ROLLBACK_SUCCEEDED").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    outcome("SUCCEEDED").await;

    stage.converge(&images("v2")).await;
    let runs = stage.digests("api").await;
    assert_eq!(stage.digests("web").await, runs);
    assert!(stage.ran("api").await.is_none_or(|ran| runs == [ran]));
}

/// Killed while what ran before is put back, the next run finds out by itself what runs, and ends with what it was asked for.
#[tokio::test]
async fn killed_while_it_goes_back() {
    let stage = Stage::running("dev").await;
    stage.push("v2").await;
    let steer = async |outcome: Value| {
        let body = json!({ "service": "autoscaling", "resource": "techhub-dev-worker", "outcome": outcome });
        stage.sandbox.control("outcome", &body).await;
    };
    steer("Failed".into()).await;
    stage.sandbox.settle_seconds("autoscaling", 1.0).await;
    let refreshes = |calls: &[String]| calls.iter().filter(|call| *call == "autoscaling:StartInstanceRefresh").count();
    // The third and later ones go back.
    let arguments = [&["apply", "--yes"], images("v2").as_slice()].concat();
    let mut child = stage.start(&arguments, |calls| refreshes(calls) >= 3).await;
    child.kill().await.unwrap();
    assert_eq!(stage.run(&["unlock", "--yes"]).await.code, 0);
    steer(Value::Null).await;

    let ended = stage.run(&arguments).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.is_settled().await;
    let runs = stage.digests("api").await;
    for service in ["web", "worker"] {
        assert_eq!(stage.digests(service).await, runs, "{service}");
        // What did not move again is not in the last record.
        assert!(stage.ran(service).await.is_none_or(|ran| runs == [ran]), "{service}");
    }
}

/// Killed in the middle of a deployment that ends like this, the next run ends with what it was asked for, and says so truly.
async fn killed_in_the_middle(service: &str, resource: &str, outcome: &str, call: &str) {
    let stage = Stage::running("dev").await;
    stage.specs.change("dev", "[service.web.release]\ncommand = [\"migrate\"]");
    stage.converge(&[]).await;
    stage.push("v2").await;
    let steer = async |outcome: Value| {
        stage.sandbox.control("outcome", &json!({ "service": service, "resource": resource, "outcome": outcome })).await;
    };
    steer(outcome.into()).await;
    let arguments = [&["apply", "--yes"], images("v2").as_slice()].concat();
    stage.start(&arguments, made(call)).await.kill().await.unwrap();
    assert_eq!(stage.run(&["unlock", "--yes"]).await.code, 0);
    steer(Value::Null).await;

    let mut ended = stage.run(&arguments).await;
    if ended.code != 0 {
        // What was under way has failed meanwhile, and the run says so: the one after it begins anew.
        assert!(ended.out.contains("RollbackSuccessful"), "{ended:#?}");
        ended = stage.run(&arguments).await;
    }
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.is_settled().await;
    let runs = stage.digests("api").await;
    for service in ["web", "worker", "api"] {
        assert_eq!(stage.digests(service).await, runs, "{service}");
        assert!(stage.ran(service).await.is_none_or(|ran| runs == [ran]), "{service}");
    }
}

#[tokio::test]
async fn killed_while_a_release_command_fails() {
    killed_in_the_middle("ec2", "service.web.release", "1", "ec2:RunInstances").await;
}

#[tokio::test]
async fn killed_while_auto_scaling_rolls_back() {
    killed_in_the_middle("autoscaling", "techhub-dev-web", "RollbackSuccessful", "autoscaling:StartInstanceRefresh").await;
}

#[tokio::test]
async fn killed_while_instances_do_not_become_healthy() {
    killed_in_the_middle("autoscaling", "techhub-dev-web", "unhealthy", "autoscaling:StartInstanceRefresh").await;
}

#[tokio::test]
async fn killed_while_app_runner_rolls_back() {
    killed_in_the_middle("apprunner", "techhub-dev-api", "ROLLBACK_SUCCEEDED", "apprunner:UpdateService").await;
}
