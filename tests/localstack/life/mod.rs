//! Whole environments, from the command line: the binary plans, applies and destroys, and what it says and leaves is looked at.
//!
//! Each test has an account of its own, and a folder of specs that are those of `environments/` for that account. Every run has the
//! rights that `infra iam-policy` prints for it and no others: see [`permissions`].

mod alarms;
mod chain;
mod changes;
mod cuts;
mod destroy;
mod drift;
mod failures;
mod faults;
mod foreign;
mod guards;
mod interrupt;
mod lease;
mod neighbours;
mod notify;
mod permissions;
mod plan;
mod promote;
mod record;
mod reference;
mod rejecting;
mod release;
mod saved;
mod scripts;
mod secrets;
mod shared;
mod specs;
mod terminal;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aws_proxy::Proxy;
use infra::aws::Aws;
use infra::aws::kinds::KINDS;
use infra::graph::{Live, Scope, State};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::around::image;
use crate::kit::{Sandbox, http};
use plan::Plan;
use specs::Specs;

/// The region of the specs.
const REGION: &str = "us-east-1";

/// An environment in an account of its own.
struct Stage {
    sandbox: Sandbox,
    specs: Arc<Specs>,
    environment: String,
    home: Arc<TempDir>,
}

/// How a run of the binary ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Stage {
    /// Nothing but the spec.
    async fn new(environment: &str) -> Self {
        let scope = Scope { project: "techhub".into(), environment: environment.into() };
        let sandbox = Sandbox::of(scope, REGION).await;
        let specs = Arc::new(Specs::for_account(&sandbox.aws.account));
        Self { sandbox, specs, environment: environment.into(), home: Arc::new(TempDir::new().unwrap()) }
    }

    /// Another environment of the same project, in the same account.
    fn beside(&self, environment: &str) -> Self {
        let scope = Scope { environment: environment.into(), ..self.sandbox.scope.clone() };
        let sandbox = Sandbox { aws: self.sandbox.aws.clone(), scope };
        Self { sandbox, specs: Arc::clone(&self.specs), environment: environment.into(), home: Arc::clone(&self.home) }
    }

    /// Everything but what waits for images.
    async fn made(environment: &str) -> Self {
        let stage = Self::new(environment).await;
        stage.converge(&[]).await;
        stage
    }

    /// Everything, with images that run.
    async fn running(environment: &str) -> Self {
        let stage = Self::made(environment).await;
        stage.push("v1").await;
        stage.converge(&images("v1")).await;
        stage
    }

    /// Where runs leave their records.
    fn records(&self) -> PathBuf {
        self.home.path().join("plans")
    }

    fn aws(&self) -> &Aws {
        &self.sandbox.aws
    }

    /// The binary, ready to run a command on this environment with the rights it takes.
    async fn infra(&self, arguments: &[&str]) -> Command {
        let session = permissions::session(arguments);
        self.bind(session).await;
        let mut command = self.by_root(arguments);
        command.env("AWS_SESSION_TOKEN", session);
        command
    }

    /// The binary, ready to run a command on this environment with all rights.
    fn by_root(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("AWS_ENDPOINT_URL", std::env::var("AWS_ENDPOINT_URL").unwrap())
            .env("AWS_ACCESS_KEY_ID", &self.aws().account)
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("INFRA_SPECS", self.specs.folder())
            .env("INFRA_RECORDS", self.records())
            .env("INFRA_ENV", &self.environment)
            // LocalStack tells of everything at once.
            .env("INFRA_LAG_SECONDS", "0")
            .env("USER", "ana")
            .env("HOSTNAME", "runner-3")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// The binary, ready to run a command on this environment with the rights it takes, through a proxy.
    async fn through(&self, proxy: &Proxy, arguments: &[&str]) -> Command {
        let mut command = self.infra(arguments).await;
        command.env("AWS_ENDPOINT_URL", proxy.url());
        command
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        let ended = self.infra(arguments).await.output().await.unwrap().into();
        assert_eq!(self.refused().await, Vec::<String>::new(), "its policy is not enough: {ended:#?}");
        ended
    }

    /// What `apply` would do, blocked or not.
    async fn plan(&self, choices: &[&str]) -> Plan {
        let ended = self.run(&[&["plan", "--format", "json"], choices].concat()).await;
        assert!([0, 5].contains(&ended.code), "{ended:#?}");
        Plan::read(&ended, choices)
    }

    /// Applies exactly this plan; only where it allows data to be lost, when it would be.
    async fn try_apply(&self, plan: &Plan) -> Ended {
        let id = plan.id();
        let mut arguments = vec!["apply", "--approve", &id];
        if plan.hazards().contains("data-loss") {
            arguments.extend(["--allow", "data-loss"]);
        }
        arguments.extend(plan.choices());
        self.run(&arguments).await
    }

    /// Applies exactly this plan, to its end.
    async fn apply(&self, plan: &Plan) {
        let ended = self.try_apply(plan).await;
        assert_eq!(ended.code, 0, "{ended:#?}");
    }

    /// Plans, applies, and sees that nothing is left to do. Gives what was done.
    async fn converge(&self, choices: &[&str]) -> Plan {
        let plan = self.plan(choices).await;
        assert_eq!(plan.count("blocked"), 0, "{plan:#?}");
        self.apply(&plan).await;
        self.is_settled().await;
        plan
    }

    /// The plan is empty.
    async fn is_settled(&self) {
        let ended = self.run(&["plan", "--format", "json", "--detailed-exitcode"]).await;
        let plan = Plan::read(&ended, &[]);
        assert_eq!((plan.says(), ended.code), (BTreeSet::new(), 0), "the second plan is not empty");
    }

    /// Pushes an image of that tag into every repository.
    async fn push(&self, tag: &str) {
        for repository in ["web", "api"] {
            image(self.aws(), &format!("techhub-{}/{repository}", self.environment), tag).await;
        }
    }

    /// Everything of this environment, by address.
    async fn live(&self) -> BTreeMap<String, Live> {
        let mut found = BTreeMap::new();
        for live in self.everything().await {
            if let Some(address) = live.address().map(ToString::to_string) {
                assert!(!found.contains_key(&address), "there are two of {address}");
                found.insert(address, live);
            }
        }
        found
    }

    /// Everything of this environment, and what bears its names.
    async fn everything(&self) -> Vec<Live> {
        let lists = KINDS.iter().map(|kind| kind.list(self.aws(), &self.sandbox.scope));
        futures::future::try_join_all(lists).await.unwrap().into_iter().flatten().collect()
    }

    /// Waits until AWS is at work on nothing of this environment.
    async fn at_rest(&self) {
        for _ in 0..100 {
            if self.everything().await.iter().all(|live| live.state == State::Ready) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("AWS does not come to rest: {:#?}", self.everything().await);
    }

    /// The calls since counting began that were none of reading.
    async fn writes(&self) -> Vec<String> {
        let mut calls = self.sandbox.calls().await;
        calls.retain(|call| {
            let (_, operation) = call.split_once(':').unwrap();
            !["Describe", "List", "Get", "BatchGet"].iter().any(|read| operation.starts_with(read))
        });
        calls
    }

    async fn count_anew(&self) {
        self.sandbox.control("calls/reset", &json!({})).await;
    }

    /// A call to a service that `infra` itself has no business with, and therefore no client for.
    async fn by_hand(&self, service: &str, target: &str, body: &Value) -> Value {
        let scope = format!("{}/20260101/{REGION}/{service}/aws4_request", self.aws().account);
        let headers = [
            ("X-Amz-Target", target.to_owned()),
            ("Content-Type", "application/x-amz-json-1.1".to_owned()),
            ("Authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=test")),
        ];
        let (status, answer) = http("POST", "/", &headers, &body.to_string()).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// Has the next calls of an operation refused.
    async fn fail(&self, service: &str, operation: &str, times: u32) {
        let body = json!({ "service": service, "operation": operation, "code": "LimitExceeded", "message": "one too many",
            "times": times });
        self.sandbox.control("fail", &body).await;
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A service behind the load balancer of another one, so that a listener has rules.
const TOOL: &str = r#"
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
    paths = ["/tool/*"]
"#;

/// The tool with another way to it.
fn moved_tool() -> String {
    TOOL.replace(r#"["/tool/*"]"#, r#"["/tools/*", "/admin"]"#)
}

/// Deploys that tag to every service.
fn images(tag: &str) -> Vec<&'static str> {
    match tag {
        "v1" => vec!["--image", "web=v1", "--image", "worker=v1", "--image", "api=v1"],
        "v2" => vec!["--image", "web=v2", "--image", "worker=v2", "--image", "api=v2"],
        _ => unreachable!("tests push v1 and v2"),
    }
}
