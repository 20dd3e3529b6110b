//! What needs nothing of each other goes at once, and what one call can say takes one: seen from between the tool and AWS.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_proxy::{Call, Entry, Fault, Proxy};

use super::Stage;

/// Long enough that calls which could go at once are under way together, on a busy machine too.
const LATE: Duration = Duration::from_secs(10);

/// The calls of an action, by what each says in one of its fields.
fn by_field<'l>(log: &'l [Entry], action: &str, field: &str) -> BTreeMap<String, Vec<&'l Entry>> {
    let mut found: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
    for entry in log.iter().filter(|entry| entry.call.action == action) {
        let body = String::from_utf8(entry.call.body.to_vec()).unwrap();
        let value = body.split('&').find_map(|part| part.strip_prefix(field)?.strip_prefix('=')).unwrap();
        found.entry(value.to_owned()).or_default().push(entry);
    }
    found
}

#[tokio::test]
async fn an_environment_is_made_in_no_more_calls_than_it_takes() {
    let stage = Stage::new("dev").await;
    let proxy = Proxy::start(&std::env::var("AWS_ENDPOINT_URL").unwrap()).await;
    let late = |call: &Call| if call.action == "AssociateRouteTable" { Fault::Late(LATE) } else { Fault::None };
    proxy.follow(late);
    let ended = stage.through(&proxy, &["apply", "--yes"]).await.output().await.unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let log = proxy.log();

    // All subnets of a route table at once.
    let tables = by_field(&log, "AssociateRouteTable", "RouteTableId");
    assert!(tables.values().any(|calls| calls.len() > 1), "a table for several subnets is what this is about");
    for calls in tables.values() {
        let last_start = calls.iter().map(|entry| entry.started).max();
        let first_end = calls.iter().filter_map(|entry| entry.ended).min();
        assert!(last_start < first_end, "subnets get their route table one after another: {calls:#?}");
    }
    // All rules of a security group in one call.
    let groups = by_field(&log, "AuthorizeSecurityGroupIngress", "GroupId");
    let rules = |entry: &Entry| String::from_utf8_lossy(&entry.call.body).matches(".IpProtocol=").count();
    assert!(groups.values().any(|calls| calls.iter().any(|entry| rules(entry) > 1)), "{groups:#?}");
    assert!(groups.values().all(|calls| calls.len() == 1), "{groups:#?}");
    // What a network is made with is not said again.
    assert_eq!(log.iter().filter(|entry| entry.call.action == "ModifyVpcAttribute").count(), 1);
}
