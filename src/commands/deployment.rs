//! The end of a deployment: it is watched, and where it goes wrong, what ran before is put back and watched too.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::join_all;
use futures::join;
use jiff::Timestamp;
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};

use super::prepare::{Prepared, scope};
use super::probe::probe;
use super::progress::Progress;
use crate::apply::{self, Cause, Cloud, Report, Stop};
use crate::aws::cloud::Writer;
use crate::aws::cloudwatch::states::{AlarmState, Standing};
use crate::aws::observe::Reader;
use crate::desired::{Running, watched_alarms};
use crate::graph::Address;
use crate::plan::{Action, Change, Verb};
use crate::promote::watch::{Look, Next, Patience, Watch};
use crate::promote::{Ended, Outcome, Promotion, without_values};
use crate::record::Secrets;
use crate::spec::Runtime;
use crate::values::image_digest::ImageDigest;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(5);
/// How many of the last log lines of a service are told.
const LINES: usize = 20;

/// The shortest pause.
const SOON: Duration = Duration::from_millis(200);

/// A run that moves images.
pub(super) struct Deployment<'a> {
    prepared: &'a Prepared,
    writer: &'a Writer,
    reader: Reader,
    progress: &'a Progress<'a>,
    secrets: &'a Secrets,
    /// How long something may be wrong.
    ailing: Duration,
    /// When it began. An alarm that rang before says nothing of it.
    began: Timestamp,
    /// What is asked over HTTP, by service.
    probes: OnceCell<BTreeMap<String, String>>,
}

/// How a watch ended.
enum Watched {
    Well,
    Bad(Vec<String>),
    Stopped,
}

impl<'a> Deployment<'a> {
    /// Of the images that `prepared` moves.
    pub(super) async fn new(
        prepared: &'a Prepared,
        writer: &'a Writer,
        progress: &'a Progress<'a>,
        secrets: &'a Secrets,
        ailing: Duration,
    ) -> Self {
        let aws = &prepared.environment.aws;
        let reader = Reader::connect(&aws.account, &aws.region).await;
        Self { prepared, writer, reader, progress, secrets, ailing, began: Timestamp::now(), probes: OnceCell::new() }
    }

    /// Sees a deployment to its end, after the plan's steps went as `report` says. None where no image was to move.
    pub(super) async fn see_through(&self, report: &Report, stop: &Stop) -> Option<Outcome> {
        let promotion = &self.prepared.header.promotion;
        let services: Vec<String> = promotion.iter().map(|promotion| promotion.service.clone()).collect();
        let outcome =
            |ended| Outcome { ended, services: services.clone(), seen: Vec::new(), failures: Vec::new(), logs: BTreeMap::new() };
        if promotion.is_empty() {
            return None;
        }
        let failures: Vec<String> = self
            .steps(report)
            .filter_map(|(change, step)| match &step.outcome {
                apply::Outcome::Failed(failure) => Some(format!("{}: {failure}", change.address)),
                _ => None,
            })
            .collect();
        if failures.is_empty() && report.stopped.is_some() {
            return Some(outcome(Ended::NotWatched));
        }
        let seen = if failures.is_empty() {
            match self.watch(&self.intended(), self.bake(), Some(stop)).await {
                Watched::Well => return Some(outcome(Ended::Healthy)),
                Watched::Stopped => return Some(outcome(Ended::NotWatched)),
                Watched::Bad(seen) => seen,
            }
        } else {
            failures
        };
        self.progress.note(&format!("the deployment has failed: {}", seen.join("; ")));
        let logs = self.logs().await;
        let (ended, failures) = self.put_back(report).await;
        Some(Outcome { ended, seen, failures, logs, ..outcome(Ended::NotBegun) })
    }

