//! `infra apply`: the plan, the question, and then exactly that plan.

use super::agree::agree;
use super::context::Context;
use super::error::{Error, Exit};
use super::prepare::{Ends, Prepared, prepare};
use super::progress::Progress;
use crate::apply::{self, Cause};
use crate::aws::cloud::Writer;
use crate::aws::kinds::Registry;
use crate::cli::{Apply, Consent};
use crate::render::{events, json, report, text};

pub(super) async fn run(context: &Context, command: &Apply) -> Result<Exit, Error> {
    let choices = &command.choices;
    let ends = Ends { destroy: false, only: &choices.only, adopt: &choices.adopt, images: &choices.image };
    let prepared = prepare(context, &command.environment.env, ends).await?;
    carry_out(context, &prepared, &command.consent).await
}

/// Shows a plan, asks, and carries it out.
pub(super) async fn carry_out(context: &Context, prepared: &Prepared, consent: &Consent) -> Result<Exit, Error> {
    let Prepared { environment, plan, header } = prepared;
    if consent.json {
        context.print(&format!("{}\n", json::plan(header, plan, &Registry)))?;
    } else {
        context.print(&text::plan(header, plan, &Registry, context.page()))?;
    }
    if plan.is_noop() {
        return Ok(Exit::Done);
    }
    agree(context, prepared, consent)?;

    let writer = Writer::connect(&environment.aws.account, &environment.aws.region).await;
    let stop = context.stop_on_interrupt().stop();
    let progress = Progress::start(context, consent.json, plan.steps.len());
    let report = apply::run(plan, &writer, stop, &mut |event| progress.tell(&event)).await;
    progress.end();
    if consent.json {
        context.print(&format!("{}\n", events::summary(&report)))?;
    } else {
        context.print(&report::text(&report, &environment.environment))?;
    }
    Ok(match () {
        () if report.stopped == Some(Cause::Interrupt) && !report.is_complete() => Exit::Interrupted,
        () if report.is_complete() => Exit::Done,
        () if writer.wrote() => Exit::Partly,
        () => Exit::Failed,
    })
}
