//! The images that move, in words: who says so, what is known of each, and what its gates say.

mod facts;

use jiff::Timestamp;

use crate::promote::{Finding, Gate, Promotion, Verdict};
use crate::render::Header;
use crate::render::style::Role;
use crate::values::image_digest::ImageDigest;

/// The names of what is known of an image, in their order.
pub const FACTS: [&str; 8] = ["source", "tags", "pushed", "size", "scan", "commit", "platforms", "bytes"];

/// How many findings of a gate are shown; JSON has all of them.
const FINDINGS: usize = 10;

/// The images of a plan; those that must not be deployed are in the way of everything else.
#[derive(Debug, Default)]
pub struct Images<'a> {
    /// Those that a gate refuses.
    pub refused: Vec<Image<'a>>,
    /// The others.
    pub moving: Vec<Image<'a>>,
}

/// What becomes of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFate {
    /// Nothing can be applied because of them.
    Refused,
    /// They come to run.
    Deployed,
}

/// An image, and the services that are to run it, which share it only where the same is to be said of all of them.
#[derive(Debug)]
pub struct Image<'a> {
    /// The services: `service.web, service.worker`.
    pub services: String,
    /// What runs in them now.
    pub from: String,
    /// Its digest, as much of it as people compare.
    pub to: String,
    /// What is known of it, by name; what is not known is missing.
    pub facts: Vec<(&'static str, String)>,
    /// What the gates say that refuse it.
    pub refused: Vec<Objection<'a>>,
    /// What the gates say that somebody has overridden.
    pub overridden: Vec<Objection<'a>>,
    /// The gates that it passes.
    pub passed: String,
    /// Whether nothing runs where it is to run.
    is_first: bool,
}

/// What a gate has against an image.
#[derive(Debug)]
pub struct Objection<'a> {
    /// Which.
    pub gate: Gate,
    /// What it says.
    pub why: &'a str,
    /// Why somebody let the image pass all the same.
    pub reason: Option<&'a str>,
    /// The worst of what was found: name, severity, package, and the version that has it no more.
    pub findings: Vec<[String; 4]>,
    /// How many more there are.
    pub more: usize,
}

impl<'a> Images<'a> {
    /// Decides the rows of a plan's images.
    pub fn of(header: &'a Header) -> Self {
        let mut groups: Vec<Vec<&Promotion>> = Vec::new();
        for promotion in &header.promotion {
            match groups.iter_mut().find(|group| alike(group[0], promotion)) {
                Some(group) => group.push(promotion),
                None => groups.push(vec![promotion]),
            }
        }
        let now = header.observed_at.parse().ok();
        let images = groups.iter().map(|group| image(group, now));
        let (moving, refused) = images.partition(|image| image.refused.is_empty());
        Self { refused, moving }
    }

    /// Which image goes where, in a sentence; none where none does.
    pub fn summary(&self) -> Option<String> {
        let moving = self.moving.iter().map(|image| format!("{} to {}", image.services, image.to));
        let refused = self.refused.iter().map(|image| format!("{} to {}, refused", image.services, image.to));
        let all: Vec<String> = refused.chain(moving).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

impl ImageFate {
    /// What happens to them.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Refused => "Images refused by their gates",
            Self::Deployed => "Images to be deployed",
        }
    }
}

impl Image<'_> {
    /// The sign of what becomes of it, as of resources.
    pub fn sign(&self) -> (Role, &'static str) {
        match () {
            () if !self.refused.is_empty() => (Role::Blocked, "x"),
            () if self.is_first => (Role::Create, "+"),
            () => (Role::Update, "~"),
        }
    }

    /// The digest it has, after the one that runs.
    pub fn digests(&self) -> String {
        format!("{} → {}", self.from, self.to)
    }

    /// What people can do about gates that refuse it; none where none does.
    pub fn help(&self) -> Option<String> {
        if self.refused.iter().any(|objection| !objection.gate.can_be_overridden()) {
            return Some("deploy another image: nothing lets one pass that was rejected".into());
        }
        let flags: Vec<String> = self.refused.iter().map(|objection| format!("--override {}", objection.gate)).collect();
        (!flags.is_empty()).then(|| format!("deploy another image, or let this one pass: {} --reason WHY", flags.join(" ")))
    }
}

