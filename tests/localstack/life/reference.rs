//! The environments that come with `infra`, as they stand: from nothing to running.

use super::{Stage, images};

/// The most calls, and the longest chain of them, that looking at a whole environment may take.
const CALLS: u64 = 60;
const DEPTH: u64 = 3;

async fn from_nothing_to_running(environment: &str) {
    let stage = Stage::new(environment).await;
    let plan = stage.converge(&[]).await;
    assert_eq!((plan.count("update"), plan.count("replace"), plan.count("delete")), (0, 0, 0), "{plan:#?}");
    // What runs an image waits for one, and nothing else does.
    assert_eq!(plan.count("deferred"), 5, "{plan:#?}");

    stage.push("v1").await;
    let plan = stage.converge(&images("v1")).await;
    assert_eq!(plan.count("deferred"), 0, "{plan:#?}");
    let made = plan.with("create");
    for running in ["service.web.group", "service.worker.group", "service.api.service"] {
        assert!(made.contains(running), "{made:?}");
    }

    let last = stage.plan(&[]).await;
    let (calls, depth) = (last.reads("calls"), last.reads("depth"));
    assert!(calls <= CALLS && depth <= DEPTH, "{calls} calls, {depth} one after another");
    let status = stage.run(&["status"]).await;
    assert_eq!(status.code, 0, "{status:#?}");
    assert!(status.out.contains("techhub") && status.out.contains("sha256:"), "{status:#?}");

    stage.push("v2").await;
    let plan = stage.converge(&images("v2")).await;
    let deployed = [
        "service.api.service",
        "service.web.group",
        "service.web.launch_template",
        "service.worker.group",
        "service.worker.launch_template",
    ];
    assert_eq!(plan.with("update").into_iter().collect::<Vec<_>>(), deployed);
}

#[tokio::test]
async fn dev() {
    from_nothing_to_running("dev").await;
}

#[tokio::test]
async fn staging() {
    from_nothing_to_running("staging").await;
}

#[tokio::test]
async fn prod() {
    from_nothing_to_running("prod").await;
}
