//! `infra schema` and `infra completions`: from the same types that specs and the command line are read with.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::context::Context;
use super::error::{Error, Exit};
use crate::cli::Cli;
use crate::spec;

pub(super) fn schema(context: &Context) -> Result<Exit, Error> {
    context.print(&format!("{:#}\n", spec::schema()))?;
    Ok(Exit::Done)
}

pub(super) fn completions(context: &Context, shell: Shell) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "infra", &mut script);
    context.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
