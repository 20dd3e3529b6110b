//! `infra plan`: what `apply` would do.

use super::context::Context;
use super::error::{Error, Exit};
use super::prepare::{Ends, prepare};
use crate::aws::kinds::Registry;
use crate::cli::{Format, Plan};
use crate::render::{json, markdown, text};

pub(super) async fn run(context: &Context, command: &Plan) -> Result<Exit, Error> {
    let choices = &command.choices;
    let ends = Ends { destroy: command.destroy, only: &choices.only, adopt: &choices.adopt, images: &choices.image };
    let prepared = prepare(context, &command.environment.env, ends).await?;
    let shown = match command.format {
        Format::Text => text::plan(&prepared.header, &prepared.plan, &Registry, context.page()),
        Format::Markdown => markdown::plan(&prepared.header, &prepared.plan, &Registry),
        Format::Json => format!("{:#}\n", json::plan(&prepared.header, &prepared.plan, &Registry)),
    };
    context.print(&shown)?;
    Ok(match prepared.plan.blocked().next() {
        Some(_) => Exit::Blocked,
        None if command.detailed_exitcode && !prepared.plan.is_noop() => Exit::Changes,
        None => Exit::Done,
    })
}
