//! What can be typed. Clap types only: no behaviour, and no texts that do not teach.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::graph::Address;
use crate::permissions::Trust;
use crate::plan::{Choices, Deploy, Hazard};
use crate::promote::Gate;
use crate::values::duration::Duration;
use crate::values::image_digest::ImageDigest;

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
    /// migrations, are not run backwards.
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
    /// Reads the records that `apply` and `destroy` leave; AWS and the specs are not needed. `infra history show ID` shows one run.
    History(History),
    /// Say of an image that it must not be deployed
    Image(Image),
    /// Print the least IAM policy for planning or applying
    ///
    /// Of one environment, without AWS. What has a name is allowed by its beginning, what has none by its tags, so the policy of one
    /// environment is of no use in another. The policy for `apply` allows all that the one for `plan` does, and `destroy`. It is
    /// meant as a role's inline policy, which may be longer than a managed one: `infra iam-policy --for apply --env prod >
    /// policy.json`, then `aws iam put-role-policy --role-name … --policy-name infra --policy-document file://policy.json`. Print it
    /// again when the spec asks for something of another kind.
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

/// Gates that an image may pass in spite of what they say.
#[derive(Args, Debug)]
pub struct Overrides {
    /// Let images pass this gate of `[promotion]` in spite of what it says; with `--reason`. Can be repeated. An image that somebody
    /// has rejected passes in no case.
    #[arg(long = "override", id = "override", value_name = "GATE", requires = "reason", value_parser = gate())]
    pub gates: Vec<Gate>,

    /// Why, for the plan and the record.
    #[arg(long, value_name = "TEXT", requires = "override", value_parser = reason)]
    pub reason: Option<String>,
}

