//! Every run leaves a record, however it ends, and no record holds a secret.

use std::fs;
use std::path::Path;
use std::time::Duration;

use infra::record::{Consent, Entry, Outcome, Record, StepOutcome, read};
use serde_json::{Value, json};
use tokio::process::Command;

use super::interrupt::{end, made, signal};
use super::{Stage, images};

/// Values that nobody should meet outside the spec.
const SECRET: &str = "hunter2-in-the-spec";

impl Stage {
    /// The records of the environment, newest first. They hold what the schema says, and no secret.
    pub(super) async fn recorded(&self) -> Vec<Entry> {
        let found = read(&self.records().join(&self.environment)).unwrap();
        assert!(found.unreadable.is_empty(), "{:?}", found.unreadable);
        for entry in &found.entries {
            assert!(!fs::read_to_string(&entry.path).unwrap().contains(SECRET), "{}", entry.path.display());
            valid(&entry.path).await;
        }
        found.entries
    }

    /// The record of the only run there was.
    async fn only_record(&self) -> Entry {
        let mut entries = self.recorded().await;
        assert_eq!(entries.len(), 1, "{entries:#?}");
        entries.remove(0)
    }

    /// What `infra history` prints.
    async fn history(&self, arguments: &[&str]) -> String {
        let ended = self.run(&[&["history"], arguments].concat()).await;
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{ended:#?}");
        ended.out
    }
}

/// Holds a record against its schema.
async fn valid(record: &Path) {
    valid_as("record", record).await;
}

/// Holds a file against the schema of that name in `docs`, by the validator that LocalStack brings along.
pub(super) async fn valid_as(schema: &str, file: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = "import json, sys, jsonschema; record, schema = (json.load(open(file)) for file in sys.argv[1:]); \
        jsonschema.Draft202012Validator(schema).validate(record)";
    let mut python = Command::new(root.join(".venv/bin/python"));
    let schema = root.join(format!("docs/{schema}.schema.json"));
    let output = python.args(["-c", script]).args([file, &schema]).output().await;
    let output = output.expect("`localstack/up` has made .venv");
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
}

fn at<'a>(record: &'a Record, address: &str) -> &'a infra::record::Step {
    record.steps.iter().find(|step| step.address.as_str() == address).unwrap_or_else(|| panic!("{address}: {record:#?}"))
}

