//! `infra` on the specs of `environments/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::account::Account;
use crate::tool::{Tool, Work};
use crate::{Error, root};

/// What has to be otherwise than in the specs: nobody agrees here, nothing is kept for good, and watching for five minutes whether a
/// deployment does well is no matter of speed.
const OTHERWISE: [(&str, &str); 3] = [
    ("required = true", "required = false"),
    ("deletion_protection = true", "deletion_protection = false"),
    ("bake = \"5m\"", "bake = \"1s\""),
];

pub(crate) struct Infra {
    binary: PathBuf,
    home: TempDir,
    account: Account,
    endpoint: String,
}

impl Infra {
    /// For environments of these names: `dev`, `prod`, and others that are `dev` in networks of their own.
    pub(crate) fn new(binary: &Path, account: &Account, endpoint: &str, environments: &[String]) -> Result<Self, Error> {
        let home = TempDir::new()?;
        let account = account.clone();
        for (folder, cpu) in [("as-is", "60"), ("changed", "50")] {
            let folder = home.path().join(folder);
            fs::create_dir(&folder)?;
            for name in ["base.toml", "dev.toml", "staging.toml", "prod.toml"] {
                let text = fs::read_to_string(root().join("environments").join(name))?;
                let text = OTHERWISE.iter().fold(text, |text, (was, is)| text.replace(was, is));
                let text = text.replace("account = \"123456789012\"", &format!("account = \"{}\"", account.id));
                fs::write(folder.join(name), text.replace("cpu_target_percent = 60", &format!("cpu_target_percent = {cpu}")))?;
            }
            for (number, name) in environments.iter().enumerate().filter(|(_, name)| !["dev", "prod"].contains(&name.as_str())) {
                let text = fs::read_to_string(folder.join("dev.toml"))?;
                let text = text.replace("\"dev\"", &format!("\"{name}\"")).replace("10.10.", &format!("10.{}.", 100 + number));
                fs::write(folder.join(format!("{name}.toml")), text)?;
            }
        }
        Ok(Self { binary: binary.into(), home, account, endpoint: endpoint.into() })
    }
}

impl Tool for Infra {
    fn name(&self) -> &'static str {
        "infra"
    }

    fn command(&self, environment: &str, work: Work) -> Result<Command, Error> {
        let mut command = Command::new(&self.binary);
        self.account.enter(&mut command, &self.endpoint);
        let specs = if matches!(work, Work::PlanChange | Work::Change) { "changed" } else { "as-is" };
        command.env("INFRA_SPECS", self.home.path().join(specs)).env("INFRA_RECORDS", self.home.path().join("plans"));
        // LocalStack tells of everything at once; on AWS a run that follows within five seconds waits for the rest of them.
        command.env("INFRA_LAG_SECONDS", "0");
        command.env("INFRA_ENV", environment).args(match work {
            Work::PlanNothing | Work::PlanChange => vec!["plan"],
            Work::FromNothing | Work::Change => vec!["apply", "--yes"],
            Work::Deployment => vec!["apply", "--yes", "--image", "web=v1", "--image", "worker=v1", "--image", "api=v1"],
            Work::Destroy => vec!["destroy", "--yes", "--allow", "data-loss"],
        });
        Ok(command)
    }

    /// As the record of the last run has them.
    fn steps(&self, environment: &str, work: Work) -> Result<Option<usize>, Error> {
        if work.is_plan() {
            return Ok(None);
        }
        let records = fs::read_dir(self.home.path().join("plans").join(environment))?;
        let names = records.map(|file| Ok(file?.path())).collect::<Result<Vec<_>, Error>>()?;
        let last = names.into_iter().filter(|file| file.extension().is_some_and(|ends| ends == "json")).max();
        let record: Value = serde_json::from_str(&fs::read_to_string(last.ok_or("no record")?)?)?;
        let text = |value: &'_ Value| value.as_str().map(str::to_owned);
        let changes: BTreeMap<String, Vec<String>> = record["resource_changes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|change| Some((text(&change["address"])?, change["after"].as_array()?.iter().filter_map(text).collect())))
            .collect();
        Ok(changes.keys().map(|address| longest(&changes, address)).max())
    }
}

/// The longest way through a plan's changes of which each comes after others.
fn longest(changes: &BTreeMap<String, Vec<String>>, of: &str) -> usize {
    // Plans have no circles, and each change a few others before it.
    changes.get(of).map_or(0, |after| 1 + after.iter().map(|before| longest(changes, before)).max().unwrap_or(0))
}