/// Whether the same is to be said of both, but for the service. Since when it runs may differ: services are not deployed in the
/// same second, and what a gate that lets it pass says of that time is not shown.
fn alike(a: &Promotion, b: &Promotion) -> bool {
    let image = |promotion: &Promotion| crate::promote::ImageFacts { runs_since: None, ..promotion.image.clone() };
    let verdict = |(a, b): (&Verdict, &Verdict)| a == b || a.passed && b.passed && a.gate == b.gate;
    let verdicts = a.verdicts.len() == b.verdicts.len() && a.verdicts.iter().zip(&b.verdicts).all(verdict);
    (&a.to, &a.source, &a.copied_from) == (&b.to, &b.source, &b.copied_from) && image(a) == image(b) && verdicts
}

fn image<'a>(group: &[&'a Promotion], now: Option<Timestamp>) -> Image<'a> {
    let first = group[0];
    let services: Vec<String> = group.iter().map(|promotion| format!("service.{}", promotion.service)).collect();
    let overridden = first.verdicts.iter().filter(|verdict| !verdict.passed && verdict.overridden.is_some());
    let passed: Vec<&str> = first.verdicts.iter().filter(|verdict| verdict.passed).map(passed).collect();
    Image {
        services: services.join(", "),
        from: from(group),
        to: short(&first.to),
        facts: facts::facts(group, now),
        refused: first.refused().map(objection).collect(),
        overridden: overridden.map(objection).collect(),
        passed: passed.join(", "),
        is_first: group.iter().all(|promotion| promotion.from.is_none()),
    }
}

/// That a gate has nothing against it.
const fn passed(verdict: &Verdict) -> &'static str {
    match verdict.gate {
        Gate::Rejected => "not rejected",
        gate => gate.name(),
    }
}

/// What runs now, and where, if that is not the same everywhere.
fn from(group: &[&Promotion]) -> String {
    let digest = |promotion: &Promotion| promotion.from.as_ref().map_or_else(|| "nothing runs yet".into(), short);
    if group.iter().all(|promotion| promotion.from == group[0].from) {
        return digest(group[0]);
    }
    let each = group.iter().map(|promotion| format!("{} ({})", digest(promotion), promotion.service));
    each.collect::<Vec<_>>().join(", ")
}

fn objection(verdict: &Verdict) -> Objection<'_> {
    Objection {
        gate: verdict.gate,
        why: &verdict.why,
        reason: verdict.overridden.as_deref(),
        findings: verdict.findings.iter().take(FINDINGS).map(finding).collect(),
        more: verdict.findings.len().saturating_sub(FINDINGS),
    }
}

fn finding(finding: &Finding) -> [String; 4] {
    let Finding { name, severity, package, version, fixed_in } = finding;
    let package: Vec<&str> = package.iter().chain(version).map(String::as_str).collect();
    let fix = fixed_in.as_ref().map_or_else(|| "no fix known".into(), |version| format!("fixed in {version}"));
    [name.clone(), severity.clone(), package.join(" "), fix]
}

