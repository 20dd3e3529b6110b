//! Log groups.

use std::collections::BTreeSet;

use infra::aws::logs::log_group::LogGroup;
use infra::plan::Action;

use crate::kit::{Sandbox, desired};

fn group(days: i32) -> LogGroup {
    LogGroup { name: "/shop/test/web".into(), retention_days: days }
}

#[tokio::test]
async fn log_group_round_trip() {
    Sandbox::new().await.round_trip(group(30), [group(7), group(365)]).await;
}

#[tokio::test]
async fn a_log_group_that_keeps_everything_is_put_right() {
    let sandbox = Sandbox::new().await;
    // A name that begins alike is another group.
    sandbox.make("other", LogGroup { name: "/shop/test/web-other".into(), ..group(1) }).await;
    let made = sandbox.make("group", group(30)).await;
    sandbox.aws.logs.delete_retention_policy().log_group_name(made.id()).send().await.unwrap();
    assert_eq!(sandbox.put_right("group", group(30)).await, BTreeSet::from(["retention_days".to_owned()]));
}

#[tokio::test]
async fn a_log_group_that_somebody_made_is_in_the_way() {
    let sandbox = Sandbox::new().await;
    sandbox.aws.logs.create_log_group().log_group_name("/shop/test/web").send().await.unwrap();
    let change = sandbox.plan(&desired("group", &group(30))).await;
    assert!(change.action == Action::Create && change.blocked.is_some(), "{change:#?}");
}
