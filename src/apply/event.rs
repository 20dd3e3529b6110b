//! What is told while a plan is carried out, and at the end.

use std::time::Duration;

use super::cloud::Failure;
use super::stop::Cause;
use crate::graph::Address;
use crate::plan::{Change, Verb};

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A step's call goes out.
    Started {
        /// The resource.
        change: &'a Change,
        /// What is done to it.
        verb: Verb,
    },
    /// The call was answered; AWS is still at work.
    Waiting {
        /// The resource.
        change: &'a Change,
        /// What was done to it.
        verb: Verb,
    },
    /// A step says how far it is.
    Notice {
        /// The resource.
        change: &'a Change,
        /// What is being done to it.
        verb: Verb,
        /// How it stands, in words that follow a colon.
        text: &'a str,
    },
    /// A step said something worth keeping, such as the output of a command.
    Said {
        /// The resource.
        change: &'a Change,
        /// What was done to it.
        verb: Verb,
        /// What it said, in lines.
        text: &'a str,
    },
    /// A step is over.
    Ended {
        /// The resource.
        change: &'a Change,
        /// What was done to it.
        verb: Verb,
        /// How it ended.
        outcome: &'a Outcome,
        /// How long it took.
        took: Duration,
    },
    /// It was asked to stop: nothing new is started.
    Stopping(Cause),
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As planned.
    Done,
    /// The call was made, and nobody waited for what it set off: the next run does.
    Begun,
    /// It was tried, and failed.
    Failed(Failure),
    /// It was not tried: what it waits for failed, or was left itself.
    Left(Address),
    /// It was not tried: the run was asked to stop.
    Stopped,
}

/// How one step went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepReport {
    /// The resource.
    pub address: Address,
    /// Its kind.
    pub kind: &'static str,
    /// What was to be done to it.
    pub verb: Verb,
    /// How it ended.
    pub outcome: Outcome,
    /// From its call to its end.
    pub took: Duration,
}

/// How a plan went, step by step, in the plan's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One entry a step.
    pub steps: Vec<StepReport>,
    /// Why it was asked to stop, if it was.
    pub stopped: Option<Cause>,
}

impl Report {
    /// Whether every step is done.
    pub fn is_complete(&self) -> bool {
        self.steps.iter().all(|step| step.outcome == Outcome::Done)
    }

    /// The steps that failed.
    pub fn failed(&self) -> impl Iterator<Item = (&StepReport, &Failure)> {
        self.steps.iter().filter_map(|step| match &step.outcome {
            Outcome::Failed(failure) => Some((step, failure)),
            _ => None,
        })
    }
}
