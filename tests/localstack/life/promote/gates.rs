//! Gates: what keeps an image from moving on.

use serde_json::json;

use crate::life::{Stage, images};

/// What gates say no to is named, keeps the whole plan from being applied, and passes with a reason that is recorded.
#[tokio::test]
async fn gates_hold_images_back() {
    let dev = Stage::running("dev").await;
    let staging = dev.beside("staging");
    staging.converge(&[]).await;
    let before = staging.digests("web").await;
    staging.specs.change("staging", "[promotion]\nfrom = \"dev\"\nmax_critical = 0");
    let finding =
        json!({ "name": "CVE-2026-1234", "severity": "CRITICAL", "package": "openssl", "version": "3.0.1", "fixed_in": "3.0.2" });
    let outcome = json!({ "status": "COMPLETE", "findings": [finding] });
    let scan = json!({ "service": "ecr", "resource": "techhub-dev/web:v2", "outcome": outcome });
    dev.sandbox.control("outcome", &scan).await;
    dev.push("v2").await;
    dev.converge(&images("v2")).await;

    let plan = staging.run(&["plan"]).await;
    assert_eq!(plan.code, 5, "{plan:#?}");
    for said in ["CVE-2026-1234", "openssl 3.0.1", "`max_critical` is 0", "--override max-critical"] {
        assert!(plan.out.contains(said), "{said}: {plan:#?}");
    }
    for refused in [vec!["apply", "--yes"], vec!["promote", "--yes"], vec!["promote", "--write"]] {
        let ended = staging.run(&refused).await;
        assert_eq!(ended.code, 5, "{refused:?}: {ended:#?}");
    }
    assert_eq!(staging.run(&["apply", "--yes", "--no-promotion"]).await.code, 0);
    assert_eq!(staging.digests("web").await, before);

    let passed = ["promote", "--yes", "--override", "max-critical", "--reason", "the port is closed"];
    let ended = staging.run(&passed).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(staging.digests("web").await, dev.digests("web").await);
    let overrides = staging.recorded().await.remove(0).record.agreement.overrides;
    assert_eq!(overrides["max-critical"], "the port is closed");
}

/// A pipeline deploys what it has just pushed, and is not sent away because that is still being scanned. What an image must be holds
/// in the first environment, too, to which nothing is promoted.
#[tokio::test]
async fn a_scan_under_way_is_awaited() {
    let dev = Stage::made("dev").await;
    dev.specs.change("dev", "[promotion]\nmax_critical = 0");
    dev.sandbox.settle_seconds("ecr", 600.0).await;
    dev.push("v1").await;
    let apply = [&["apply", "--yes"][..], &images("v1")].concat();
    dev.count_anew().await;
    let scans = async {
        dev.sandbox.called("ecr:DescribeImageScanFindings", 3).await;
        dev.sandbox.hurry().await;
    };
    let (ended, ()) = tokio::join!(dev.run(&apply), scans);
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(ended.err.matches("waiting for the scan of techhub-dev/web@").count(), 1, "{ended:#?}");

    let scan = json!({ "service": "ecr", "resource": "techhub-dev/web:v2", "outcome": { "CRITICAL": 1 } });
    dev.sandbox.control("outcome", &scan).await;
    dev.sandbox.settle_seconds("ecr", 0.0).await;
    dev.push("v2").await;
    let ended = dev.run(&["plan", "--image", "web=v2"]).await;
    assert!(ended.code == 5 && ended.out.contains("max-critical"), "{ended:#?}");
}
