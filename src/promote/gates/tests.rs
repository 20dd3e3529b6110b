//! Each gate alone, and what holds of all images.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOW: &str = "2026-11-21T14:00:00Z";

fn scan(status: &str, critical: u32, high: u32) -> Scan {
    let finding = |severity: &str| Finding {
        name: format!("CVE-2026-{severity}"),
        severity: severity.into(),
        package: Some("openssl".into()),
        version: Some("3.0.1".into()),
        fixed_in: Some("3.0.9".into()),
    };
    Scan {
        status: status.into(),
        description: None,
        counts: BTreeMap::from([("CRITICAL".into(), critical), ("HIGH".into(), high), ("LOW".into(), 7)]),
        findings: vec![finding("CRITICAL"), finding("HIGH")],
    }
}

/// Of which nothing can be said against.
fn image() -> ImageFacts {
    ImageFacts {
        scan: Some(scan("COMPLETE", 0, 0)),
        platforms: vec!["linux/amd64".into(), "linux/arm64".into()],
        runs_since: Some(at("2026-11-21T12:00:00Z")),
        ..ImageFacts::default()
    }
}

fn rules() -> Rules {
    Rules {
        max_critical: Some(0),
        max_high: Some(5),
        require_scan: true,
        min_age: Some("1h".parse().unwrap()),
        platforms: vec!["linux/amd64".into(), "linux/arm64".into()],
    }
}

fn staging() -> Source {
    Source::Environment("staging".into())
}

fn judged(rules: &Rules, image: &ImageFacts, source: &Source) -> Vec<Verdict> {
    judge(rules, image, source, at(NOW), &BTreeMap::new())
}

/// What refuses an image from staging, and in which words.
fn refused(rules: &Rules, image: &ImageFacts) -> Vec<(Gate, String)> {
    let refused = judged(rules, image, &staging()).into_iter().filter(Verdict::refuses);
    refused.map(|verdict| (verdict.gate, verdict.why)).collect()
}

fn said(gate: Gate, why: &str) -> Vec<(Gate, String)> {
    vec![(gate, why.to_owned())]
}

#[test]
fn a_good_image_passes_all_gates_in_their_order() {
    let verdicts = judged(&rules(), &image(), &staging());
    assert!(verdicts.iter().all(|verdict| verdict.passed && verdict.findings.is_empty()), "{verdicts:#?}");
    assert_eq!(verdicts.iter().map(|verdict| verdict.gate).collect::<Vec<_>>(), Gate::ALL);
    let why: Vec<&str> = verdicts.iter().map(|verdict| verdict.why.as_str()).collect();
    assert_eq!(
        why,
        [
            "nobody has rejected it",
            "it is healthy in staging",
            "it has run in staging for 2h, and `min_age` is 1h",
            "it is built for linux/amd64 and linux/arm64",
            "the scan is COMPLETE",
            "0 critical findings, and `max_critical` is 0",
            "0 findings of high severity, and `max_high` is 5",
        ]
    );
}

#[test]
fn a_rejected_image_never_passes() {
    let by = Rejection { reason: "leaks memory".into(), by: Some("ana".into()), at: Some(at("2026-11-20T09:00:00Z")) };
    let tagged = Rejection { reason: "its tag is `rejected`".into(), by: None, at: None };
    for (rejection, why) in [(by, "rejected by ana on 2026-11-20: leaks memory"), (tagged, "rejected: its tag is `rejected`")] {
        let image = ImageFacts { rejected: Some(rejection), ..image() };
        for source in [staging(), Source::Spec, Source::Asked("v1".into()), Source::Record("20261120".into())] {
            let all = Gate::ALL.map(|gate| (gate, "please".to_owned())).into();
            let verdicts = judge(&Rules::default(), &image, &source, at(NOW), &all);
            assert!(verdicts[0].refuses() && verdicts[0].overridden.is_none());
            assert_eq!((verdicts[0].gate, verdicts[0].why.as_str()), (Gate::Rejected, why));
        }
    }
}

#[test]
fn it_must_be_healthy_and_old_enough_where_it_comes_from() {
    let ails = ImageFacts { ails: Some("1 of 3 targets is unhealthy".into()), ..image() };
    assert_eq!(refused(&rules(), &ails), said(Gate::Healthy, "in staging, 1 of 3 targets is unhealthy"));
    let young = ImageFacts { runs_since: Some(at("2026-11-21T13:55:20Z")), ..image() };
    assert_eq!(refused(&rules(), &young), said(Gate::MinAge, "it has run in staging for 4m, and `min_age` is 1h"));
    let nobody = ImageFacts { runs_since: None, ..image() };
    let why = "nobody knows since when it has run in staging, and `min_age` is 1h";
    assert_eq!(refused(&rules(), &nobody), said(Gate::MinAge, why));
    let tomorrow = ImageFacts { runs_since: Some(at("2026-11-22T00:00:00Z")), ..image() };
    assert_eq!(refused(&rules(), &tomorrow), said(Gate::MinAge, "it has run in staging for 0s, and `min_age` is 1h"));
}

