//! Images move from one environment to the next by digest, are watched, and come back where they do badly.

mod back;
mod gates;
mod killed;
mod watched;

use std::sync::Arc;

use aws_sdk_ecr::types::ImageIdentifier;
use infra::graph::Scope;
use infra::record::RunVerb;
use serde_json::Value;

use super::{Ended, REGION, Stage, image, images};
use crate::kit::Sandbox;

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

/// The pull request that edits the spec is the promotion.
#[tokio::test]
async fn a_digest_in_writing() {
    let dev = Stage::running("dev").await;
    let staging = dev.beside("staging");
    staging.converge(&[]).await;
    dev.push("v2").await;
    dev.converge(&images("v2")).await;
    let wanted = dev.digests("web").await.pop().unwrap();
    staging.count_anew().await;
    let ended = staging.run(&["promote", "--write"]).await;
    assert!(ended.code == 0 && ended.out.contains("service.web = ") && ended.out.contains("from dev"), "{ended:#?}");
    assert_eq!(staging.writes().await, Vec::<String>::new(), "AWS is only read");
    let spec = std::fs::read_to_string(staging.specs.folder().join("staging.toml")).unwrap();
    assert!(spec.contains(&format!("[service.web]\nimage = \"{wanted}\"")), "{spec}");
    staging.converge(&[]).await;
    assert_eq!(staging.digests("web").await, [wanted]);
}

/// An image that somebody asks for may lie in any registry; here, in a repository that is nobody's environment.
#[tokio::test]
async fn an_image_from_elsewhere() {
    let stage = Stage::running("dev").await;
    let ecr = &stage.aws().ecr;
    ecr.create_repository().repository_name("builds/web").send().await.unwrap();
    let digest = image(stage.aws(), "builds/web", "v9").await;
    let registry = format!("{}.dkr.ecr.us-east-1.amazonaws.com", stage.aws().account);
    let asked = format!("web={registry}/builds/web:v9");
    // What other repositories are, no policy of an environment knows.
    let ended: Ended = stage.by_root(&["apply", "--yes", "--image", &asked]).output().await.unwrap().into();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(stage.digests("web").await, std::slice::from_ref(&digest));
    assert_eq!(stage.tags("web", &digest).await.len(), 1);
    stage.is_settled().await;
}

/// The environment before may be in another account: a role there, which its spec names, is taken on for looking and pulling.
#[tokio::test]
async fn from_another_account() {
    let staging = Stage::running("staging").await;
    let digest = staging.digests("web").await;
    let scope = Scope { environment: "prod".into(), ..staging.sandbox.scope.clone() };
    let sandbox = Sandbox::of(scope, REGION).await;
    let (there, here) = (staging.aws().account.clone(), sandbox.aws.account.clone());
    let (specs, home) = (Arc::clone(&staging.specs), Arc::clone(&staging.home));
    let prod = Stage { sandbox, specs, environment: "prod".into(), home };
    let role = format!("arn:aws:iam::{there}:role/promote");
    let spec = format!("[promotion]\nfrom = \"dev\"\n[aws]\naccount = \"{there}\"\nrole = \"{role}\"");
    prod.specs.change("staging", &spec);
    prod.specs.change("prod", &format!("[promotion]\nbake = \"1s\"\n[aws]\naccount = \"{here}\""));
    crate::around::role(staging.aws(), "promote", "ec2.amazonaws.com").await;

    let policy = prod.policy("apply").await.to_string();
    assert!(policy.contains(&role) && !policy.contains("techhub-staging"), "{policy}");
    let plan = prod.plan(&[]).await;
    prod.apply(&plan).await;
    assert_eq!(prod.digests("web").await, digest);
    assert_eq!(prod.tags("web", &digest[0]).await.len(), 1);
    prod.is_settled().await;
}
