//! Deployments on Auto Scaling groups, in every way they end, and how what they changed is put back.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_cloudwatch::types::{ComparisonOperator, StateValue, Statistic};
use infra::apply::Failure;
use infra::aws::Aws;
use infra::aws::autoscaling::group::Group;
use infra::aws::ec2::launch_template::LaunchTemplate;
use infra::graph::Live;
use infra::plan::Change;
use serde_json::json;

use crate::around::Network;
use crate::autoscaling::{GROUP, TEMPLATE, front, group, refreshes, running, surroundings, update};
use crate::kit::{Sandbox, desired};
use crate::launch_template::versions;

/// A group of two instances at version 1 of its launch template, and a version 2 that is to run.
struct Stage {
    sandbox: Sandbox,
    /// The group as it is.
    live: Group,
    /// What is planned for the group.
    change: Change,
    /// What was done to the launch template.
    template: Change,
    /// All that AWS had before.
    before: (Vec<Live>, Vec<Live>),
}

impl Stage {
    async fn new() -> Self {
        Self::of(async |_, _, group| group).await
    }

    async fn of(differs: impl AsyncFnOnce(&Sandbox, &Network, Group) -> Group) -> Self {
        let sandbox = Sandbox::new().await;
        let (network, template, made) = surroundings(&sandbox).await;
        let live = Group { min: 2, max: 4, ..group(&network, &made) };
        let live = differs(&sandbox, &network, live).await;
        let stays = BTreeSet::new;
        let made = Group {
            alarms: stays(),
            own_alarms: stays(),
            checkpoint_percents: Vec::new(),
            checkpoint_delay_seconds: None,
            ..live.clone()
        };
        sandbox.make(GROUP, made).await;
        let before = seen(&sandbox).await;
        let template = sandbox.carry_out(TEMPLATE, LaunchTemplate { instance_type: "t3.medium".into(), ..template }).await;
        let change = sandbox.plan(&desired(GROUP, &Group { launch_template_version: "2".into(), ..live.clone() })).await;
        Self { sandbox, live, change, template, before }
    }

    async fn steer(&self, outcome: &str) {
        let body = json!({ "service": "autoscaling", "resource": "shop-test-web", "outcome": outcome });
        self.sandbox.control("outcome", &body).await;
    }

    async fn deploy(&self) -> Result<(), Failure> {
        self.sandbox.update(&self.change).await.map(drop)
    }

    /// Everything is as it was: attributes, versions, tags, and what the instances run.
    async fn is_as_before(&self) {
        assert_eq!(seen(&self.sandbox).await, self.before);
        assert_eq!(versions(&self.sandbox.aws, &self.live.launch_template).await, [1]);
        assert_eq!(running(&self.sandbox.aws).await, ["1", "1"]);
        self.sandbox.is_restored(&self.change).await;
        self.sandbox.is_restored(&self.template).await;
    }

    /// Puts both back, in the order in which that has to be.
    async fn restore(&self) -> (bool, bool) {
        let group = self.sandbox.restore(&self.change).await.unwrap();
        (group, self.sandbox.restore(&self.template).await.unwrap())
    }
}

async fn seen(sandbox: &Sandbox) -> (Vec<Live>, Vec<Live>) {
    (sandbox.list::<Group>().await, sandbox.list::<LaunchTemplate>().await)
}

/// The instances of the group that are in service.
async fn instances(aws: &Aws) -> BTreeSet<String> {
    let answer = aws.autoscaling.describe_auto_scaling_groups().send().await.unwrap();
    let instances = answer.auto_scaling_groups()[0].instances().iter();
    let in_service = instances.filter(|instance| instance.lifecycle_state().unwrap().as_str() == "InService");
    in_service.map(|instance| instance.instance_id().unwrap().to_owned()).collect()
}

/// An alarm that is there, in this state.
async fn alarm(aws: &Aws, state: StateValue) {
    let put = aws.cloudwatch.put_metric_alarm().alarm_name("errors").namespace("shop").metric_name("errors");
    let put = put.statistic(Statistic::Sum).period(60).evaluation_periods(1).threshold(1.0);
    put.comparison_operator(ComparisonOperator::GreaterThanThreshold).send().await.unwrap();
    let set = aws.cloudwatch.set_alarm_state().alarm_name("errors").state_value(state).state_reason("as the test wants");
    set.send().await.unwrap();
}