#[test]
fn what_somebody_asked_for_runs_nowhere_yet() {
    let image = ImageFacts { ails: Some("it runs nowhere".into()), runs_since: None, ..image() };
    for source in [Source::Asked("v1".into()), Source::Spec] {
        let gates: Vec<Gate> = judged(&rules(), &image, &source).iter().map(|verdict| verdict.gate).collect();
        assert_eq!(gates, [Gate::Rejected, Gate::Platforms, Gate::Scan, Gate::MaxCritical, Gate::MaxHigh]);
    }
    let back = judged(&rules(), &image, &Source::Record("20261120T180000Z".into()));
    assert_eq!(back.iter().map(|verdict| verdict.gate).collect::<Vec<_>>(), [Gate::Rejected]);
}

#[test]
fn it_must_be_built_for_every_platform() {
    let one = ImageFacts { platforms: vec!["linux/amd64".into()], ..image() };
    let why = "it is built for linux/amd64 alone, and `platforms` asks for linux/arm64";
    assert_eq!(refused(&rules(), &one), said(Gate::Platforms, why));
    let none = ImageFacts { platforms: Vec::new(), ..image() };
    let why = "nobody knows which platforms it is built for, and `platforms` asks for linux/amd64 and linux/arm64";
    assert_eq!(refused(&rules(), &none), said(Gate::Platforms, why));
    let any = Rules { platforms: Vec::new(), ..rules() };
    assert_eq!(refused(&any, &none), []);
}

#[test]
fn a_scan_must_have_finished() {
    for status in ["PENDING", "IN_PROGRESS", "FAILED", "UNSUPPORTED_IMAGE", "SCAN_ELIGIBILITY_EXPIRED", "SOMETHING_NEW"] {
        let image = ImageFacts { scan: Some(scan(status, 0, 0)), ..image() };
        assert_eq!(refused(&rules(), &image), said(Gate::Scan, &format!("the scan is {status}")), "once, for one reason");
        let lenient = Rules { require_scan: false, ..rules() };
        assert_eq!(refused(&lenient, &image), said(Gate::Scan, &format!("the scan is {status}")), "limits need it");
        let unlimited = Rules { max_critical: None, max_high: None, ..lenient };
        assert_eq!(refused(&unlimited, &image), []);
    }
    let failed = Scan { description: Some("UnsupportedImageError: no package manager".into()), ..scan("FAILED", 0, 0) };
    let image = ImageFacts { scan: Some(failed), ..image() };
    assert_eq!(refused(&rules(), &image)[0].1, "the scan is FAILED: UnsupportedImageError: no package manager");
}

#[test]
fn without_a_scan_it_is_up_to_the_spec() {
    let image = ImageFacts { scan: None, ..image() };
    assert_eq!(refused(&rules(), &image), said(Gate::Scan, "it has not been scanned, and `require_scan` is true"));
    let lenient = Rules { require_scan: false, ..rules() };
    assert_eq!(refused(&lenient, &image), []);
    let why = judged(&lenient, &image, &staging()).pop().unwrap().why;
    assert_eq!(why, "it has not been scanned, and `require_scan` is false");
}

#[test]
fn findings_count_by_severity_and_are_named() {
    let critical = ImageFacts { scan: Some(scan("ACTIVE", 3, 5)), ..image() };
    let refusal = judged(&rules(), &critical, &staging()).into_iter().find(Verdict::refuses).unwrap();
    assert_eq!(refusal.why, "3 critical findings, and `max_critical` is 0");
    let named: Vec<&str> = refusal.findings.iter().map(|finding| finding.name.as_str()).collect();
    assert_eq!(named, ["CVE-2026-CRITICAL"]);
    assert_eq!(refusal.findings[0].fixed_in.as_deref(), Some("3.0.9"));
    let high = ImageFacts { scan: Some(scan("COMPLETE", 0, 6)), ..image() };
    assert_eq!(refused(&rules(), &high), said(Gate::MaxHigh, "6 findings of high severity, and `max_high` is 5"));
    let one = Rules { max_high: Some(0), ..rules() };
    let high = ImageFacts { scan: Some(scan("COMPLETE", 0, 1)), ..image() };
    assert_eq!(refused(&one, &high), said(Gate::MaxHigh, "1 finding of high severity, and `max_high` is 0"));
}

#[test]
fn a_scan_that_goes_on_may_have_found_too_much_already() {
    let image = ImageFacts { scan: Some(scan("IN_PROGRESS", 2, 0)), ..image() };
    let gates: Vec<Gate> = refused(&rules(), &image).into_iter().map(|(gate, _)| gate).collect();
    assert_eq!(gates, [Gate::Scan, Gate::MaxCritical]);
}

