//! What happens while a plan is carried out: as lines for people, and as JSON lines in Terraform's words for programs.

use serde_json::{Value, json};

use super::words::took;
use crate::apply::{Cause, Event, Outcome, Report};
use crate::plan::{Change, Verb};

/// What is being done, for people: `creating`, `created`.
pub fn verbs(verb: Verb) -> (&'static str, &'static str) {
    match verb {
        Verb::Create => ("creating", "created"),
        Verb::Update => ("updating", "updated"),
        Verb::Await => ("waiting for", "ready"),
        Verb::Delete => ("deleting", "deleted"),
    }
}

/// One line for people; none for what they need not read.
pub fn line(event: &Event<'_>) -> Option<String> {
    match event {
        Event::Started { change, verb } => Some(format!("{} {}", verbs(*verb).0, change.address)),
        // Those who draw show what a step says of itself while it runs; in a log it is told from time to time.
        Event::Waiting { .. } | Event::Notice { .. } => None,
        Event::Said { change, text, .. } => Some(format!("{} said:\n{}", change.address, indented(text))),
        Event::Stopping(Cause::Interrupt) => {
            Some("stopping: calls under way are finished, and nothing new is started; interrupt again to quit".into())
        }
        Event::Stopping(Cause::LeaseLost) => {
            Some("stopping, because the lease is lost: calls under way are finished, and nothing new is started".into())
        }
        Event::Ended { change, verb, outcome, took: time } => match outcome {
            Outcome::Done => Some(format!("{} {} ({})", verbs(*verb).1, change.address, took(*time))),
            Outcome::Begun => Some(format!("left {} to AWS, which is still {} it", change.address, verbs(*verb).0)),
            Outcome::Failed(failure) => Some(format!("failed {}: {}", change.address, hanging(&failure.to_string()))),
            // The report says these at the end, together.
            Outcome::Left(_) | Outcome::Stopped => None,
        },
    }
}

/// Lines below one that they belong to.
pub(super) fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// The first line as it is, and the others below it.
fn hanging(text: &str) -> String {
    text.trim_end().replace('\n', "\n  ")
}

/// One JSON line for programs.
pub fn json(event: &Event<'_>) -> Value {
    let about = |kind: &str, change: &Change, verb: Verb| {
        json!({
            "type": kind,
            "resource": { "address": change.address, "type": change.kind },
            "action": action(verb),
        })
    };
    let with = |mut value: Value, more: &[(&str, Value)]| {
        for (key, item) in more {
            value[*key] = item.clone();
        }
        value
    };
    match event {
        Event::Started { change, verb } => about("apply_start", change, *verb),
        Event::Waiting { change, verb } => about("apply_progress", change, *verb),
        Event::Notice { change, verb, text } => with(about("apply_progress", change, *verb), &[("message", json!(text))]),
        Event::Said { change, verb, text } => with(about("apply_output", change, *verb), &[("output", json!(text))]),
        Event::Stopping(cause) => json!({ "type": "apply_stopping", "because": why(*cause) }),
        Event::Ended { change, verb, outcome, took } => {
            let time = ("elapsed_seconds", json!(took.as_secs_f64()));
            match outcome {
                Outcome::Done => with(about("apply_complete", change, *verb), &[time]),
                Outcome::Failed(failure) => with(about("apply_errored", change, *verb), &[time, ("error", json!(failure))]),
                Outcome::Begun => with(about("apply_left", change, *verb), &[("because", json!("stopped while AWS is at work"))]),
                Outcome::Left(on) => with(about("apply_left", change, *verb), &[("because", json!(on))]),
                Outcome::Stopped => with(about("apply_left", change, *verb), &[("because", json!("stopped"))]),
            }
        }
    }
}

/// One JSON line for what is no step's.
pub fn note(text: &str) -> Value {
    json!({ "type": "deployment_progress", "message": text })
}

/// The last JSON line.
pub fn summary(report: &Report) -> Value {
    let count = |wanted: fn(&Outcome) -> bool| report.steps.iter().filter(|step| wanted(&step.outcome)).count();
    json!({
        "type": "apply_summary",
        "done": count(|outcome| matches!(outcome, Outcome::Done)),
        "failed": count(|outcome| matches!(outcome, Outcome::Failed(_))),
        "left": count(|outcome| matches!(outcome, Outcome::Begun | Outcome::Left(_) | Outcome::Stopped)),
        "stopped": report.stopped.map(why),
    })
}

/// What made a run stop, for programs.
fn why(cause: Cause) -> &'static str {
    match cause {
        Cause::Interrupt => "interrupt",
        Cause::LeaseLost => "lease_lost",
    }
}

fn action(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "create",
        Verb::Update => "update",
        Verb::Await => "await",
        Verb::Delete => "delete",
    }
}
