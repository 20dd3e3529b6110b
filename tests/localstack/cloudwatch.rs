//! Alarms, and how they stand.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::types::{ComparisonOperator, StateValue, Statistic};
use infra::aws::cloudwatch::alarm::{Alarm, Metric};
use infra::aws::cloudwatch::states::{Standing, states};
use infra::plan::Action;

use crate::kit::{REGION, Sandbox, desired};

const NAME: &str = "shop-test-service-web-cpu-percent";

fn metric(named: &str, statistic: &str) -> Metric {
    Metric {
        namespace: "AWS/ApplicationELB".into(),
        metric: named.into(),
        dimensions: [("LoadBalancer".into(), "app/shop-test-web/0123456789abcdef".into())].into(),
        statistic: statistic.into(),
        period_seconds: 60,
        unit: String::new(),
    }
}

pub(crate) fn alarm() -> Alarm {
    Alarm {
        name: NAME.into(),
        description: "service.web: it takes too long".into(),
        metrics: [("metric".into(), metric("TargetResponseTime", "p95"))].into(),
        expression: String::new(),
        comparison: "GreaterThanOrEqualToThreshold".into(),
        threshold: "0.3".into(),
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        treat_missing_data: "notBreaching".into(),
        low_sample_count_percentile: "evaluate".into(),
        actions_enabled: true,
        alarm_actions: BTreeSet::new(),
        ok_actions: BTreeSet::new(),
        insufficient_data_actions: BTreeSet::new(),
    }
}

fn share() -> Alarm {
    let metrics = [("errors", "HTTPCode_Target_5XX_Count"), ("requests", "RequestCount")];
    Alarm {
        metrics: metrics.map(|(id, named)| (id.to_owned(), metric(named, "Sum"))).into(),
        expression: "100 * errors / requests".into(),
        threshold: "5".into(),
        ..alarm()
    }
}

#[tokio::test]
async fn alarm_round_trip() {
    let sandbox = Sandbox::new().await;
    let topic = BTreeSet::from([format!("arn:aws:sns:{REGION}:{}:on-call", sandbox.aws.account)]);
    let told = Alarm { alarm_actions: topic.clone(), ok_actions: topic, ..share() };
    let longer = Alarm { evaluation_periods: 10, datapoints_to_alarm: 8, ..told.clone() };
    let average = Alarm { metrics: [("metric".into(), metric("TargetResponseTime", "Average"))].into(), ..alarm() };
    sandbox.round_trip(alarm(), [share(), told, longer, average, alarm()]).await;
}

#[tokio::test]
async fn an_alarm_that_somebody_redefined_is_put_right_and_keeps_its_state() {
    let sandbox = Sandbox::new().await;
    sandbox.make("alarm", share()).await;
    let (cloudwatch, topic) = (&sandbox.aws.cloudwatch, format!("arn:aws:sns:{REGION}:123456789012:theirs"));
    let edit = cloudwatch.put_metric_alarm().alarm_name(NAME).namespace("AWS/EC2").metric_name("CPUUtilization");
    let edit = edit.statistic(Statistic::Average).period(300).evaluation_periods(1).threshold(1.5).alarm_description("mine");
    let edit = edit.comparison_operator(ComparisonOperator::LessThanThreshold).insufficient_data_actions(topic);
    edit.actions_enabled(false).send().await.unwrap();
    rings(&sandbox, NAME).await;
    let expected = [
        "actions_enabled",
        "comparison",
        "datapoints_to_alarm",
        "description",
        "evaluation_periods",
        "expression",
        "insufficient_data_actions",
        "metrics",
        "threshold",
        "treat_missing_data",
    ];
    assert_eq!(sandbox.put_right("alarm", share()).await, expected.map(str::to_owned).into());
    assert_eq!(states(&sandbox.aws, &[NAME.to_owned()]).await.unwrap()[0].standing, Standing::Alarm);

    // Few samples are passed over, which only percentiles know.
    let ignores =
        cloudwatch.put_metric_alarm().alarm_name("shop-test-few").namespace("AWS/ApplicationELB").metric_name("Latency");
    let ignores = ignores.extended_statistic("p95").period(60).evaluation_periods(5).threshold(0.3);
    let ignores = ignores.comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold);
    ignores.evaluate_low_sample_count_percentile("ignore").send().await.unwrap();
    let live = sandbox.list::<Alarm>().await;
    let few = live.iter().find(|live| live.id == "shop-test-few").unwrap();
    assert_eq!(few.attrs["low_sample_count_percentile"], "ignore");
}

#[tokio::test]
async fn an_alarm_that_somebody_made_is_in_the_way() {
    let sandbox = Sandbox::new().await;
    let theirs = sandbox.aws.cloudwatch.put_metric_alarm().alarm_name(NAME).namespace("AWS/EC2").metric_name("CPUUtilization");
    let theirs = theirs.statistic(Statistic::Average).period(60).evaluation_periods(1).threshold(1.0);
    theirs.comparison_operator(ComparisonOperator::GreaterThanThreshold).send().await.unwrap();
    let change = sandbox.plan(&desired("alarm", &alarm())).await;
    assert!(change.action == Action::Create && change.blocked.is_some(), "{change:#?}");
}

#[tokio::test]
async fn states_are_read_in_one_call_for_a_hundred_in_the_order_of_the_names() {
    let sandbox = Sandbox::new().await;
    for (address, name) in [("one", "shop-test-a"), ("two", "shop-test-b"), ("three", "shop-test-c")] {
        sandbox.make(address, Alarm { name: name.into(), ..alarm() }).await;
    }
    rings(&sandbox, "shop-test-b").await;
    let quiet = sandbox.aws.cloudwatch.set_alarm_state().alarm_name("shop-test-a").state_value(StateValue::Ok);
    quiet.state_reason("as it should be").send().await.unwrap();
    sandbox.control("calls/reset", &serde_json::json!({})).await;

    let names = ["shop-test-c", "nobody", "shop-test-b", "shop-test-a"].map(str::to_owned);
    let seen = states(&sandbox.aws, &names).await.unwrap();
    let told: Vec<_> = seen.iter().map(|state| (state.name.as_str(), state.standing, state.reason.as_str())).collect();
    let new = "Unchecked: Initial alarm creation";
    let expected = [
        ("shop-test-c", Standing::InsufficientData, new),
        ("shop-test-b", Standing::Alarm, "a test"),
        ("shop-test-a", Standing::Ok, "as it should be"),
    ];
    assert_eq!(told, expected);
    assert!(seen.iter().all(|state| state.since.is_some()));
    assert_eq!(sandbox.calls().await, ["cloudwatch:DescribeAlarms"]);

    let many: Vec<String> = (0..201).map(|number| format!("shop-test-{number}")).collect();
    assert_eq!(states(&sandbox.aws, &many).await.unwrap(), []);
    assert_eq!(states(&sandbox.aws, &[]).await.unwrap(), []);
    assert_eq!(sandbox.calls().await.len(), 4, "one call for each hundred, and none for none");
}

/// Has an alarm ring.
async fn rings(sandbox: &Sandbox, name: &str) {
    let ring = sandbox.aws.cloudwatch.set_alarm_state().alarm_name(name).state_value(StateValue::Alarm);
    ring.state_reason("a test").send().await.unwrap();
}
