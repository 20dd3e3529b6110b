//! The executor: whatever is ready runs, until nothing is.

use std::collections::BTreeMap;
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use super::cloud::{Cloud, Failure, OUTPUT};
use super::event::{Event, Outcome, Report, StepReport};
use super::notice::Notices;
use super::stop::{Cause, Stop};
use crate::graph::{Address, Attrs, Created, Outputs, Reference, State, Target, references, substitute};
use crate::plan::{Change, Plan, Since, Step, Verb};

/// Calls under way at once; waits do not count.
const AT_ONCE: usize = 16;

/// Carries out `plan`. One failure stops what depends on it and nothing else.
pub async fn run(plan: &Plan, cloud: &dyn Cloud, stop: Stop, tell: &mut dyn FnMut(Event<'_>)) -> Report {
    let mut run = Run::new(plan, cloud);
    let asked = stop.clone();
    let mut stop = pin!(stop.wait());
    loop {
        // Here too: it may have been asked before the first step, or while an answer was looked at.
        if let Some(cause) = asked.asked().filter(|_| run.stopped.is_none()) {
            run.stop(cause, tell);
        }
        run.start_what_is_ready(tell);
        if run.calls.is_empty() && run.waits.is_empty() {
            break;
        }
        let next = poll_fn(|context| {
            if run.stopped.is_none()
                && let Poll::Ready(cause) = stop.as_mut().poll(context)
            {
                return Poll::Ready(Next::Stop(cause));
            }
            if let Poll::Ready(Some((step, text))) = run.heard.poll_recv(context) {
                return Poll::Ready(Next::Noticed(step, text));
            }
            if let Poll::Ready(Some(called)) = run.calls.poll_next_unpin(context) {
                return Poll::Ready(Next::Called(called));
            }
            if let Poll::Ready(Some((step, settled))) = run.waits.poll_next_unpin(context) {
                return Poll::Ready(Next::Settled(step, settled));
            }
            Poll::Pending
        });
        match next.await {
            Next::Stop(cause) => run.stop(cause, tell),
            Next::Noticed(step, text) => run.noticed(step, &text, tell),
            Next::Called(called) => run.called(called, tell),
            Next::Settled(step, Ok(mut outputs)) => {
                if let Some(text) = outputs.remove(OUTPUT) {
                    tell(Event::Said { change: run.change(step), verb: plan.steps[step].verb, text: &text });
                }
                run.learn(step, outputs);
                run.end(step, Outcome::Done, tell);
            }
            Next::Settled(step, Err(failure)) => run.end(step, Outcome::Failed(failure), tell),
        }
    }
    run.report(tell)
}

enum Next<'a> {
    Stop(Cause),
    Noticed(usize, String),
    Called((usize, Result<Wait<'a>, Failure>)),
    Settled(usize, Result<Outputs, Failure>),
}

/// What follows a call: the outputs it gave, and the wait for the rest.
struct Wait<'a> {
    outputs: Outputs,
    rest: Option<BoxFuture<'a, Result<Outputs, Failure>>>,
}

#[derive(Clone, Debug)]
enum Progress {
    Pending,
    Running(Instant),
    Created(Instant),
    Ended(Outcome, Duration),
}

struct Run<'a> {
    plan: &'a Plan,
    cloud: &'a dyn Cloud,
    progress: Vec<Progress>,
    known: BTreeMap<&'a Address, Outputs>,
    calls: FuturesUnordered<BoxFuture<'a, (usize, Result<Wait<'a>, Failure>)>>,
    waits: FuturesUnordered<BoxFuture<'a, (usize, Result<Outputs, Failure>)>>,
    notices: Notices,
    heard: UnboundedReceiver<(usize, String)>,
    stopped: Option<Cause>,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, cloud: &'a dyn Cloud) -> Self {
        let stays = plan.changes.iter().filter(|change| !matches!(change.verbs(), [Verb::Create, ..] | [Verb::Delete]));
        let known = stays.filter_map(|change| Some((&change.address, change.live.as_ref()?.outputs.clone())));
        let (notices, heard) = Notices::new();
        Self {
            plan,
            cloud,
            progress: vec![Progress::Pending; plan.steps.len()],
            known: known.collect(),
            calls: FuturesUnordered::new(),
            waits: FuturesUnordered::new(),
            notices,
            heard,
            stopped: None,
        }
    }

    fn change(&self, step: usize) -> &'a Change {
        &self.plan.changes[self.plan.steps[step].change]
    }

    fn start_what_is_ready(&mut self, tell: &mut dyn FnMut(Event<'_>)) {
        for index in 0..self.plan.steps.len() {
            if self.stopped.is_some() || self.calls.len() >= AT_ONCE {
                return;
            }
            if matches!(self.progress[index], Progress::Pending) && self.is_ready(&self.plan.steps[index]) {
                self.start(index, tell);
            }
        }
    }

    fn is_ready(&self, step: &Step) -> bool {
        step.needs.iter().all(|need| match &self.progress[need.step] {
            Progress::Ended(outcome, _) => *outcome == Outcome::Done,
            Progress::Created(_) => need.until == Since::Created,
            Progress::Pending | Progress::Running(_) => false,
        })
    }

    fn start(&mut self, index: usize, tell: &mut dyn FnMut(Event<'_>)) {
        let change = self.change(index);
        let verb = self.plan.steps[index].verb;
        self.progress[index] = Progress::Running(Instant::now());
        tell(Event::Started { change, verb });
        let call = match (verb, self.resolve(change), target(change)) {
            (Verb::Create, Ok(want), _) => create(self.cloud, change, want),
            (Verb::Update, Ok(want), Some(live)) => update(self.cloud, change, live, want),
            (Verb::Await, _, Some(live)) => wait(self.cloud, change, live),
            (Verb::Delete, _, Some(live)) => delete(self.cloud, change, live),
            (_, Err(failure), _) => Box::pin(async { Err(failure) }),
            (_, _, None) => Box::pin(async { Err(broken("there is nothing to act upon")) }),
        };
        self.calls.push(Box::pin(self.notices.of(index, async move { (index, call.await) })));
    }

    /// The attributes with every reference replaced by what is known by now.
    fn resolve(&self, change: &Change) -> Result<Attrs, Failure> {
        let known = |reference: &Reference| self.known.get(&reference.address)?.get(&reference.output).cloned();
        let attrs = change.after.iter().map(|(name, value)| {
            let value = substitute(value, &known);
            match references(&value).first() {
                Some(left) => Err(broken(&format!("{}#{} is not known when it is needed", left.address, left.output))),
                None => Ok((name.clone(), value)),
            }
        });
        attrs.collect()
    }

    fn called(&mut self, (step, answer): (usize, Result<Wait<'a>, Failure>), tell: &mut dyn FnMut(Event<'_>)) {
        let (Wait { outputs, rest }, started) = match (answer, &self.progress[step]) {
            (Ok(wait), Progress::Running(started)) => (wait, *started),
            (Ok(_), _) => return,
            (Err(failure), _) => return self.end(step, Outcome::Failed(failure), tell),
        };
        self.learn(step, outputs);
        match rest {
            None => self.end(step, Outcome::Done, tell),
            Some(_) if self.stopped.is_some() => self.end(step, Outcome::Begun, tell),
            Some(rest) => {
                self.progress[step] = Progress::Created(started);
                tell(Event::Waiting { change: self.change(step), verb: self.plan.steps[step].verb });
                self.waits.push(Box::pin(self.notices.of(step, async move { (step, rest.await) })));
            }
        }
    }

    fn noticed(&self, step: usize, text: &str, tell: &mut dyn FnMut(Event<'_>)) {
        // The last words of a step that is over are of no interest any more.
        if matches!(self.progress[step], Progress::Running(_) | Progress::Created(_)) {
            tell(Event::Notice { change: self.change(step), verb: self.plan.steps[step].verb, text });
        }
    }

    fn learn(&mut self, step: usize, outputs: Outputs) {
        if self.plan.steps[step].verb != Verb::Delete {
            self.known.entry(&self.change(step).address).or_default().extend(outputs);
        }
    }

    fn stop(&mut self, cause: Cause, tell: &mut dyn FnMut(Event<'_>)) {
        self.stopped = Some(cause);
        tell(Event::Stopping(cause));
        self.abandon_waits(tell);
    }

    fn abandon_waits(&mut self, tell: &mut dyn FnMut(Event<'_>)) {
        self.waits.clear();
        for step in 0..self.progress.len() {
            if matches!(self.progress[step], Progress::Created(_)) {
                self.end(step, Outcome::Begun, tell);
            }
        }
    }

    fn end(&mut self, step: usize, outcome: Outcome, tell: &mut dyn FnMut(Event<'_>)) {
        let took = match &self.progress[step] {
            Progress::Running(started) | Progress::Created(started) => started.elapsed(),
            Progress::Pending | Progress::Ended(..) => Duration::ZERO,
        };
        tell(Event::Ended { change: self.change(step), verb: self.plan.steps[step].verb, outcome: &outcome, took });
        self.progress[step] = Progress::Ended(outcome, took);
    }

    /// What was never started says why: steps need only earlier ones, so one walk is enough.
    fn report(mut self, tell: &mut dyn FnMut(Event<'_>)) -> Report {
        for step in 0..self.progress.len() {
            if matches!(self.progress[step], Progress::Pending) {
                let failed = self.plan.steps[step].needs.iter().find_map(|need| match &self.progress[need.step] {
                    Progress::Ended(Outcome::Failed(_), _) => Some(self.change(need.step).address.clone()),
                    Progress::Ended(Outcome::Left(on), _) => Some(on.clone()),
                    _ => None,
                });
                self.end(step, failed.map_or(Outcome::Stopped, Outcome::Left), tell);
            }
        }
        let steps = self.plan.steps.iter().zip(self.progress).map(|(step, progress)| {
            let change = &self.plan.changes[step.change];
            let (outcome, took) = match progress {
                Progress::Ended(outcome, took) => (outcome, took),
                Progress::Pending | Progress::Running(_) | Progress::Created(_) => (Outcome::Stopped, Duration::ZERO),
            };
            StepReport { address: change.address.clone(), kind: change.kind, verb: step.verb, outcome, took }
        });
        Report { steps: steps.collect(), stopped: self.stopped }
    }
}

type Called<'a> = BoxFuture<'a, Result<Wait<'a>, Failure>>;

fn create<'a>(cloud: &'a dyn Cloud, change: &'a Change, want: Attrs) -> Called<'a> {
    Box::pin(async move {
        let created = cloud.create(change.kind, &want, &change.tags).await?;
        Ok(Wait { outputs: created.outputs.clone(), rest: Some(cloud.settle(change.kind, created)) })
    })
}

fn update<'a>(cloud: &'a dyn Cloud, change: &'a Change, live: Target, want: Attrs) -> Called<'a> {
    Box::pin(async move {
        // AWS refuses changes of what it is still at work on.
        if matches!(change.live.as_ref().map(|live| &live.state), Some(State::Busy(_))) {
            cloud.settle(change.kind, Created { id: live.id.clone(), outputs: live.outputs.clone() }).await?;
        }
        let changed: Vec<String> = change.fields.iter().map(|field| field.name.clone()).collect();
        let outputs = cloud.update(change.kind, &live, &want, &changed, &change.tags).await?;
        Ok(Wait { outputs, rest: None })
    })
}

fn wait<'a>(cloud: &'a dyn Cloud, change: &'a Change, live: Target) -> Called<'a> {
    Box::pin(async move {
        let created = Created { id: live.id, outputs: live.outputs };
        Ok(Wait { outputs: Outputs::new(), rest: Some(cloud.settle(change.kind, created)) })
    })
}

fn delete<'a>(cloud: &'a dyn Cloud, change: &'a Change, live: Target) -> Called<'a> {
    Box::pin(async move {
        cloud.delete(change.kind, &live).await?;
        let rest = Box::pin(async move { cloud.gone(change.kind, &live).await.map(|()| Outputs::new()) });
        Ok(Wait { outputs: Outputs::new(), rest: Some(rest) })
    })
}

fn target(change: &Change) -> Option<Target> {
    let live = change.live.as_ref()?;
    Some(Target { id: live.id.clone(), attrs: live.attrs.clone(), outputs: live.outputs.clone() })
}

/// The plan does not fit itself: a fault of the planner, told like any other failure so that the rest goes on.
fn broken(message: &str) -> Failure {
    Failure { operation: "infra".into(), code: "BrokenPlan".into(), message: message.into(), request_id: None }
}
