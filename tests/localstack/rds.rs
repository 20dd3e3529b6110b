//! Databases.

use std::collections::{BTreeMap, BTreeSet};

use infra::aws::kinds::Registry;
use infra::aws::rds::instance::{Instance, Storage};
use infra::aws::rds::parameter_group::ParameterGroup;
use infra::aws::rds::subnet_group::SubnetGroup;
use infra::graph::State;

use crate::around::{Network, network};
use crate::kit::{Sandbox, desired, target};

fn subnet_group(network: &Network) -> SubnetGroup {
    SubnetGroup {
        name: "shop-test-main".into(),
        description: "database.main".into(),
        vpc: network.vpc.clone(),
        subnets: network.subnets.clone().into(),
    }
}

pub(crate) fn parameter_group(parameters: &[(&str, &str)]) -> ParameterGroup {
    ParameterGroup {
        name: "shop-test-main".into(),
        family: "postgres16".into(),
        description: "database.main".into(),
        parameters: parameters.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>(),
    }
}

/// A sandbox, and a database that can be made in it.
pub(crate) async fn instance() -> (Sandbox, Instance, Network) {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    sandbox.make("database.main.subnet_group", subnet_group(&network)).await;
    let instance = Instance {
        name: "shop-test-main".into(),
        engine: "postgres".into(),
        version: "16".into(),
        class: "db.t4g.micro".into(),
        storage: Storage { kind: "gp3".into(), gib: 20, max_gib: 0 },
        encrypted: true,
        multi_az: false,
        backup_days: 1,
        deletion_protection: false,
        final_snapshot: false,
        public: false,
        subnet_group: "shop-test-main".into(),
        security_groups: BTreeSet::from([network.security_groups[0].clone()]),
        parameter_group: None,
        performance_insights: false,
        database: "shop".into(),
        username: "app".into(),
        managed_password: true,
    };
    (sandbox, instance, network)
}

