//! Release commands, from the command line: nothing runs a new image before its release command has succeeded.

use aws_sdk_autoscaling::types::Instance;
use infra::record::{Outcome, StepOutcome, read};
use serde_json::{Value, json};

use super::Stage;

/// A command of `web`, whose image `worker` runs too.
const SPEC: &str = r#"
    [service.web.release]
    command = ["python", "manage.py", "migrate"]
    [service.web.env]
    GREETING = "hunter2-in-the-spec"
"#;

const V2: [&str; 4] = ["--image", "web=v2", "--image", "worker=v2"];

impl Stage {
    /// Everything, with images that run, and a release command.
    async fn released() -> Self {
        let stage = Self::running("dev").await;
        stage.specs.change("dev", SPEC);
        stage.converge(&[]).await;
        stage.push("v2").await;
        stage
    }

    /// The next release ends like this.
    async fn release_ends(&self, outcome: &str) {
        let body = json!({ "service": "ec2", "resource": "service.web.release", "outcome": outcome });
        self.sandbox.control("outcome", &body).await;
    }

    /// What each group runs: its version, and its instances with theirs.
    async fn runs(&self) -> Vec<(String, String, Vec<(String, String)>)> {
        let answer = self.aws().autoscaling.describe_auto_scaling_groups().send().await.unwrap();
        let instance = |instance: &Instance| {
            let version = instance.launch_template().unwrap().version().unwrap();
            (instance.instance_id().unwrap().to_owned(), version.to_owned())
        };
        let groups = answer.auto_scaling_groups().iter().map(|group| {
            let version = group.launch_template().unwrap().version().unwrap().to_owned();
            let name = group.auto_scaling_group_name().unwrap().to_owned();
            (name, version, group.instances().iter().map(instance).collect())
        });
        groups.collect()
    }
}

#[tokio::test]
async fn it_runs_before_any_instance_does_and_is_in_the_record() {
    let stage = Stage::released().await;
    stage.count_anew().await;
    let ended = stage.run(&[&["apply", "--yes"], &V2[..]].concat()).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    let writes = stage.writes().await;
    let first = |call: &str| writes.iter().position(|made| made == call).unwrap_or_else(|| panic!("no {call}: {writes:?}"));
    let last = |call: &str| writes.iter().rposition(|made| made == call).unwrap();
    assert!(first("ec2:CreateLaunchTemplateVersion") < first("ec2:RunInstances"), "{writes:?}");
    assert!(last("ec2:TerminateInstances") < first("autoscaling:StartInstanceRefresh"), "{writes:?}");
    assert!(ended.err.contains("service.web.release said:\n  step ") && ended.err.contains("\n  step 30 of 30\n"), "{ended:#?}");

    let record = read(&stage.records().join("dev")).unwrap().entries.remove(0).record;
    let step = record.steps.iter().find(|step| step.address.as_str() == "service.web.release").unwrap();
    let output = step.output.as_deref().unwrap();
    assert!(output.contains("step 30 of 30\n") && output.contains("stream release/"), "{output}");
    // It says its environment, and the record does not.
    assert!(output.contains("GREETING=(concealed)"), "{output}");
    let shown = stage.run(&["history", "show", &record.plan_id]).await;
    assert!(shown.out.contains("step 30 of 30") && !shown.out.contains("hunter2"), "{shown:#?}");
    stage.is_settled().await;

    // What moves no image runs no command.
    let said = stage.change(&format!("{SPEC}\nLEVEL = \"debug\"")).await;
    assert!(said.iter().any(|line| line.contains("service.web.launch_template")), "{said:?}");
    assert!(!said.iter().any(|line| line.contains("release")), "{said:?}");
}

#[tokio::test]
async fn where_it_fails_what_runs_stays() {
    let stage = Stage::released().await;
    let before = stage.runs().await;
    for (outcome, code) in [("3", "ExitCode3"), ("vanishes", "Vanished")] {
        stage.release_ends(outcome).await;
        let ended = stage.run(&[&["apply", "--yes"], &V2[..]].concat()).await;
        assert_eq!(ended.code, 3, "{ended:#?}");
        let words =
            [&format!("release command: {code}"), "stream release/", "waiting for service.web.release:", "service.worker.group"];
        for words in words {
            assert!(ended.out.contains(words), "nothing is said of {words}: {ended:#?}");
        }
        // What an instance did not live to tell stays in the log group: it may hold secrets.
        assert_eq!(ended.out.contains("step 30 of 30"), outcome == "3", "{ended:#?}");
        assert!(!ended.out.contains("hunter2") && !ended.err.contains("hunter2"), "{ended:#?}");
        assert_eq!(stage.runs().await, before);
        let record = read(&stage.records().join("dev")).unwrap().entries.remove(0).record;
        assert_eq!(record.outcome, Outcome::Partly);
        let step = record.steps.iter().find(|step| step.address.as_str() == "service.web.release").unwrap();
        assert_eq!(step.outcome, StepOutcome::Failed);
        assert_eq!(step.failure.as_ref().unwrap().message.contains("(concealed)"), outcome == "3", "{step:?}");
    }

    // The next image goes through, whatever the one before it did.
    stage.push("v3").await;
    let plan = stage.converge(&["--image", "web=v3", "--image", "worker=v3"]).await;
    assert!(plan.with("create").contains("service.web.release"), "{plan:#?}");
}

/// Killed while it waits: the next run goes on from there.
#[tokio::test]
async fn one_that_was_left_is_followed() {
    let stage = Stage::released().await;
    // It still runs when the next run has planned, on a busy machine too.
    stage.sandbox.settle_seconds("ec2", 60.0).await;
    stage.start(&[&["apply", "--yes"], &V2[..]].concat(), super::interrupt::made("ec2:RunInstances")).await.kill().await.unwrap();
    assert_eq!(stage.run(&["unlock", "--yes"]).await.code, 0);
    let plan = stage.plan(&V2).await;
    assert_eq!(plan.at("service.web.release")["action_reason"], "busy_in_aws");
    stage.count_anew().await;
    let ends = async {
        // It is read again, and followed then.
        stage.sandbox.called("logs:GetLogEvents", 1).await;
        stage.sandbox.settle_seconds("ec2", 0.1).await;
        stage.sandbox.hurry().await;
    };
    tokio::join!(stage.apply(&plan), ends);
    stage.is_settled().await;
    let found = stage.aws().ec2.describe_instances().send().await.unwrap();
    let tags = found
        .reservations()
        .iter()
        .flat_map(aws_sdk_ec2::types::Reservation::instances)
        .flat_map(aws_sdk_ec2::types::Instance::tags);
    let releases = tags.filter(|tag| tag.value() == Some("service.web.release")).count();
    assert_eq!(releases, 1, "it was run once");
}

/// It is part of the first deployment too: the database is new as well.
#[tokio::test]
async fn the_first_image_is_released_too() {
    let stage = Stage::new("dev").await;
    stage.specs.change("dev", SPEC);
    stage.converge(&[]).await;
    stage.push("v1").await;
    let plan = stage.converge(&super::images("v1")).await;
    let expected = ["service.web.group", "service.web.launch_template", "service.web.release"];
    assert!(expected.iter().all(|address| plan.with("create").contains(*address)), "{plan:#?}");
    let waits: Value = plan.at("service.worker.group")["after"].clone();
    assert!(waits.as_array().unwrap().contains(&json!("service.web.release")), "{waits}");
}
