//! A deployment that does badly comes back.

use infra::promote::Ended;
use infra::record::Outcome;
use serde_json::json;

use crate::life::{self, Stage, images};

impl Stage {
    /// A deployment that was given up: whatever is said, every instance runs what the record says, which is what ran before.
    async fn is_as_before(&self, ended: &life::Ended, before: &[String]) {
        assert_eq!(ended.code, 6, "{ended:#?}");
        for service in ["web", "worker", "api"] {
            assert_eq!(self.digests(service).await, before, "{service}: {ended:#?}");
            if let Some(ran) = self.ran(service).await {
                assert_eq!([ran].as_slice(), before, "{service}: {ended:#?}");
            }
        }
        let record = self.recorded().await.remove(0).record;
        assert_eq!(record.outcome, Outcome::RolledBack);
        assert_eq!(record.deployment.unwrap().ended, Ended::RolledBack);
        self.is_settled().await;
    }
}

/// What goes wrong with a deployment, and what the control API must be told for it.
async fn goes_back(service: &str, resource: &str, outcome: &str) {
    let stage = Stage::running("dev").await;
    let before = stage.digests("web").await;
    stage.push("v2").await;
    stage.sandbox.control("outcome", &json!({ "service": service, "resource": resource, "outcome": outcome })).await;
    let ended = stage.run(&[&["apply", "--yes"], images("v2").as_slice()].concat()).await;
    stage.sandbox.control("outcome", &json!({ "service": service, "resource": resource, "outcome": null })).await;
    stage.is_as_before(&ended, &before).await;
    // The next one is not held up by what was.
    stage.converge(&images("v2")).await;
    assert_ne!(stage.digests("web").await, before);
}

#[tokio::test]
async fn a_refresh_that_fails() {
    goes_back("autoscaling", "techhub-dev-web", "Failed").await;
}

#[tokio::test]
async fn a_refresh_that_auto_scaling_rolls_back() {
    goes_back("autoscaling", "techhub-dev-worker", "RollbackSuccessful").await;
}

#[tokio::test]
async fn an_operation_that_app_runner_rolls_back() {
    goes_back("apprunner", "techhub-dev-api", "ROLLBACK_SUCCEEDED").await;
}

#[tokio::test]
async fn an_operation_that_fails() {
    goes_back("apprunner", "techhub-dev-api", "FAILED").await;
}

#[tokio::test]
async fn instances_that_never_become_healthy() {
    goes_back("autoscaling", "techhub-dev-web", "unhealthy").await;
}
