//! Services that share a load balancer, one that never runs twice, and values that say where others are.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_ec2::types::{Filter, InstanceStateName, Reservation};
use serde_json::json;

use super::Stage;
use super::destroy::DESTROY;

/// An API under a path, a tool that some addresses reach, and a scheduler of which there is one.
const SHARED: &str = r#"
    [service.server]
    runtime = "asg"
    repository = "web"
    port = 9000
    connects = ["database.main", "cache.main"]
    [service.server.instances]
    type = "t3.small"
    min = 1
    max = 2
    [service.server.route]
    behind = "web"
    paths = ["/api/*"]
    [service.server.env]
    CACHE_URL = "rediss://${cache.main.host}:${cache.main.port}/0"
    SITE = "http://${service.web.host}"
    MAIL = "smtp://smtp.example.com:587"
    [service.server.alarms]
    errors_5xx_percent = 5

    [service.tool]
    runtime = "asg"
    repository = "web"
    port = 5555
    [service.tool.instances]
    type = "t3.small"
    min = 1
    max = 1
    [service.tool.route]
    behind = "web"
    paths = ["/api/tool/*"]
    allow = ["192.0.2.0/24"]

    [service.beat]
    runtime = "asg"
    repository = "web"
    [service.beat.instances]
    type = "t3.small"
    min = 1
    max = 1
    [service.beat.deploy]
    overlap = false
"#;

const NAMES: [&str; 5] = ["web", "worker", "server", "tool", "beat"];

async fn stage() -> Stage {
    let stage = Stage::new("dev").await;
    stage.specs.change("dev", SHARED);
    stage.sandbox.control("settle", &json!({ "seconds": 0.1 })).await;
    stage
}

fn images(tag: &str) -> Vec<String> {
    NAMES.iter().flat_map(|name| ["--image".to_owned(), format!("{name}={tag}")]).collect()
}