#[test]
fn an_override_is_for_one_gate_and_keeps_its_reason() {
    let image = ImageFacts { scan: Some(scan("COMPLETE", 2, 9)), ..image() };
    let overrides = BTreeMap::from([(Gate::MaxCritical, "not reachable".to_owned()), (Gate::Healthy, "unused".to_owned())]);
    let verdicts = judge(&rules(), &image, &staging(), at(NOW), &overrides);
    let of = |gate| verdicts.iter().find(|verdict| verdict.gate == gate).unwrap();
    assert_eq!(of(Gate::MaxCritical).overridden.as_deref(), Some("not reachable"));
    assert!(!of(Gate::MaxCritical).passed && !of(Gate::MaxCritical).refuses());
    assert!(of(Gate::MaxHigh).refuses());
    assert_eq!(of(Gate::Healthy).overridden, None, "what passes needs none");
}

#[test]
fn rules_are_those_of_the_spec() {
    let promotion: spec::Promotion = toml::from_str("from = 'staging'\nmax_high = 2\nmin_age = '1h30m'").unwrap();
    let rules = Rules::of(&promotion);
    assert_eq!(rules, Rules { max_high: Some(2), require_scan: true, min_age: promotion.min_age, ..Rules::default() });
}

const STATUSES: [&str; 6] = ["COMPLETE", "ACTIVE", "IN_PROGRESS", "FAILED", "FINDINGS_UNAVAILABLE", "NEW"];

prop_compose! {
    fn any_rules()(
        max_critical in proptest::option::of(0..3_u32),
        max_high in proptest::option::of(0..3_u32),
        require_scan in any::<bool>(),
        hours in proptest::option::of(0..4_u64),
        arm in any::<bool>(),
    ) -> Rules {
        let min_age = hours.map(|hours| Duration::from_secs(hours * 3_600));
        let platforms = if arm { vec!["linux/arm64".into()] } else { Vec::new() };
        Rules { max_critical, max_high, require_scan, min_age, platforms }
    }
}

prop_compose! {
    fn any_image()(
        scan in proptest::option::of((0..STATUSES.len(), 0..4_u32, 0..4_u32)),
        rejected in any::<bool>(),
        hours in proptest::option::of(0..4_i64),
        arm in any::<bool>(),
        ails in any::<bool>(),
    ) -> ImageFacts {
        ImageFacts {
            scan: scan.map(|(status, critical, high)| self::scan(STATUSES[status], critical, high)),
            rejected: rejected.then(|| Rejection { reason: "bad".into(), by: None, at: None }),
            runs_since: hours.map(|hours| at(NOW) - jiff::SignedDuration::from_hours(hours)),
            platforms: if arm { vec!["linux/arm64".into()] } else { vec!["linux/amd64".into()] },
            ails: ails.then(|| "it ails".into()),
            ..ImageFacts::default()
        }
    }
}

fn any_source() -> impl Strategy<Value = Source> {
    prop_oneof![Just(staging()), Just(Source::Spec), Just(Source::Asked("v1".into()))]
}

proptest! {
    #[test]
    fn nothing_beyond_a_limit_passes_without_an_override(
        rules in any_rules(),
        image in any_image(),
        source in any_source(),
        given in proptest::sample::subsequence(Gate::ALL.to_vec(), 0..=Gate::ALL.len()),
    ) {
        let overrides: BTreeMap<Gate, String> = given.iter().map(|gate| (*gate, "because".to_owned())).collect();
        let verdicts = judge(&rules, &image, &source, at(NOW), &overrides);
        let passes = !verdicts.iter().any(Verdict::refuses);
        let without = |gate: Gate| !overrides.contains_key(&gate);

        prop_assert!(!(passes && image.rejected.is_some()), "no override lets a rejected one pass");
        let scan = image.scan.as_ref();
        let beyond = |limit: Option<u32>, severity: &str| {
            limit.zip(scan).is_some_and(|(limit, scan)| scan.count(severity) > limit)
        };
        prop_assert!(!(passes && beyond(rules.max_critical, "CRITICAL") && without(Gate::MaxCritical)));
        prop_assert!(!(passes && beyond(rules.max_high, "HIGH") && without(Gate::MaxHigh)));
        let finished = scan.is_some_and(Scan::is_finished);
        prop_assert!(!(passes && rules.require_scan && !finished && without(Gate::Scan)));
        let limited = rules.max_critical.is_some() || rules.max_high.is_some();
        prop_assert!(!(passes && limited && scan.is_some() && !finished && without(Gate::Scan)));
        if source == staging() {
            prop_assert!(!(passes && image.ails.is_some() && without(Gate::Healthy)));
            let old = |min: Duration| image.runs_since.is_some_and(|since| {
                at(NOW).duration_since(since).as_secs() >= i64::try_from(min.as_secs()).unwrap()
            });
            prop_assert!(!(passes && rules.min_age.is_some_and(|min| !old(min)) && without(Gate::MinAge)));
        }

        // Each gate is asked once, in order; an override is noted where it made the difference, and nowhere else.
        let asked: Vec<Gate> = verdicts.iter().map(|verdict| verdict.gate).collect();
        prop_assert!(asked.windows(2).all(|pair| pair[0] < pair[1]), "{asked:?}");
        for verdict in &verdicts {
            let let_pass = !verdict.passed && verdict.gate != Gate::Rejected && !without(verdict.gate);
            prop_assert_eq!(verdict.overridden.is_some(), let_pass);
        }
    }
}
