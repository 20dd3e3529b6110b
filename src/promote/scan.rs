//! What scanning found, of an image for one platform and of one for several.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Scan};

/// How many findings are kept: more than anybody reads, and few enough for a plan.
const KEPT: usize = 50;

/// The severities whose findings are kept, worst first, in ECR's words.
const KEPT_SEVERITIES: [&str; 2] = ["CRITICAL", "HIGH"];

/// What ECR says where there is a scan without results.
const UNAVAILABLE: &str = "FINDINGS_UNAVAILABLE";

impl Scan {
    /// Whether its counts can be relied upon: a scan that has ended, or one that goes on for ever.
    /// Everything else means that nobody knows.
    pub fn is_finished(&self) -> bool {
        matches!(self.status.as_str(), "COMPLETE" | "ACTIVE")
    }

    /// Whether it has begun, or is to begin, and has not ended.
    pub fn is_under_way(&self) -> bool {
        matches!(self.status.as_str(), "PENDING" | "IN_PROGRESS")
    }

    /// How many findings there are of a severity, in ECR's words.
    pub fn count(&self, severity: &str) -> u32 {
        self.counts.get(severity).copied().unwrap_or_default()
    }

    /// One that has not found out anything.
    pub fn unavailable(description: impl Into<String>) -> Self {
        let description = Some(description.into());
        Self { status: UNAVAILABLE.into(), description, counts: BTreeMap::new(), findings: Vec::new() }
    }

    /// Keeps the findings that people have to see, worst first, each once.
    #[must_use]
    pub fn keep_worst(mut self) -> Self {
        let rank = |finding: &Finding| KEPT_SEVERITIES.iter().position(|severity| *severity == finding.severity);
        self.findings.retain(|finding| rank(finding).is_some());
        self.findings.sort_by(|a, b| (rank(a), &a.name, &a.package, &a.version).cmp(&(rank(b), &b.name, &b.package, &b.version)));
        self.findings.dedup();
        self.findings.truncate(KEPT);
        self
    }

    /// What is to be said of an image for several platforms, of each of which there may be a scan: the worst. It is finished where
    /// all of them are. None where nothing was scanned at all.
    pub fn worst(platforms: Vec<(String, Option<Self>)>) -> Option<Self> {
        let unscanned: Vec<String> =
            platforms.iter().filter(|(_, scan)| scan.is_none()).map(|(platform, _)| platform.clone()).collect();
        let scans: Vec<(String, Self)> = platforms.into_iter().filter_map(|(platform, scan)| Some((platform, scan?))).collect();
        let (_, first) = scans.first()?;
        let head = match scans.iter().find(|(_, scan)| !scan.is_finished()) {
            Some((platform, scan)) => {
                let why = scan.description.as_ref().map_or_else(|| platform.clone(), |why| format!("{platform}: {why}"));
                Self { description: Some(why), ..scan.clone() }
            }
            None if !unscanned.is_empty() => Self::unavailable(format!("{} was not scanned", unscanned.join(", "))),
            None => first.clone(),
        };
        let severities: BTreeSet<&String> = scans.iter().flat_map(|(_, scan)| scan.counts.keys()).collect();
        let worst = |severity: &String| scans.iter().map(|(_, scan)| scan.count(severity)).max().unwrap_or_default();
        let counts = severities.into_iter().map(|severity| (severity.clone(), worst(severity))).collect();
        let findings = scans.into_iter().flat_map(|(_, scan)| scan.findings).collect();
        Some(Self { counts, findings, ..head }.keep_worst())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(status: &str, critical: u32) -> Scan {
        let finding = |number| Finding {
            name: format!("CVE-{number}"),
            severity: "CRITICAL".into(),
            package: Some("zlib".into()),
            version: Some("1.2".into()),
            fixed_in: None,
        };
        Scan {
            status: status.into(),
            description: None,
            counts: BTreeMap::from([("CRITICAL".to_owned(), critical)]),
            findings: (0..critical).map(finding).collect(),
        }
    }

    fn of(scans: &[Option<Scan>]) -> Option<Scan> {
        let names = ["linux/amd64", "linux/arm64"];
        Scan::worst(names.iter().zip(scans).map(|(name, scan)| ((*name).to_owned(), scan.clone())).collect())
    }

    #[test]
    fn the_worst_platform_speaks_for_all() {
        let worst = of(&[Some(scan("COMPLETE", 1)), Some(scan("ACTIVE", 3))]).unwrap();
        assert!(worst.is_finished());
        assert_eq!((worst.count("CRITICAL"), worst.findings.len()), (3, 3), "what both have counts once");
    }

    #[test]
    fn it_is_finished_only_where_every_platform_is() {
        let worst = of(&[Some(scan("COMPLETE", 1)), Some(scan("IN_PROGRESS", 0))]).unwrap();
        assert_eq!((worst.status.as_str(), worst.description.as_deref()), ("IN_PROGRESS", Some("linux/arm64")));
        assert_eq!(worst.count("CRITICAL"), 1, "what is known stays known");
        let worst = of(&[Some(scan("COMPLETE", 0)), None]).unwrap();
        assert_eq!(worst.status, UNAVAILABLE);
        assert_eq!(worst.description.as_deref(), Some("linux/arm64 was not scanned"));
        assert_eq!((of(&[None, None]), of(&[])), (None, None));
    }

    #[test]
    fn few_findings_are_kept_and_the_worst_first() {
        let mut many = scan("COMPLETE", 60);
        for (number, finding) in many.findings.iter_mut().enumerate() {
            finding.severity = ["LOW", "HIGH", "CRITICAL"][number % 3].into();
        }
        let kept = many.clone().keep_worst().findings;
        let of = |severity: &str| kept.iter().filter(|finding| finding.severity == severity).count();
        assert_eq!((of("CRITICAL"), of("HIGH"), of("LOW")), (20, 20, 0));
        assert_eq!((kept[0].severity.as_str(), kept[39].severity.as_str()), ("CRITICAL", "HIGH"));
        assert_eq!(scan("COMPLETE", 60).keep_worst().findings.len(), KEPT);
    }
}
