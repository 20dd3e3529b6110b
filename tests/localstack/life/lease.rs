//! One run at a time: whatever else is started, killed, unlocked or lost meanwhile.

use std::time::{Duration, Instant};

use tokio::process::Child;

use super::{Ended, Stage};

/// A change that one call makes.
const CHANGE: &str = "ecr:PutLifecyclePolicy";

impl Stage {
    /// An environment of repositories alone, which is quickly read.
    async fn small() -> Self {
        let stage = Self::new("dev").await;
        stage.keep_images(10);
        assert_eq!(stage.run(&["apply", "--yes"]).await.code, 0);
        stage
    }

    fn keep_images(&self, images: usize) {
        let absent = "network = \"absent\"\nservice = \"absent\"\ndatabase = \"absent\"\ncache = \"absent\"\n";
        self.specs.change("dev", &format!("{absent}[repository.api]\n[repository.web]\nkeep_images = {images}\n"));
    }

    /// Starts a run whose lease lasts so many seconds, and waits until it has made this call.
    async fn begin(&self, arguments: &[&str], seconds: &str, call: &str) -> Child {
        self.count_anew().await;
        let child = self.infra(arguments).await.env("INFRA_LEASE_SECONDS", seconds).spawn().unwrap();
        for _ in 0..1000 {
            if self.writes().await.iter().any(|made| made == call) {
                return child;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it makes no call {call}: {:?}", child.wait_with_output().await);
    }

    /// A run that was killed while it had the environment, for so many seconds more.
    pub(super) async fn killed(&self, seconds: &str) -> Instant {
        self.begin(&["apply", "--yes"], seconds, "ssm:PutParameter").await.kill().await.unwrap();
        Instant::now()
    }

    async fn nobody_holds_it(&self) {
        let ended = self.run(&["unlock"]).await;
        assert_eq!((ended.code, ended.err.as_str()), (0, "nobody holds dev\n"), "{ended:#?}");
    }

    fn parameter(&self) -> String {
        format!("/infra/techhub/{}/lease", self.environment)
    }
}

async fn end(child: Child) -> Ended {
    tokio::time::timeout(Duration::from_mins(3), child.wait_with_output()).await.expect("it ends").unwrap().into()
}

#[tokio::test]
async fn of_two_that_start_at_once_one_proceeds() {
    let stage = Stage::small().await;
    let mut refused = 0;
    for round in 0..20 {
        stage.keep_images(11 + round);
        stage.count_anew().await;
        let (one, other) = tokio::join!(stage.run(&["apply", "--yes"]), stage.run(&["apply", "--yes"]));
        let made = stage.writes().await.iter().filter(|call| *call == CHANGE).count();
        assert_eq!(made, 1, "{one:#?} {other:#?}");
        // Where the first was done before the second asked, that one has found nothing to do.
        let mut codes = [one.code, other.code];
        codes.sort_unstable();
        assert!(codes == [0, 7] || codes == [0, 0], "{one:#?} {other:#?}");
        refused += usize::from(codes == [0, 7]);
        let told = [&one, &other].into_iter().find(|ended| ended.code == 7);
        assert!(told.is_none_or(|ended| ended.err.contains("dev is held by ")), "{told:#?}");
    }
    assert!(refused > 0, "no two runs met");
    stage.nobody_holds_it().await;
}

#[tokio::test]
async fn a_run_that_was_killed_is_waited_for_until_its_lease_has_run_out() {
    let stage = Stage::small().await;
    stage.keep_images(3);
    let killed = stage.killed("20").await;
    let ended = stage.run(&["apply", "--yes"]).await;
    assert_eq!(ended.code, 7, "{ended:#?}");
    assert!(ended.err.contains("(apply, since ") && ended.err.contains("--lock-timeout"), "{ended:#?}");

    let ended = stage.run(&["apply", "--yes", "--lock-timeout", "1m"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(ended.err.contains("waiting for it"), "{ended:#?}");
    let waited = killed.elapsed();
    assert!(Duration::from_secs(5) < waited && waited < Duration::from_mins(1), "{waited:?}");
    stage.is_settled().await;
}

#[tokio::test]
async fn others_may_look_while_one_holds_it_and_people_may_unlock_it() {
    let stage = Stage::small().await;
    stage.keep_images(3);
    stage.killed("300").await;
    stage.count_anew().await;
    assert_eq!(stage.run(&["plan"]).await.code, 0);
    let ended = stage.run(&["unlock"]).await;
    assert_eq!(ended.code, 5, "{ended:#?}");
    assert!(ended.err.contains("dev is held by ") && ended.err.contains("`--yes`"), "{ended:#?}");
    assert_eq!(stage.writes().await, Vec::<String>::new());

    let ended = stage.run(&["unlock", "--yes"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(ended.err.contains("dev is free"), "{ended:#?}");
    stage.nobody_holds_it().await;
    assert_eq!(stage.run(&["apply", "--yes"]).await.code, 0);
}

/// Somebody unlocks a run that is alive: it starts nothing more, and says who it was.
#[tokio::test]
async fn a_run_that_is_unlocked_stops() {
    let stage = Stage::new("dev").await;
    stage.sandbox.settle_seconds("rds", 60.0).await;
    let child = stage.begin(&["apply", "--yes", "--json"], "12", "rds:CreateDBInstance").await;
    assert_eq!(stage.run(&["unlock", "--yes"]).await.code, 0);
    let ended = end(child).await;
    assert_eq!(ended.code, 3, "{ended:#?}");
    assert!(ended.err.contains("the lease on dev is lost: ") && ended.err.contains(" has ended it"), "{ended:#?}");
    assert!(ended.out.contains(r#""stopped":"lease_lost""#), "{ended:#?}");
    // A role may read the database's secret, and therefore waits for it.
    assert!(!stage.live().await.contains_key("service.web.role"));
    stage.sandbox.hurry().await;
    stage.sandbox.settle_seconds("rds", 0.1).await;
    stage.converge(&[]).await;
}

#[tokio::test]
async fn a_run_whose_parameter_was_deleted_stops_and_the_next_makes_another() {
    let stage = Stage::new("dev").await;
    stage.sandbox.settle_seconds("rds", 60.0).await;
    let child = stage.begin(&["apply", "--yes"], "12", "rds:CreateDBInstance").await;
    stage.aws().ssm.delete_parameter().name(stage.parameter()).send().await.unwrap();
    let ended = end(child).await;
    assert_eq!(ended.code, 3, "{ended:#?}");
    assert!(ended.err.contains("stopping, because the lease is lost"), "{ended:#?}");
    assert!(ended.err.contains("the lease on dev is lost: somebody has deleted it"), "{ended:#?}");
    stage.sandbox.hurry().await;
    stage.sandbox.settle_seconds("rds", 0.1).await;
    stage.converge(&[]).await;
    stage.nobody_holds_it().await;
}

#[tokio::test]
async fn however_a_run_ends_it_gives_the_environment_back() {
    let stage = Stage::small().await;
    stage.nobody_holds_it().await;
    let tags = stage.aws().ssm.list_tags_for_resource().resource_type("Parameter".into()).resource_id(stage.parameter());
    let tags = tags.send().await.unwrap();
    let mut tags: Vec<_> = tags.tag_list().iter().map(|tag| (tag.key(), tag.value())).collect();
    tags.sort_unstable();
    assert_eq!(tags, [("infra:environment", "dev"), ("infra:project", "techhub")]);

    stage.keep_images(3);
    stage.fail("ecr", "PutLifecyclePolicy", 9).await;
    assert_eq!(stage.run(&["apply", "--yes"]).await.code, 1);
    stage.nobody_holds_it().await;

    let stage = Stage::new("dev").await;
    stage.sandbox.settle_seconds("rds", 30.0).await;
    let child = stage.begin(&["apply", "--yes"], "60", "rds:CreateDBInstance").await;
    super::interrupt::interrupt(&child).await;
    assert_eq!(end(child).await.code, 130);
    stage.nobody_holds_it().await;
}

/// It is renewed while a run lives, and an answer that is lost locks nobody out.
#[tokio::test]
async fn a_long_run_keeps_it() {
    let stage = Stage::small().await;
    stage.specs.change("dev", "");
    stage.sandbox.settle_seconds("rds", 120.0).await;
    let lost = serde_json::json!({ "service": "ssm", "operation": "PutParameter", "code": "InternalServerError", "status": 500,
        "after": true });
    stage.sandbox.control("fail", &lost).await;
    let child = stage.begin(&["apply", "--yes"], "20", "rds:CreateDBInstance").await;
    tokio::time::sleep(Duration::from_secs(21)).await;
    assert_eq!(stage.run(&["apply", "--yes"]).await.code, 7);
    assert_eq!(stage.run(&["destroy", "--yes", "--allow", "data-loss"]).await.code, 7);
    stage.sandbox.settle_seconds("rds", 0.1).await;
    stage.sandbox.hurry().await;
    let ended = end(child).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.nobody_holds_it().await;
}
