//! How a deployment ended, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::promote::{Ended, Outcome};

/// A deployment's end for people.
pub fn text(outcome: &Outcome, environment: &str) -> String {
    let services: Vec<String> = outcome.services.iter().map(|service| format!("service.{service}")).collect();
    let services = services.join(", ");
    let mut text = String::from("\n");
    let _ = match outcome.ended {
        Ended::Healthy => writeln!(text, "Deployed: {services} run the new image, and are healthy."),
        Ended::NotBegun => writeln!(text, "Not deployed: {services} run what they ran before."),
        Ended::RolledBack => {
            writeln!(text, "Rolled back: the new image did badly, and {services} run what they ran before, healthily.")
        }
        Ended::NotRolledBack => {
            writeln!(text, "NOT rolled back: the new image did badly, and what ran before could not be put back everywhere.")
        }
        Ended::NotWatched => writeln!(text, "Not watched: the run was asked to stop before it could see how {services} do."),
    };
    lines(&mut text, "what was seen", &outcome.seen);
    lines(&mut text, "what kept the earlier image from being put back", &outcome.failures);
    for (service, log) in &outcome.logs {
        lines(&mut text, &format!("the last lines of service.{service}'s log"), log);
    }
    if outcome.ended == Ended::NotRolledBack {
        let _ = writeln!(text, "\nto look further:");
        let _ = writeln!(text, "  infra status --env {environment}");
        let _ = writeln!(text, "  infra plan --env {environment}");
        let _ = writeln!(text, "  infra rollback --env {environment}");
    }
    text
}

fn lines(text: &mut String, title: &str, lines: &[String]) {
    if !lines.is_empty() {
        let _ = writeln!(text, "\n{title}:");
        for line in lines {
            let _ = writeln!(text, "  {line}");
        }
    }
}

/// One JSON line for programs.
///
/// # Panics
/// Never: an outcome is plain data.
pub fn json(outcome: &Outcome) -> Value {
    let mut line = serde_json::to_value(outcome).expect("plain data");
    line["type"] = json!("deployment_summary");
    line
}
