//! `infra plan`: what `apply` would do.

use super::context::Context;
use super::error::{Error, Exit};
use super::notify::TellingPlan;
use super::prepare::{Prepared, prepare};
use super::saved;
use crate::aws::kinds::Registry;
use crate::cli::{Format, Plan};
use crate::plan::{self, Choices};
use crate::render::{Header, html, json, markdown, text};
use crate::saved::Saved;

pub(super) async fn run(context: &Context, command: &Plan) -> Result<Exit, Error> {
    let choices = command.choices.with_destroy(command.destroy);
    let (name, telling) = (&command.environment.env, TellingPlan::begin());
    let prepared = match prepared(context, command, &choices).await {
        Ok(prepared) => prepared,
        Err(error) => {
            telling.end(context, name, Err(&error)).await;
            return Err(error);
        }
    };
    let exit = match prepared.plan.blocked().next() {
        Some(_) => Exit::Blocked,
        None if command.detailed_exitcode && !prepared.plan.is_noop() => Exit::Changes,
        None => Exit::Done,
    };
    let printed = context.print_outcome(&shown(context, command.format, &prepared.header, &prepared.plan), exit);
    telling.end(context, name, Ok(&prepared)).await;
    Ok(printed?)
}

/// Plans, and saves the plan where that is asked for.
async fn prepared(context: &Context, command: &Plan, choices: &Choices) -> Result<Prepared, Error> {
    let prepared = prepare(context, &command.environment.env, choices).await?;
    if let Some(file) = &command.out {
        saved::write(file, &Saved::new(prepared.header.clone(), &prepared.plan, &Registry))?;
    }
    Ok(prepared)
}

/// A plan in one of the formats.
pub(super) fn shown(context: &Context, format: Format, header: &Header, plan: &plan::Plan) -> String {
    match format {
        Format::Text => text::plan(header, plan, &Registry, context.page()),
        Format::Markdown => markdown::plan(header, plan, &Registry),
        Format::Html => html::plan(header, plan, &Registry),
        Format::Json => format!("{:#}\n", json::plan(header, plan, &Registry)),
    }
}
