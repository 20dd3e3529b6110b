//! The secrets that are given, and where they are given: what the environment, Docker, git, CI and AWS hold of them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use aws_sdk_ssm::types::ParameterType;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::registry::Registry;
use super::search::Canary;
use crate::life::Stage;

pub(super) const ACCESS_KEY: &str = "Ac/vQ8mZr2TkL5xWb9NcJ4hD+key=";
pub(super) const SESSION: &str = "Se/yF3pXs7GdR1wVu6KqM9tB+token==";
/// Those that a program gives which AWS's configuration names.
pub(super) const BY_PROGRAM_KEY: &str = "Bp/kT5vXw8ZnQ3mJr7LdH1sC+key=";
pub(super) const BY_PROGRAM_SESSION: &str = "Bp/wN2qRz6KxV9tGs4MhB8cJ+token==";
/// A secret that services get, in SSM, and another in Secrets Manager.
pub(super) const APPLICATION: &str = "ap/Lz5cNh8JkT2vPx4WmQ7rY'\"&<key";
pub(super) const API: &str = "ap/Dw9gBf6ZsK1nXt3RjV8mC+api=";
/// In the path of the webhook's address, and the password before its host.
pub(super) const WEBHOOK: &str = "T0-Qk7rHx2ZvN5sJd9PwG4mL";
pub(super) const WEBHOOK_PASSWORD: &str = "Yb6tCw1KgX8nVz3FrM5qS7hD";
pub(super) const SENTRY: &str = "sntrys_Jm2vZk9XbR4wTn7DpG6sL1qC";
pub(super) const DATADOG: &str = "Vf8xNq3SjK6zHw1YtB5rM9cP";
/// The password of a registry, in Docker's file; and an identity token for another, which a helper gives.
pub(super) const PASSWORD: &str = "p:@Zr4kWn9TmX2vBs7JcL1qF6h/+ %";
pub(super) const IDENTITY: &str = "Gx3dVm8QkP5wRz2NtJ7sY9bC";
pub(super) const PROXY: &str = "Nw5hTz7RcJ2xKv9GmD4qB8sL";
/// In the address of git's remote, and in what CI sets.
pub(super) const GIT: &str = "Bq1sXk6MwZ9tVr3HnP8jC5dF";
pub(super) const CI: &str = "Rt2zKm7VxN4wJq9SbG6hL8cD";
pub(super) const ENDPOINT: &str = "Kc9wPt4XzS1mVn6QrH3jB7gD";
/// Printed by a service, in an address.
pub(super) const PRINTED: &str = "Xh7nZs2KvW5qTm8RjB1cL9dG";
/// Pasted into a spec, where none belongs.
pub(super) const PASTED: &str = "Wd4rMz9KxQ7vSn2TjH5bC8gP";
/// Values of the environment: first, then, and as somebody changed it by hand.
pub(super) const FIRST: &str = "value-Cz8kRw3XmV6nTq1JsP9hB5dL";
pub(super) const THEN: &str = "value-Jp5xVt9ZkN2wGm7QrS4hD1cB";
pub(super) const BY_HAND: &str = "value-Sv1mKz6XwR9tQn4JhB7cP3gL";

/// What nobody is told, whoever they are.
pub(super) fn secrets() -> Vec<Canary> {
    let all = [
        ("the secret access key", ACCESS_KEY),
        ("the session token", SESSION),
        ("the secret access key of a program", BY_PROGRAM_KEY),
        ("the session token of a program", BY_PROGRAM_SESSION),
        ("the application's key", APPLICATION),
        ("the application's token", API),
        ("the webhook", WEBHOOK),
        ("the webhook's password", WEBHOOK_PASSWORD),
        ("Sentry's token", SENTRY),
        ("Datadog's key", DATADOG),
        ("the registry's password", PASSWORD),
        ("the registry's identity token", IDENTITY),
        ("the registry's token", super::registry::TOKEN),
        ("the signature of a blob's address", super::registry::SIGNATURE),
        ("the proxy's password", PROXY),
        ("git's token", GIT),
        ("CI's token", CI),
        ("the endpoint's password", ENDPOINT),
        ("what a service printed", PRINTED),
        ("what was pasted into a spec", PASTED),
    ];
    all.map(|(name, secret)| Canary::of(name, secret)).into()
}

