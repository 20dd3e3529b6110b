//! What is known of an image, in words.

use jiff::Timestamp;

use super::FACTS;
use crate::promote::{Promotion, Scan, Source};
use crate::render::words::age;
use crate::values::size::size;

/// How many tags or platforms are shown; more tell nobody anything, and JSON has them.
const FEW: usize = 5;
/// Digits of a commit, as git shortens it.
const COMMIT: usize = 7;
/// Characters of a label that is no commit of git's.
const LABEL: usize = 40;
/// Severities in ECR's words, worst first, and how many of them are told even where there are none.
const SEVERITIES: [&str; 7] = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED", "UNDEFINED"];
const ALWAYS: usize = 2;

/// What is known of the image of some services, of which the same is to be said.
pub(super) fn facts(group: &[&Promotion], now: Option<Timestamp>) -> Vec<(&'static str, String)> {
    let Promotion { source, copied_from, image, .. } = group[0];
    // What runs in several services is as old as in the one that came to run it last.
    let since: Option<Vec<Timestamp>> = group.iter().map(|promotion| promotion.image.runs_since).collect();
    let since = since.and_then(|since| since.into_iter().max());
    let values = [
        Some(self::source(source, since, now)),
        Some(few(&image.tags).unwrap_or_else(|| "none".into())),
        image.pushed_at.map(|at| when(at, now, " ago")),
        image.size.map(size),
        Some(image.scan.as_ref().map_or_else(|| "not scanned".into(), scan)),
        image.commit.as_deref().map(commit),
        few(&image.platforms),
        Some(bytes(copied_from.as_deref())),
    ];
    FACTS.into_iter().zip(values).filter_map(|(name, value)| Some((name, value?))).collect()
}

fn source(source: &Source, since: Option<Timestamp>, now: Option<Timestamp>) -> String {
    let since =
        since.filter(|_| matches!(source, Source::Environment(_))).map(|since| format!(" since {}", when(since, now, "")));
    format!("{}{}", source.words(), since.unwrap_or_default())
}

/// A time, and how long ago that was when AWS was read: `2026-11-20 14:00 UTC (2 days ago)`.
fn when(at: Timestamp, now: Option<Timestamp>, ago: &str) -> String {
    // Clocks differ: what lies ahead has no age.
    let passed = now.and_then(|now| now.duration_since(at).try_into().ok()).map(|passed| format!(" ({}{ago})", age(passed)));
    format!("{} UTC{}", at.strftime("%Y-%m-%d %H:%M"), passed.unwrap_or_default())
}

fn few(texts: &[String]) -> Option<String> {
    let more = texts.len().saturating_sub(FEW);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let texts: Vec<&str> = texts.iter().take(FEW).map(String::as_str).collect();
    (!texts.is_empty()).then(|| format!("{}{more}", texts.join(", ")))
}

/// `COMPLETE: 0 critical, 3 high, 12 medium`. ECR leaves out what it found none of.
fn scan(scan: &Scan) -> String {
    let Scan { status, description, counts, .. } = scan;
    if !scan.is_finished() {
        let description = description.as_ref().map(|description| format!(": {description}")).unwrap_or_default();
        return format!("{status}, not finished{description}");
    }
    let known = SEVERITIES.iter().enumerate().map(|(at, &severity)| (severity, counts.get(severity).copied(), at < ALWAYS));
    let others = counts.iter().filter(|(severity, _)| !SEVERITIES.contains(&severity.as_str()));
    let others = others.map(|(severity, &count)| (severity.as_str(), Some(count), false));
    let told = known.chain(others).map(|(severity, count, always)| (severity, count.unwrap_or(0), always));
    let told = told.filter(|(_, count, always)| *always || *count > 0);
    let told: Vec<String> = told.map(|(severity, count, _)| format!("{count} {}", severity.to_lowercase())).collect();
    format!("{status}: {}", told.join(", "))
}

/// A commit as git shortens it; whatever else the label says, as far as people read it.
fn commit(label: &str) -> String {
    let digits = label.chars().all(|c| c.is_ascii_hexdigit());
    let most = if digits { COMMIT } else { LABEL };
    let cut = label.chars().nth(most).is_some();
    label.chars().take(most).chain((cut && !digits).then_some('…')).collect()
}

fn bytes(copied_from: Option<&str>) -> String {
    match copied_from {
        // The digest is told already.
        Some(reference) => format!("copied from {}", reference.split('@').next().unwrap_or(reference)),
        None => "already in the repository".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn sources_say_since_when_it_runs_there() {
        let now = Some(at("2026-11-22T14:04:05Z"));
        let staging = Source::Environment("staging".into());
        let since = Some(at("2026-11-20T14:00:00Z"));
        assert_eq!(source(&staging, since, now), "runs in staging since 2026-11-20 14:00 UTC (2 days)");
        assert_eq!(source(&staging, None, now), "runs in staging");
        assert_eq!(source(&Source::Spec, since, now), "written in the spec");
        assert_eq!(source(&Source::Asked("v1.2".into()), None, now), "asked for: v1.2");
        assert_eq!(source(&Source::Record("plans/prod/1".into()), None, now), "ran here before: plans/prod/1");
    }

    #[test]
    fn what_lies_ahead_has_no_age() {
        let (then, now) = (at("2026-11-20T14:00:00Z"), at("2026-11-20T13:59:00Z"));
        assert_eq!(when(then, Some(now), " ago"), "2026-11-20 14:00 UTC");
        assert_eq!(when(now, Some(then), " ago"), "2026-11-20 13:59 UTC (1 minute ago)");
        assert_eq!(when(then, None, " ago"), "2026-11-20 14:00 UTC");
    }

    #[test]
    fn scans_tell_the_worst_first_and_that_there_is_none() {
        let counts = [("MEDIUM", 12), ("HIGH", 3), ("LOW", 0), ("ODD", 1)].map(|(name, count)| (name.to_owned(), count));
        let mut found = Scan { status: "COMPLETE".into(), description: None, counts: counts.into(), findings: Vec::new() };
        assert_eq!(scan(&found), "COMPLETE: 0 critical, 3 high, 12 medium, 1 odd");
        found.counts = BTreeMap::new();
        assert_eq!(scan(&found), "COMPLETE: 0 critical, 0 high");
        (found.status, found.description) = ("FAILED".into(), Some("UnsupportedImageError".into()));
        assert_eq!(scan(&found), "FAILED, not finished: UnsupportedImageError");
    }

    #[test]
    fn long_lists_and_labels_are_cut() {
        let tags: Vec<String> = (1..=7).map(|number| format!("v{number}")).collect();
        assert_eq!(few(&tags).unwrap(), "v1, v2, v3, v4, v5 and 2 more");
        assert_eq!((few(&tags[..1]), few(&[])), (Some("v1".into()), None));
        assert_eq!(commit("4f2a91c0b7e3d5"), "4f2a91c");
        assert_eq!(commit("release 7"), "release 7");
        assert_eq!(commit(&"é".repeat(99)).chars().count(), 41);
        assert_eq!(bytes(Some("ghcr.io/acme/shop@sha256:1")), "copied from ghcr.io/acme/shop");
    }
}
