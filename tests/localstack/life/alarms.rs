//! Alarms of a whole environment: they come with what they watch, follow it, and go with it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::ComparisonOperator;
use infra::graph::Live;
use serde_json::{Value, json};

use super::destroy::DESTROY;
use super::drift::seen_and_put_right;
use super::{Stage, images};

/// Every alarm that there is, in `dev`.
fn alarms(account: &str) -> String {
    format!(
        r#"
        [service.web.alarms]
        errors_5xx_percent = 5
        unhealthy_targets = 1
        latency_p95_seconds = 0.3
        cpu_percent = 90
        notify = "arn:aws:sns:us-east-1:{account}:on-call"

        [service.worker.alarms]
        cpu_percent = 90
        for = "15m"

        [service.api.alarms]
        errors_5xx_percent = 5
        latency_p95_seconds = 0.3
        cpu_percent = 90

        [database.main.alarms]
        free_storage_gib = 5
        cpu_percent = 90
        connections = 80

        [cache.main.alarms]
        evictions_per_minute = 100
        cpu_percent = 90
        memory_percent = 90
        "#
    )
}

const ALARM: &str = "cloudwatch.alarm";

async fn with_alarms() -> Stage {
    let stage = Stage::new("dev").await;
    stage.specs.change("dev", &alarms(&stage.aws().account));
    stage
}

fn addresses(live: &BTreeMap<String, Live>) -> BTreeSet<&str> {
    live.values().filter(|live| live.kind == ALARM).filter_map(|live| Some(live.address()?.as_str())).collect()
}

/// The value of a dimension of every metric of an alarm.
fn dimension<'a>(alarm: &'a Live, name: &str) -> Vec<&'a str> {
    let metrics = alarm.attrs["metrics"].as_object().unwrap().values();
    metrics.map(|metric| metric["dimensions"][name].as_str().unwrap()).collect()
}

#[tokio::test]
async fn come_with_what_they_watch_and_go_with_it() {
    let stage = with_alarms().await;
    let plan = stage.converge(&[]).await;
    let live = stage.live().await;
    // Instances and App Runner wait for an image, and so do alarms on what they do.
    assert_eq!(addresses(&live).len(), 9, "{:?}", addresses(&live));
    assert!(plan.count("deferred") > 5, "{plan:#?}");

    stage.push("v1").await;
    stage.converge(&images("v1")).await;
    let live = stage.live().await;
    assert_eq!(addresses(&live).len(), 14, "{:?}", addresses(&live));

    // CloudWatch knows load balancers by the ends of their ARNs, all others by what they are called.
    let balancer = live["service.web.load_balancer"].id.split_once(":loadbalancer/").unwrap().1;
    let targets = live["service.web.target_group"].id.rsplit_once(':').unwrap().1;
    let unhealthy = &live["service.web.alarm.unhealthy_targets"];
    assert_eq!((dimension(unhealthy, "LoadBalancer"), dimension(unhealthy, "TargetGroup")), (vec![balancer], vec![targets]));
    assert_eq!(dimension(&live["service.web.alarm.errors_5xx_percent"], "LoadBalancer"), [balancer; 4]);
    let worker = &live["service.worker.alarm.cpu_percent"];
    assert_eq!(dimension(worker, "AutoScalingGroupName"), [live["service.worker.group"].id.as_str()]);
    assert_eq!(worker.attrs["evaluation_periods"], 15);
    let api = &live["service.api.alarm.latency_p95_seconds"];
    let output = |name: &str| vec![live["service.api.service"].outputs[name].as_str()];
    assert_eq!((dimension(api, "ServiceName"), dimension(api, "ServiceID")), (output("name"), output("id")));
    assert_eq!(api.attrs["threshold"], "300", "in milliseconds");
    let storage = &live["database.main.alarm.free_storage_gib"];
    assert_eq!(dimension(storage, "DBInstanceIdentifier"), [live["database.main.instance"].id.as_str()]);
    assert_eq!(storage.attrs["threshold"], "5368709120", "in bytes");

    // A deployment is nothing to them; a threshold is changed in place; what is not declared any more goes.
    stage.push("v2").await;
    let plan = stage.converge(&images("v2")).await;
    assert!(plan.with("update").iter().all(|address| !address.contains(".alarm.")), "{plan:#?}");
    let fewer = alarms(&stage.aws().account).replace("errors_5xx_percent = 5", "errors_5xx_percent = 2.5");
    stage.specs.change("dev", &fewer.replace("connections = 80", ""));
    let expected = [
        "delete database.main.alarm.connections (not_in_spec)",
        "update service.api.alarm.errors_5xx_percent: description threshold (spec_changed)",
        "update service.web.alarm.errors_5xx_percent: description threshold (spec_changed)",
    ];
    assert_eq!(stage.converge(&[]).await.says(), expected.map(str::to_owned).into());

    // One service goes with its alarms, and the rest stays.
    stage.specs.change("dev", "");
    let plan = stage.plan(&["--only", "service.web"]).await;
    assert_eq!(plan.with("delete").len(), 4, "{plan:#?}");

    let ended = stage.run(&DESTROY).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.nothing_is_left().await;
}