/// `sha256:0123456789ab`
fn short(digest: &ImageDigest) -> String {
    format!("sha256:{}", digest.short())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Choices;
    use crate::promote::{ImageFacts, Source};

    fn digest(digit: char) -> ImageDigest {
        format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap()
    }

    fn promotion(service: &str, from: Option<char>, verdicts: Vec<Verdict>) -> Promotion {
        Promotion {
            service: service.into(),
            from: from.map(digest),
            to: digest('9'),
            source: Source::Environment("staging".into()),
            copied_from: None,
            image: ImageFacts::default(),
            verdicts,
        }
    }

    fn verdict(gate: Gate, passed: bool, overridden: Option<&str>) -> Verdict {
        Verdict { gate, passed, why: format!("what {gate} says"), findings: Vec::new(), overridden: overridden.map(Into::into) }
    }

    fn header(promotion: Vec<Promotion>) -> Header {
        Header {
            project: "shop".into(),
            environment: "prod".into(),
            account: "123456789012".into(),
            region: "us-east-1".into(),
            observed_at: "2026-11-21T14:04:05Z".into(),
            calls: 1,
            depth: 1,
            choices: Choices::default(),
            promotion,
            approval_required: false,
        }
    }

    #[test]
    fn services_share_an_image_of_which_the_same_is_to_be_said() {
        let mut later = promotion("worker", Some('1'), vec![verdict(Gate::MinAge, true, None)]);
        later.image.runs_since = Some("2026-11-20T14:00:09Z".parse().unwrap());
        later.verdicts[0].why = "it has run for a day".into();
        let other = promotion("api", Some('2'), vec![verdict(Gate::Scan, true, None)]);
        let header = header(vec![promotion("web", Some('1'), vec![verdict(Gate::MinAge, true, None)]), other, later]);
        let images = Images::of(&header);
        let services: Vec<&str> = images.moving.iter().map(|image| image.services.as_str()).collect();
        assert_eq!(services, ["service.web, service.worker", "service.api"]);
        assert_eq!(images.moving[0].digests(), "sha256:111111111111 → sha256:999999999999");
        let both = "service.web, service.worker to sha256:999999999999; service.api to sha256:999999999999";
        assert_eq!(images.summary().unwrap(), both);
    }

    #[test]
    fn what_runs_is_told_of_each_where_it_differs() {
        let header = header(vec![promotion("web", Some('1'), vec![]), promotion("worker", None, vec![])]);
        let images = Images::of(&header);
        let [image] = &images.moving[..] else { panic!("{images:?}") };
        assert_eq!(image.from, "sha256:111111111111 (web), nothing runs yet (worker)");
        assert_eq!(image.sign(), (Role::Update, "~"));
    }

    #[test]
    fn what_is_refused_comes_first_with_the_way_out() {
        let refused = [verdict(Gate::Scan, false, None), verdict(Gate::MaxHigh, false, None), verdict(Gate::Healthy, true, None)];
        let rejected = [verdict(Gate::Rejected, false, None), verdict(Gate::Scan, false, Some("asked Jo"))];
        let overridden = [verdict(Gate::MaxHigh, false, Some("patched at the edge"))];
        let promotions =
            [("a", &overridden[..]), ("b", &refused), ("c", &rejected)].map(|(name, all)| promotion(name, None, all.to_vec()));
        let header = header(promotions.to_vec());
        let images = Images::of(&header);
        let [b, c] = &images.refused[..] else { panic!("{images:?}") };
        let [a] = &images.moving[..] else { panic!("{images:?}") };
        assert_eq!((a.sign().1, a.overridden[0].reason, a.help()), ("+", Some("patched at the edge"), None));
        assert_eq!((b.sign().1, b.passed.as_str()), ("x", "healthy"));
        let help = "deploy another image, or let this one pass: --override scan --override max-high --reason WHY";
        assert_eq!(b.help().unwrap(), help);
        assert_eq!((c.refused.len(), c.overridden.len()), (1, 1));
        assert!(c.help().unwrap().contains("nothing lets one pass"));
    }

    #[test]
    fn no_more_findings_than_people_read() {
        let mut verdict = verdict(Gate::MaxHigh, false, None);
        let finding = |number: usize| Finding {
            name: format!("CVE-2026-{number}"),
            severity: "HIGH".into(),
            package: Some("openssl".into()),
            version: (number > 0).then(|| "3.0.11".into()),
            fixed_in: (number > 0).then(|| "3.0.13".into()),
        };
        verdict.findings = (0..17).map(finding).collect();
        let objection = objection(&verdict);
        assert_eq!((objection.findings.len(), objection.more), (10, 7));
        assert_eq!(objection.findings[0], ["CVE-2026-0", "HIGH", "openssl", "no fix known"]);
        assert_eq!(objection.findings[1], ["CVE-2026-1", "HIGH", "openssl 3.0.11", "fixed in 3.0.13"]);
    }
}
