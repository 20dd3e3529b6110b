//! Terraform on the configuration of `bench/terraform`, which makes what the specs make.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::account::Account;
use crate::tool::{Tool, Work};
use crate::{Error, root};

const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";

/// The versions of Terraform and of its AWS provider; none where one of them is missing.
pub(crate) fn version() -> Option<String> {
    let output = Command::new("terraform").arg("version").env("CHECKPOINT_DISABLE", "1").stderr(Stdio::null()).output().ok()?;
    let terraform = String::from_utf8(output.stdout).ok()?.lines().next()?.to_owned();
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let provider = fs::read_dir(mirror()?.join(PROVIDER)).ok()?.filter_map(|entry| Some(name(entry.ok()?)));
    // Unpacked it is a folder named after the version; packed, a file `terraform-provider-aws_VERSION_PLATFORM.zip`.
    let version = |name: String| Some(name.trim_start_matches("terraform-provider-aws_").split('_').next()?.to_owned());
    let provider =
        provider.filter_map(version).filter(|version| version.starts_with(|first: char| first.is_ascii_digit())).max()?;
    Some(format!("{terraform} with its AWS provider {provider}"))
}

/// The folder of a provider mirror that has the AWS provider: as in `localstack/tests/test_judge.py`.
fn mirror() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("TF_PLUGIN_MIRROR") {
        return Some(PathBuf::from(named)).filter(|folder| folder.join(PROVIDER).is_dir());
    }
    let home = PathBuf::from(std::env::var_os("HOME")?);
    let usual = [home.join(".terraform.d/plugins"), home.join(".local/share/terraform/plugins")];
    let shared = ["/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins"].map(PathBuf::from);
    let packaged = fs::read_dir("/opt").into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    usual.into_iter().chain(shared).chain(packaged).find(|folder| folder.join(PROVIDER).is_dir())
}

pub(crate) struct Terraform {
    home: TempDir,
    account: Account,
    endpoint: String,
}

impl Terraform {
    /// For environments of these names: `dev`, `prod`, and others that are `dev` in networks of their own. Each has a folder and a
    /// state of its own.
    pub(crate) async fn new(account: &Account, endpoint: &str, environments: &[String]) -> Result<Self, Error> {
        let home = TempDir::new()?;
        let mirror = mirror().ok_or("no mirror folder with Terraform's AWS provider; name one in TF_PLUGIN_MIRROR")?;
        let mirror = mirror.to_str().ok_or("the mirror folder's name is no text")?;
        let settings = format!("provider_installation {{\n  filesystem_mirror {{ path = {mirror:?} }}\n}}\n");
        fs::write(home.path().join("terraform.rc"), settings)?;
        let tool = Self { home, account: account.clone(), endpoint: endpoint.into() };
        for (number, name) in environments.iter().enumerate() {
            let folder = tool.home.path().join(name);
            fs::create_dir(&folder)?;
            for file in fs::read_dir(root().join("bench/terraform"))? {
                let file = file?;
                fs::copy(file.path(), folder.join(file.file_name()))?;
            }
            let own = folder.join(format!("{name}.tfvars"));
            if !own.exists() {
                let text = fs::read_to_string(folder.join("dev.tfvars"))?;
                fs::write(
                    own,
                    text.replace("\"dev\"", &format!("\"{name}\"")).replace("10.10.", &format!("10.{}.", 100 + number)),
                )?;
            }
            let mut init = tool.bare(name);
            init.args(["init", "-input=false"]).stdout(Stdio::null());
            if !tokio::task::spawn_blocking(move || init.status()).await??.success() {
                return Err("terraform init failed".into());
            }
        }
        Ok(tool)
    }

    fn bare(&self, environment: &str) -> Command {
        let mut command = Command::new("terraform");
        self.account.enter(&mut command, &self.endpoint);
        command.current_dir(self.home.path().join(environment)).env("CHECKPOINT_DISABLE", "1").env("TF_IN_AUTOMATION", "1");
        command.env("TF_CLI_CONFIG_FILE", self.home.path().join("terraform.rc"));
        command
    }
}

impl Tool for Terraform {
    fn name(&self) -> &'static str {
        "terraform"
    }

    fn command(&self, environment: &str, work: Work) -> Result<Command, Error> {
        let mut command = self.bare(environment);
        command.args(match work {
            Work::PlanNothing | Work::PlanChange => vec!["plan"],
            Work::FromNothing | Work::Deployment | Work::Change => vec!["apply", "-auto-approve"],
            Work::Destroy => vec!["destroy", "-auto-approve"],
        });
        command.args(["-no-color", "-input=false", &format!("-var-file={environment}.tfvars")]);
        command.arg(format!("-var=images={}", work != Work::FromNothing));
        if matches!(work, Work::PlanChange | Work::Change) {
            command.arg("-var=web_cpu_target=50");
        }
        Ok(command)
    }
}
