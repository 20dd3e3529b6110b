//! What can be typed. Clap types only: no behaviour, and no texts that do not teach.

mod images;
mod init;
mod looking;

pub use images::{Image, ImageCommand, Overrides, Promote, Reject, Rollback};
pub use init::Init;
pub use looking::{History, HistoryCommand, HistoryShow, IamPolicy, PolicyFor, Show, Status};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::graph::Address;
use crate::plan::{Choices, Deploy, Hazard};
use crate::values::duration::Duration;

/// Environments of a web application on AWS: plan, review, apply. No state file.
///
/// `infra` reads one TOML spec per environment, compares it with live AWS, and shows the difference as a plan. `apply` carries out
/// exactly that plan. AWS itself is the state: what belongs to an environment is found by its tags.
#[derive(Debug, Parser)]
#[command(name = "infra", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 done or nothing to do · 1 failed before anything was written, or a wrong invocation or spec · \
2 there are changes (`plan --detailed-exitcode`) · 3 partly applied · 4 the plan no longer holds · 5 blocked by protection, a gate or a missing approval · \
6 deployed, found unhealthy, rolled back · 7 another run holds the environment · 130 interrupted.\n\nAWS credentials, profile and endpoint come from the standard AWS configuration; `RUST_LOG=infra=debug` shows more."
)]
pub struct Cli {
    /// The folder of the specs.
    #[arg(long, global = true, env = "INFRA_SPECS", default_value = "environments", value_name = "FOLDER")]
    pub specs: PathBuf,

    /// The folder of the records of what was done. Default: `plans` next to the folder of the specs.
    #[arg(long, global = true, env = "INFRA_RECORDS", value_name = "FOLDER")]
    pub records: Option<PathBuf>,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Begin a project: environments, a pipeline and a commit hook
    ///
    /// Asks a few questions, or takes their answers as flags, and writes the files of one of five shapes, ready for `infra validate`.
    /// No file that is there is touched.
    Init(Init),
    /// Check specs without touching AWS
    ///
    /// Every problem of every spec at once, each with its file, line and a caret, and what to write instead.
    Validate(Validate),
    /// Show what `apply` would do
    ///
    /// Reads live AWS in one sweep and compares. Planning cannot write: its AWS clients refuse every call that would.
    Plan(Plan),
    /// Show a saved plan
    ///
    /// Needs neither AWS nor specs.
    Show(Show),
    /// Make AWS as the spec says
    ///
    /// Shows the plan and asks. Type the environment's name to agree; where nobody can type, give `--yes`, or, if the spec says
    /// `[approval] required = true`, `--approve PLAN_ID` with the id that `infra plan` printed. Interrupt once to finish what is in
    /// flight, twice to quit. Whatever happens, the next run starts from what AWS has.
    Apply(Apply),
    /// Delete everything of an environment
    ///
    /// A plan like any other, of nothing. Databases keep a final snapshot unless their spec says `final_snapshot = false`. What is
    /// protected is found before anything is deleted. Data goes only with `--allow data-loss`.
    Destroy(Destroy),
    /// Deploy the images that run in the environment before, and nothing else
    ///
    /// The last step of `apply` alone: the digests that run there, healthy, are copied here byte for byte, deployed and watched; where
    /// they do badly, what ran before is put back. What else the spec asks for, and what has drifted, is left for `apply`. The same
    /// plan, gates and confirmation.
    Promote(Promote),
    /// Deploy what ran before, as the records have it
    ///
    /// The digest that each service ran before the one that it runs now. The same plan, watch and record. One-off commands, such as
    /// migrations, are not run backwards. The next `apply` deploys again what the spec has in writing, or what runs in the environment
    /// that images come from: reject that image, or correct the spec, if it should not.
    Rollback(Rollback),
    /// End the lease of a run that holds an environment
    ///
    /// One run at a time writes to an environment. A run that dies leaves a lease that ends by itself within two minutes; this is for
    /// one that should not go on. It shows who holds the environment and asks. A run that is alive starts nothing more from the
    /// moment it notices, half a minute later at most if it reaches AWS, and finishes the calls that are under way.
    Unlock(Unlock),
    /// Show what runs: endpoints, images by digest, health
    Status(Status),
    /// Show what was done: who, when, from which commit, which images, and how it ended
    ///
    /// Reads the records that `apply`, `promote`, `rollback` and `destroy` leave; AWS and the specs are not needed. `infra history
    /// show ID` shows one run.
    History(History),
    /// Say of an image that it must not be deployed
    Image(Image),
    /// Print the least IAM policy for planning, applying, being promoted from, or pushing images
    ///
    /// Of one environment, without AWS. What has a name is allowed by its beginning, what has none by its tags, so the policy of one
    /// environment is of no use in another, but for reading what it promotes from. The policy for `apply` allows all that the one
    /// for `plan` does, and `destroy`. It is meant as a role's inline policy, which may be longer than a managed one: `infra
    /// iam-policy --for apply --env prod > policy.json`, then `aws iam put-role-policy --role-name … --policy-name infra
    /// --policy-document file://policy.json`; where it is longer than that, `--split` makes managed ones of it. Print it again when the
    /// spec asks for something of another kind.
    ///
    /// With `--trust`, one object with the `policy` and, under `trust`, who may take the role that plans and the one that applies.
    IamPolicy(IamPolicy),
    /// Print the JSON Schema of specs, for editors
    Schema,
    /// Print completions for a shell
    ///
    /// For example `infra completions bash > ~/.local/share/bash-completion/completions/infra`.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// Which environment.
#[derive(Args, Debug)]
pub struct Environment {
    /// The environment, as its spec calls itself.
    #[arg(long, short, env = "INFRA_ENV", value_name = "ENVIRONMENT")]
    pub env: String,
}

/// `infra validate`
#[derive(Args, Debug)]
pub struct Validate {
    /// Only these environments. Rules that reach from one to another see all of them all the same.
    #[arg(long, short, value_name = "ENVIRONMENT")]
    pub env: Vec<String>,
}

/// What a plan is made of beside the spec.
#[derive(Args, Debug)]
pub struct Choose {
    /// Only this address, all within it, and what those wait for. Can be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub only: Vec<Address>,