impl Overrides {
    /// As [`Choices`] keeps them: the gates by name, each with the reason.
    pub fn by_gate(&self) -> BTreeMap<String, String> {
        let reason = self.reason.clone().unwrap_or_default();
        self.gates.iter().map(|gate| (gate.name().to_owned(), reason.clone())).collect()
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

/// `infra show`
#[derive(Args, Debug)]
pub struct Show {
    /// The file that `infra plan --out` has written.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,

    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
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

/// `infra promote`
#[derive(Args, Debug)]
pub struct Promote {
    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub environment: Environment,

    /// The environment whose images move here. Without it, the one in the spec's `[promotion]`.
    #[arg(long, value_name = "ENVIRONMENT")]
    pub from: Option<String>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub overrides: Overrides,

    /// Write the digests into the spec instead, as `image` of each service, for a pull request to review. AWS is only read.
    #[arg(long, conflicts_with_all = ["yes", "approve", "allow", "json"])]
    pub write: bool,

    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub consent: Consent,
}

impl Promote {
    /// As the planner takes them.
    pub fn choices(&self) -> Choices {
        let deploy = Deploy::Alone { from: self.from.clone() };
        Choices { deploy, overrides: self.overrides.by_gate(), ..Choices::default() }
    }
}

/// `infra rollback`
#[derive(Args, Debug)]
pub struct Rollback {
    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub environment: Environment,

    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub consent: Consent,
}

impl Rollback {
    /// As the planner takes them.
    pub fn choices(&self) -> Choices {
        Choices { deploy: Deploy::Back, ..Choices::default() }
    }
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

/// `infra image`
#[derive(Args, Debug)]
pub struct Image {
    #[command(subcommand)]
    #[expect(missing_docs, reason = "see the type")]
    pub command: ImageCommand,
}

/// What to say of an image.
#[derive(Debug, Subcommand)]
pub enum ImageCommand {
    /// Have an image never deployed again
    ///
    /// Writes a file named after the digest into the folder `rejected_images` among the records. Commit it: from then on no plan of any
    /// environment takes that image, wherever it comes from and whatever is overridden. What runs stays as it is. Who rejects an
    /// image first is remembered; whoever finds it good after all deletes the file.
    ///
    /// With `--env`, the image also gets a tag in that environment's repositories, by which those know who do not have that file yet.
    Reject(Reject),
}

/// `infra image reject`
#[derive(Args, Debug)]
pub struct Reject {
    /// The image by its digest, `sha256:…`, or by a whole reference that ends in one, as `infra status` shows it.
    #[arg(value_name = "DIGEST", value_parser = digest)]
    pub digest: ImageDigest,

    /// Why, for everybody whose plan it blocks.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: String,

    /// Tag the image as `rejected-…` in the repositories of this environment, too. Can be repeated.
    #[arg(long, short, value_name = "ENVIRONMENT")]
    pub env: Vec<String>,
}

/// `infra iam-policy`
#[derive(Args, Debug)]
pub struct IamPolicy {
    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub environment: Environment,

    /// What the policy is for.
    #[arg(long = "for", value_enum, value_name = "VERB")]
    pub verb: PolicyFor,

    /// Print an array of policies, each short enough for a managed policy: all of them together are the whole.
    #[arg(long)]
    pub split: bool,

    /// Print both trust policies too, for the jobs of a repository: `github:OWNER/REPO` or `circleci:ORGANISATION-ID/PROJECT-ID`.
    ///
    /// Upper and lower case count: write owner and repository as GitHub does. Repositories made or renamed since July 2026 carry
    /// immutable ids in the subject of their tokens: write `github:OWNER@ID/REPO@ID`, which
    /// `gh api repos/OWNER/REPO --jq '"github:\(.owner.login)@\(.owner.id)/\(.name)@\(.id)"'` prints. On GitHub, pull requests
    /// and the default branch may plan, and jobs of the environment of that name may apply; on CircleCI, every job may plan, and those
    /// of the default branch may apply, with `CIRCLE_OIDC_TOKEN_V2`.
    #[arg(long, value_name = "CI")]
    pub trust: Option<Trust>,

    /// The default branch of that repository.
    #[arg(long, value_name = "BRANCH", default_value = "main", requires = "trust")]
    pub branch: String,
}

/// What an IAM policy is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PolicyFor {
    /// Looking: `plan` and `status`.
    Plan,
    /// That, and `apply` and `destroy`.
    Apply,
    /// Promoting from this environment: for the role in its spec that environments in other accounts take on.
    Promotion,
}

/// `infra status`
#[derive(Args, Debug)]
pub struct Status {
    #[command(flatten)]
    #[expect(missing_docs, reason = "see the type")]
    pub environment: Environment,

    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `infra history`
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct History {
    #[command(subcommand)]
    #[expect(missing_docs, reason = "see the type")]
    pub command: Option<HistoryCommand>,

    /// The environment, as its spec calls itself.
    #[arg(long, short, env = "INFRA_ENV", value_name = "ENVIRONMENT", required = true)]
    pub env: Option<String>,

    /// How many runs, counted from the newest.
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 20)]
    pub last: usize,

    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What to show of the history beside the list.
#[derive(Debug, Subcommand)]
pub enum HistoryCommand {
    /// Show one run in full
    Show(HistoryShow),
}

/// `infra history show`
#[derive(Args, Debug)]
pub struct HistoryShow {
    /// The plan id of the run, the name of its record, or the beginning of either; a record's name begins with the time in UTC.
    pub id: String,

    /// Look among the runs of this environment only.
    #[arg(long, short, env = "INFRA_ENV", value_name = "ENVIRONMENT")]
    pub env: Option<String>,

    /// Print the record itself, which is JSON.
    #[arg(long)]
    pub json: bool,
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

fn digest(text: &str) -> Result<ImageDigest, String> {
    let (_, digest) = text.rsplit_once('@').unwrap_or(("", text));
    digest
        .parse()
        .map_err(|_| "write the whole digest, like `sha256:` and 64 digits; a tag may come to mean another image".into())
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.contains(char::is_control) {
        return Err("say in one line why, for those who read it later".into());
    }
    Ok(text.into())
}

fn gate() -> impl clap::builder::TypedValueParser<Value = Gate> {
    use clap::builder::{PossibleValuesParser, TypedValueParser as _};
    let overridable = Gate::ALL.into_iter().filter(|gate| gate.can_be_overridden()).map(Gate::name);
    PossibleValuesParser::new(overridable).map(|name| Gate::named(&name).expect("only names of gates are possible"))
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