#[tokio::test]
async fn a_run_that_did_all_says_so() {
    let stage = Stage::new("dev").await;
    stage.specs.change("dev", &format!("[service.web.env]\nKEY = \"{SECRET}\""));
    let refused = stage.run(&["apply"]).await;
    assert_eq!((refused.code, stage.recorded().await), (5, vec![]), "nothing was done, and nothing is recorded");

    let ended = stage.run(&["apply", "--yes"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    let entry = stage.only_record().await;
    assert!(ended.err.contains(&entry.path.display().to_string()), "{ended:#?}");
    let record = &entry.record;
    assert_eq!((record.outcome, record.exit_code), (Outcome::Done, Some(0)));
    assert!(record.ended > Some(record.started) && record.agreement.by == Consent::Yes);
    assert_eq!(record.principal, Some(format!("arn:aws:iam::{}:root", stage.aws().account)));
    let is_done =
        |step: &infra::record::Step| step.outcome == StepOutcome::Done && step.started.is_some() && step.seconds.is_some();
    assert!(record.steps.iter().all(is_done), "{record:#?}");
    assert_eq!(record.steps.len(), record.summary.create);

    let idle = stage.run(&["apply", "--yes"]).await;
    assert_eq!((idle.code, stage.recorded().await.len()), (0, 1), "nothing was done, and nothing is recorded");

    stage.push("v1").await;
    let plan = stage.converge(&images("v1")).await;
    let newest = stage.recorded().await.swap_remove(0);
    assert_eq!((newest.record.agreement.by, newest.record.plan_id.as_str()), (Consent::Approved, &*plan.id()));
    let moved = &newest.record.images["web"];
    assert!(moved.from.is_none() && moved.to.is_some() && newest.record.images.len() == 3, "{moved:?}");
    assert_eq!(newest.record.agreement.images["web"], "v1");

    let table = stage.history(&[]).await;
    assert_eq!(table.lines().count(), 1 + 2 + 3, "{table}");
    assert!(table.contains(moved.to.as_ref().unwrap().short()), "{table}");
    let list: Value = serde_json::from_str(&stage.history(&["--json", "-n", "1"]).await).unwrap();
    assert_eq!((&list["runs"][0]["plan_id"], list["runs"].as_array().unwrap().len()), (&json!(plan.id()), 1));
    let shown = stage.history(&["show", &plan.id()[..12]]).await;
    assert!(shown.contains("by --approve, with --image api=v1") && shown.contains("Steps: 5 done"), "{shown}");
    let json: Value = serde_json::from_str(&stage.history(&["show", "--json", &plan.id()]).await).unwrap();
    assert_eq!(json, serde_json::to_value(&newest.record).unwrap());

    let destroyed = stage.run(&["destroy", "--yes", "--allow", "data-loss"]).await;
    assert_eq!(destroyed.code, 0, "{destroyed:#?}");
    let newest = stage.recorded().await.swap_remove(0);
    assert!(newest.stem().contains("-destroy-"), "{}", newest.stem());
    assert_eq!(newest.record.agreement.allow, ["data-loss"]);
    assert_eq!(newest.record.images["web"].from, moved.to);
}

/// Those that the command line is tested with are such as runs leave.
#[tokio::test]
async fn the_records_among_the_tests_are_sound() {
    for environment in ["dev", "prod"] {
        let found = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/plans").join(environment)).unwrap();
        assert!(!found.entries.is_empty());
        for entry in found.entries {
            valid(&entry.path).await;
        }
    }
}

/// AWS may quote what it refuses.
#[tokio::test]
async fn what_failed_is_recorded_in_awss_words_without_secrets() {
    let stage = Stage::made("dev").await;
    stage.push("v1").await;
    stage.specs.change("dev", &format!("[service.web.env]\nKEY = \"{SECRET}\""));
    let body = json!({ "service": "ec2", "operation": "CreateLaunchTemplate", "code": "InvalidUserData.Malformed",
        "message": format!("KEY={SECRET} is malformed"), "times": 9 });
    stage.sandbox.control("fail", &body).await;
    let ended = stage.run(&[&["apply", "--yes"][..], &images("v1")].concat()).await;
    assert_eq!(ended.code, 3, "{ended:#?}");
    let Entry { record, .. } = stage.recorded().await.swap_remove(0);
    assert_eq!((record.outcome, record.exit_code), (Outcome::Partly, Some(3)));
    let failure = at(&record, "service.web.launch_template").failure.clone().unwrap();
    assert_eq!((failure.operation.as_str(), failure.code.as_str()), ("ec2:CreateLaunchTemplate", "InvalidUserData.Malformed"));
    assert!(failure.message.contains("KEY=(concealed) is malformed") && failure.request_id.is_some(), "{failure:?}");
    let left = at(&record, "service.web.group");
    assert_eq!(left.outcome, StepOutcome::Left);
    assert_eq!(left.waited_for.as_ref().unwrap().as_str(), "service.web.launch_template");
}

#[tokio::test]
async fn signals_leave_a_finished_record() {
    for name in ["INT", "TERM", "HUP"] {
        let stage = Stage::new("dev").await;
        stage.sandbox.settle_seconds("rds", 5.0).await;
        let child = stage.start(&["apply", "--yes"], made("rds:CreateDBInstance")).await;
        let entry = stage.only_record().await;
        assert!(entry.lives && entry.record.outcome == Outcome::Running, "SIG{name}: {entry:#?}");
        assert!(stage.history(&[]).await.contains("running"));
        signal(&child, name).await;
        let ended = end(child, Duration::from_secs(4)).await;
        assert_eq!(ended.code, 130, "SIG{name}: {ended:#?}");
        let Entry { record, lives, .. } = stage.only_record().await;
        assert_eq!((record.outcome, record.exit_code, lives), (Outcome::Interrupted, Some(130), false), "SIG{name}");
        assert!(record.ended.is_some(), "SIG{name}");
        assert_eq!(at(&record, "database.main.instance").outcome, StepOutcome::Begun, "SIG{name}");
        assert_eq!(at(&record, "service.web.role").outcome, StepOutcome::Stopped, "SIG{name}");
    }
}

/// `nohup` asks that hanging up be ignored.
#[tokio::test]
async fn hanging_up_is_no_interrupt_under_nohup() {
    let stage = Stage::new("dev").await;
    stage.sandbox.settle_seconds("rds", 3.0).await;
    stage.count_anew().await;
    let plain = stage.infra(&["apply", "--yes"]).await;
    let plain = plain.as_std();
    let mut command = Command::new("sh");
    let variables = plain.get_envs().filter_map(|(name, value)| Some((name, value?)));
    command.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(plain.get_program()).args(plain.get_args());
    command.env_clear().envs(variables).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.kill_on_drop(true).spawn().unwrap();
    while !made("rds:CreateDBInstance")(&stage.writes().await) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    signal(&child, "HUP").await;
    let ended = end(child, Duration::from_mins(1)).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(stage.only_record().await.record.outcome, Outcome::Done);
}

#[tokio::test]
async fn quitting_at_once_leaves_a_finished_record() {
    let stage = Stage::made("dev").await;
    stage.sandbox.settle_seconds("rds", 60.0).await;
    stage.specs.change("dev", "[database.main]\nclass = \"db.t4g.small\"");
    let child = stage.start(&["apply", "--yes"], made("rds:ModifyDBInstance")).await;
    signal(&child, "INT").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    signal(&child, "TERM").await;
    let ended = end(child, Duration::from_secs(30)).await;
    assert_eq!(ended.code, 130, "{ended:#?}");
    let Entry { record, .. } = stage.recorded().await.swap_remove(0);
    assert_eq!((record.outcome, record.exit_code), (Outcome::Interrupted, Some(130)));
    assert_eq!(at(&record, "database.main.instance").outcome, StepOutcome::Running, "nobody knows how it went on");
}

#[tokio::test]
async fn killed_outright_it_is_seen_to_be_cut_short() {
    let stage = Stage::new("dev").await;
    stage.sandbox.settle_seconds("rds", 60.0).await;
    let mut child = stage.start(&["apply", "--yes"], made("rds:CreateDBInstance")).await;
    // The file is brought up to date once a second.
    let runs = |entry: &Entry| at(&entry.record, "database.main.instance").outcome == StepOutcome::Running;
    for _ in 0..100 {
        if runs(&stage.only_record().await) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    child.kill().await.unwrap();
    let entry = stage.only_record().await;
    assert!(entry.was_cut_short(), "{entry:#?}");
    assert_eq!(at(&entry.record, "network.vpc").outcome, StepOutcome::Done, "it says how far it came");
    assert_eq!(at(&entry.record, "database.main.instance").outcome, StepOutcome::Running);
    assert!(stage.history(&[]).await.contains("cut short"));
    let list: Value = serde_json::from_str(&stage.history(&["--json"]).await).unwrap();
    assert_eq!(list["runs"][0]["outcome"], "cut_short");
}

#[tokio::test]
async fn what_cannot_be_recorded_does_not_begin() {
    let stage = Stage::new("dev").await;
    fs::write(stage.records(), "a file where the folder should be").unwrap();
    stage.count_anew().await;
    let ended = stage.run(&["apply", "--yes"]).await;
    assert_eq!(ended.code, 1, "{ended:#?}");
    assert!(ended.err.contains("cannot be recorded") && ended.err.contains("nothing was done"), "{ended:#?}");
    // But for the lease, which is taken and given back.
    let writes = stage.writes().await;
    assert!(writes.iter().all(|call| call.starts_with("ssm:")), "{writes:?}");
}

/// Half an environment would be worse than half a record.
#[tokio::test]
async fn a_record_that_gets_lost_is_no_reason_to_stop() {
    let stage = Stage::new("dev").await;
    stage.sandbox.settle_seconds("rds", 3.0).await;
    let child = stage.start(&["apply", "--yes"], made("rds:CreateDBInstance")).await;
    let away = stage.home.path().join("away");
    fs::rename(stage.records(), &away).unwrap();
    let ended = end(child, Duration::from_mins(1)).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    let warnings: Vec<&str> = ended.err.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert_eq!(warnings.len(), 2, "once when it is noticed, and at the end: {ended:#?}");
    assert!(warnings.iter().all(|warning| warning.contains("plans/dev/")), "{warnings:#?}");
    fs::rename(&away, stage.records()).unwrap();
    assert!(stage.only_record().await.was_cut_short());
}
