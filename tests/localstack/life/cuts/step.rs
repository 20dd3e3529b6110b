//! What is cut off: the steps of an environment's life, each of which begins where the one before ends.

use tokio::process::Command;

use super::super::{REGION, Stage, TOOL, moved_tool};
use crate::around::image;

/// A repository that is nobody's environment's.
const BUILDS: &str = "builds/web";

/// A run, and what is done before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// `dev` from nothing, without images.
    Apply,
    /// The first image in every service.
    Start,
    /// A change of every kind: in place, of what comes and of what goes.
    Change,
    /// Another image in every service, a one-off command before it.
    Deploy,
    /// An image from a repository of others, which is copied.
    Copy,
    /// All of it, its data included.
    Destroy,
}

/// What [`Step::Change`] changes; of the tool, the route.
const CHANGES: &str = r#"
    [network]
    zones = 3

    [repository.web]
    keep_images = 5

    [repository.admin]

    [service.web]
    log_days = 7
    health_check = "/healthy"
    [service.web.env]
    NEW = "1"
    [service.web.instances]
    max = 4
    [service.web.load_balancer]
    idle_timeout = "2m"
    allow = ["192.0.2.0/24", "198.51.100.0/24"]
    [service.web.alarms]
    cpu_percent = 90

    [service.worker]
    connects = ["database.main"]
    [service.worker.secrets]
    TOKEN = "secretsmanager:token"

    [service.api]
    memory_gib = 4
    connects = []
    [service.api.scaling]
    max = 7

    [database.main]
    backup_days = 3
    final_snapshot = true
    [database.main.parameters]
    max_connections = "100"
    [database.main.alarms]
    cpu_percent = 90

    [cache.main]
    replicas = 1

    [service.web.release]
    command = ["migrate"]
"#;

/// Deploys that tag to every service.
fn images(tag: &str) -> Vec<String> {
    ["web", "worker", "tool", "api"].iter().flat_map(|service| ["--image".to_owned(), format!("{service}={tag}")]).collect()
}

impl Step {
    /// All of them, in their order.
    pub(super) const ALL: [Self; 6] = [Self::Apply, Self::Start, Self::Change, Self::Deploy, Self::Copy, Self::Destroy];

    /// Does what comes before the run.
    pub(super) async fn prepare(self, stage: &Stage) {
        match self {
            Self::Apply => stage.specs.change("dev", TOOL),
            Self::Start => stage.push("v1").await,
            Self::Change => stage.specs.change("dev", &(moved_tool() + CHANGES)),
            Self::Deploy => stage.push("v2").await,
            Self::Copy => {
                stage.aws().ecr.create_repository().repository_name(BUILDS).send().await.unwrap();
                image(stage.aws(), BUILDS, "v3").await;
            }
            Self::Destroy => {}
        }
    }

    /// The run.
    pub(super) async fn run(self, stage: &Stage) -> Command {
        let deploys = async |tag| {
            let mut run = stage.infra(&["apply", "--yes"]).await;
            run.args(images(tag));
            run
        };
        match self {
            Self::Apply | Self::Change => stage.infra(&["apply", "--yes"]).await,
            Self::Start => deploys("v1").await,
            Self::Deploy => deploys("v2").await,
            Self::Copy => {
                let registry = format!("{}.dkr.ecr.{REGION}.amazonaws.com", stage.aws().account);
                // What other repositories are, no policy of an environment knows.
                stage.by_root(&["apply", "--yes", "--image", &format!("web={registry}/{BUILDS}:v3")])
            }
            Self::Destroy => stage.infra(&["destroy", "--yes", "--allow", "data-loss"]).await,
        }
    }

    /// What must have nothing to say afterwards.
    pub(super) fn second_plan(self) -> &'static [&'static str] {
        match self {
            Self::Destroy => &["plan", "--destroy", "--detailed-exitcode"],
            _ => &["plan", "--detailed-exitcode"],
        }
    }
}
