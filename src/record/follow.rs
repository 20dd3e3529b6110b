//! A record while its run goes on: one more listener to events.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Outcome, Record, Step, StepOutcome};
use crate::apply::{self, Event};
use crate::plan::{Change, Verb};
use crate::promote;
use crate::values::image_digest::ImageDigest;

impl Record {
    /// Takes down what happened. What AWS says has been through [`Secrets::struck_out`](super::Secrets::struck_out).
    pub fn tell(&mut self, event: &Event<'_>, now: Timestamp) {
        match event {
            Event::Started { change, verb } => {
                if let Some(step) = self.step(change, *verb) {
                    step.outcome = StepOutcome::Running;
                    step.started = Some(now);
                }
            }
            Event::Said { change, verb, text } => {
                if let Some(step) = self.step(change, *verb) {
                    step.output = Some((*text).to_owned());
                }
            }
            Event::Ended { change, verb, outcome, took } => {
                let Some(step) = self.step(change, *verb) else { return };
                // One that never started took no time.
                step.seconds = step.started.map(|_| millis(took.as_secs_f64()));
                step.outcome = match outcome {
                    apply::Outcome::Done => StepOutcome::Done,
                    apply::Outcome::Begun => StepOutcome::Begun,
                    apply::Outcome::Stopped => StepOutcome::Stopped,
                    apply::Outcome::Left(on) => {
                        step.waited_for = Some(on.clone());
                        StepOutcome::Left
                    }
                    apply::Outcome::Failed(failure) => {
                        step.failure = Some(failure.clone());
                        StepOutcome::Failed
                    }
                };
            }
            Event::Stopping(cause) => self.stopped = Some(*cause),
            Event::Waiting { .. } | Event::Notice { .. } => {}
        }
    }

    /// Takes down what became of the images. What AWS and the services say has been struck of secrets.
    pub fn deployed(&mut self, outcome: &promote::Outcome, runs: &BTreeMap<String, ImageDigest>) {
        for (service, change) in &mut self.images {
            change.running = runs.get(service).cloned();
        }
        self.deployment = Some(outcome.clone());
    }

    /// The run is over.
    pub fn end(&mut self, outcome: Outcome, exit_code: u8, now: Timestamp) {
        self.outcome = outcome;
        self.exit_code = Some(exit_code);
        self.ended = Some(now);
    }

    /// A resource may have two copies with steps of their own, so the id belongs to what a step is known by.
    fn step(&mut self, change: &Change, verb: Verb) -> Option<&mut Step> {
        let id = id(change, verb);
        self.steps.iter_mut().find(|step| step.verb == verb && step.address == change.address && step.id == id)
    }
}

/// What AWS calls the resource that a step acts upon; none where it makes one.
pub(super) fn id(change: &Change, verb: Verb) -> Option<String> {
    change.live.as_ref().filter(|_| verb != Verb::Create).map(|live| live.id.clone())
}

fn millis(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
