//! What a repository knows of an image: its scan, what it is built for and from; and the tag of a rejected one.

use aws_sdk_ecr::types::{RegistryScanningRule, ScanFrequency, ScanType, ScanningRepositoryFilter, ScanningRepositoryFilterType};
use infra::aws::ecr::repository::Repository;
use infra::aws::ecr::{facts, tag_as_rejected};
use infra::promote::{Finding, Gate, ImageFacts, Rules, Scan, Source, judge};
use infra::values::image_digest::ImageDigest;
use serde_json::{Value, json};

use crate::around::blob;
use crate::ecr::repository;
use crate::kit::Sandbox;

const WEB: &str = "shop-test/web";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

impl Sandbox {
    /// One with a repository whose scans end at once.
    async fn with_repository() -> Self {
        let sandbox = Self::new().await;
        sandbox.settle_seconds("ecr", 0.0).await;
        sandbox.make("repository.web", repository()).await;
        sandbox
    }

    /// Pushes a manifest.
    async fn put(&self, tag: Option<&str>, manifest: &Value) -> ImageDigest {
        let put = self.aws.ecr.put_image().repository_name(WEB).set_image_tag(tag.map(str::to_owned));
        let answer = put.image_manifest(manifest.to_string()).send().await.unwrap();
        answer.image().unwrap().image_id().unwrap().image_digest().unwrap().parse().unwrap()
    }

