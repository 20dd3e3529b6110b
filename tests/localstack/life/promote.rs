//! Images move from one environment to the next by digest, are watched, and come back where they do badly.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_ecr::types::ImageIdentifier;
use infra::graph::Scope;
use infra::promote::Ended;
use infra::record::{Outcome, RunVerb};
use serde_json::{Value, json};

use super::interrupt::{end, interrupt, made};
use super::{REGION, Stage, image, images};
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

#[tokio::test]
async fn instances_that_never_become_healthy() {
    goes_back("autoscaling", "techhub-dev-web", "unhealthy").await;
}

/// Staging with an alarm and a long watch, and dev running what is to come.
async fn watched() -> (Stage, Stage) {
    let dev = Stage::running("dev").await;
    let staging = dev.beside("staging");
    let spec = "[promotion]\nfrom = \"dev\"\nbake = \"5m\"\n[service.web.alarms]\ncpu_percent = 90";
    staging.specs.change("staging", &spec.replace("5m", "1s"));
    staging.converge(&[]).await;
    staging.specs.change("staging", spec);
    dev.push("v2").await;
    dev.converge(&images("v2")).await;
    (dev, staging)
}

impl Stage {
    /// What the group of the site starts instances from.
    async fn version(&self) -> String {
        let name = format!("techhub-{}-web", self.environment);
        let answer = self.aws().autoscaling.describe_auto_scaling_groups().auto_scaling_group_names(name).send().await.unwrap();
        answer.auto_scaling_groups()[0].launch_template().unwrap().version().unwrap().to_owned()
    }