#[tokio::test]
async fn what_a_deployment_changed_is_put_back_exactly() {
    let stage = Stage::new().await;
    let want = Group {
        launch_template_version: "2".into(),
        max: 6,
        cpu_target_percent: 70,
        max_healthy_percent: 200,
        ..stage.live.clone()
    };
    let change = stage.sandbox.carry_out(GROUP, want).await;
    assert_eq!(running(&stage.sandbox.aws).await, ["2", "2"]);

    // The template's version is in use as long as the group's instances run it.
    let error = stage.sandbox.restore(&stage.template).await.unwrap_err();
    assert_eq!(error.code, "InUse", "{error}");
    assert_eq!(versions(&stage.sandbox.aws, &stage.live.launch_template).await, [1, 2]);

    let stage = Stage { change, ..stage };
    assert_eq!(stage.restore().await, (true, true));
    stage.is_as_before().await;
}

#[tokio::test]
async fn what_auto_scaling_took_back_itself_is_not_taken_back_twice() {
    let stage = Stage::new().await;
    stage.steer("Failed").await;
    let failure = stage.deploy().await.unwrap_err();
    assert_eq!(failure.code, "RollbackSuccessful", "{failure}");
    assert_eq!(stage.restore().await, (false, true));
    stage.is_as_before().await;
    assert_eq!(refreshes(&stage.sandbox.aws).await, ["RollbackSuccessful"]);
}

#[tokio::test]
async fn instances_that_never_become_healthy_are_given_up_and_the_old_ones_stay() {
    let stage = Stage::of(async |sandbox, network, group| {
        let target_groups = BTreeSet::from([front(sandbox, network).await]);
        Group { target_groups, health_check: "ELB".into(), health_check_grace_seconds: 0, ..group }
    })
    .await;
    let before = instances(&stage.sandbox.aws).await;
    stage.steer("unhealthy").await;
    let failure = stage.deploy().await.unwrap_err();
    assert_eq!(failure.code, "RollbackSuccessful", "{failure}");
    assert_eq!(instances(&stage.sandbox.aws).await, before);
    assert_eq!(stage.restore().await, (false, true));
    stage.is_as_before().await;
}

