//! How a command ends: exit codes, and errors that say what to do next.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::aws::AwsError;
use crate::aws::observe::ObserveError;
use crate::desired::BuildError;
use crate::lease::Entry;
use crate::permissions;
use crate::plan::PlanError;
use crate::record::Unreadable;
use crate::render::lease;
use crate::saved::Moved;
use crate::spec::Problems;

/// How a command ended without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// `--detailed-exitcode`: there are changes.
    Changes,
    /// Failed before anything was written.
    Failed,
    /// Partly applied.
    Partly,
    /// The plan no longer holds.
    Stale,
    /// Blocked by protection, a gate or a missing approval.
    Blocked,
    /// Deployed, found unhealthy, rolled back.
    RolledBack,
    /// Another run holds the environment.
    Held,
    /// Interrupted; what was in flight has been finished and reported.
    Interrupted,
}

impl Exit {
    /// As shells and CI see it.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Changes => 2,
            Self::Partly => 3,
            Self::Stale => 4,
            Self::Blocked => 5,
            Self::RolledBack => 6,
            Self::Held => 7,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Specs with problems; they are shown with their source.
    #[error("the specs have problems")]
    Spec(Problems),
    /// AWS could not be read, or is not what the spec is for.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// One call that AWS refused.
    #[error("{0}")]
    Aws(#[from] AwsError),
    /// The spec asks for what AWS does not have.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The plan makes no sense.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A wrong invocation.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to write instead.
        help: String,
    },
    /// Something is missing that the person who runs this must give.
    #[error("{message}")]
    Refused {
        /// What is missing.
        message: String,
        /// How to give it.
        help: String,
    },
    /// What a run does could not be recorded, so it did not begin.
    #[error("the run cannot be recorded in {}: {source}", folder.display())]
    Record {
        /// Where its record would be.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Records could not be read.
    #[error("the records in {} cannot be read: {source}", folder.display())]
    History {
        /// Where they would be.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// An image could not be rejected.
    #[error("the rejection cannot be written into {}: {source}", folder.display())]
    NotRejected {
        /// Where the records are.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Which images are rejected cannot be told.
    #[error("which images are rejected cannot be told: {0}")]
    Rejections(#[from] Unreadable),
    /// What was agreed to is not what would be done now.
    #[error("the plan made at {observed_at} no longer holds, and nothing was done{}", list(moved))]
    Stale {
        /// The environment.
        environment: String,
        /// When AWS was read for it.
        observed_at: String,
        /// What is not as it was.
        moved: Vec<Moved>,
    },
    /// Another run has the environment.
    #[error("{}", lease::held(environment, entry))]
    Held {
        /// The environment.
        environment: String,
        /// What that run has written.
        entry: Box<Entry>,
    },
    /// Interrupted before this run had the environment.
    #[error("interrupted before {environment} was taken; nothing was done")]
    Interrupted {
        /// The environment.
        environment: String,
    },
    /// The output could not be written.
    #[error("the output could not be written: {0}")]
    Output(#[from] std::io::Error),
}

impl Error {
    /// The exit code.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Refused { .. } | Self::Rejections(_) => Exit::Blocked,
            Self::Stale { .. } => Exit::Stale,
            Self::Held { .. } => Exit::Held,
            Self::Interrupted { .. } => Exit::Interrupted,
            _ => Exit::Failed,
        }
    }

    /// What is wrong, one thing after the other; of specs the problems are shown with their source instead.
    pub fn each(&self) -> Vec<String> {
        match self {
            Self::Observe(ObserveError::Aws(errors)) => errors.iter().map(ToString::to_string).collect(),
            error => vec![error.to_string()],
        }
    }

    /// What to do next, where the error does not say it itself.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Usage { help, .. } | Self::Refused { help, .. } => Some(help.clone()),
            Self::Observe(ObserveError::WrongAccount { expected, .. }) => Some(format!(
                "use credentials of account {expected}, for example with `AWS_PROFILE`, or correct `[aws] account` in the spec"
            )),
            Self::Observe(ObserveError::Aws(errors)) => errors.iter().find_map(advice),
            Self::Aws(error) => advice(error),
            Self::Build(BuildError::TooFewZones { .. }) => Some("lower `zones` in `[network]`, or choose another region".into()),
            Self::Plan(PlanError::NoSuchAddress(_)) => {
                Some("`infra plan --format json | jq -r '.resource_changes[].address'` lists those that are there".into())
            }
            Self::Plan(_) => Some("this is a fault of infra; please report it with the spec".into()),
            Self::Stale { environment, .. } => {
                Some(format!("`infra plan --env {environment}` makes the plan that would be applied now"))
            }
            Self::Record { .. } | Self::NotRejected { .. } => {
                Some("nothing was done; make that folder writable, or name another place for records with `--records`".into())
            }
            Self::Rejections(unreadable) => Some(format!(
                "put that file right, as `git log -- {}` has it; until then nobody can say that an image is not the rejected one",
                unreadable.path.display()
            )),
            Self::Held { environment, .. } => Some(format!(
                "wait for it with `--lock-timeout 10m`; if that run is dead, its lease ends by itself then; `infra unlock --env \
                 {environment}` ends it now"
            )),
            Self::Spec(_) | Self::History { .. } | Self::Interrupted { .. } | Self::Output(_) => None,
        }
    }
}

/// What has moved, a line each.
fn list(moved: &[Moved]) -> String {
    moved.iter().fold(String::new(), |list, moved| list + &format!("\n  {moved}"))
}

/// What to do about an answer of AWS that says too little.
fn advice(error: &AwsError) -> Option<String> {
    match error.code.as_str() {
        "NoCredentials" => Some(
            "sign in, for example with `aws sso login`, or set `AWS_PROFILE`; `aws sts get-caller-identity` must work".into(),
        ),
        "CredentialsRefused" => Some(
            "the profile, or the role that a spec names under `[aws]`, could not be taken on: it must trust whoever runs this, and \
             they must be allowed `sts:AssumeRole` on it"
                .into(),
        ),
        "NotReached" | "Timeout" => Some("check the network, the region in the spec, and `AWS_ENDPOINT_URL` if it is set".into()),
        "NotAws" | "NotUnderstood" => Some(
            "something on the way to AWS has answered, or what `AWS_ENDPOINT_URL` names: check whether a proxy or a portal wants \
             you to sign in, and the region in the spec"
                .into(),
        ),
        code => permissions::advice(&error.operation, code, &error.message),
    }
}
