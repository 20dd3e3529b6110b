//! One run in full: who, when, from where, what was to change, and how every step went.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{moved, outcome};
use crate::apply::Cause;
use crate::graph::Address;
use crate::record::{Agreement, Consent, Entry, Record, Step, StepOutcome};
use crate::render::draw::{Page, Sheet, length, padded};
use crate::render::events::verbs;
use crate::render::json::{ActionReason, ResourceChange, Verb};
use crate::render::rows::{labels, recorded};
use crate::render::style::Role;
use crate::render::text;
use crate::render::words::took;

/// Columns that a resource stands in, and those of what is said of it.
const RESOURCE: usize = 2;
const DETAIL: usize = 6;

/// A run in full.
pub fn one(entry: &Entry, page: Page) -> String {
    let record = &entry.record;
    let mut sheet = Sheet::new(page);
    head(&mut sheet, entry);
    if !record.images.is_empty() {
        title(&mut sheet, "Images");
        let widest = record.images.keys().map(|service| length(service)).max().unwrap_or(0);
        for (service, image) in &record.images {
            let source = image.source.as_ref().map(|source| format!("  {source}")).unwrap_or_default();
            sheet.line(
                RESOURCE,
                DETAIL,
                &[(Role::Plain, &format!("{}  {}", padded(service, widest), moved(image))), (Role::Faint, &source)],
            );
            if let Some(running) = image.running.as_ref().filter(|running| Some(*running) != image.to.as_ref()) {
                sheet.line(DETAIL, DETAIL + 2, &[(Role::Delete, "ran at the end: "), (Role::Plain, running.short())]);
            }
        }
    }
    title(&mut sheet, "What was to change");
    for change in &record.resource_changes {
        self::change(&mut sheet, change);
    }
    steps(&mut sheet, entry);
    sheet.finish()
}

fn head(sheet: &mut Sheet, entry: &Entry) {
    let record = &entry.record;
    let Record { project, environment, account, region, origin, .. } = record;
    let what = format!("{} of {project} {environment} in account {account}, {region}: ", record.verb.name());
    let (role, word) = outcome(entry);
    sheet.line(0, 2, &[(Role::Strong, &what), (role, word)]);
    let mut fact = |name: &str, value: &str| {
        sheet.line(2, 11, &[(Role::Faint, &format!("{name:<9}")), (Role::Plain, value)]);
    };
    let end = record.ended.map(|ended| format!(" to {}", ended.strftime("%H:%M:%S")));
    let time = record.took().map(|time| format!(", {}", took(time)));
    let started = record.started.strftime("%Y-%m-%d %H:%M:%S");
    fact("when", &format!("{started}{} UTC{}", end.unwrap_or_default(), time.unwrap_or_default()));
    let principal = record.principal.as_ref().map(|arn| format!(", as {arn}")).unwrap_or_default();
    fact("who", &format!("{} on {}{principal}", origin.actor, origin.host));
    if let Some(commit) = &origin.commit {
        fact("commit", commit);
    }
    if let Some(url) = &origin.run_url {
        fact("run", url);
    }
    fact("agreed", &agreement(&record.agreement));
    fact("plan", &format!("{}: {}", record.plan_id, labels::counted(record.summary)));
    match record.stopped {
        Some(Cause::Interrupt) => fact("stopped", "by an interrupt"),
        Some(Cause::LeaseLost) => fact("stopped", "because it did not hold the environment any more"),
        None => {}
    }
    if let Some(code) = record.exit_code {
        fact("exit", &code.to_string());
    }
    fact("file", &entry.path.display().to_string());
}

fn agreement(agreement: &Agreement) -> String {
    let Agreement { by, saved, allow, only, adopt, images, overrides } = agreement;
    let by = match by {
        Consent::Typed => "by typing the environment's name",
        Consent::Yes => "by --yes",
        Consent::Approved => "by --approve",
    };
    let flag = |name: &'static str| move |value: String| format!("--{name} {value}");
    let by = if *saved { format!("to a saved plan, {by}") } else { by.to_owned() };
    let flags = (allow.iter().cloned().map(flag("allow")))
        .chain(only.iter().map(Address::to_string).map(flag("only")))
        .chain(adopt.iter().map(Address::to_string).map(flag("adopt")))
        .chain(images.iter().map(|(service, image)| format!("{service}={image}")).map(flag("image")));
    let flags = flags.chain(overrides.iter().map(|(gate, reason)| format!("{gate} ({reason})")).map(flag("override")));
    let flags: Vec<String> = flags.collect();
    if flags.is_empty() { by } else { format!("{by}, with {}", flags.join(" ")) }
}

fn title(sheet: &mut Sheet, title: &str) {
    sheet.blank();
    sheet.line(0, 2, &[(Role::Strong, title)]);
}

