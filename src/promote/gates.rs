//! Judging an image: what every gate that the spec sets says of it.
//!
//! No image passes because something is not known of it, and none is refused twice for one reason: what a scan that has not
//! finished leaves open is for [`Gate::Scan`] alone to say, and whoever overrides that gate answers for it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Finding, Gate, ImageFacts, Rejection, Scan, Source, Verdict};
use crate::spec;
use crate::values::duration::Duration;

/// What an environment asks of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// How many critical findings it may have.
    pub max_critical: Option<u32>,
    /// How many findings of high severity it may have.
    pub max_high: Option<u32>,
    /// Whether a scan of it must have finished.
    pub require_scan: bool,
    /// How long it must have run in the environment it comes from.
    pub min_age: Option<Duration>,
    /// The platforms that it must be built for.
    pub platforms: Vec<String>,
}

impl Rules {
    /// Those of a spec's `[promotion]`. Without that table there are none.
    pub fn of(promotion: &spec::Promotion) -> Self {
        Self {
            max_critical: promotion.max_critical,
            max_high: promotion.max_high,
            require_scan: promotion.require_scan,
            min_age: promotion.min_age,
            platforms: promotion.platforms.clone(),
        }
    }

    /// Whether what a scan finds decides on an image from there.
    pub fn ask_for_scans(&self, source: &Source) -> bool {
        let limited = self.max_critical.is_some() || self.max_high.is_some();
        (self.require_scan || limited) && !matches!(source, Source::Record(_))
    }
}

/// What each gate says of an image, in the order of [`Gate::ALL`]; those that have nothing to ask are left out.
///
/// Rejected images never pass. What ran here before came through the gates then, so nothing else keeps a rollback from it.
/// `overrides` say by gate why somebody lets the image pass all the same.
pub fn judge(
    rules: &Rules,
    image: &ImageFacts,
    source: &Source,
    now: Timestamp,
    overrides: &BTreeMap<Gate, String>,
) -> Vec<Verdict> {
    let mut verdicts = vec![rejected(image.rejected.as_ref())];
    if let Source::Environment(name) = source {
        verdicts.push(healthy(image, name));
        verdicts.extend(rules.min_age.map(|min_age| aged(image, name, min_age, now)));
    }
    if !matches!(source, Source::Record(_)) {
        let scan = image.scan.as_ref();
        verdicts.extend(platforms(&rules.platforms, &image.platforms));
        verdicts.extend(rules.ask_for_scans(source).then(|| scanned(rules, scan)));
        verdicts.extend(limit(Gate::MaxCritical, rules.max_critical, scan));
        verdicts.extend(limit(Gate::MaxHigh, rules.max_high, scan));
    }
    for verdict in &mut verdicts {
        if !verdict.passed && verdict.gate.can_be_overridden() {
            verdict.overridden = overrides.get(&verdict.gate).cloned();
        }
    }
    verdicts
}

fn rejected(rejection: Option<&Rejection>) -> Verdict {
    match rejection {
        None => verdict(Gate::Rejected, true, "nobody has rejected it"),
        Some(rejection) => verdict(Gate::Rejected, false, rejection.to_string()),
    }
}

fn healthy(image: &ImageFacts, environment: &str) -> Verdict {
    match &image.ails {
        None => verdict(Gate::Healthy, true, format!("it is healthy in {environment}")),
        Some(ails) => verdict(Gate::Healthy, false, format!("in {environment}, {ails}")),
    }
}

fn aged(image: &ImageFacts, environment: &str, min_age: Duration, now: Timestamp) -> Verdict {
    let Some(since) = image.runs_since else {
        let why = format!("nobody knows since when it has run in {environment}, and `min_age` is {min_age}");
        return verdict(Gate::MinAge, false, why);
    };
    // A clock that is behind makes an image no older.
    let age = Duration::from_secs(u64::try_from(now.duration_since(since).as_secs()).unwrap_or_default());
    let passed = age >= min_age;
    verdict(Gate::MinAge, passed, format!("it has run in {environment} for {}, and `min_age` is {min_age}", roughly(age)))
}

/// A length of time as people say it: its largest unit and the next.
fn roughly(age: Duration) -> Duration {
    let seconds = age.as_secs();
    let unit = match seconds {
        0..60 => 1,
        60..86_400 => 60,
        _ => 3_600,
    };
    Duration::from_secs(seconds / unit * unit)
}

fn platforms(wanted: &[String], built: &[String]) -> Option<Verdict> {
    if wanted.is_empty() {
        return None;
    }
    let missing: Vec<&str> = wanted.iter().filter(|platform| !built.contains(platform)).map(String::as_str).collect();
    let built_for = match built {
        [] => "nobody knows which platforms it is built for".to_owned(),
        [one] if !missing.is_empty() => format!("it is built for {one} alone"),
        _ => format!("it is built for {}", and(&built.iter().map(String::as_str).collect::<Vec<_>>())),
    };
    Some(match missing[..] {
        [] => verdict(Gate::Platforms, true, built_for),
        _ => verdict(Gate::Platforms, false, format!("{built_for}, and `platforms` asks for {}", and(&missing))),
    })
}

/// Asked where a scan is required, and where limits are set that only a finished scan can tell. Without `require_scan` an image may
/// go unscanned; a scan that was begun is awaited all the same.
fn scanned(rules: &Rules, scan: Option<&Scan>) -> Verdict {
    let Some(scan) = scan else {
        let why = format!("it has not been scanned, and `require_scan` is {}", rules.require_scan);
        return verdict(Gate::Scan, !rules.require_scan, why);
    };
    let description = scan.description.iter().filter(|_| !scan.is_finished()).map(|description| format!(": {description}"));
    verdict(Gate::Scan, scan.is_finished(), format!("the scan is {}{}", scan.status, description.collect::<String>()))
}

/// Asked where the limit is set. A scan that has not finished may have found too much already, and else says nothing.
fn limit(gate: Gate, limit: Option<u32>, scan: Option<&Scan>) -> Option<Verdict> {
    let (limit, scan) = (limit?, scan?);
    let (severity, key) = match gate {
        Gate::MaxCritical => ("CRITICAL", "max_critical"),
        _ => ("HIGH", "max_high"),
    };
    let count = scan.count(severity);
    let passed = count <= limit;
    if passed && !scan.is_finished() {
        return None;
    }
    let found = match (gate, count) {
        (Gate::MaxCritical, 1) => "1 critical finding".to_owned(),
        (Gate::MaxCritical, _) => format!("{count} critical findings"),
        (_, 1) => "1 finding of high severity".to_owned(),
        _ => format!("{count} findings of high severity"),
    };
    let against = |finding: &&Finding| !passed && finding.severity == severity;
    let findings = scan.findings.iter().filter(against).cloned().collect();
    Some(Verdict { findings, ..verdict(gate, passed, format!("{found}, and `{key}` is {limit}")) })
}

fn verdict(gate: Gate, passed: bool, why: impl Into<String>) -> Verdict {
    Verdict { gate, passed, why: why.into(), findings: Vec::new(), overridden: None }
}

/// `a`, `a and b`, `a, b and c`.
fn and(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [many @ .., last] => format!("{} and {last}", many.join(", ")),
    }
}

#[cfg(test)]
mod tests;
