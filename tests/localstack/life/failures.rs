//! What fails is told in AWS's words, stops what depends on it and nothing else, and the next run goes on from there.

use aws_proxy::{Answer, Call, Fault, Proxy};
use serde_json::{Value, json};

use super::{Ended, Stage};

/// The last line of `apply --json`.
fn summary(ended: &Ended) -> Value {
    let last = ended.out.lines().last().unwrap_or_else(|| panic!("{ended:#?}"));
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {last}"))
}

#[tokio::test]
async fn one_failure_stops_what_depends_on_it() {
    let stage = Stage::new("dev").await;
    stage.fail("rds", "CreateDBInstance", 1).await;
    let ended = stage.run(&["apply", "--yes"]).await;
    assert_eq!(ended.code, 3, "{ended:#?}");
    for word in ["database.main.instance", "rds:CreateDBInstance", "LimitExceeded", "one too many", "request "] {
        assert!(ended.out.contains(word), "nothing is said of {word}: {ended:#?}");
    }
    let live = stage.live().await;
    assert!(live.contains_key("cache.main.replication_group") && live.contains_key("network.nat_gateway.a"), "{:?}", live.keys());
    // The role of a service may read the secret of that database.
    assert!(!live.contains_key("service.web.role"), "{:?}", live.keys());
    let plan = stage.converge(&[]).await;
    assert!(plan.with("create").contains("database.main.instance") && plan.with("update").is_empty(), "{plan:#?}");
}

/// A proxy that wants people to sign in, or an emulator without that service.
#[tokio::test]
async fn an_answer_that_is_none_of_aws_is_told() {
    let stage = Stage::new("dev").await;
    let proxy = Proxy::start(&std::env::var("AWS_ENDPOINT_URL").unwrap()).await;
    proxy.follow(|call: &Call| match call.service.as_str() {
        "ec2" | "rds" | "ecr" | "monitoring" => {
            let body = "<html>\n<head><title>\u{1b}[31m404 Not Found</title></head>\n</html>\n".into();
            Fault::Instead(Answer { status: 404, body, ..call.denied() })
        }
        _ => Fault::None,
    });
    let ended: Ended = stage.through(&proxy, &["plan"]).await.output().await.unwrap().into();
    // It is told once, whichever service it was.
    let told = "NotAws: this is no answer of AWS: HTTP 404, and `<html> <head><title> [31m404 Not Found</title></head> </html>`";
    assert_eq!((ended.code, ended.err.matches(told).count()), (1, 1), "{ended:#?}");
    assert!(
        ended.err.starts_with("error: ") && ended.err.contains("\nhelp: something on the way to AWS has answered"),
        "{ended:#?}"
    );
}

#[tokio::test]
async fn failing_before_anything_is_written_is_no_partial_success() {
    let stage = Stage::new("dev").await;
    let first = [
        ("ec2", "CreateVpc"),
        ("ec2", "AllocateAddress"),
        ("ecr", "CreateRepository"),
        ("iam", "CreateRole"),
        ("logs", "CreateLogGroup"),
        ("apprunner", "CreateAutoScalingConfiguration"),
    ];
    for (service, operation) in first {
        stage.fail(service, operation, 9).await;
    }
    let ended = stage.run(&["apply", "--yes", "--json"]).await;
    assert_eq!(ended.code, 1, "{ended:#?}");
    assert_eq!(summary(&ended)["done"], 0, "{ended:#?}");
    assert!(stage.everything().await.is_empty());
}

/// One step, of which AWS carries out the first call and refuses the second.
#[tokio::test]
async fn half_a_step_is_a_partial_success() {
    let stage = Stage::made("dev").await;
    stage.specs.change("dev", "[service.web]\nlog_days = 7");
    stage.fail("logs", "TagResource", 1).await;
    let ended = stage.run(&["apply", "--yes", "--json"]).await;
    assert_eq!(ended.code, 3, "{ended:#?}");
    let lines = ended.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let failed = lines.into_iter().find(|line| line["type"] == "apply_errored").unwrap();
    assert_eq!(failed["resource"]["address"], "service.web.log_group");
    assert_eq!((&failed["error"]["code"], &failed["error"]["operation"]), (&json!("LimitExceeded"), &json!("logs:TagResource")));
    assert!(failed["error"]["request_id"].is_string(), "{failed}");
    stage.converge(&[]).await;
}

#[tokio::test]
async fn errors_that_pass_are_tried_again() {
    let stage = Stage::new("dev").await;
    for (service, operation) in [("ec2", "CreateSubnet"), ("iam", "CreateRole"), ("rds", "CreateDBSubnetGroup")] {
        let body = json!({ "service": service, "operation": operation, "code": "Throttling", "status": 400, "times": 2 });
        stage.sandbox.control("fail", &body).await;
    }
    stage.converge(&[]).await;
}

/// AWS does what it was asked to, and the answer never arrives.
#[tokio::test]
async fn a_lost_answer_leaves_no_doubles() {
    let stage = Stage::made("dev").await;
    stage.push("v1").await;
    let destroyed = stage.run(&["destroy", "--yes", "--allow", "data-loss"]).await;
    assert_eq!(destroyed.code, 0, "{destroyed:#?}");
    let operations = [
        ("ec2", "CreateVpc"),
        ("ec2", "CreateSubnet"),
        ("ec2", "AllocateAddress"),
        ("ec2", "CreateNatGateway"),
        ("ec2", "CreateSecurityGroup"),
        ("ecr", "CreateRepository"),
        ("iam", "CreateRole"),
        ("logs", "CreateLogGroup"),
        ("rds", "CreateDBInstance"),
        ("elasticache", "CreateReplicationGroup"),
        ("elasticloadbalancing", "CreateLoadBalancer"),
        ("apprunner", "CreateVpcConnector"),
    ];
    for (service, operation) in operations {
        let body = json!({ "service": service, "operation": operation, "code": "InternalError", "status": 500, "after": true });
        stage.sandbox.control("fail", &body).await;
    }
    // As often as it takes: what is there by then is found, and the second of two is dropped.
    for _ in 0..5 {
        let ended = stage.run(&["apply", "--yes"]).await;
        assert!([0, 3].contains(&ended.code), "{ended:#?}");
    }
    stage.is_settled().await;
    stage.live().await;
    let vpcs = stage.own_vpcs().await;
    assert_eq!(vpcs.len(), 1, "{vpcs:?}");
}