async fn snapshots(sandbox: &Sandbox) -> Vec<String> {
    let answer = sandbox.aws.rds.describe_db_snapshots().snapshot_type("manual").send().await.unwrap();
    answer.db_snapshots().iter().map(|snapshot| snapshot.db_snapshot_identifier().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn subnet_group_round_trip() {
    let sandbox = Sandbox::new().await;
    let network = network(&sandbox.aws).await;
    let described = SubnetGroup { description: "another".into(), ..subnet_group(&network) };
    sandbox.round_trip(subnet_group(&network), [described]).await;
}

#[tokio::test]
async fn parameter_group_round_trip() {
    // `max_connections` is static: RDS applies it at the next reboot only, and refuses to be told otherwise.
    let more = parameter_group(&[("log_min_duration_statement", "500"), ("max_connections", "200")]);
    let other = parameter_group(&[("log_min_duration_statement", "100")]);
    let none = parameter_group(&[]);
    Sandbox::new().await.round_trip(parameter_group(&[("max_connections", "100")]), [more, other, none]).await;
}

#[tokio::test]
async fn instance_round_trip() {
    let (sandbox, want, network) = instance().await;
    sandbox.make("database.main.parameter_group", parameter_group(&[])).await;
    let changes = [
        Instance { class: "db.t4g.small".into(), backup_days: 7, ..want.clone() },
        Instance { storage: Storage { kind: "gp3".into(), gib: 40, max_gib: 100 }, ..want.clone() },
        Instance { storage: Storage { kind: "gp3".into(), gib: 40, max_gib: 0 }, multi_az: true, ..want.clone() },
        Instance {
            storage: Storage { kind: "gp3".into(), gib: 40, max_gib: 0 },
            security_groups: network.security_groups.clone().into(),
            parameter_group: Some("shop-test-main".into()),
            performance_insights: true,
            ..want.clone()
        },
        Instance { storage: Storage { kind: "gp3".into(), gib: 40, max_gib: 0 }, final_snapshot: true, ..want.clone() },
        Instance { storage: Storage { kind: "gp3".into(), gib: 40, max_gib: 0 }, final_snapshot: false, ..want.clone() },
        // RDS makes a tenth of it, and 44 GiB are as wanted.
        Instance { storage: Storage { kind: "gp3".into(), gib: 41, max_gib: 0 }, ..want.clone() },
        // From 400 GiB on, a gp3 volume has another baseline.
        Instance { storage: Storage { kind: "gp3".into(), gib: 500, max_gib: 0 }, ..want.clone() },
    ];
    sandbox.round_trip(want, changes).await;
    assert!(snapshots(&sandbox).await.is_empty());
}

#[tokio::test]
async fn a_major_upgrade_is_allowed_where_the_spec_says_it() {
    let (sandbox, want, _) = instance().await;
    sandbox.make("database.main.instance", want.clone()).await;
    let changed = sandbox.put_right("database.main.instance", Instance { version: "17".into(), ..want.clone() }).await;
    assert_eq!(changed.into_iter().collect::<Vec<_>>(), ["version"]);
    let back = sandbox.plan(&desired("database.main.instance", &want)).await;
    assert!(back.blocked.is_some(), "{back:#?}");
}

#[tokio::test]
async fn a_database_is_kept_in_a_final_snapshot() {
    let (sandbox, want, _) = instance().await;
    let made = sandbox.make("database.main.instance", Instance { final_snapshot: true, ..want }).await;
    sandbox.discard::<Instance>(&made).await;
    let snapshots = snapshots(&sandbox).await;
    assert_eq!(snapshots.len(), 1, "{snapshots:?}");
    assert!(snapshots[0].starts_with("shop-test-main-final-20"), "{snapshots:?}");
}

#[tokio::test]
async fn aws_itself_protects_a_database() {
    let (sandbox, want, _) = instance().await;
    let protected = Instance { deletion_protection: true, ..want.clone() };
    let made = sandbox.make("database.main.instance", protected).await;
    let kind = Registry.kind("rds.instance").unwrap();
    let error = kind.delete(&sandbox.aws, &made.target).await.unwrap_err();
    assert!(error.message.contains("protect"), "{error}");
    sandbox.put_right("database.main.instance", want).await;
    sandbox.discard::<Instance>(&made).await;
}

#[tokio::test]
async fn a_database_that_is_being_made_is_waited_for_before_it_goes() {
    let (sandbox, want, _) = instance().await;
    let kind = Registry.kind("rds.instance").unwrap();
    let change = sandbox.plan(&desired("database.main.instance", &want)).await;
    sandbox.settle_slowly("rds").await;
    let created = kind.create(&sandbox.aws, &change.after, &change.tags).await.unwrap();
    assert_eq!(created.outputs.keys().map(String::as_str).collect::<Vec<_>>(), ["arn", "name"]);
    let busy = sandbox.list::<Instance>().await;
    assert_eq!(busy[0].state, State::Busy("creating".into()));
    assert!(!busy[0].outputs.contains_key("address") && !busy[0].outputs.contains_key("secret_arn"));
    kind.delete(&sandbox.aws, &target(&busy[0])).await.unwrap();
    assert_eq!(sandbox.list::<Instance>().await[0].state, State::Deleting);
    kind.gone(&sandbox.aws, &target(&busy[0])).await.unwrap();
    assert!(sandbox.list::<Instance>().await.is_empty());
}

#[tokio::test]
async fn what_waits_for_the_maintenance_window_reads_as_what_it_will_be() {
    let (sandbox, want, _) = instance().await;
    sandbox.make("database.main.instance", want.clone()).await;
    let modify = sandbox.aws.rds.modify_db_instance().db_instance_identifier("shop-test-main").db_instance_class("db.t4g.large");
    modify.apply_immediately(false).send().await.unwrap();
    let live = sandbox.list::<Instance>().await;
    assert_eq!((&live[0].state, live[0].attrs["class"].as_str()), (&State::Ready, Some("db.t4g.large")));
    sandbox.put_right("database.main.instance", want).await;
}
