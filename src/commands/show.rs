//! `infra show`: a saved plan, without AWS and without specs.

use super::context::Context;
use super::error::{Error, Exit};
use super::plan::shown;
use super::saved;
use crate::cli::Show;

pub(super) fn run(context: &Context, command: &Show) -> Result<Exit, Error> {
    let saved = saved::read(&command.plan)?;
    context.print(&shown(context, command.format, &saved.header, &saved.plan))?;
    Ok(Exit::Done)
}