/// What only those are told who run it.
pub(super) fn values() -> Vec<Canary> {
    [("the first value", FIRST), ("the next value", THEN), ("the value set by hand", BY_HAND)]
        .map(|(name, value)| Canary::of(name, value))
        .into()
}

/// What belongs to whoever runs the tool: where a search must not look, since it is given here.
pub(super) struct Owner {
    folder: TempDir,
    /// Where the helper and git write down how they were called, and by whom.
    pub(super) calls: PathBuf,
    /// And what was in the environment of whoever called them.
    pub(super) environments: PathBuf,
}

impl Owner {
    /// Docker's file with the password for one registry and a helper for the other; git, whose calls are written down.
    pub(super) fn new(by_file: &Registry, by_helper: &Registry) -> Self {
        let folder = TempDir::new().unwrap();
        let file = |name| folder.path().join(name);
        let owner = Self { calls: file("calls"), environments: file("environments"), folder };
        let auth = BASE64_STANDARD.encode(format!("ana:{PASSWORD}"));
        let config = json!({ "auths": { &by_file.host: { "auth": auth } }, "credHelpers": { &by_helper.host: "canary" } });
        fs::write(owner.path().join("config.json"), config.to_string()).unwrap();
        let token = json!({ "ServerURL": by_helper.host, "Username": "<token>", "Secret": IDENTITY });
        // As every helper does, it reads what it is asked for: whoever asks one that has ended already fails.
        owner.program("docker-credential-canary", &format!("cat >/dev/null; echo '{token}'"));
        owner.program("git", &format!("PATH='{}' exec git \"$@\"", std::env::var("PATH").unwrap()));
        owner
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn program(&self, name: &str, does: &str) {
        let file = self.path().join(name);
        let note = "{ tr '\\0' ' ' < /proc/$PPID/cmdline; echo; echo \"$0 $*\"; }";
        let keep = format!("tr '\\0' '\\n' < /proc/$PPID/environ >> '{}'", self.environments.display());
        fs::write(&file, format!("#!/bin/sh\n{note} >> '{}'\n{keep}\n{does}\n", self.calls.display())).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What the environment of a run has besides, where a program gives the credentials of this account.
    pub(super) fn profile(&self, account: &str) -> [(&'static str, String); 5] {
        let credentials = json!({
            "Version": 1,
            "AccessKeyId": account,
            "SecretAccessKey": BY_PROGRAM_KEY,
            "SessionToken": BY_PROGRAM_SESSION,
        });
        self.program("aws-login", &format!("echo '{credentials}'"));
        let (program, config) = (self.path().join("aws-login"), self.path().join("aws-config"));
        fs::write(&config, format!("[profile canary]\ncredential_process = {}\n", program.display())).unwrap();
        [
            ("AWS_CONFIG_FILE", config.display().to_string()),
            ("AWS_PROFILE", "canary".into()),
            // What is empty is as good as not there.
            ("AWS_ACCESS_KEY_ID", String::new()),
            ("AWS_SECRET_ACCESS_KEY", String::new()),
            ("AWS_SESSION_TOKEN", String::new()),
        ]
    }

    /// What the environment of a run has.
    pub(super) fn variables(&self, home: &Path, proxy: &Registry) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_SECRET_ACCESS_KEY", ACCESS_KEY.into()),
            ("AWS_SESSION_TOKEN", SESSION.into()),
            ("DOCKER_CONFIG", self.path().display().to_string()),
            ("PATH", format!("{}:/usr/bin:/bin", self.path().display())),
            ("HTTPS_PROXY", format!("http://ana:{PROXY}@{}", proxy.host)),
            ("GITHUB_ACTIONS", "true".into()),
            ("GITHUB_ACTOR", "ana".into()),
            ("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567".into()),
            ("GITHUB_SERVER_URL", format!("https://ci:{CI}@github.example.com")),
            ("GITHUB_REPOSITORY", "techhub/infra".into()),
            ("GITHUB_RUN_ID", "17".into()),
            ("GITHUB_TOKEN", CI.into()),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", CI.into()),
            ("CI_JOB_TOKEN", CI.into()),
            ("GITHUB_STEP_SUMMARY", home.join("summary.md").display().to_string()),
            ("RUST_LOG", "trace".into()),
        ]
    }
}

/// Makes the folder of the specs a repository, with a token in the address of its remote; gives its commit.
pub(super) fn repository(specs: &Path) -> String {
    let git = |arguments: &[&str]| {
        let done = Command::new("git").arg("-C").arg(specs).args(arguments).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "--quiet"]);
    git(&["remote", "add", "origin", &format!("https://x-access-token:{GIT}@github.example.com/techhub/infra")]);
    git(&["-c", "user.name=ana", "-c", "user.email=ana@example.com", "commit", "--quiet", "--allow-empty", "--message", "specs"]);
    git(&["rev-parse", "HEAD"])
}

