//! What must not be done is not done: nothing at all is written.

use aws_sdk_ecr::types::Tag;

use super::{Ended, Stage};

impl Stage {
    /// Refused by a guard, with these words, and without a single call that writes.
    pub(super) async fn refuses(&self, arguments: &[&str], words: &[&str]) -> Ended {
        self.count_anew().await;
        let ended = self.run(arguments).await;
        assert_eq!(ended.code, 5, "{ended:#?}");
        let said = format!("{}{}", ended.out, ended.err);
        for word in words {
            assert!(said.contains(word), "nothing is said of {word}: {ended:#?}");
        }
        assert_eq!(self.writes().await, Vec::<String>::new());
        ended
    }
}

#[tokio::test]
async fn planning_writes_nothing() {
    let stage = Stage::made("dev").await;
    stage.specs.change("dev", "[tags]\nowner = \"web\"\n[database.main]\nclass = \"db.t4g.small\"");
    stage.count_anew().await;
    for arguments in [&["plan"][..], &["plan", "--destroy"], &["plan", "--only", "network"], &["status"]] {
        let ended = stage.run(arguments).await;
        assert_eq!(ended.code, 0, "{ended:#?}");
    }
    assert_eq!(stage.writes().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_would_replace_data_is_blocked() {
    let stage = Stage::made("dev").await;
    let changes = [
        ("[database.main]\nengine = \"mysql\"\nversion = \"8.4\"", "database.main.instance", "engine"),
        ("[database.main]\nversion = \"15\"", "database.main.instance", "version"),
        ("[network]\ncidr = \"10.77.0.0/16\"", "network.vpc", "cidr"),
        ("[cache.main]\nversion = \"6.2\"", "cache.main.replication_group", "version"),
    ];
    for (change, address, attribute) in changes {
        stage.specs.change("dev", change);
        let plan = stage.plan(&[]).await;
        assert!(plan.count("blocked") > 0, "{change}: {plan:#?}");
        stage.refuses(&["plan"], &[address, attribute]).await;
        stage.refuses(&["apply", "--yes", "--allow", "data-loss"], &["blocked"]).await;
    }
    stage.specs.change("dev", "");
    stage.is_settled().await;
}

#[tokio::test]
async fn somebody_elses_is_left_alone_until_it_is_taken_over() {
    let stage = Stage::new("dev").await;
    let aws = stage.aws();
    let tag = Tag::builder().key("Name").value("the web team's").build().unwrap();
    let theirs = aws.ecr.create_repository().repository_name("techhub-dev/web").tags(tag).send().await.unwrap();
    aws.logs.create_log_group().log_group_name("/techhub/dev/web").send().await.unwrap();

    stage.refuses(&["plan"], &["techhub-dev/web", "the web team's", "--adopt repository.web"]).await;
    stage.refuses(&["apply", "--yes"], &["--adopt"]).await;
    stage.refuses(&["apply", "--yes", "--adopt", "repository.web"], &["--adopt service.web.log_group"]).await;

    let adopt = ["--adopt", "repository.web", "--adopt", "service.web.log_group"];
    let plan = stage.converge(&adopt).await;
    assert!(plan.with("update").contains("repository.web"), "{plan:#?}");
    let now = aws.ecr.describe_repositories().repository_names("techhub-dev/web").send().await.unwrap();
    assert_eq!(now.repositories()[0].created_at(), theirs.repository().unwrap().created_at(), "it is another one");
}

#[tokio::test]
async fn another_account_is_refused() {
    let stage = Stage::new("dev").await;
    let other = Stage::new("dev").await;
    for arguments in [&["plan"][..], &["apply", "--yes"], &["destroy", "--yes"], &["status"]] {
        let mut command = stage.infra(arguments).await;
        let ended: Ended = command.env("AWS_ACCESS_KEY_ID", &other.aws().account).output().await.unwrap().into();
        assert_eq!(ended.code, 1, "{ended:#?}");
        assert!(ended.err.contains(&other.aws().account) && ended.err.contains(&stage.aws().account), "{ended:#?}");
    }
    assert_eq!((stage.writes().await, other.writes().await), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn nothing_happens_unless_somebody_agrees() {
    let stage = Stage::new("dev").await;
    stage.refuses(&["apply"], &["--yes", "--approve"]).await;
    stage.refuses(&["apply", "--yes", "--approve", "another"], &["another was approved"]).await;
    let prod = Stage::new("prod").await;
    let id = prod.plan(&[]).await.id();
    prod.refuses(&["apply", "--yes"], &["requires approval", &id]).await;
    prod.refuses(&["apply"], &["--approve"]).await;
}

#[tokio::test]
async fn data_is_lost_only_where_that_is_allowed_by_name() {
    let stage = Stage::made("dev").await;
    stage.specs.change("dev", "cache = \"absent\"\n[service.web]\nconnects = []\n[service.worker]\nconnects = []");
    let plan = stage.plan(&[]).await;
    assert_eq!(plan.hazards().into_iter().collect::<Vec<_>>(), ["data-loss"]);
    stage.refuses(&["apply", "--yes"], &["--allow data-loss"]).await;
    stage.refuses(&["apply", "--approve", &plan.id()], &["--allow data-loss"]).await;
    stage.refuses(&["destroy", "--yes"], &["--allow data-loss"]).await;
    stage.converge(&[]).await;
}

#[tokio::test]
async fn what_is_protected_keeps_everything_from_being_destroyed() {
    let stage = Stage::made("prod").await;
    let plan = stage.plan(&["--destroy"]).await;
    assert!(plan.at("database.main.instance")["blocked"].is_object(), "{plan:#?}");
    let words = ["database.main.instance", "deletion_protection = false"];
    stage.refuses(&["destroy", "--approve", &plan.id(), "--allow", "data-loss"], &words).await;
}
