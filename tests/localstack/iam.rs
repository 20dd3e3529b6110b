//! Roles and instance profiles.

use std::collections::{BTreeMap, BTreeSet};

use infra::aws::iam::instance_profile::InstanceProfile;
use infra::aws::iam::role::Role;
use infra::plan::Action;
use infra::values::policy::{Policy, Statement};

use crate::kit::{Sandbox, desired};

const SSM: &str = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

fn role(service: &str, policies: &[(&str, &[&str])], managed: &[&str]) -> Role {
    let policy = |&(name, actions): &(&str, &[&str])| {
        let mut statement = Statement::allow(actions, ["arn:aws:ssm:*:*:parameter/a+b c/%2F".to_owned()]);
        let keys = BTreeMap::from([("aws:ResourceTag/infra:project".to_owned(), BTreeSet::from(["shop".to_owned()]))]);
        statement.conditions.insert("StringEquals".into(), keys);
        (name.to_owned(), Policy { statements: BTreeSet::from([statement]) })
    };
    Role {
        name: "shop-test-web".into(),
        trust: Policy::trust(service),
        policies: policies.iter().map(policy).collect(),
        managed_policies: managed.iter().map(|&arn| arn.to_owned()).collect(),
    }
}

#[tokio::test]
async fn role_round_trip() {
    let changes = [
        role("tasks.apprunner.amazonaws.com", &[("infra", &["ssm:GetParameters", "ssm:GetParameter"])], &[SSM]),
        role("tasks.apprunner.amazonaws.com", &[("infra", &["ssm:GetParameter"])], &[READ_ONLY]),
        role("tasks.apprunner.amazonaws.com", &[("other", &["ssm:GetParameter"])], &[]),
        role("ec2.amazonaws.com", &[], &[]),
    ];
    let want = role("ec2.amazonaws.com", &[("infra", &["ssm:GetParameter"])], &[]);
    Sandbox::new().await.round_trip(want, changes).await;
    let many = role("ec2.amazonaws.com", &[("a", &["s3:GetObject"]), ("b", &["s3:ListBucket"])], &[SSM, READ_ONLY]);
    Sandbox::new().await.round_trip(many, []).await;
}

#[tokio::test]
async fn a_policy_that_people_edit_or_attach_is_put_right() {
    let sandbox = Sandbox::new().await;
    let want = role("ec2.amazonaws.com", &[("infra", &["ssm:GetParameter"])], &[]);
    let made = sandbox.make("role", want.clone()).await;
    let everything = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let call = sandbox.aws.iam.put_role_policy().role_name(made.id()).policy_name("infra");
    call.policy_document(everything).send().await.unwrap();
    sandbox.aws.iam.attach_role_policy().role_name(made.id()).policy_arn(READ_ONLY).send().await.unwrap();
    let differs = BTreeSet::from(["policies".to_owned(), "managed_policies".to_owned()]);
    assert_eq!(sandbox.put_right("role", want).await, differs);
}

#[tokio::test]
async fn a_role_of_that_name_outside_our_path_is_in_the_way() {
    let sandbox = Sandbox::new().await;
    let trust = Policy::<infra::graph::Actual>::trust("ec2.amazonaws.com").document();
    sandbox.aws.iam.create_role().role_name("shop-test-web").assume_role_policy_document(trust).send().await.unwrap();
    let change = sandbox.plan(&desired("role", &role("ec2.amazonaws.com", &[], &[]))).await;
    assert!(change.action == Action::Create && change.blocked.is_some(), "{change:#?}");
}

#[tokio::test]
async fn instance_profile_round_trip() {
    let sandbox = Sandbox::new().await;
    let web = sandbox.make("web", role("ec2.amazonaws.com", &[], &[])).await;
    let other = Role { name: "shop-test-other".into(), ..role("ec2.amazonaws.com", &[], &[]) };
    let other = sandbox.make("other", other).await;
    let profile = |role: &str| InstanceProfile { name: "shop-test-web".into(), role: role.into() };
    let path = format!(":instance-profile/infra/{}/{}/", sandbox.scope.project, sandbox.scope.environment);
    let made = sandbox.make("profile", profile(&web.output("name"))).await;
    assert!(made.output("arn").contains(&path));
    sandbox.discard::<InstanceProfile>(&made).await;
    sandbox.round_trip(profile(&web.id()), [profile(&other.id())]).await;
}

#[tokio::test]
async fn an_instance_profile_without_its_role_gets_it() {
    let sandbox = Sandbox::new().await;
    let web = sandbox.make("web", role("ec2.amazonaws.com", &[], &[])).await;
    let want = InstanceProfile { name: "shop-test-web".into(), role: web.id() };
    let profile = sandbox.make("profile", want.clone()).await;
    let call = sandbox.aws.iam.remove_role_from_instance_profile().instance_profile_name(profile.id());
    call.role_name(web.id()).send().await.unwrap();
    assert_eq!(sandbox.put_right("profile", want).await, BTreeSet::from(["role".to_owned()]));
}
