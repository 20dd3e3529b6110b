//! Reads where a run comes from: what CI systems put into the environment, else the machine's user and git.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::values::origin::Origin;
use crate::values::userinfo::without_userinfo;

/// A CI system, by the variables it sets.
struct Ci {
    actor: &'static str,
    commit: &'static str,
    url: fn() -> Option<String>,
}

/// The first whose commit is set is the one that runs this. Names are from the systems' own lists of predefined variables.
const SYSTEMS: &[Ci] = &[
    Ci { actor: "GITHUB_ACTOR", commit: "GITHUB_SHA", url: github },
    Ci { actor: "CIRCLE_USERNAME", commit: "CIRCLE_SHA1", url: || set("CIRCLE_BUILD_URL") },
    Ci { actor: "GITLAB_USER_LOGIN", commit: "CI_COMMIT_SHA", url: || set("CI_JOB_URL") },
    Ci { actor: "BUILDKITE_BUILD_CREATOR", commit: "BUILDKITE_COMMIT", url: || set("BUILDKITE_BUILD_URL") },
];

/// Where this run comes from; `specs` says which repository its commit is of.
pub(super) fn origin(specs: &Path) -> Origin {
    let ci = SYSTEMS.iter().find(|system| set(system.commit).is_some());
    let user = || ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(set);
    Origin {
        actor: ci.and_then(|ci| set(ci.actor)).or_else(user).unwrap_or_else(|| "unknown".into()),
        host: host().unwrap_or_else(|| "unknown".into()),
        commit: commit(specs).or_else(|| ci.and_then(|ci| set(ci.commit))),
        run_url: ci.and_then(|ci| (ci.url)()).map(|url| without_userinfo(&url).into_owned()),
    }
}

fn set(name: &str) -> Option<String> {
    env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn github() -> Option<String> {
    let (server, repository, run) = (set("GITHUB_SERVER_URL")?, set("GITHUB_REPOSITORY")?, set("GITHUB_RUN_ID")?);
    Some(format!("{server}/{repository}/actions/runs/{run}"))
}

fn host() -> Option<String> {
    set("HOSTNAME").or_else(|| output(Command::new("uname").arg("-n")))
}

/// What is checked out says more than what CI was started for: a job may check out another commit.
fn commit(specs: &Path) -> Option<String> {
    let specs = if specs.is_dir() { specs } else { Path::new(".") };
    let head = output(Command::new("git").arg("-C").arg(specs).args(["rev-parse", "HEAD"]))?;
    // Only the specs: records and other files beside them are no part of what is applied.
    let dirty = output(Command::new("git").arg("-C").arg(specs).args(["status", "--porcelain", "--", "."]));
    Some(if dirty.is_some() { format!("{head}-dirty") } else { head })
}

/// What a command printed, if it succeeded and printed something.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned()).filter(|text| !text.is_empty())
}