#[tokio::test]
async fn a_deployment_cut_short_is_turned_round() {
    let stage = Stage::new().await;
    stage.sandbox.settle_seconds("autoscaling", 1.0).await;
    // As if the run had been killed in the middle of it.
    let in_the_middle = async {
        while refreshes(&stage.sandbox.aws).await != ["InProgress"] {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        done = stage.deploy() => panic!("{done:?}"),
        () = in_the_middle => {}
    }
    stage.sandbox.control("calls/reset", &json!({})).await;
    assert_eq!(stage.restore().await, (true, true));
    let calls = stage.sandbox.calls().await;
    assert!(calls.contains(&"autoscaling:RollbackInstanceRefresh".to_owned()), "{calls:?}");
    assert!(!calls.contains(&"autoscaling:StartInstanceRefresh".to_owned()), "{calls:?}");
    stage.is_as_before().await;
}

#[tokio::test]
async fn of_a_deployment_that_stopped_half_way_only_what_is_new_goes() {
    let stage = Stage::new().await;
    let before = instances(&stage.sandbox.aws).await;
    stage.steer("Cancelled").await;
    assert_eq!(stage.deploy().await.unwrap_err().code, "Cancelled");
    assert_eq!(running(&stage.sandbox.aws).await, ["1", "2"]);
    assert_eq!(stage.restore().await, (true, true));
    assert_eq!(instances(&stage.sandbox.aws).await.intersection(&before).count(), 1, "one had never gone");
    stage.is_as_before().await;
}

#[tokio::test]
async fn a_refresh_that_has_nowhere_to_go_back_to_is_cut_short() {
    let stage = Stage::new().await;
    stage.steer("stuck").await;
    let theirs = stage.sandbox.aws.autoscaling.start_instance_refresh().auto_scaling_group_name("shop-test-web");
    theirs.send().await.unwrap();
    assert_eq!(stage.restore().await, (true, true));
    assert_eq!(refreshes(&stage.sandbox.aws).await, ["Cancelled"]);
    stage.is_as_before().await;
}

#[tokio::test]
async fn an_undo_that_fails_says_so_and_does_not_roll_to_the_bad_version() {
    let stage = Stage::new().await;
    stage.deploy().await.unwrap();
    stage.steer("Failed").await;
    let failure = stage.sandbox.restore(&stage.change).await.unwrap_err();
    assert_eq!(failure.code, "Failed", "{failure}");
    assert_eq!(refreshes(&stage.sandbox.aws).await, ["Failed", "Successful"]);
    // It is finished by the next one.
    assert_eq!(stage.restore().await, (true, true));
    stage.is_as_before().await;
}

#[tokio::test]
async fn an_alarm_that_goes_off_brings_the_old_version_back_and_does_not_stop_that() {
    let stage = Stage::of(async |sandbox, _, group| {
        alarm(&sandbox.aws, StateValue::Ok).await;
        Group { alarms: BTreeSet::from(["errors".to_owned()]), ..group }
    })
    .await;
    stage.steer("stuck").await;
    let rings = async {
        while refreshes(&stage.sandbox.aws).await != ["InProgress"] {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        alarm(&stage.sandbox.aws, StateValue::Alarm).await;
    };
    let (done, ()) = tokio::join!(stage.deploy(), rings);
    let failure = done.unwrap_err();
    assert_eq!(failure.code, "RollbackSuccessful");
    assert!(failure.message.contains("alarm errors is in the ALARM state"), "{failure}");

    alarm(&stage.sandbox.aws, StateValue::Ok).await;
    stage.deploy().await.unwrap();
    alarm(&stage.sandbox.aws, StateValue::Alarm).await;
    assert_eq!(stage.restore().await, (true, true));
    stage.is_as_before().await;
}

#[tokio::test]
async fn what_rings_already_or_is_not_there_yet_does_not_stop_a_deployment() {
    let stage = Stage::of(async |sandbox, _, group| {
        alarm(&sandbox.aws, StateValue::Alarm).await;
        Group { own_alarms: ["errors", "still to be made"].map(str::to_owned).into(), ..group }
    })
    .await;
    stage.deploy().await.unwrap();
    assert_eq!(running(&stage.sandbox.aws).await, ["2", "2"]);
}

#[tokio::test]
async fn an_alarm_of_others_that_is_not_there_is_refused() {
    let stage = Stage::of(async |_, _, group| Group { alarms: BTreeSet::from(["nobody".to_owned()]), ..group }).await;
    let failure = stage.deploy().await.unwrap_err();
    assert!(failure.message.contains("nobody"), "{failure}");
    assert_eq!(stage.restore().await, (false, true));
    stage.is_as_before().await;
}

#[tokio::test]
async fn a_refresh_pauses_at_its_checkpoints_and_tells_how_far_it_is() {
    let stage =
        Stage::of(async |_, _, group| Group { checkpoint_percents: vec![50], checkpoint_delay_seconds: Some(5), ..group }).await;
    assert_eq!(stage.change.fields.len(), 1, "what AWS does not keep is no difference: {:?}", stage.change.fields);
    let (done, told) = stage.sandbox.listen(stage.deploy()).await;
    done.unwrap();
    assert_eq!(running(&stage.sandbox.aws).await, ["2", "2"]);
    let pause = told.iter().find(|text| text.contains("Checkpoint")).unwrap_or_else(|| panic!("{told:?}"));
    assert!(pause.starts_with("instance refresh InProgress, 50%, begun "), "{pause}");
}

#[tokio::test]
async fn a_group_that_runs_what_is_wanted_is_left_alone() {
    let stage = Stage::new().await;
    stage.deploy().await.unwrap();
    let second = Group { launch_template_version: "2".into(), ..stage.live.clone() };
    update(&stage.sandbox, &stage.live, &second, "launch_template_version").await.unwrap();
    assert_eq!(refreshes(&stage.sandbox.aws).await, ["Successful"]);
}

#[tokio::test]
async fn a_refresh_of_somebody_else_is_told_while_it_is_waited_for() {
    let stage = Stage::new().await;
    stage.steer("stuck").await;
    let theirs = stage.sandbox.aws.autoscaling.start_instance_refresh().auto_scaling_group_name("shop-test-web");
    theirs.send().await.unwrap();
    stage.sandbox.control("calls/reset", &json!({})).await;
    let release = async {
        stage.sandbox.called("autoscaling:DescribeInstanceRefreshes", 3).await;
        stage.steer("Successful").await;
    };
    let ((done, told), ()) = tokio::join!(stage.sandbox.listen(stage.deploy()), release);
    done.unwrap();
    let stuck = |text: &String| text.starts_with("instance refresh InProgress, 0%, begun ") && text.ends_with("s ago");
    assert!(told.iter().any(stuck), "{told:?}");
    assert_eq!(running(&stage.sandbox.aws).await, ["2", "2"]);
}