impl Stage {
    async fn deploys(&self, tag: &str) {
        self.push(tag).await;
        let images = images(tag);
        self.converge(&images.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }

    /// Each rule of the only listener: path, addresses, and what it does; those that count first come first.
    async fn rules(&self) -> Vec<String> {
        let live = self.live().await;
        let rules = live["service.web.listener.http"].attrs["rules"].as_array().unwrap();
        let named = |arn: &str| arn.split('/').nth(1).unwrap().to_owned();
        let words = |rule: &serde_json::Value| {
            let texts = |key: &str| rule[key].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect::<String>();
            let action = rule["action"]["forward"].as_str().map_or_else(|| rule["action"].to_string(), named);
            format!("{}{} {action}", texts("paths"), texts("sources"))
        };
        rules.iter().map(words).collect()
    }
}

#[tokio::test]
async fn services_behind_one_load_balancer_live_and_go() {
    let stage = stage().await;
    stage.converge(&[]).await;
    stage.deploys("v1").await;
    let rules = ["/api/tool/*192.0.2.0/24 techhub-dev-tool", "/api/tool/* {\"refuse\":403}", "/api/* techhub-dev-server"];
    assert_eq!(stage.rules().await, rules);
    let live = stage.live().await;
    let environment = &live["service.server.launch_template"].attrs["container"]["environment"];
    let [host, site] = [("cache.main.replication_group", "address"), ("service.web.load_balancer", "dns_name")]
        .map(|(address, output)| live[address].outputs[output].clone());
    assert_eq!(environment["CACHE_URL"], format!("rediss://{host}:6379/0"));
    assert_eq!(
        (&environment["SITE"], &environment["MAIL"]),
        (&json!(format!("http://{site}")), &json!("smtp://smtp.example.com:587"))
    );
    let status = stage.run(&["status"]).await;
    assert!(status.out.contains(&format!("http://{site}/api/*")), "{status:#?}");

    // One moves to another path, one is for everybody now, and a third comes.
    stage.specs.change(
        "dev",
        &(SHARED.replace("/api/tool/*", "/tools/*").replace("allow = [\"192.0.2.0/24\"]", "")
            + "[service.worker]\nport = 7000\n[service.worker.route]\nbehind = \"web\"\nhosts = [\"work.example.com\"]\n"),
    );
    stage.converge(&[]).await;
    assert_eq!(stage.rules().await, [" techhub-dev-worker", "/tools/* techhub-dev-tool", "/api/* techhub-dev-server"]);

    // Somebody takes a rule by hand.
    let listener = live["service.web.listener.http"].id.clone();
    let elbv2 = &stage.aws().elbv2;
    let there = elbv2.describe_rules().listener_arn(&listener).send().await.unwrap();
    let first = there.rules().iter().find(|rule| rule.priority() == Some("1")).unwrap();
    elbv2.delete_rule().rule_arn(first.rule_arn().unwrap()).send().await.unwrap();
    let plan = stage.converge(&[]).await;
    assert_eq!(plan.with("update"), BTreeSet::from(["service.web.listener.http"]));

    // They leave, with all that was theirs; the site stays.
    stage.specs.change("dev", "");
    let plan = stage.converge(&[]).await;
    assert!(plan.with("delete").contains("service.server.target_group"), "{plan:#?}");
    assert_eq!(stage.rules().await, Vec::<String>::new());
    assert_eq!(stage.run(&DESTROY).await.code, 0);
    stage.nothing_is_left().await;
}

/// A deployment by itself leaves the load balancer of another service alone, so it does not begin what nobody would reach.
#[tokio::test]
async fn a_new_service_behind_another_one_is_not_promoted_alone() {
    let dev = stage().await;
    dev.converge(&[]).await;
    dev.deploys("v1").await;
    let staging = dev.beside("staging");
    staging.converge(&[]).await;
    staging.specs.change("staging", SHARED);
    let ended = staging.run(&["promote", "--yes"]).await;
    assert!(ended.code == 1 && ended.err.contains("`server` is new in staging"), "{ended:#?}");
    staging.converge(&[]).await;
    assert!(staging.live().await.contains_key("service.server.group"));
}

/// Of a service whose instances do not overlap there is never more than one, whatever is deployed or goes wrong.
#[tokio::test]
async fn what_must_not_overlap_never_runs_twice() {
    let stage = stage().await;
    stage.sandbox.control("settle", &json!({ "service": "autoscaling", "seconds": 0.5 })).await;
    stage.converge(&[]).await;
    stage.deploys("v1").await;
    let (most, over): (Arc<AtomicUsize>, Arc<AtomicBool>) = Default::default();
    let watching = {
        let (ec2, most, over) = (stage.aws().ec2.clone(), Arc::clone(&most), Arc::clone(&over));
        tokio::spawn(async move {
            let mut looks = 0;
            while !over.load(Ordering::Relaxed) {
                let named = Filter::builder().name("tag:aws:autoscaling:groupName").values("techhub-dev-beat").build();
                let told = ec2.describe_instances().filters(named).send().await.unwrap();
                let states = told.reservations().iter().flat_map(Reservation::instances).filter_map(|one| one.state()?.name());
                let up = states.filter(|state| matches!(state, InstanceStateName::Pending | InstanceStateName::Running)).count();
                most.fetch_max(up, Ordering::Relaxed);
                looks += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            looks
        })
    };
    stage.deploys("v2").await;
    // One that Auto Scaling rolls back.
    let outcome = json!({ "service": "autoscaling", "resource": "techhub-dev-beat", "outcome": "RollbackSuccessful" });
    stage.sandbox.control("outcome", &outcome).await;
    assert_eq!(stage.run(&["apply", "--yes", "--image", "beat=v1"]).await.code, 6);
    over.store(true, Ordering::Relaxed);
    let looks = watching.await.unwrap();
    assert!(looks > 20, "it was looked at {looks} times only");
    assert_eq!(most.load(Ordering::Relaxed), 1);
}