    /// Take over what bears our name and is somebody else's, by tagging it. Can be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub adopt: Vec<Address>,

    /// Deploy this image: a tag or digest in the service's own repository, or a reference in any registry, from which it is copied.
    /// Can be repeated. It goes before what the spec says and before what runs in the environment that images come from.
    #[arg(long, value_name = "SERVICE=REFERENCE", value_parser = image)]
    pub image: Vec<(String, String)>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub overrides: Overrides,

    /// Leave the images as they are: nothing moves here from the environment that the spec's `[promotion]` names.
    #[arg(long)]
    pub no_promotion: bool,
}

impl Choose {
    /// As the planner takes them.
    pub fn with_destroy(&self, destroy: bool) -> Choices {
        let images = self.image.iter().cloned().collect();
        let overrides = self.overrides.by_gate();
        let deploy = if self.no_promotion { Deploy::Without } else { Deploy::AsSpec };
        Choices { destroy, only: self.only.clone(), adopt: self.adopt.clone(), images, deploy, overrides }
    }
}

/// `infra plan`
#[derive(Args, Debug)]
pub struct Plan {
    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub environment: Environment,

    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub choices: Choose,

    /// Plan to delete everything.
    #[arg(long, conflicts_with_all = ["adopt", "image", "override", "no_promotion"])]
    pub destroy: bool,

    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Save the plan into this file, for `apply` and `show`. It holds no secret and no environment value.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Exit with 2 when there are changes.
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// How to print a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs: Terraform's vocabulary.
    Json,
    /// For a pull request: fits into a comment, whatever the plan.
    Markdown,
    /// For a browser: one file that needs no network, with a drawing of the environment.
    Html,
}

/// How a plan is agreed to and carried out.
#[derive(Args, Debug)]
pub struct Consent {
    /// Agree without being asked. Not enough where the spec requires approval.
    #[arg(long, short)]
    pub yes: bool,

