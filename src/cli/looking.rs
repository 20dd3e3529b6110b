//! What can be typed to look at something.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Environment, Format};
use crate::permissions::Trust;

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
    /// Pushing images into this environment's repositories: for a pipeline that builds them.
    Push,
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
