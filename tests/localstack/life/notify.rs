//! Whoever the spec names is told of a run, and what opens their doors is seen by nobody else.

use std::fs;
use std::path::Path;

use aws_sdk_ssm::types::ParameterType;

use super::{Ended, Stage, images};

#[expect(dead_code, reason = "it serves the tests of sending, too")]
#[path = "../../../src/notify/tests/server.rs"]
pub(super) mod server;

use server::{Answer, Server};

/// Part of the webhook's address.
const ADDRESS: &str = "hunter2-in-the-address";

/// Sentry's token.
const TOKEN: &str = "hunter2-the-token";

impl Stage {
    /// Has a webhook told, whose address is kept as a secret, and a Sentry of one's own.
    async fn telling(&self, webhook: &Server, sentry: &Server) {
        let url = webhook.url(&format!("/{ADDRESS}"));
        let parameter = self.aws().ssm.put_parameter().name("/techhub/slack-url").value(url);
        parameter.r#type(ParameterType::SecureString).send().await.unwrap();
        let secret = self.aws().secretsmanager.create_secret().name("techhub/sentry");
        secret.secret_string(format!("{{\"token\":\"{TOKEN}\"}}")).send().await.unwrap();
        let spec = format!(
            "[notify.webhook]\nurl = \"ssm:/techhub/slack-url\"\n[notify.sentry]\ntoken = \"secretsmanager:techhub/sentry#token\"\n\
             organization = \"techhub\"\nprojects = [\"web\"]\nurl = \"{}\"",
            sentry.url("")
        );
        self.specs.change(&self.environment, &spec);
    }

    /// Neither the output nor anything that was left behind holds a key.
    fn betrays_nothing(&self, ended: &Ended) {
        let mut texts = vec![ended.out.clone(), ended.err.clone()];
        read_all(self.home.path(), &mut texts);
        assert!(texts.len() > 2, "there is no record");
        for text in texts {
            assert!(!text.contains(ADDRESS) && !text.contains(TOKEN), "{text}");
        }
    }
}

fn read_all(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { read_all(&path, texts) } else { texts.push(fs::read_to_string(path).unwrap()) }
    }
}

/// What a webhook was told, as `subject outcome`.
fn events(server: &Server) -> Vec<String> {
    let events = server.taken().into_iter().map(|taken| taken.body["metadata"]["event_payload"].clone());
    events.map(|event| format!("{} {}", event["subject"].as_str().unwrap(), event["outcome"].as_str().unwrap())).collect()
}

async fn answering(status: u16) -> Server {
    Server::start(vec![Answer::status(status)]).await
}

