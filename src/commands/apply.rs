//! `infra apply`: the plan, the question, and then exactly that plan.

use std::io;

use super::agree::agree;
use super::context::Context;
use super::error::{Error, Exit};
use super::lease;
use super::notify::{self, Telling};
use super::prepare::{Prepared, prepare};
use super::progress::Progress;
use super::recorder::{self, Recorder};
use super::saved;
use crate::apply::{self, Asker, Cause, Stop};
use crate::aws::cloud::Writer;
use crate::aws::kinds::Registry;
use crate::cli::{Apply, Consent};
use crate::plan::Choices;
use crate::record::{Agreement, Secrets};
use crate::render::{events, json, report, text};
use crate::saved::{Saved, seal};

pub(super) async fn run(context: &Context, command: &Apply) -> Result<Exit, Error> {
    if let Some(file) = &command.plan {
        let saved = saved::read(file)?;
        saved::check_environment(&saved, command.env.as_deref())?;
        let header = &saved.header;
        return carry_out(context, &header.environment, &header.choices, &command.consent, Some(&saved)).await;
    }
    let name = command.env.as_deref().unwrap_or_default();
    carry_out(context, name, &command.choices.with_destroy(false), &command.consent, None).await
}

/// Plans, shows, asks, and carries out what was agreed to.
///
/// AWS is read twice: for the plan that people see, and again once this run has the environment to itself. Minutes may lie between
/// the two, and the second must give the plan that was agreed to.
pub(super) async fn carry_out(
    context: &Context,
    name: &str,
    choices: &Choices,
    consent: &Consent,
    saved: Option<&Saved>,
) -> Result<Exit, Error> {
    let prepared = prepare(context, name, choices).await?;
    if let Some(saved) = saved {
        saved::check_place(saved, &prepared)?;
        saved::check_moved(&saved.header, &saved.plan, &prepared)?;
    }
    show(context, &prepared, consent)?;
    if prepared.plan.is_noop() {
        return Ok(Exit::Done);
    }
    let by = agree(context, &prepared, consent)?;
    let agreement = recorder::agreement(by, saved.is_some(), consent, choices);

    let asker = context.stop_on_interrupt();
    let verb = if choices.destroy { "destroy" } else { "apply" };
    let lease = lease::take(context, &prepared.environment, (verb, prepared.plan.id()), consent.locking, &asker).await?;
    let ended = carry_out_alone(context, &prepared, consent, agreement, &asker).await;
    lease.release().await;
    ended
}

/// Reads again what nobody else changes any more, and carries out what was agreed to.
async fn carry_out_alone(
    context: &Context,
    prepared: &Prepared,
    consent: &Consent,
    agreement: Agreement,
    asker: &Asker,
) -> Result<Exit, Error> {
    let again = prepare(context, &prepared.environment.environment, &prepared.header.choices).await?;
    if agreement.is_to_one_plan() {
        saved::check_moved(&prepared.header, &seal(&prepared.plan, &Registry), &again)?;
    } else if again.plan.id() != prepared.plan.id() {
        context.tell("AWS or the spec has moved meanwhile; the plan is now another:\n");
        show(context, &again, consent)?;
        if again.plan.is_noop() {
            return Ok(Exit::Done);
        }
        agree(context, &again, consent)?;
    }
    execute(context, &again, consent, agreement, asker.stop()).await
}

fn show(context: &Context, prepared: &Prepared, consent: &Consent) -> Result<(), Error> {
    let Prepared { plan, header, .. } = prepared;
    let shown = if consent.json {
        format!("{}\n", json::plan(header, plan, &Registry))
    } else {
        text::plan(header, plan, &Registry, context.page())
    };
    // What nobody could read, nobody agreed to: here a reader that is gone is a failure.
    Ok(context.print(&shown).map_err(|error| io::Error::other(error.to_string()))?)
}

async fn execute(
    context: &Context,
    prepared: &Prepared,
    consent: &Consent,
    agreement: Agreement,
    stop: Stop,
) -> Result<Exit, Error> {
    let Prepared { environment, plan, .. } = prepared;
    let recorder = Recorder::begin(context, prepared, agreement)?;
    let writer = Writer::connect(&environment.aws.account, &environment.aws.region).await;
    let telling = Telling::begin(context, prepared);
    let progress = Progress::start(context, consent.json, plan.steps.len());
    // AWS's own words may quote the values that it refuses.
    let secrets = Secrets::of(plan, &Registry);
    let mut listen = |event: apply::Event<'_>| {
        secrets.struck_out(event, &mut |event| {
            recorder.tell(event);
            progress.tell(event);
        });
    };
    let mut report = apply::run(plan, &writer, stop, &mut listen).await;
    for step in &mut report.steps {
        secrets.strike_out_of(&mut step.outcome);
    }
    progress.end();
    let exit = match () {
        () if report.stopped == Some(Cause::Interrupt) && !report.is_complete() => Exit::Interrupted,
        () if report.is_complete() => Exit::Done,
        () if writer.wrote() => Exit::Partly,
        () => Exit::Failed,
    };
    // Before anything is printed: whoever read the output may be gone.
    recorder.end(exit);
    let told =
        if consent.json { format!("{}\n", events::summary(&report)) } else { report::text(&report, &environment.environment) };
    if let Err(error) = context.print_outcome(&told, exit) {
        context.tell(&format!("warning: the report could not be written: {error}\n{told}"));
    }
    telling.end(context, exit, notify::failures(&report)).await;
    Ok(exit)
}