/// A spec that refers to secrets wherever it can, with this value in the environment of services. App Runner wants ARNs.
pub(super) fn spec(value: &str, api: &str, sentry: &str) -> String {
    let service = |name: &str, secret: &str| {
        format!("[service.{name}.env]\nKEY = \"{value}\"\n[service.{name}.secrets]\nTOKEN = \"secretsmanager:{secret}#token\"\n")
    };
    format!(
        "{}{}[service.web.release]\ncommand = [\"migrate\"]\n[notify.webhook]\nurl = \"ssm:/techhub/webhook\"\n\
         [notify.sentry]\ntoken = \"secretsmanager:techhub/sentry#token\"\norganization = \"techhub\"\nprojects = [\"web\"]\n\
         url = \"{sentry}\"\n",
        service("web", "techhub/api"),
        service("api", api)
    )
}

/// What is added to it to have Datadog told.
pub(super) const TO_DATADOG: &str = "[notify.datadog]\napi_key = \"ssm:/techhub/datadog\"\n";

/// Specs into which secrets were pasted, each wrong in a way of its own.
pub(super) fn pasted(base: &str) -> [String; 3] {
    [
        format!("{base}\n[service.worker.secrets]\nKEY = \"{PASTED}\"\n[service.worker.env]\n1ST = \"{PASTED}\""),
        format!("{base}\n[notify.datadog]\napi_key = \"{PASTED}\"\nrepository_url = \"https://ci:{PASTED}@github.com/a/b\"\n"),
        format!("{base}\n[service.worker.env]\nKEY = \"{PASTED}\nURL = \"postgres://shop:{PASTED}@db/shop\""),
    ]
}

impl Stage {
    /// Keeps what the spec refers to; gives the ARN of what App Runner's service gets.
    pub(super) async fn keep_secrets(&self, webhook: &str) -> String {
        for (name, value) in [("secret-key", APPLICATION), ("webhook", webhook), ("datadog", DATADOG)] {
            let put = self.aws().ssm.put_parameter().name(format!("/techhub/{name}")).value(value);
            put.r#type(ParameterType::SecureString).send().await.unwrap();
        }
        let keep = async |name: &str, token: &str| {
            let secret = self.aws().secretsmanager.create_secret().name(format!("techhub/{name}"));
            secret.secret_string(json!({ "token": token }).to_string()).send().await.unwrap().arn.unwrap()
        };
        keep("sentry", SENTRY).await;
        keep("api", API).await
    }

    /// What AWS itself made up: the database's master password, and the token for its registry.
    pub(super) async fn made_by_aws(&self) -> [Canary; 2] {
        let all = self.aws().secretsmanager.list_secrets().send().await.unwrap();
        let of_rds = all.secret_list().iter().find(|secret| secret.name().is_some_and(|name| name.starts_with("rds!")));
        let value = self.aws().secretsmanager.get_secret_value().secret_id(of_rds.unwrap().arn().unwrap()).send().await.unwrap();
        let value: Value = serde_json::from_str(value.secret_string().unwrap()).unwrap();
        let token = self.aws().ecr.get_authorization_token().send().await.unwrap();
        let token = BASE64_STANDARD.decode(token.authorization_data()[0].authorization_token().unwrap()).unwrap();
        let token = String::from_utf8(token).unwrap();
        // What comes first in it is the same in every token of the account, the number of which everybody may know.
        let token = token.strip_prefix("AWS:").unwrap()[..44].to_owned();
        [Canary::random("the master password", value["password"].as_str().unwrap()), Canary::whole("ECR's token", &token)]
    }
}
