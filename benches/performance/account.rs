//! An AWS account on LocalStack, with nothing in it, where nothing takes time.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::process::{Command, Stdio};

use crate::{Error, root};

/// Of the specs.
pub(crate) const REGION: &str = "us-east-1";

/// An account of its own.
#[derive(Clone)]
pub(crate) struct Account {
    /// Twelve digits.
    pub(crate) id: String,
    endpoint: String,
}

impl Account {
    pub(crate) async fn new() -> Result<Self, Error> {
        let id = (100_000_000_000 + RandomState::new().build_hasher().finish() % 900_000_000_000).to_string();
        let account = Self { id, endpoint: std::env::var("AWS_ENDPOINT_URL")? };
        account.ask(&["bench/account.py", "settle"]).await?;
        Ok(account)
    }

    /// Pushes an image into every repository of an environment, as a pipeline would.
    pub(crate) async fn push(&self, environment: &str) -> Result<(), Error> {
        self.ask(&["localstack/push_image.py", environment, "web", "api"]).await.map(drop)
    }

    /// How many there are of each kind.
    pub(crate) async fn count(&self) -> Result<BTreeMap<String, usize>, Error> {
        Ok(serde_json::from_str(&self.ask(&["bench/account.py", "count"]).await?)?)
    }

    /// Runs a script with this account's credentials, past the proxy.
    async fn ask(&self, script: &[&str]) -> Result<String, Error> {
        let mut command = Command::new(root().join(".venv/bin/python"));
        self.enter(&mut command, &self.endpoint);
        command.args(script).current_dir(root()).stderr(Stdio::inherit());
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        if output.status.success() { Ok(String::from_utf8(output.stdout)?) } else { Err(format!("{script:?} failed").into()) }
    }

    /// Gives a program this account's credentials, and nothing of AWS that this process may have.
    pub(crate) fn enter(&self, command: &mut Command, endpoint: &str) {
        for (name, _) in std::env::vars().filter(|(name, _)| ["AWS_", "INFRA_", "TF_"].iter().any(|of| name.starts_with(of))) {
            command.env_remove(name);
        }
        command
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", &self.id)
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true");
    }
}
