//! Interrupted, told to quit, killed: the next run goes on from what AWS has.

use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use super::{Ended, Stage};

impl Stage {
    /// Starts a run, and waits until it has made calls that write as `enough` wants them.
    pub(super) async fn start(&self, arguments: &[&str], enough: impl Fn(&[String]) -> bool) -> Child {
        self.count_anew().await;
        let child = self.infra(arguments).await.spawn().unwrap();
        let began = Instant::now();
        while began.elapsed() < Duration::from_mins(3) {
            if enough(&self.writes().await) {
                return child;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{:?} came, and then: {:?}", self.writes().await, child.wait_with_output().await);
    }

    /// Starts a run, and kills it after so many calls that write. Nobody waits until its lease runs out.
    async fn kill_after(&self, arguments: &[&str], writes: usize) {
        self.start(arguments, |made| made.len() >= writes).await.kill().await.unwrap();
        assert_eq!(self.run(&["unlock", "--yes"]).await.code, 0);
    }

    /// Applies what is left, while AWS may still be at work on what was begun.
    async fn go_on(&self) {
        let ended = self.run(&["apply", "--yes"]).await;
        assert_eq!(ended.code, 0, "{ended:#?}");
        self.is_settled().await;
    }
}

pub(super) fn made(call: &str) -> impl Fn(&[String]) -> bool {
    move |calls| calls.iter().any(|made| made == call)
}

pub(super) async fn interrupt(child: &Child) {
    signal(child, "INT").await;
}

/// Sends a signal, by its name.
pub(super) async fn signal(child: &Child, name: &str) {
    let done = Command::new("kill").args([&format!("-{name}"), &child.id().unwrap().to_string()]).status().await.unwrap();
    assert!(done.success());
}

/// How it ended, if it did so within the time.
pub(super) async fn end(child: Child, within: Duration) -> Ended {
    let output = tokio::time::timeout(within, child.wait_with_output()).await;
    output.expect("it goes on").unwrap().into()
}

#[tokio::test]
async fn interrupted_once_it_leaves_aws_to_its_work() {
    let stage = Stage::new("dev").await;
    stage.sandbox.settle_seconds("rds", 60.0).await;
    let child = stage.start(&["apply", "--yes"], made("rds:CreateDBInstance")).await;
    interrupt(&child).await;
    let ended = end(child, Duration::from_secs(30)).await;
    assert_eq!(ended.code, 130, "{ended:#?}");
    assert!(ended.err.contains("stopping"), "{ended:#?}");
    assert!(ended.out.contains("left to AWS") && ended.out.contains("database.main.instance"), "{ended:#?}");

    // The next run waits for what AWS is still at, and makes nothing twice.
    let plan = stage.plan(&[]).await;
    assert_eq!(plan.at("database.main.instance")["action_reason"], "busy_in_aws");
    stage.sandbox.hurry().await;
    stage.go_on().await;
}

#[tokio::test]
async fn interrupted_twice_it_quits_at_once() {
    let stage = Stage::made("dev").await;
    stage.sandbox.settle_seconds("rds", 60.0).await;
    stage.specs.change("dev", "[database.main]\nclass = \"db.t4g.small\"");
    let mut child = stage.start(&["apply", "--yes"], made("rds:ModifyDBInstance")).await;
    interrupt(&child).await;
    // A change in place is seen to its end.
    assert!(tokio::time::timeout(Duration::from_secs(1), child.wait()).await.is_err(), "nothing was in flight");
    interrupt(&child).await;
    let ended = end(child, Duration::from_secs(30)).await;
    assert_eq!(ended.code, 130, "{ended:#?}");
    stage.sandbox.hurry().await;
    stage.sandbox.settle_seconds("rds", 0.1).await;
    assert_eq!(stage.run(&["unlock", "--yes"]).await.code, 0);
    stage.go_on().await;
}

/// Wherever it is killed: nothing is lost, and nothing is there twice.
#[tokio::test]
async fn killed_again_and_again_it_still_comes_to_its_end() {
    let stage = Stage::new("dev").await;
    for writes in [1, 2, 3, 5, 8, 8] {
        stage.kill_after(&["apply", "--yes"], writes).await;
    }
    stage.go_on().await;
    stage.live().await;
    assert_eq!(stage.own_vpcs().await.len(), 1);
    let addresses = stage.aws().ec2.describe_addresses().send().await.unwrap();
    assert_eq!(addresses.addresses().len(), 1, "{addresses:?}");
}

#[tokio::test]
async fn killed_while_it_destroys() {
    let stage = Stage::running("dev").await;
    for writes in [2, 6, 12] {
        stage.kill_after(&["destroy", "--yes", "--allow", "data-loss"], writes).await;
    }
    let ended = stage.run(&["destroy", "--yes", "--allow", "data-loss"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.nothing_is_left().await;
}
