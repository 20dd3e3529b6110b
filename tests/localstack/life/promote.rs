//! Images move from one environment to the next by digest, are watched, and come back where they do badly.

use aws_sdk_ecr::types::ImageIdentifier;
use infra::promote::Ended;
use infra::record::{Outcome, RunVerb};
use serde_json::{Value, json};

use super::{Stage, images};

impl Stage {
    /// What a service runs, as the status says: every digest once.
    async fn digests(&self, service: &str) -> Vec<String> {
        let ended = self.run(&["status", "--json"]).await;
        assert_eq!(ended.code, 0, "{ended:#?}");
        let status: Value = serde_json::from_str(&ended.out).unwrap();
        let services = status["services"].as_array().unwrap();
        let of = services.iter().find(|one| one["name"] == service).unwrap();
        let digest = |part: &Value| part["image"].as_str().unwrap().rsplit_once('@').unwrap().1.to_owned();
        let mut digests: Vec<String> = of["parts"].as_array().unwrap().iter().map(digest).collect();
        digests.dedup();
        digests
    }

    /// What the last record says a service ran at the end.
    async fn ran(&self, service: &str) -> Option<String> {
        let record = self.recorded().await.remove(0).record;
        Some(record.images.get(service)?.running.as_ref()?.to_string())
    }

    /// The tags of an image.
    async fn tags(&self, repository: &str, digest: &str) -> Vec<String> {
        let repository = format!("techhub-{}/{repository}", self.environment);
        let id = ImageIdentifier::builder().image_digest(digest).build();
        let answer = self.aws().ecr.describe_images().repository_name(repository).image_ids(id).send().await.unwrap();
        answer.image_details()[0].image_tags().to_vec()
    }

    /// A deployment that was given up: whatever is said, every instance runs what the record says, which is what ran before.
    async fn is_as_before(&self, ended: &super::Ended, before: &[String]) {
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

#[tokio::test]
async fn from_one_environment_to_the_next() {
    let dev = Stage::running("dev").await;
    let staging = dev.beside("staging");
    let plan = staging.converge(&[]).await;
    let digest = dev.digests("web").await;
    assert_eq!(plan.count("deferred"), 0, "what runs in dev moves here at once: {plan:#?}");
    for service in ["web", "worker", "api"] {
        assert_eq!(staging.digests(service).await, dev.digests(service).await);
        assert_eq!(staging.ran(service).await, dev.digests(service).await.pop());
    }
    // The bytes are in the environment's own repository, under a tag of its own.
    let copied = staging.tags("web", &digest[0]).await;
    assert!(copied.iter().all(|tag| tag.starts_with("staging-") && tag.len() == "staging-2026-11-21-".len() + 12), "{copied:?}");
    assert_eq!(copied.len(), 1);
}

#[tokio::test]
async fn the_images_alone() {
    let dev = Stage::running("dev").await;
    let staging = dev.beside("staging");
    staging.converge(&[]).await;
    dev.push("v2").await;
    dev.converge(&images("v2")).await;
    // Whatever else the spec asks for, and whatever has drifted.
    staging.specs.change("staging", "[service.web.env]\nNEW = \"1\"\n[promotion]\nfrom = \"dev\"");
    let ended = staging.run(&["promote", "--yes"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(staging.digests("web").await, dev.digests("web").await);
    let again = staging.run(&["promote", "--yes"]).await;
    assert!(again.code == 0 && again.out.contains("Nothing to do"), "{again:#?}");
    let plan = staging.plan(&[]).await;
    assert_eq!(plan.with("update"), ["service.web.group", "service.web.launch_template"].into());
    assert!(plan.with("create").is_empty(), "{plan:#?}");

    // And back, as the records have it.
    let ended = staging.run(&["rollback", "--yes"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_ne!(staging.digests("web").await, dev.digests("web").await);
    assert_eq!(staging.recorded().await[0].record.verb, RunVerb::Rollback);
    let ended = staging.run(&["rollback", "--yes"]).await;
    assert!(ended.code == 1 && ended.err.contains("no record"), "there is nothing before the first: {ended:#?}");
}

#[tokio::test]
async fn an_approval_of_the_infrastructure_outlives_a_deployment_elsewhere() {
    let dev = Stage::running("dev").await;
    let staging = dev.beside("staging");
    staging.converge(&[]).await;
    let before = staging.digests("web").await;
    staging.specs.change("staging", "[service.web]\nlog_days = 7\n[promotion]\nfrom = \"dev\"");
    let approved = staging.plan(&[]).await;
    dev.push("v2").await;
    dev.converge(&images("v2")).await;

    let ended = staging.run(&["apply", "--approve", &approved.id()]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(ended.err.contains("`infra promote` moves it"), "{ended:#?}");
    assert_eq!(staging.digests("web").await, before);
    // With the image in it, it is another plan.
    let with = staging.plan(&[]).await;
    assert_ne!(with.id(), approved.id());
    staging.apply(&with).await;
    assert_eq!(staging.digests("web").await, dev.digests("web").await);
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
