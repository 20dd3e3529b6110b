//! Tells those whom the spec names of a run: that it begins, and how it ends; and of a plan, where they want to hear of those.

use jiff::{Timestamp, Unit};

use super::context::Context;
use super::error::{Error, Exit};
use super::prepare::Prepared;
use crate::apply::Report;
use crate::aws::secrets::Secrets;
use crate::notify::{Bounds, Event, Notifier, Outcome, Receiver, Service, Subject};
use crate::plan::Summary;
use crate::promote::Promotion;
use crate::record::image_changes;
use crate::spec::{self, Environment, Notify};

/// The telling of one run. Where the spec names nobody it does nothing.
#[derive(Debug)]
pub(super) struct Telling(Option<Told>);

#[derive(Debug)]
struct Told {
    notifier: Notifier,
    on: Vec<Outcome>,
    event: Event,
}

impl Telling {
    /// Has it told that what was prepared begins to be carried out. Waits for nobody.
    pub(super) fn begin(context: &Context, prepared: &Prepared) -> Self {
        Self(prepared.environment.notify.as_ref().map(|notify| {
            let aws = &prepared.environment.aws;
            let keys = Secrets::of(&aws.account, &aws.region);
            let notifier = Notifier::start(Receiver::of(notify), keys, Bounds::default());
            let told = Told { notifier, on: notify.on.clone(), event: event(context, prepared, notify) };
            told.tell();
            told
        }))
    }

    /// Has it told how the run ended and what was seen, in lines without secrets; waits for that a little, and warns of whoever
    /// could not be told.
    pub(super) async fn end(self, context: &Context, exit: Exit, seen: Vec<String>) {
        let Some(mut told) = self.0 else { return };
        let interrupted = (exit == Exit::Interrupted).then(|| "it was interrupted".to_owned());
        told.event.seen = seen.into_iter().chain(interrupted).collect();
        told.event.outcome = outcome(exit);
        told.event.ended = Some(now());
        told.tell();
        for warning in told.notifier.finish().await {
            context.tell(&format!("warning: {warning}\n"));
        }
    }
}

/// The telling of a plan that is only made.
#[derive(Debug)]
pub(super) struct TellingPlan {
    started: Timestamp,
}

impl TellingPlan {
    pub(super) fn begin() -> Self {
        Self { started: now() }
    }

    /// Has it told what was planned, or why nothing could be; waits for that a little.
    pub(super) async fn end(self, context: &Context, name: &str, planned: Result<&Prepared, &Error>) {
        let environment = match planned {
            Ok(prepared) => Some(prepared.environment.clone()),
            Err(_) => readable(context, name),
        };
        let Some(environment) = environment else { return };
        let Some(notify) = environment.notify.as_ref().filter(|notify| notify.tells_plans()) else { return };
        let event = match planned {
            Ok(prepared) => self.made(context, prepared, notify),
            Err(error) => self.failed(context, &environment, error),
        };
        if !notify.on.contains(&event.outcome) {
            return;
        }
        let keys = Secrets::of(&event.account, &event.region);
        let notifier = Notifier::start(Receiver::of(notify), keys, Bounds::default());
        notifier.tell(&event);
        for warning in notifier.finish().await {
            context.tell(&format!("warning: {warning}\n"));
        }
    }

    fn made(&self, context: &Context, prepared: &Prepared, notify: &Notify) -> Event {
        let blocked = prepared.plan.blocked();
        let seen = blocked.filter_map(|change| Some(format!("{}: {}", change.address, change.blocked.as_ref()?.why)));
        Event {
            subject: Subject::Plan,
            outcome: Outcome::Planned,
            started: self.started,
            ended: Some(now()),
            seen: seen.collect(),
            ..event(context, prepared, notify)
        }
    }

    fn failed(&self, context: &Context, environment: &Environment, error: &Error) -> Event {
        Event {
            subject: Subject::Plan,
            outcome: Outcome::Failed,
            project: environment.project.clone(),
            environment: environment.environment.clone(),
            account: environment.aws.account.clone(),
            region: environment.aws.region.clone(),
            plan_id: String::new(),
            summary: Summary::default(),
            services: Vec::new(),
            origin: context.origin(),
            started: self.started,
            ended: Some(now()),
            seen: error.each(),
        }
    }
}

/// The spec of an environment, where it can be read: of another nobody knows whom to tell.
fn readable(context: &Context, name: &str) -> Option<Environment> {
    let loaded = spec::load(&context.specs, Some(&[name.to_owned()])).ok()?;
    loaded.specs.into_iter().map(|spec| spec.environment).find(|environment| environment.environment == name)
}

impl Told {
    fn tell(&self) {
        if self.on.contains(&self.event.outcome) {
            self.notifier.tell(&self.event);
        }
    }
}

/// What failed, a line each; the report has been through [`Secrets`](crate::record::Secrets).
pub(super) fn failures(report: &Report) -> Vec<String> {
    report.failed().map(|(step, failure)| format!("{}: {failure}", step.address)).collect()
}

fn event(context: &Context, prepared: &Prepared, notify: &Notify) -> Event {
    let Prepared { environment, plan, header, .. } = prepared;
    let services = services(prepared, notify);
    Event {
        subject: match () {
            () if header.choices.destroy => Subject::Destroy,
            () if services.is_empty() => Subject::Apply,
            () => Subject::Deployment,
        },
        outcome: Outcome::Started,
        project: environment.project.clone(),
        environment: environment.environment.clone(),
        account: environment.aws.account.clone(),
        region: environment.aws.region.clone(),
        plan_id: plan.id(),
        summary: plan.summary(),
        services,
        origin: context.origin(),
        started: now(),
        ended: None,
        seen: Vec::new(),
    }
}

/// The services whose images change, with what the plan knows of those.
fn services(prepared: &Prepared, notify: &Notify) -> Vec<Service> {
    let mut changes = image_changes(&prepared.header, &prepared.plan);
    let of_spec = prepared.environment.service.names().filter_map(|name| changes.remove_entry(name));
    let mut ordered: Vec<_> = of_spec.collect();
    // Those that left the spec go.
    ordered.extend(changes);
    let known = |name: &str| prepared.header.promotion.iter().find(|promotion| promotion.service == name);
    let service = |(name, change): (String, crate::record::ImageChange)| {
        let image = known(&name).filter(|known| Some(&known.to) == change.to.as_ref()).map(|known: &Promotion| &known.image);
        let commit = image.and_then(|image| image.commit.clone()).filter(|commit| is_commit(commit));
        let tags = image.map(|image| image.tags.clone()).unwrap_or_default();
        Service { name, from: change.from, to: change.to, tags, commit, version: None }.versioned(notify.version)
    };
    ordered.into_iter().map(service).collect()
}

/// Labels say whatever somebody wrote; others than commits lead nowhere.
fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

const fn outcome(exit: Exit) -> Outcome {
    match exit {
        Exit::Done | Exit::Changes => Outcome::Succeeded,
        Exit::RolledBack => Outcome::RolledBack,
        Exit::Failed | Exit::Partly | Exit::Stale | Exit::Blocked | Exit::Held | Exit::Interrupted => Outcome::Failed,
    }
}

/// Milliseconds are as exactly as anybody will ask.
fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(Unit::Millisecond).unwrap_or(now)
}
