//! The end of a run: what is done, what failed with AWS's own words, and what is left and why.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::events::{indented, verbs};
use super::words::count;
use crate::apply::{Outcome, Report, StepReport};
use crate::graph::Address;
use crate::permissions;

/// The report of a run for people.
pub fn text(report: &Report, environment: &str) -> String {
    let mut text = String::new();
    let done = report.steps.iter().filter(|step| step.outcome == Outcome::Done).count();
    if report.is_complete() {
        let _ = writeln!(text, "\nDone: {}.", count(done, "step", "steps"));
        return text;
    }
    let failed: Vec<_> = report.failed().collect();
    let left: Vec<&StepReport> =
        report.steps.iter().filter(|step| matches!(step.outcome, Outcome::Begun | Outcome::Left(_) | Outcome::Stopped)).collect();
    let _ = writeln!(text, "\n{} done, {} failed, {} left.", done, failed.len(), left.len());
    for (step, failure) in &failed {
        let _ = writeln!(text, "\nfailed: {} {}", verbs(step.verb).0, step.address);
        let _ = writeln!(text, "  {}: {}", failure.operation, failure.code);
        let _ = writeln!(text, "{}", indented(&failure.message));
        if let Some(id) = &failure.request_id {
            let _ = writeln!(text, "  request {id}");
        }
        if let Some(help) = permissions::advice(&failure.operation, &failure.code, &failure.message) {
            let _ = writeln!(text, "  help: {help}");
        }
    }
    for (because, steps) in by_reason(&left) {
        let _ = writeln!(text, "\nleft{because}:");
        for step in steps {
            let _ = writeln!(text, "  {} {}", verbs(step.verb).0, step.address);
        }
    }
    let _ = writeln!(
        text,
        "\nNothing is lost: `infra plan --env {environment}` shows what remains, and `infra apply` goes on from there."
    );
    text
}

/// What is left, by what it waits for.
fn by_reason<'a>(left: &[&'a StepReport]) -> BTreeMap<String, Vec<&'a StepReport>> {
    let mut reasons: BTreeMap<String, Vec<&StepReport>> = BTreeMap::new();
    for &step in left {
        let because = |on: &Address| format!(", waiting for {on}");
        let reason = match &step.outcome {
            Outcome::Left(on) => because(on),
            Outcome::Begun => " to AWS, which is still at work on it".into(),
            _ => ", not started".into(),
        };
        reasons.entry(reason).or_default().push(step);
    }
    reasons
}