    /// Agree to exactly the plan with this id.
    #[arg(long, value_name = "PLAN_ID")]
    pub approve: Option<String>,

    /// Allow a hazard by name. Data is lost only when this says so. Can be repeated.
    #[arg(long, value_name = "HAZARD", value_parser = hazard())]
    pub allow: Vec<Hazard>,

    /// Print progress and the report as JSON lines on standard output.
    #[arg(long)]
    pub json: bool,

    /// How long a deployment may look unhealthy before it is put back.
    #[arg(long, value_name = "SECONDS", env = "INFRA_PATIENCE_SECONDS", default_value = "120", hide = true)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub patience_seconds: u64,

    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub locking: Locking,
}

impl Consent {
    /// How long a deployment may look unhealthy before it is put back.
    pub const fn patience(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.patience_seconds)
    }
}

/// How a run gets the environment to itself.
#[derive(Args, Clone, Copy, Debug)]
pub struct Locking {
    /// Wait this long while another run holds the environment, such as `10m`. Without it, exit with 7 at once.
    #[arg(long, value_name = "DURATION", default_value = "0s", hide_default_value = true, value_parser = duration)]
    pub lock_timeout: Duration,

    /// How long AWS may tell of what was before the last run.
    #[arg(long, value_name = "SECONDS", env = "INFRA_LAG_SECONDS", default_value = "5", hide = true)]
    #[arg(value_parser = clap::value_parser!(u64).range(0..=600))]
    pub lag_seconds: u64,

    /// How long a lease lasts that is not renewed.
    #[arg(long, value_name = "SECONDS", env = "INFRA_LEASE_SECONDS", default_value = "120", hide = true)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=900))]
    pub lease_seconds: u64,
}

/// `infra unlock`
#[derive(Args, Debug)]
pub struct Unlock {
    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub environment: Environment,

    /// Agree without being asked.
    #[arg(long, short)]
    pub yes: bool,
}

/// `infra apply`
#[derive(Args, Debug)]
pub struct Apply {
    /// A plan that `infra plan --out` has saved. It is applied only if it still holds; else the exit code is 4, and what has moved
    /// is named. The spec is needed too: a saved plan holds no values that are nobody's business.
    #[arg(value_name = "PLAN", conflicts_with_all = ["only", "adopt", "image", "override", "no_promotion"])]
    pub plan: Option<PathBuf>,

    /// The environment, as its spec calls itself.
    #[arg(long, short, env = "INFRA_ENV", value_name = "ENVIRONMENT", required_unless_present = "plan")]
    pub env: Option<String>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub choices: Choose,

    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub consent: Consent,
}

/// `infra destroy`
#[derive(Args, Debug)]
pub struct Destroy {
    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub environment: Environment,

    /// Only this address and all within it, as if the spec did not have it. Can be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub only: Vec<Address>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub consent: Consent,
}

fn image(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((service, reference)) if !service.is_empty() && !reference.is_empty() => Ok((service.into(), reference.into())),
        _ => Err("write a service and a tag or digest, like `web=v1.2.3`".into()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    text.parse().map_err(|_| "write a length of time, like `90s`, `10m` or `1h30m`".into())
}

fn hazard() -> impl clap::builder::TypedValueParser<Value = Hazard> {
    use clap::builder::{PossibleValuesParser, TypedValueParser as _};
    let named = |name: String| Hazard::ALL.iter().copied().find(|hazard| hazard.name() == name);
    PossibleValuesParser::new(Hazard::ALL.iter().map(|hazard| hazard.name()))
        .map(move |name| named(name).expect("only names of hazards are possible"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