fn change(sheet: &mut Sheet, change: &ResourceChange) {
    let (role, sign) = match change.change.actions[..] {
        [Verb::Create] => (Role::Create, "+"),
        [Verb::Update] => (Role::Update, "~"),
        [Verb::Delete] => (Role::Delete, "-"),
        [Verb::Create, Verb::Delete] => (Role::Delete, "+/-"),
        [Verb::Delete, Verb::Create] => (Role::Delete, "-/+"),
        _ => (Role::Plain, ""),
    };
    let kind = format!("  {}", change.r#type);
    let why = reason(change.action_reason).map(|why| format!(", {why}")).unwrap_or_default();
    let sign = format!("{sign:<4}");
    let spans = [(role, sign.as_str()), (Role::Strong, &change.address), (Role::Faint, &kind), (Role::Plain, &why)];
    sheet.line(RESOURCE, DETAIL + 2, &spans);
    text::differences(sheet, DETAIL, &recorded::differences(&change.change));
    if !change.hazards.is_empty() {
        sheet.line(DETAIL, DETAIL + 2, &[(Role::Delete, "! "), (Role::Delete, &change.hazards.join(", "))]);
    }
}

/// Why, where the sign does not say it.
fn reason(reason: ActionReason) -> Option<&'static str> {
    Some(match reason {
        ActionReason::AsDeclared | ActionReason::New => return None,
        ActionReason::SpecChanged => "the spec changed",
        ActionReason::ChangedInAws => "changed in AWS since the last apply",
        ActionReason::DeletedInAws => "missing in AWS, though declared before",
        ActionReason::NotInSpec => "not in the spec",
        ActionReason::LeftOver => "left over from a run that was cut",
        ActionReason::NeverWorked => "it never worked",
        ActionReason::BusyInAws => "only waited for: AWS was still at work on it",
        ActionReason::ReferenceChanged => "what it refers to changed",
        ActionReason::Adopted => "taken over",
        ActionReason::Unknown => "it is not known which side changed",
    })
}

fn steps(sheet: &mut Sheet, entry: &Entry) {
    let mut counts: BTreeMap<u8, (usize, &str)> = BTreeMap::new();
    for step in &entry.record.steps {
        let (order, _, word) = fate(step.outcome, entry);
        counts.entry(order).or_insert((0, word)).0 += 1;
    }
    let counts: Vec<String> = counts.values().map(|(count, word)| format!("{count} {word}")).collect();
    title(sheet, &format!("Steps: {}", counts.join(", ")));
    for step in &entry.record.steps {
        self::step(sheet, step, entry);
    }
}

/// The order it is told in, its look, and the word for it.
fn fate(outcome: StepOutcome, entry: &Entry) -> (u8, Role, &'static str) {
    match outcome {
        StepOutcome::Done => (0, Role::Create, "done"),
        StepOutcome::Failed => (1, Role::Delete, "failed"),
        StepOutcome::Running => (2, Role::Update, "in flight"),
        StepOutcome::Begun => (3, Role::Update, "left to AWS"),
        StepOutcome::Left => (4, Role::Plain, "left"),
        // The last moments of a run that was killed are in no record.
        StepOutcome::Pending if entry.was_cut_short() => (6, Role::Plain, "not known"),
        StepOutcome::Stopped | StepOutcome::Pending => (5, Role::Plain, "not started"),
    }
}

fn step(sheet: &mut Sheet, step: &Step, entry: &Entry) {
    let (_, role, word) = fate(step.outcome, entry);
    let (doing, done) = verbs(step.verb);
    let (word, what) = if step.outcome == StepOutcome::Done { (done, String::new()) } else { (word, format!("{doing} ")) };
    let time = step.seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).map(|time| format!("  {}", took(time)));
    let waited = step.waited_for.as_ref().map(|on| format!(", waiting for {on}"));
    let spans = [
        (role, &*format!("{word:<11}  ")),
        (Role::Plain, &what),
        (Role::Plain, step.address.as_str()),
        (Role::Faint, &waited.unwrap_or_default()),
        (Role::Faint, &time.unwrap_or_default()),
    ];
    sheet.line(RESOURCE, DETAIL, &spans);
    for line in step.output.iter().flat_map(|output| output.lines()) {
        sheet.line(DETAIL, DETAIL, &[(Role::Faint, line)]);
    }
    if let Some(failure) = &step.failure {
        sheet.line(DETAIL, DETAIL, &[(Role::Delete, &format!("{}: {}", failure.operation, failure.code))]);
        for line in failure.message.lines() {
            sheet.line(DETAIL, DETAIL, &[(Role::Plain, line)]);
        }
        if let Some(id) = &failure.request_id {
            sheet.line(DETAIL, DETAIL, &[(Role::Faint, &format!("request {id}"))]);
        }
    }
}