#[tokio::test]
async fn are_put_right() {
    let stage = with_alarms().await;
    stage.converge(&[]).await;
    let (cloudwatch, live) = (&stage.aws().cloudwatch, stage.live().await);
    // Somebody makes one quieter, switches one off, takes a tag away and deletes one.
    let cpu = &live["database.main.alarm.cpu_percent"].id;
    let described = cloudwatch.describe_alarms().alarm_names(cpu).send().await.unwrap();
    let was = &described.metric_alarms()[0];
    let quieter = cloudwatch.put_metric_alarm().alarm_name(cpu).set_alarm_description(was.alarm_description.clone());
    let quieter = quieter.set_namespace(was.namespace.clone()).set_metric_name(was.metric_name.clone()).period(60);
    let quieter = quieter.set_dimensions(was.dimensions.clone()).set_statistic(was.statistic.clone()).threshold(99.5);
    let quieter = quieter.comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold).evaluation_periods(5);
    quieter.treat_missing_data("notBreaching").send().await.unwrap();
    cloudwatch.disable_alarm_actions().alarm_names(&live["service.web.alarm.unhealthy_targets"].id).send().await.unwrap();
    let arn = &live["database.main.alarm.connections"].outputs["arn"];
    cloudwatch.untag_resource().resource_arn(arn).tag_keys("Name").send().await.unwrap();
    cloudwatch.delete_alarms().alarm_names(&live["cache.main.alarm.memory_percent"].id).send().await.unwrap();
    seen_and_put_right(
        &stage,
        [
            "create cache.main.alarm.memory_percent (deleted_in_aws)",
            "update database.main.alarm.connections: tags (changed_in_aws)",
            "update database.main.alarm.cpu_percent: threshold (changed_in_aws)",
            "update service.web.alarm.unhealthy_targets: actions_enabled (changed_in_aws)",
        ],
    )
    .await;
}

#[tokio::test]
async fn of_a_cache_follow_its_nodes() {
    let stage = with_alarms().await;
    stage.converge(&[]).await;
    let alarm = async || stage.live().await.remove("cache.main.alarm.evictions_per_minute").unwrap();
    assert_eq!(
        (dimension(&alarm().await, "CacheClusterId"), alarm().await.attrs["expression"].as_str()),
        (vec!["techhub-dev-main-001"], Some(""))
    );
    for (replicas, expression) in [(2, "SUM([node_1, node_2, node_3])"), (1, "SUM([node_1, node_2])"), (0, "")] {
        let all = alarms(&stage.aws().account);
        stage.specs.change("dev", &format!("[cache.main]\nreplicas = {replicas}\n{all}"));
        stage.converge(&[]).await;
        let alarm = alarm().await;
        let nodes: Vec<String> = (1..=replicas + 1).map(|number| format!("techhub-dev-main-00{number}")).collect();
        assert_eq!(dimension(&alarm, "CacheClusterId"), nodes);
        assert_eq!(alarm.attrs["expression"], json!(expression));
        assert_eq!(alarm.attrs["insufficient_data_actions"], Value::Array(Vec::new()));
    }
}
