//! The end of an environment: nothing that was made is left, but for what was asked to be kept.

use aws_sdk_ec2::types::{IpPermission, UserIdGroupPair};
use serde_json::{Value, json};

use super::Stage;

pub(super) const DESTROY: [&str; 4] = ["destroy", "--yes", "--allow", "data-loss"];

impl Stage {
    /// The networks in the account that were made.
    pub(super) async fn own_vpcs(&self) -> Vec<String> {
        let vpcs = self.aws().ec2.describe_vpcs().send().await.unwrap();
        let made = vpcs.vpcs().iter().filter(|vpc| vpc.is_default() != Some(true));
        made.map(|vpc| vpc.vpc_id().unwrap().to_owned()).collect()
    }

    /// Nothing of the environment, and nothing that it brought with it.
    pub(super) async fn nothing_is_left(&self) {
        let everything = self.everything().await;
        assert!(everything.is_empty(), "{everything:#?}");
        assert_eq!(self.own_vpcs().await, Vec::<String>::new());
        let ec2 = &self.aws().ec2;
        let interfaces = ec2.describe_network_interfaces().send().await.unwrap();
        assert!(interfaces.network_interfaces().is_empty(), "{interfaces:#?}");
        let addresses = ec2.describe_addresses().send().await.unwrap();
        assert!(addresses.addresses().is_empty(), "{addresses:#?}");
        let volumes = ec2.describe_volumes().send().await.unwrap();
        assert!(volumes.volumes().is_empty(), "{volumes:#?}");
        assert_eq!(self.secrets().await, Vec::<String>::new());
    }

    /// The names of the secrets in the account.
    async fn secrets(&self) -> Vec<String> {
        let answer = self.by_hand("secretsmanager", "secretsmanager.ListSecrets", &json!({})).await;
        let name = |secret: &Value| secret["Name"].as_str().unwrap().to_owned();
        answer["SecretList"].as_array().unwrap().iter().map(name).collect()
    }

    async fn snapshots(&self) -> Vec<String> {
        let snapshots = self.aws().rds.describe_db_snapshots().snapshot_type("manual").send().await.unwrap();
        let names = snapshots.db_snapshots().iter().map(|snapshot| snapshot.db_snapshot_identifier().unwrap().to_owned());
        names.collect()
    }
}

#[tokio::test]
async fn nothing_is_left_and_the_second_time_there_is_nothing_to_do() {
    let stage = Stage::running("dev").await;
    assert_eq!(stage.secrets().await.len(), 1, "the test must see the database's secret");
    let ended = stage.run(&DESTROY).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.nothing_is_left().await;
    assert_eq!(stage.snapshots().await, Vec::<String>::new());

    stage.count_anew().await;
    let ended = stage.run(&["destroy", "--yes"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(stage.writes().await, Vec::<String>::new());
    // And it can be made again.
    let plan = stage.converge(&[]).await;
    assert_eq!((plan.count("update"), plan.count("delete")), (0, 0));
}

#[tokio::test]
async fn what_the_spec_keeps_is_kept() {
    let stage = Stage::running("prod").await;
    stage.specs.change("prod", "[database.main]\ndeletion_protection = false");
    stage.converge(&[]).await;
    let plan = stage.plan(&["--destroy"]).await;
    let ended = stage.run(&["destroy", "--approve", &plan.id(), "--allow", "data-loss"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.nothing_is_left().await;
    let snapshots = stage.snapshots().await;
    assert!(matches!(&snapshots[..], [one] if one.starts_with("techhub-prod-main-final-")), "{snapshots:?}");
}

#[tokio::test]
async fn a_part_goes_alone() {
    let stage = Stage::running("dev").await;
    for (part, arguments) in [("service.worker", &[][..]), ("cache.main", &["--allow", "data-loss"])] {
        let before = stage.live().await;
        let ended = stage.run(&[&["destroy", "--yes", "--only", part], arguments].concat()).await;
        assert_eq!(ended.code, 0, "{ended:#?}");
        let after = stage.live().await;
        let parts: Vec<_> = before.keys().filter(|address| address.starts_with(part)).collect();
        let gone: Vec<_> = before.keys().filter(|address| !after.contains_key(*address)).collect();
        assert_eq!(gone, parts);
    }
    // The spec still has both.
    let plan = stage.plan(&[]).await;
    assert!(plan.with("create").contains("cache.main.replication_group"), "{plan:#?}");
}

/// AWS takes a while to let go: load balancers hold their interfaces, gateways their addresses.
#[tokio::test]
async fn what_goes_slowly_is_waited_for() {
    let stage = Stage::running("dev").await;
    stage.sandbox.control("settle", &json!({ "seconds": 1.5 })).await;
    let ended = stage.run(&DESTROY).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.nothing_is_left().await;
}

/// EC2 deletes no group that another one names, and here each names the other.
#[tokio::test]
async fn groups_that_name_each_other_go() {
    let stage = Stage::made("dev").await;
    let live = stage.live().await;
    let id = |address: &str| live[address].id.as_str();
    let pair = UserIdGroupPair::builder().group_id(id("database.main.security_group")).build();
    let permission = IpPermission::builder().ip_protocol("tcp").from_port(22).to_port(22).user_id_group_pairs(pair).build();
    let open = stage.aws().ec2.authorize_security_group_ingress().group_id(id("service.web.security_group"));
    open.ip_permissions(permission).send().await.unwrap();
    let ended = stage.run(&DESTROY).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.nothing_is_left().await;
}