    /// Waits until the new image runs in every service.
    async fn all_run(&self, digest: &[String]) {
        for _ in 0..300 {
            let mut run = 0;
            for service in ["web", "worker", "api"] {
                run += usize::from(self.digests(service).await == digest);
            }
            if run == 3 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it does not come");
    }
}

#[tokio::test]
async fn an_alarm_while_it_is_watched() {
    let (dev, staging) = watched().await;
    let (before, version) = (staging.digests("web").await, staging.version().await);
    let child = staging.start(&["apply", "--yes"], made("autoscaling:StartInstanceRefresh")).await;
    staging.all_run(&dev.digests("web").await).await;
    let alarm = "techhub-staging-web-cpu-percent";
    let alarms = staging.aws().cloudwatch.describe_alarms().send().await.unwrap();
    let name = alarms.metric_alarms().iter().filter_map(|alarm| alarm.alarm_name()).find(|name| name.contains("web"));
    let ring = staging.aws().cloudwatch.set_alarm_state().alarm_name(name.unwrap_or(alarm)).state_value(StateValue::Alarm);
    ring.state_reason("it is on fire").send().await.unwrap();
    let ended = end(child, Duration::from_mins(1)).await;
    assert_eq!(ended.code, 6, "{ended:#?}");
    assert!(ended.out.contains("Rolled back") && ended.out.contains("it is on fire"), "{ended:#?}");
    for service in ["web", "worker", "api"] {
        assert_eq!(staging.digests(service).await, before);
        assert_eq!(staging.ran(service).await, before.last().cloned(), "{ended:#?}");
    }
    assert_eq!(staging.version().await, version, "the version, too, is the one it was");
}

#[tokio::test]
async fn an_address_that_does_not_answer() {
    let dev = Stage::running("dev").await;
    let before = dev.digests("web").await;
    dev.specs.change("dev", "[service.web]\nprobe = \"/health/\"");
    dev.push("v2").await;
    let mut apply = dev.infra(&[&["apply", "--yes"], images("v2").as_slice()].concat()).await;
    let ended: super::Ended = apply.env("INFRA_PATIENCE_SECONDS", "2").output().await.unwrap().into();
    assert_eq!(ended.code, 3, "nobody answers there for the old image either: {ended:#?}");
    assert!(ended.out.contains("does not answer") && ended.out.contains("infra rollback --env dev"), "{ended:#?}");
    assert_eq!(dev.digests("web").await, before);
}

/// Killed at any moment of a deployment, the next run ends with what the record says.
#[tokio::test]
async fn killed_in_the_middle_the_next_run_ends_it() {
    let (dev, staging) = watched().await;
    let wanted = dev.digests("web").await;
    for call in ["ec2:CreateLaunchTemplateVersion", "autoscaling:StartInstanceRefresh"] {
        let mut child = staging.start(&["apply", "--yes"], made(call)).await;
        child.kill().await.unwrap();
        assert_eq!(staging.run(&["unlock", "--yes"]).await.code, 0);
    }
    // And while it is watched.
    let mut child = staging.start(&["apply", "--yes"], |_| true).await;
    staging.all_run(&wanted).await;
    child.kill().await.unwrap();
    assert_eq!(staging.run(&["unlock", "--yes"]).await.code, 0);

    staging.specs.change("staging", "[promotion]\nfrom = \"dev\"\n[service.web.alarms]\ncpu_percent = 90");
    let ended = staging.run(&["apply", "--yes"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    staging.is_settled().await;
    for service in ["web", "worker", "api"] {
        assert_eq!(staging.digests(service).await, wanted, "{service}");
    }
}

/// Told to stop while it is watched, it says that nobody has seen how it does, and leaves what runs.
#[tokio::test]
async fn interrupted_while_it_is_watched() {
    let (dev, staging) = watched().await;
    let child = staging.start(&["apply", "--yes"], made("autoscaling:StartInstanceRefresh")).await;
    staging.all_run(&dev.digests("web").await).await;
    interrupt(&child).await;
    let ended = end(child, Duration::from_secs(30)).await;
    assert_eq!(ended.code, 130, "{ended:#?}");
    assert!(ended.out.contains("Not watched"), "{ended:#?}");
    assert_eq!(staging.ran("web").await, dev.digests("web").await.pop());
}

/// What gates say no to is named, keeps the whole plan from being applied, and passes with a reason that is recorded.
#[tokio::test]
async fn gates_hold_images_back() {
    let dev = Stage::running("dev").await;
    let staging = dev.beside("staging");
    staging.converge(&[]).await;
    let before = staging.digests("web").await;
    staging.specs.change("staging", "[promotion]\nfrom = \"dev\"\nmax_critical = 0");
    let finding =
        json!({ "name": "CVE-2026-1234", "severity": "CRITICAL", "package": "openssl", "version": "3.0.1", "fixed_in": "3.0.2" });
    let outcome = json!({ "status": "COMPLETE", "findings": [finding] });
    let scan = json!({ "service": "ecr", "resource": "techhub-dev/web:v2", "outcome": outcome });
    dev.sandbox.control("outcome", &scan).await;
    dev.push("v2").await;
    dev.converge(&images("v2")).await;

    let plan = staging.run(&["plan"]).await;
    assert_eq!(plan.code, 5, "{plan:#?}");
    for said in ["CVE-2026-1234", "openssl 3.0.1", "`max_critical` is 0", "--override max-critical"] {
        assert!(plan.out.contains(said), "{said}: {plan:#?}");
    }
    for refused in [vec!["apply", "--yes"], vec!["promote", "--yes"], vec!["promote", "--write"]] {
        let ended = staging.run(&refused).await;
        assert_eq!(ended.code, 5, "{refused:?}: {ended:#?}");
    }
    assert_eq!(staging.run(&["apply", "--yes", "--no-promotion"]).await.code, 0);
    assert_eq!(staging.digests("web").await, before);

    let passed = ["promote", "--yes", "--override", "max-critical", "--reason", "the port is closed"];
    let ended = staging.run(&passed).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(staging.digests("web").await, dev.digests("web").await);
    let overrides = staging.recorded().await.remove(0).record.agreement.overrides;
    assert_eq!(overrides["max-critical"], "the port is closed");
}

/// A pipeline deploys what it has just pushed, and is not sent away because that is still being scanned.
#[tokio::test]
async fn a_scan_under_way_is_awaited() {
    let staging = Stage::made("staging").await;
    staging.specs.change("staging", "[promotion]\nfrom = \"dev\"\nmax_critical = 0");
    staging.sandbox.settle_slowly("ecr").await;
    staging.push("v1").await;
    let ended = staging.run(&[&["apply", "--yes", "--no-promotion"][..], &images("v1")].concat()).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(ended.err.matches("waiting for the scan of techhub-staging/web@").count(), 1, "{ended:#?}");
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
    let ended: super::Ended = stage.by_root(&["apply", "--yes", "--image", &asked]).output().await.unwrap().into();
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
    let ended = end(child, Duration::from_secs(10)).await;
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
