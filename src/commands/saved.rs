//! Plans in files: written, read, and held against what is planned now.

use std::path::Path;

use super::error::Error;
use super::prepare::Prepared;
use crate::aws::kinds::Registry;
use crate::bounded;
use crate::plan::Plan;
use crate::render::Header;
use crate::saved::{Saved, SavedError, moved, seal};

/// Writes a plan.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write(file: &Path, saved: &Saved) -> Result<(), Error> {
    std::fs::write(file, saved.to_text()).map_err(|error| Error::Usage {
        message: format!("the plan could not be written to {}: {error}", file.display()),
        help: "name a file in a folder that exists and can be written to".into(),
    })
}

/// Reads a plan.
///
/// # Errors
/// When there is none, or it is none for this `infra`.
pub(super) fn read(file: &Path) -> Result<Saved, Error> {
    let refuse = |why: String, help: &str| Error::Usage { message: format!("{}: {why}", file.display()), help: help.into() };
    let text = bounded::read(file, bounded::PLAN)
        .map_err(|error| refuse(error.to_string(), "`infra plan --out FILE` writes a plan into a file"))?;
    Saved::from_text(&text, &Registry).map_err(|error| {
        let help = match error {
            SavedError::NotAPlan(_) | SavedError::Edited => "make another with `infra plan --out FILE`",
            SavedError::Newer(_) => "use that infra, or make another plan with this one",
        };
        refuse(error.to_string(), help)
    })
}

/// Makes sure that a plan is for the environment that was named.
///
/// # Errors
/// When it is for another.
pub(super) fn check_environment(saved: &Saved, named: Option<&str>) -> Result<(), Error> {
    let planned = &saved.header.environment;
    match named {
        Some(named) if named != planned => Err(other("environment", planned, named)),
        _ => Ok(()),
    }
}

/// Makes sure that a plan is for where the spec is for.
///
/// # Errors
/// When it is for another project, account or region.
pub(super) fn check_place(saved: &Saved, now: &Prepared) -> Result<(), Error> {
    let (then, now) = (&saved.header, &now.header);
    let places = [
        ("project", &then.project, &now.project),
        ("account", &then.account, &now.account),
        ("region", &then.region, &now.region),
    ];
    let differing = places.into_iter().find(|(_, then, now)| then != now);
    differing.map_or(Ok(()), |(what, then, now)| Err(other(what, then, now)))
}

fn other(what: &str, then: &str, now: &str) -> Error {
    Error::Usage {
        message: format!("the plan is for {what} {then}, and this is {now}"),
        help: "apply it where it was made for, or make another plan".into(),
    }
}

/// Makes sure that a sealed plan still holds.
///
/// # Errors
/// When it does not, with everything that has moved.
pub(super) fn check_moved(header: &Header, then: &Plan, now: &Prepared) -> Result<(), Error> {
    let moved = moved(then, &seal(&now.plan, &Registry));
    if moved.is_empty() {
        return Ok(());
    }
    Err(Error::Stale { environment: header.environment.clone(), observed_at: header.observed_at.clone(), moved })
}