    /// The steps of the services whose image moves.
    fn steps<'r>(&'r self, report: &'r Report) -> impl Iterator<Item = (&'r Change, &'r apply::StepReport)> {
        let plan = &self.prepared.plan;
        let steps = plan.steps.iter().zip(&report.steps).map(|(step, report)| (&plan.changes[step.change], report));
        steps.filter(|(change, _)| self.promotion_of(&change.address).is_some() || copies(change))
    }

    fn promotion_of(&self, address: &Address) -> Option<&Promotion> {
        let service = address.service()?;
        self.prepared.header.promotion.iter().find(|promotion| promotion.service == service)
    }

    fn intended(&self) -> BTreeMap<String, ImageDigest> {
        self.prepared.header.promotion.iter().map(|promotion| (promotion.service.clone(), promotion.to.clone())).collect()
    }

    fn bake(&self) -> Duration {
        let promotion = self.prepared.environment.promotion.as_ref();
        promotion.and_then(|promotion| promotion.bake).map(Duration::from).unwrap_or_default()
    }

    /// Looks until all of it has done well for long enough; else what was wrong. What was put back is watched without `stop`, and
    /// without alarms: it is not to blame for one that the new image has set off, and that takes its time to end.
    async fn watch(&self, intended: &BTreeMap<String, ImageDigest>, bake: Duration, stop: Option<&Stop>) -> Watched {
        let names: Vec<&str> = intended.keys().map(String::as_str).collect();
        let mut watch = Watch::new(Patience { bake, ailing: self.ailing });
        let began = Instant::now();
        let mut told = String::new();
        loop {
            let look = self.look(intended, stop.is_some()).await;
            let state = if look.ails.is_empty() { "healthy".to_owned() } else { look.ails.join("; ") };
            if state != told {
                self.progress.note(&format!("watching {}: {state}", names.join(", ")));
                told = state;
            }
            match watch.look(began.elapsed(), look) {
                Next::Well => return Watched::Well,
                Next::Bad(why) => return Watched::Bad(why),
                Next::GoOn => {}
            }
            let left = bake.saturating_sub(began.elapsed()).max(SOON);
            tokio::select! {
                () = sleep(left.min(PAUSE).min(self.ailing / 4)) => {}
                _ = stopped(stop) => return Watched::Stopped,
            }
        }
    }

    async fn look(&self, intended: &BTreeMap<String, ImageDigest>, heeds_alarms: bool) -> Look {
        let scope = scope(&self.prepared.environment);
        let alarms = if heeds_alarms { self.alarms(intended.keys()) } else { Vec::new() };
        let (seen, alarms, probed) = join!(self.reader.running(&scope), self.reader.alarms(&alarms), self.probe(intended.keys()));
        let mut look = Look::default();
        match seen {
            Ok(seen) => look.ails.extend(intended.iter().filter_map(|(service, digest)| {
                let ails = seen.get(service).map_or_else(|| Some("it is not there".to_owned()), |seen| seen.ails(digest))?;
                Some(format!("service.{service}: {ails}"))
            })),
            Err(error) => look.ails.push(error.to_string()),
        }
        match alarms {
            Ok(alarms) => look.alarms.extend(alarms.iter().filter_map(|alarm| self.rings(alarm))),
            Err(error) => look.ails.push(error.to_string()),
        }
        look.ails.extend(probed);
        look
    }

    /// The alarms of these services: their own, and those that the spec names.
    fn alarms<'s>(&self, services: impl Iterator<Item = &'s String>) -> Vec<String> {
        let changes = &self.prepared.plan.changes;
        let mut names = BTreeSet::new();
        for service in services {
            names.extend(watched_alarms(changes.iter().map(|change| (&change.address, change.kind, &change.after)), service));
            let deploy = self.prepared.environment.service.get(service).and_then(|service| match &service.runtime {
                Runtime::Asg { deploy, .. } => Some(&deploy.alarms),
                Runtime::AppRunner { .. } => None,
            });
            names.extend(deploy.into_iter().flatten().cloned());
        }
        names.into_iter().collect()
    }

    fn rings(&self, alarm: &AlarmState) -> Option<String> {
        let new = alarm.since.is_none_or(|since| since >= self.began);
        (alarm.standing == Standing::Alarm && new).then(|| format!("the alarm {} rings: {}", alarm.name, alarm.reason))
    }

    /// Asks services over HTTP whose spec has a `probe`; what is wrong.
    async fn probe<'s>(&self, services: impl Iterator<Item = &'s String>) -> Vec<String> {
        let wanted: Vec<(&String, &str)> =
            services.filter_map(|name| Some((name, self.prepared.environment.service.get(name)?.probe.as_deref()?))).collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let environment = &self.prepared.environment;
        let scope = scope(environment);
        let addresses = self.probes.get_or_try_init(|| self.reader.addresses(environment, &scope)).await;
        let addresses = match addresses {
            Ok(addresses) => addresses,
            Err(error) => return vec![error.to_string()],
        };
        let asked = wanted.into_iter().map(|(service, path)| async move {
            let Some(address) = addresses.get(service) else { return Some(format!("service.{service} has no address to probe")) };
            probe(&format!("{address}{path}")).await.err().map(|why| format!("service.{service}: {why}"))
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// Puts back what ran before wherever that was changed, the services in the reverse of their order, and what they are started
    /// from after them.
    async fn put_back(&self, report: &Report) -> (Ended, Vec<String>) {
        let tried = |step: &apply::StepReport| !matches!(step.outcome, apply::Outcome::Stopped | apply::Outcome::Left(_));
        let changed = |(_, step): &(&Change, &apply::StepReport)| step.verb == Verb::Update && tried(step);
        let changed: Vec<&Change> = self.steps(report).filter(changed).map(|(change, _)| change).collect();
        let runs = |change: &&&Change| Running::runs(change.kind);
        let begun = changed.iter().any(|change| Running::runs(change.kind));
        let created: Vec<&Address> = self
            .steps(report)
            .filter(|(change, step)| Running::runs(change.kind) && change.action == Action::Create && tried(step))
            .map(|(change, _)| &change.address)
            .collect();
        let mut failures = Vec::new();
        let rest = changed.iter().filter(|change| !Running::runs(change.kind));
        for change in changed.iter().filter(runs).rev().chain(rest) {
            self.progress.note(&format!("putting back {}", change.address));
            if let Err(mut failure) = self.writer.restore(change).await {
                failure.message = self.secrets.strike_out(&failure.message);
                failures.push(format!("{}: {failure}", change.address));
            }
        }
        if begun && failures.is_empty() {
            let moved: BTreeSet<&Address> = changed.iter().map(|change| &change.address).collect();
            let before = self.before(&moved);
            // Nobody may stop this halfway but by quitting.
            if let Watched::Bad(ails) = self.watch(&before, Duration::ZERO, None).await {
                failures.extend(ails);
            }
        }
        failures
            .extend(created.into_iter().map(|address| format!("{address} is new: nothing ran before that could be put back")));
        match failures.is_empty() {
            false => (Ended::NotRolledBack, failures),
            true if begun => (Ended::RolledBack, failures),
            true => (Ended::NotBegun, failures),
        }
    }

    /// What the services ran of which something was changed.
    fn before(&self, changed: &BTreeSet<&Address>) -> BTreeMap<String, ImageDigest> {
        let of = |promotion: &Promotion| {
            let its =
                changed.iter().any(|address| self.promotion_of(address).is_some_and(|other| other.service == promotion.service));
            Some((promotion.service.clone(), promotion.from.clone().filter(|_| its)?))
        };
        self.prepared.header.promotion.iter().filter_map(of).collect()
    }

    /// The last lines of the services' logs, without values of the environment, and without secrets as far as a line says that it has
    /// one. That there are none, or that they cannot be had, is no reason to stop.
    async fn logs(&self) -> BTreeMap<String, Vec<String>> {
        let mut logs = BTreeMap::new();
        for promotion in &self.prepared.header.promotion {
            let lines =
                self.reader.last_lines(&scope(&self.prepared.environment), &promotion.service, LINES).await.unwrap_or_default();
            let spec = self.prepared.environment.service.get(&promotion.service);
            let names: Vec<&str> = spec.iter().flat_map(|service| service.secrets.keys()).map(String::as_str).collect();
            let quiet = |line: String| without_values(&self.secrets.strike_out(&line), &names);
            let lines: Vec<String> = lines.into_iter().map(quiet).collect();
            if !lines.is_empty() {
                logs.insert(promotion.service.clone(), lines);
            }
        }
        logs
    }

    /// The digest that each service is set to run now, for the record; missing where nobody can tell.
    pub(super) async fn runs_now(&self) -> BTreeMap<String, ImageDigest> {
        let seen = self.reader.running(&scope(&self.prepared.environment)).await.unwrap_or_default();
        seen.into_iter().filter_map(|(service, seen)| Some((service, seen.digest()?))).collect()
    }
}

async fn stopped(stop: Option<&Stop>) -> Cause {
    match stop {
        Some(stop) => stop.clone().wait().await,
        None => std::future::pending().await,
    }
}

fn copies(change: &Change) -> bool {
    change.kind == "ecr.image"
}