    /// Pushes an image with this configuration.
    async fn push(&self, tag: Option<&str>, config: &[u8]) -> ImageDigest {
        let digest = blob(&self.aws, WEB, config).await;
        let config = json!({ "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": config.len() });
        let layers = json!([{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": 3 }]);
        self.put(tag, &json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers })).await
    }

    /// How the scan of an image ends, or has ended.
    async fn scan_ends(&self, image: &ImageDigest, outcome: Value) {
        let resource = format!("{WEB}@{image}");
        self.control("outcome", &json!({ "service": "ecr", "resource": resource, "outcome": outcome })).await;
    }

    async fn facts(&self, image: &ImageDigest) -> ImageFacts {
        facts(&self.aws, WEB, None, image).await.unwrap().unwrap()
    }

    async fn scan(&self, image: &ImageDigest) -> Scan {
        self.facts(image).await.scan.unwrap()
    }

    /// Has Amazon Inspector scan, as it is chosen for a whole registry.
    async fn enhance(&self, frequency: ScanFrequency) {
        let filter = ScanningRepositoryFilter::builder().filter("*").filter_type(ScanningRepositoryFilterType::Wildcard);
        let rule = RegistryScanningRule::builder().scan_frequency(frequency).repository_filters(filter.build().unwrap());
        let put = self.aws.ecr.put_registry_scanning_configuration().scan_type(ScanType::Enhanced);
        put.rules(rule.build().unwrap()).send().await.unwrap();
    }
}

fn config(architecture: &str) -> Vec<u8> {
    let labels = json!({ "org.opencontainers.image.revision": "0123abc" });
    json!({ "os": "linux", "architecture": architecture, "config": { "Labels": labels } }).to_string().into_bytes()
}

fn finding(name: &str, severity: &str) -> Value {
    json!({ "name": name, "severity": severity, "package": "openssl", "version": "3.0.1", "fixed_in": "3.0.9" })
}

/// What refuses it in an environment that takes no critical finding.
fn refusing(image: &ImageFacts) -> Vec<Gate> {
    let rules = Rules { max_critical: Some(0), require_scan: true, ..Rules::default() };
    let verdicts = judge(&rules, image, &Source::Spec, jiff::Timestamp::now(), &[].into());
    verdicts.iter().filter(|verdict| verdict.refuses()).map(|verdict| verdict.gate).collect()
}

#[tokio::test]
async fn an_image_is_known_by_what_was_pushed() {
    let sandbox = Sandbox::with_repository().await;
    let image = sandbox.push(Some("v2"), &config("arm64")).await;
    let got = sandbox.aws.ecr.batch_get_image().repository_name(WEB);
    let id = aws_sdk_ecr::types::ImageIdentifier::builder().image_tag("v2").build();
    let manifest = got.image_ids(id).send().await.unwrap().images()[0].image_manifest().unwrap().to_owned();
    sandbox.put(Some("v1"), &serde_json::from_str(&manifest).unwrap()).await;

    let facts = sandbox.facts(&image).await;
    assert_eq!((facts.tags.join(" "), facts.platforms.join(" ")), ("v1 v2".to_owned(), "linux/arm64".to_owned()));
    assert_eq!(facts.commit.as_deref(), Some("0123abc"));
    assert!(facts.pushed_at.is_some() && facts.size > Some(0) && facts.rejected.is_none(), "{facts:?}");
    let scan = facts.scan.clone().unwrap();
    assert_eq!((scan.status.as_str(), scan.counts.len(), scan.findings.len()), ("COMPLETE", 0, 0));
    assert_eq!(refusing(&facts), []);
}

#[tokio::test]
async fn what_is_not_there_is_not_known() {
    let sandbox = Sandbox::with_repository().await;
    let image = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
    assert_eq!(facts(&sandbox.aws, WEB, None, &image).await.unwrap(), None);
    assert_eq!(facts(&sandbox.aws, "shop-test/none", None, &image).await.unwrap(), None);
    assert_eq!(tag_as_rejected(&sandbox.aws, WEB, &image).await.unwrap(), None);
    assert_eq!(tag_as_rejected(&sandbox.aws, "shop-test/none", &image).await.unwrap(), None);
}

#[tokio::test]
async fn a_configuration_that_cannot_be_had_says_nothing() {
    let sandbox = Sandbox::with_repository().await;
    let mut long = config("amd64");
    long.resize(2 << 20, b' ');
    for config in [b"no json".to_vec(), b"{}".to_vec(), long] {
        let image = sandbox.push(None, &config).await;
        let facts = sandbox.facts(&image).await;
        assert_eq!((facts.platforms, facts.commit), (vec![], None));
    }
}

#[tokio::test]
async fn an_image_may_never_have_been_scanned() {
    let sandbox = Sandbox::new().await;
    sandbox.make("repository.web", Repository { scan_on_push: false, ..repository() }).await;
    let image = sandbox.push(Some("v1"), &config("amd64")).await;
    let facts = sandbox.facts(&image).await;
    assert_eq!((facts.scan.as_ref(), refusing(&facts)), (None, vec![Gate::Scan]));
}

#[tokio::test]
async fn only_a_scan_that_has_ended_well_lets_an_image_pass() {
    let sandbox = Sandbox::with_repository().await;
    let image = sandbox.push(Some("v1"), &config("amd64")).await;
    for status in ["PENDING", "FAILED", "UNSUPPORTED_IMAGE", "SCAN_ELIGIBILITY_EXPIRED", "FINDINGS_UNAVAILABLE", "LIMIT_EXCEEDED"]
    {
        sandbox.scan_ends(&image, json!(status)).await;
        let facts = sandbox.facts(&image).await;
        assert_eq!(facts.scan.as_ref().map(|scan| scan.status.as_str()), Some(status));
        assert_eq!(refusing(&facts), [Gate::Scan], "{status}");
    }
    sandbox.scan_ends(&image, json!({})).await;
    assert_eq!(refusing(&sandbox.facts(&image).await), []);
}

#[tokio::test]
async fn a_scan_takes_its_time() {
    let sandbox = Sandbox::with_repository().await;
    sandbox.settle_slowly("ecr").await;
    let image = sandbox.push(Some("v1"), &config("amd64")).await;
    let facts = sandbox.facts(&image).await;
    assert_eq!((facts.scan.as_ref().unwrap().status.as_str(), refusing(&facts)), ("IN_PROGRESS", vec![Gate::Scan]));
}

#[tokio::test]
async fn findings_name_the_package_and_its_version() {
    let sandbox = Sandbox::with_repository().await;
    let image = sandbox.push(Some("v1"), &config("amd64")).await;
    let findings = [finding("CVE-1", "LOW"), finding("CVE-2", "HIGH"), finding("CVE-3", "CRITICAL")];
    sandbox.scan_ends(&image, json!({ "findings": findings })).await;
    let scan = sandbox.scan(&image).await;
    assert_eq!((scan.count("CRITICAL"), scan.count("HIGH"), scan.count("LOW")), (1, 1, 1));
    let worst = Finding {
        name: "CVE-3".into(),
        severity: "CRITICAL".into(),
        package: Some("openssl".into()),
        version: Some("3.0.1".into()),
        fixed_in: None,
    };
    assert_eq!(scan.findings, [worst.clone(), Finding { name: "CVE-2".into(), severity: "HIGH".into(), ..worst }]);
    assert_eq!(refusing(&sandbox.facts(&image).await), [Gate::MaxCritical]);
}

#[tokio::test]
async fn all_pages_are_read() {
    let sandbox = Sandbox::with_repository().await;
    let image = sandbox.push(Some("v1"), &config("amd64")).await;
    let mut findings: Vec<Value> = (0..1_100).map(|number| finding(&format!("CVE-{number}"), "HIGH")).collect();
    findings[1_099]["severity"] = json!("CRITICAL");
    sandbox.scan_ends(&image, json!({ "findings": findings })).await;
    let before = sandbox.calls().await.len();
    let scan = sandbox.scan(&image).await;
    assert_eq!((scan.count("HIGH"), scan.findings.len(), scan.findings[0].name.as_str()), (1_099, 50, "CVE-1099"));
    let calls = sandbox.calls().await.split_off(before);
    let pages = calls.iter().filter(|call| *call == "ecr:DescribeImageScanFindings").count();
    assert_eq!((pages, calls.len()), (2, 5), "{calls:?}");
}

#[tokio::test]
async fn enhanced_findings_name_the_fix() {
    let sandbox = Sandbox::with_repository().await;
    sandbox.enhance(ScanFrequency::ContinuousScan).await;
    let image = sandbox.push(Some("v1"), &config("amd64")).await;
    let mut open = finding("CVE-2", "CRITICAL");
    open.as_object_mut().unwrap().remove("fixed_in");
    sandbox.scan_ends(&image, json!({ "findings": [finding("CVE-1", "CRITICAL"), open, finding("CVE-3", "MEDIUM")] })).await;
    let scan = sandbox.scan(&image).await;
    assert_eq!((scan.status.as_str(), scan.count("CRITICAL"), scan.count("MEDIUM")), ("ACTIVE", 2, 1));
    let said: Vec<_> = scan.findings.iter().map(|found| (found.name.as_str(), found.fixed_in.as_deref())).collect();
    assert_eq!(said, [("CVE-1", Some("3.0.9")), ("CVE-2", None)]);
    assert_eq!(scan.findings[0].package.as_deref().zip(scan.findings[0].version.as_deref()), Some(("openssl", "3.0.1")));
}

#[tokio::test]
async fn a_scan_that_is_complete_and_knows_nothing_yet_is_not_relied_upon() {
    let sandbox = Sandbox::with_repository().await;
    sandbox.enhance(ScanFrequency::ScanOnPush).await;
    let image = sandbox.push(Some("v1"), &config("amd64")).await;
    sandbox.scan_ends(&image, json!({ "status": "COMPLETE", "findings": null })).await;
    let facts = sandbox.facts(&image).await;
    let scan = facts.scan.as_ref().unwrap();
    assert_eq!(scan.description.as_deref(), Some("Amazon ECR says COMPLETE, and has no results yet"));
    assert_eq!((scan.status.as_str(), refusing(&facts)), ("FINDINGS_UNAVAILABLE", vec![Gate::Scan]));
}

#[tokio::test]
async fn of_an_index_its_images_are_judged() {
    let sandbox = Sandbox::with_repository().await;
    let amd = sandbox.push(None, &config("amd64")).await;
    let arm = sandbox.push(None, &config("arm64")).await;
    let attested = sandbox.push(None, b"attested").await;
    let listed = |image: &ImageDigest, os: &str, architecture: &str| {
        let platform = json!({ "os": os, "architecture": architecture });
        json!({ "mediaType": MANIFEST, "digest": image, "size": 1, "platform": platform })
    };
    let images = [listed(&amd, "linux", "amd64"), listed(&attested, "unknown", "unknown"), listed(&arm, "linux", "arm64")];
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": images });
    let index = sandbox.put(Some("v1"), &index).await;

    // What is said of the attestation concerns nobody.
    sandbox.scan_ends(&attested, json!("UNSUPPORTED_IMAGE")).await;
    let facts = sandbox.facts(&index).await;
    assert_eq!(facts.platforms, ["linux/amd64", "linux/arm64"]);
    assert_eq!((facts.commit.as_deref(), facts.tags.join(" ")), (Some("0123abc"), "v1".to_owned()));
    assert_eq!((facts.scan.as_ref().unwrap().status.as_str(), refusing(&facts)), ("COMPLETE", vec![]));

    sandbox.scan_ends(&amd, json!({ "findings": [finding("CVE-1", "CRITICAL"), finding("CVE-2", "HIGH")] })).await;
    sandbox.scan_ends(&arm, json!({ "findings": [finding("CVE-1", "CRITICAL"), finding("CVE-3", "CRITICAL")] })).await;
    let scan = sandbox.scan(&index).await;
    assert_eq!((scan.count("CRITICAL"), scan.count("HIGH"), scan.findings.len()), (2, 1, 3), "{scan:?}");

    sandbox.scan_ends(&arm, json!("FAILED")).await;
    let facts = sandbox.facts(&index).await;
    let scan = facts.scan.as_ref().unwrap();
    assert_eq!((scan.status.as_str(), scan.description.as_deref()), ("FAILED", Some("linux/arm64: The scan failed.")));
    assert_eq!(refusing(&facts), [Gate::Scan, Gate::MaxCritical]);
}

#[tokio::test]
async fn a_rejected_image_says_so_itself() {
    let sandbox = Sandbox::with_repository().await;
    let image = sandbox.push(Some("v1"), &config("amd64")).await;
    let other = sandbox.push(Some("v2"), &config("arm64")).await;
    let tag = format!("rejected-{}", image.short());
    for _ in 0..2 {
        assert_eq!(tag_as_rejected(&sandbox.aws, WEB, &image).await.unwrap(), Some(tag.clone()), "twice is as good as once");
    }
    tag_as_rejected(&sandbox.aws, WEB, &other).await.unwrap();
    let facts = sandbox.facts(&image).await;
    assert_eq!(facts.tags, [tag.clone(), "v1".to_owned()], "the repository's tags do not move");
    assert_eq!(facts.rejected.as_ref().unwrap().to_string(), format!("rejected: it has the tag `{tag}` in {WEB}"));
    assert_eq!(refusing(&facts), [Gate::Rejected]);
}