#[tokio::test]
async fn a_deployment_is_told_from_its_beginning_to_its_end() {
    let stage = Stage::made("dev").await;
    let (slack, sentry) = (answering(200).await, answering(201).await);
    stage.telling(&slack, &sentry).await;
    stage.push("v1").await;
    let saved = stage.home.path().join("saved.plan");
    let planned = stage.run(&[&["plan", "--out", saved.to_str().unwrap()][..], &images("v1")].concat()).await;
    assert_eq!((planned.code, events(&slack).len()), (0, 0), "nothing was done yet: {planned:#?}");

    // With the rights that `infra iam-policy` prints, as always here.
    let ended = stage.run(&["apply", saved.to_str().unwrap(), "--yes"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(!ended.err.contains("warning"), "{ended:#?}");
    stage.betrays_nothing(&ended);

    assert_eq!(events(&slack), ["deployment started", "deployment succeeded"]);
    for taken in slack.taken() {
        assert_eq!((taken.method.as_str(), taken.path), ("POST", format!("/{ADDRESS}")));
        let event = &taken.body["metadata"]["event_payload"];
        assert_eq!((&event["environment"], &event["origin"]["actor"]), (&"dev".into(), &"ana".into()));
        let services: Vec<&str> = event["services"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
        // In the order of the spec, which was written anew.
        assert_eq!(services, ["api", "web", "worker"]);
        assert!(event["services"][0]["to"].as_str().unwrap().starts_with("sha256:"), "{event:#}");
        assert!(taken.body["text"].as_str().unwrap().starts_with("techhub dev: deploy"), "{}", taken.body);
    }
    let taken = sentry.taken();
    assert!(taken.iter().all(|taken| taken.headers["authorization"] == format!("Bearer {TOKEN}")), "{taken:#?}");
    let (releases, deploys): (Vec<_>, Vec<_>) = taken.iter().partition(|taken| taken.path.ends_with("/releases/"));
    // One image, in both repositories: released as it starts and as it is done.
    assert_eq!((releases.len(), deploys.len()), (2, 1), "{taken:#?}");
    assert!(deploys.iter().all(|deploy| deploy.body["environment"] == "dev"), "{deploys:#?}");
}

#[tokio::test]
async fn who_cannot_be_told_is_a_warning() {
    let stage = Stage::new("dev").await;
    let (slack, sentry) = (Server::start(vec![Answer::Close]).await, answering(500).await);
    stage.telling(&slack, &sentry).await;
    let ended = stage.run(&["apply", "--yes"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    let warnings: Vec<&str> = ended.err.lines().filter(|line| line.starts_with("warning: ")).collect();
    // Sentry has no business with what deploys nothing.
    assert!(
        // Three attempts may take longer than the end of a run waits for them.
        warnings.len() == 2
            && warnings.iter().all(|it| {
                it.contains("the webhook was not told \"techhub dev: appl") || it.contains("the webhook has not answered yet")
            }),
        "{ended:#?}"
    );
    assert_eq!(sentry.taken().len(), 0);
    stage.betrays_nothing(&ended);
    stage.is_settled().await;

    let ended = stage.run(&["destroy", "--yes", "--allow", "data-loss"]).await;
    stage.betrays_nothing(&ended);
    assert!(events(&slack).contains(&"destroy started".to_owned()), "{:?}", events(&slack));
}

#[tokio::test]
async fn a_key_that_is_not_there_and_a_receiver_that_hangs_stop_nothing() {
    let stage = Stage::new("dev").await;
    let hangs = Server::start(vec![Answer::Never]).await;
    stage.specs.change("dev", &format!("[notify.webhook]\nurl = \"{}\"", hangs.url("/")));
    stage.fail("ec2", "CreateVpc", 1).await;
    let ended = stage.run(&["apply", "--yes"]).await;
    assert_eq!(ended.code, 3, "as without the webhook: {ended:#?}");
    assert!(ended.err.contains("warning: the webhook has not answered yet"), "{ended:#?}");

    stage.specs.change("dev", "[notify.webhook]\nurl = \"ssm:/techhub/slack-url\"");
    let ended = stage.run(&["apply", "--yes"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    let cannot =
        "warning: the webhook cannot be told: ssm:/techhub/slack-url cannot be read: ssm:GetParameter: ParameterNotFound";
    assert!(ended.err.contains(cannot), "{ended:#?}");
}

#[tokio::test]
async fn what_failed_is_told_with_the_words_of_aws() {
    let stage = Stage::new("dev").await;
    let (slack, sentry) = (answering(200).await, answering(201).await);
    stage.telling(&slack, &sentry).await;
    stage.fail("rds", "CreateDBInstance", 1).await;
    let ended = stage.run(&["apply", "--yes"]).await;
    assert_eq!(ended.code, 3, "{ended:#?}");
    assert_eq!(events(&slack), ["apply started", "apply failed"]);
    let last = &slack.taken()[1].body["text"];
    let why = "database.main.instance: rds:CreateDBInstance: LimitExceeded: one too many";
    assert!(last.as_str().unwrap().contains(why), "{last}");

    // Only what the spec wants told.
    stage.specs.change("dev", "[notify]\non = [\"failed\"]\nwebhook = { url = \"ssm:/techhub/slack-url\" }");
    let ended = stage.run(&["apply", "--yes"]).await;
    assert_eq!((ended.code, events(&slack).len()), (0, 2), "{ended:#?}");
}

/// Plans are told to those who want to hear of them: with the rights for planning, and where nothing could be planned, too.
#[tokio::test]
async fn a_plan_is_told_where_plans_are_to_be_told() {
    let stage = Stage::made("dev").await;
    let (slack, sentry) = (answering(200).await, answering(201).await);
    stage.telling(&slack, &sentry).await;
    let spec = fs::read_to_string(stage.specs.folder().join("dev.toml")).unwrap();
    let spec = spec.replace("[notify.webhook]", "[notify]\non = [\"planned\", \"failed\"]\n\n[notify.webhook]");
    fs::write(stage.specs.folder().join("dev.toml"), spec.replace("keep_images = 20", "keep_images = 21")).unwrap();
    let ended = stage.run(&["plan"]).await;
    assert_eq!((ended.code, events(&slack)), (0, vec!["plan planned".to_owned()]), "{ended:#?}");
    assert!(!ended.err.contains("warning"), "{ended:#?}");
    let told = slack.taken()[0].body["metadata"]["event_payload"].clone();
    assert!(told["summary"]["update"].as_u64().unwrap() > 0 && told["ended"].is_string(), "{told:#}");

    stage.fail("rds", "DescribeDBInstances", 1).await;
    let ended = stage.run(&["plan"]).await;
    assert_eq!((ended.code, events(&slack).pop().unwrap().as_str()), (1, "plan failed"), "{ended:#?}");
    assert!(slack.taken()[1].body["text"].as_str().unwrap().contains("one too many"));
    stage.betrays_nothing(&ended);
    assert_eq!(sentry.taken().len(), 0, "a plan is no release");
}
