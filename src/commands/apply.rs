//! `infra apply`: the plan, the question, and then exactly that plan.

use std::io;

use super::agree::agree;
use super::context::Context;
use super::deployment::Deployment;
use super::error::{Error, Exit};
use super::lease;
use super::notify::{self, Telling};
use super::prepare::{Prepared, prepare};
use super::progress::Progress;
use super::recorder::{self, Recorder};
use super::saved;
use crate::apply::{self, Asker, Cause, Report, Stop};
use crate::aws::cloud::Writer;
use crate::aws::kinds::Registry;
use crate::cli::{Apply, Consent};
use crate::plan::{Choices, Deploy};
use crate::promote::{Ended, Outcome, Promotion, Source};
use crate::record::{Agreement, RunVerb, Secrets};
use crate::render::{deployment, events, json, report, text};
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
    let prepared = approved_without_images(context, prepare(context, name, choices).await?, consent, saved).await?;
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
    let verb = RunVerb::of(choices).name();
    let lease = lease::take(context, &prepared.environment, (verb, prepared.plan.id()), consent.locking, &asker).await?;
    let ended = carry_out_alone(context, &prepared, consent, agreement, &asker).await;
    lease.release().await;
    ended
}

/// An approval of the infrastructure outlives a deployment in the environment that images come from: where the plan that was agreed
/// to moved none from there, those that run there by now stay where they are.
async fn approved_without_images(
    context: &Context,
    prepared: Prepared,
    consent: &Consent,
    saved: Option<&Saved>,
) -> Result<Prepared, Error> {
    let agreed = saved.map(|saved| saved.plan.id()).or_else(|| consent.approve.clone());
    let comes = |promotion: &&Promotion| matches!(promotion.source, Source::Environment(_));
    let Some((agreed, new)) = agreed.zip(prepared.header.promotion.iter().find(comes)) else { return Ok(prepared) };
    if prepared.header.choices.deploy != Deploy::AsSpec || prepared.plan.id() == agreed {
        return Ok(prepared);
    }
    let choices = Choices { deploy: Deploy::Without, ..prepared.header.choices.clone() };
    let without = prepare(context, &prepared.environment.environment, &choices).await?;
    if without.plan.id() != agreed {
        return Ok(prepared);
    }
    context.tell(&format!(
        "note: {} runs {} for service.{} by now, which is no part of the plan that was agreed to; `infra promote` moves it\n",
        new.source,
        new.to.short(),
        new.service
    ));
    Ok(without)
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
    let telling = Telling::begin(context, prepared);
    let writer = Writer::connect(&environment.aws.account, &environment.aws.region).await.entering(&prepared.registries);
    let progress = Progress::start(context, consent.json, plan.steps.len());
    // AWS's own words may quote the values that it refuses.
    let secrets = Secrets::of(plan, &Registry);
    let deployment = Deployment::new(prepared, &writer, &progress, &secrets, consent.patience()).await;
    let mut listen = |event: apply::Event<'_>| {
        secrets.struck_out(event, &mut |event| {
            recorder.tell(event);
            progress.tell(event);
        });
    };
    let mut report = apply::run(plan, &writer, stop.clone(), &mut listen).await;
    for step in &mut report.steps {
        secrets.strike_out_of(&mut step.outcome);
    }
    let deployed = deployment.see_through(&report, &stop).await;
    if let Some(outcome) = &deployed {
        recorder.deployed(outcome, &deployment.runs_now().await);
    }
    progress.end();
    let exit = match deployed.as_ref().map(|deployed| deployed.ended) {
        Some(Ended::RolledBack) => Exit::RolledBack,
        Some(Ended::NotWatched) if stop.asked() == Some(Cause::Interrupt) => Exit::Interrupted,
        Some(Ended::NotRolledBack | Ended::NotWatched) => Exit::Partly,
        _ if report.stopped == Some(Cause::Interrupt) && !report.is_complete() => Exit::Interrupted,
        _ if report.is_complete() => Exit::Done,
        _ if writer.wrote() => Exit::Partly,
        _ => Exit::Failed,
    };
    // Before anything is printed: whoever read the output may be gone.
    recorder.end(exit);
    let told = told(&report, deployed.as_ref(), consent.json, &environment.environment);
    if let Err(error) = context.print_outcome(&told, exit) {
        context.tell(&format!("warning: the report could not be written: {error}\n{told}"));
    }
    let seen = deployed.map(|deployed| deployed.seen).filter(|seen| !seen.is_empty());
    telling.end(context, exit, seen.unwrap_or_else(|| notify::failures(&report))).await;
    Ok(exit)
}

fn told(report: &Report, deployed: Option<&Outcome>, as_json: bool, environment: &str) -> String {
    if as_json {
        let deployed = deployed.map(|deployed| format!("{}\n", deployment::json(deployed))).unwrap_or_default();
        return format!("{deployed}{}\n", events::summary(report));
    }
    let deployed = deployed.map(|deployed| deployment::text(deployed, environment)).unwrap_or_default();
    report::text(report, environment) + &deployed
}
