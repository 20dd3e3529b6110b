//! An environment with secrets everywhere, and runs of the tool on it.

use std::fs;
use std::time::Duration;

use aws_proxy::Proxy;
use futures::future::join_all;
use serde_json::json;
use tokio::process::Command;

use super::given::{self, BY_PROGRAM_SESSION, Owner, SESSION, WEBHOOK, WEBHOOK_PASSWORD};
use super::listener::Listener;
use super::registry::Registry;
use super::search::Texts;
use crate::life::notify::server::{Answer, Server};
use crate::life::{Ended, Stage};

/// An environment, and what has been said of it.
pub(super) struct Life {
    pub(super) stage: Stage,
    pub(super) proxy: Proxy,
    pub(super) listener: Listener,
    pub(super) owner: Owner,
    variables: Vec<(&'static str, String)>,
    /// The ARN of a secret.
    api: String,
    pub(super) webhook: Server,
    pub(super) sentry: Server,
    /// What nobody may find anything in.
    pub(super) told: Texts,
}

impl Life {
    /// `outward` is the proxy on the way out.
    pub(super) async fn new(by_file: &Registry, by_helper: &Registry, outward: &Registry) -> Self {
        let stage = Stage::new("dev").await;
        stage.sandbox.settle_seconds("*", 0.0).await;
        let proxy = Proxy::start(&std::env::var("AWS_ENDPOINT_URL").unwrap()).await;
        let listener = Listener::start(&stage).await;
        proxy.follow(listener.clone());
        let owner = Owner::new(by_file, by_helper);
        let variables = owner.variables(stage.home.path(), outward);
        // Whoever is told quotes what they were sent once they have enough of it; cut off in the middle, as far as they can help it.
        let path = format!("/services/{WEBHOOK}");
        let quote = format!("{}no hook at {path}, nor {WEBHOOK}", "x".repeat(162));
        let webhook = Server::start(vec![Answer::status(200), Answer::status(200), Answer::With(404, "", quote)]).await;
        let quote = format!("Bearer {} is not welcome", given::SENTRY);
        let sentry = Server::start(vec![Answer::status(201), Answer::status(201), Answer::With(401, "", quote)]).await;
        let address = webhook.url(&path).replace("http://", &format!("http://hook:{WEBHOOK_PASSWORD}@"));
        let api = stage.keep_secrets(&address).await;
        Self { stage, api, proxy, listener, owner, variables, webhook, sentry, told: Texts::default() }
    }

    /// Has the spec say this, and the session allowed to do it.
    pub(super) async fn specify(&self, value: &str, more: &str) {
        self.stage.specs.change("dev", &(given::spec(value, &self.api, &self.sentry.url("")) + more));
        let policies = [self.stage.policy("apply").await];
        for session in [SESSION, BY_PROGRAM_SESSION] {
            self.stage.sandbox.control("iam", &json!({ "session": session, "policies": policies })).await;
        }
    }

    /// Runs commands at once, with every secret in the environment, at the top of their voices.
    pub(super) async fn look(&mut self, all: &[&[&str]], expected: i32) -> Vec<Ended> {
        self.run_with(all, expected, &[]).await
    }

    pub(super) async fn run(&mut self, arguments: &[&str], expected: i32) -> Ended {
        self.look(&[arguments], expected).await.remove(0)
    }

    pub(super) async fn run_with(&mut self, all: &[&[&str]], expected: i32, variables: &[(&str, String)]) -> Vec<Ended> {
        let runs = all.iter().map(|arguments| {
            let mut command = self.command(arguments);
            command.envs(variables.iter().cloned());
            async move { command.output().await.unwrap() }
        });
        let ended: Vec<Ended> = join_all(runs).await.into_iter().map(Ended::from).collect();
        for (arguments, ended) in all.iter().zip(&ended) {
            assert_eq!(ended.code, expected, "{arguments:?}: {ended:#?}");
            self.told.add(format!("stdout of {arguments:?}"), &ended.out);
            self.told.add(format!("stderr of {arguments:?}"), &ended.err);
        }
        ended
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.stage.by_root(arguments);
        command.env("AWS_ENDPOINT_URL", self.proxy.url()).envs(self.variables.iter().cloned());
        command.current_dir(self.stage.home.path());
        command
    }

    /// A run that is killed as soon as it has the environment, so that somebody has to unlock it.
    pub(super) async fn killed(&self) {
        let mut child = self.command(&["apply", "--yes"]).spawn().unwrap();
        let has_it = || self.proxy.log().iter().any(|it| it.call.name() == "ssm:PutParameter" && it.ended.is_some());
        while !has_it() {
            assert_eq!(child.try_wait().unwrap(), None, "it ends before it has the environment");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        child.kill().await.unwrap();
        self.proxy.quiet().await;
    }

    /// Has AWS refuse the next calls in these words.
    pub(super) async fn quotes(&self, call: (&str, &str), code: &str, message: &str, times: u32) {
        let (service, operation) = call;
        let body = json!({ "service": service, "operation": operation, "code": code, "message": message, "times": times });
        self.stage.sandbox.control("fail", &body).await;
    }

    pub(super) async fn ends(&self, service: &str, resource: &str, outcome: &str) {
        let body = json!({ "service": service, "resource": resource, "outcome": outcome });
        self.stage.sandbox.control("outcome", &body).await;
    }

    /// Where specs lie into which secrets were pasted.
    pub(super) fn pasted(&self) -> Vec<String> {
        let base = fs::read_to_string(self.stage.specs.folder().join("base.toml")).unwrap();
        let spec = |(number, text): (usize, String)| {
            let folder = self.owner.path().join(format!("specs-{number}"));
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("dev.toml"), format!("environment = \"dev\"\n{text}")).unwrap();
            folder.display().to_string()
        };
        given::pasted(&base).into_iter().enumerate().map(spec).collect()
    }
}
