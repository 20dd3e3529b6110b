//! The least rights: what `infra iam-policy` prints is enough, and not more.
//!
//! That it is enough, every test of whole environments says: LocalStack's extension holds each run to the policy of its verb, as
//! AWS holds a role's sessions. Here is what it does not allow.

use std::collections::BTreeSet;
use std::process::Stdio;

use aws_sdk_sts::config::Credentials;
use infra::aws::Aws;
use serde_json::{Value, json};

use super::{Ended, REGION, Stage, images};
use crate::kit::http;

/// The commands that only look.
const LOOKING: [&str; 4] = ["plan", "status", "show", "history"];

/// The session whose rights a command takes: one for looking, and one for all else.
pub(super) fn session(arguments: &[&str]) -> &'static str {
    if arguments.first().is_some_and(|verb| LOOKING.contains(verb)) { "plan" } else { "apply" }
}

impl Stage {
    /// What `infra iam-policy` prints for the spec as it is now.
    pub(super) async fn policy(&self, verb: &str) -> Value {
        let mut command = self.by_root(&["iam-policy", "--for", verb]);
        let ended: Ended = command.stderr(Stdio::piped()).output().await.unwrap().into();
        assert_eq!(ended.code, 0, "{ended:#?}");
        serde_json::from_str(&ended.out).unwrap()
    }

    /// From now on, the session of that name has the rights of that verb.
    pub(super) async fn bind(&self, session: &str) {
        let policies = [self.policy(session).await];
        self.sandbox.control("iam", &json!({ "session": session, "policies": policies })).await;
    }

    /// The actions that were refused to sessions, each with its resource.
    pub(super) async fn refused(&self) -> Vec<String> {
        let (status, answer) = http("GET", &format!("/_infra/iam?account={}", self.aws().account), &[], "").await.unwrap();
        assert_eq!(status, 200, "{answer}");
        let refused: Vec<Value> = serde_json::from_str(&answer).unwrap();
        let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
        refused.iter().map(|one| format!("{} on {}", text(one, "action"), text(one, "resource"))).collect()
    }

    /// Runs a command with the rights of a session that another environment of the same account may have bound.
    async fn run_as(&self, session: &str, arguments: &[&str]) -> Ended {
        self.by_root(arguments).env("AWS_SESSION_TOKEN", session).output().await.unwrap().into()
    }

    /// Clients with the rights of a session.
    async fn clients(&self, session: &str) -> Aws {
        let account = &self.aws().account;
        let credentials = Credentials::new(account, "test", Some(session.into()), None, "test");
        Aws::writer_as(credentials, account, REGION).await
    }
}

async fn planning_can_write_nothing(environment: &str) {
    let stage = Stage::new(environment).await;
    let plan = stage.plan(&[]).await;
    stage.count_anew().await;
    let ended = stage.run_as("plan", &["apply", "--approve", &plan.id()]).await;
    assert_eq!(ended.code, 1, "{ended:#?}");
    assert!(ended.err.contains("infra iam-policy"), "{ended:#?}");
    assert_eq!(stage.writes().await, Vec::<String>::new());

    // That was the lease. With it, everything else is tried as well.
    let lease = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Resource": "*",
        "Action": ["ssm:GetParameterHistory", "ssm:PutParameter", "ssm:AddTagsToResource"] } });
    let policies = [stage.policy("plan").await, lease];
    stage.sandbox.control("iam", &json!({ "session": "plan", "policies": policies })).await;
    let ended = stage.run_as("plan", &["apply", "--approve", &plan.id()]).await;
    assert_eq!(ended.code, 1, "{ended:#?}");
    assert!(ended.out.contains("infra iam-policy"), "{ended:#?}");
    assert!(stage.writes().await.iter().all(|call| call == "ssm:PutParameter"), "{:#?}", stage.writes().await);
    assert_eq!(stage.everything().await, Vec::new());
}

#[tokio::test]
async fn planning_dev_can_write_nothing() {
    planning_can_write_nothing("dev").await;
}

#[tokio::test]
async fn planning_staging_can_write_nothing() {
    planning_can_write_nothing("staging").await;
}

#[tokio::test]
async fn planning_prod_can_write_nothing() {
    planning_can_write_nothing("prod").await;
}

/// Everything that the policy for planning allows, `plan` and `status` do.
#[tokio::test]
async fn planning_is_allowed_nothing_it_does_not_do() {
    let stage = Stage::running("dev").await;
    stage.specs.change(
        "dev",
        "database.main.parameters.max_connections = \"100\"\ndatabase.main.alarms.cpu_percent = 90\nservice.worker.port = 7000\n\
         service.worker.route = { behind = \"web\", paths = [\"/work/*\"] }",
    );
    stage.converge(&[]).await;
    stage.push("v2").await;
    stage.count_anew().await;
    stage.plan(&images("v2")).await;
    assert_eq!(stage.run(&["status"]).await.code, 0);
    let called: BTreeSet<String> =
        stage.sandbox.calls().await.iter().map(|call| call.replace("elbv2:", "elasticloadbalancing:")).collect();
    let policy = stage.policy("plan").await;
    let actions = policy["Statement"].as_array().unwrap().iter().flat_map(|statement| match &statement["Action"] {
        Value::Array(actions) => actions.clone(),
        one => vec![one.clone()],
    });
    let allowed: BTreeSet<String> = actions.map(|action| action.as_str().unwrap().to_owned()).collect();
    let in_vain: Vec<_> = allowed.difference(&called).map(String::as_str).collect();
    // These are asked only where a release command was left running, and by Inspector where it does the scanning.
    assert_eq!(in_vain, ["ec2:DescribeInstanceAttribute", "inspector2:ListCoverage", "inspector2:ListFindings"]);
}

/// The rights of one environment are of no use in another.
#[tokio::test]
async fn another_environment_is_out_of_reach() {
    let stage = Stage::running("prod").await;
    let before = stage.live().await;
    let dev = Stage::new("dev").await;
    let policy = dev.policy("apply").await.to_string().replace(&dev.aws().account, &stage.aws().account);
    let policy: Value = serde_json::from_str(&policy).unwrap();
    stage.sandbox.control("iam", &json!({ "session": "dev", "policies": [policy] })).await;

    // Looking at all kinds begins with what has no names.
    let ended = stage.run_as("dev", &["plan"]).await;
    assert_eq!(ended.code, 1, "{ended:#?}");
    assert!(ended.err.contains("techhub-prod"), "{ended:#?}");

    let aws = stage.clients("dev").await;
    let id = |address: &str| before[address].id.clone();
    let denied = [
        aws.ec2.delete_nat_gateway().nat_gateway_id(id("network.nat_gateway.a")).send().await.is_err(),
        aws.ec2.delete_security_group().group_id(id("service.web.security_group")).send().await.is_err(),
        aws.ec2.delete_launch_template().launch_template_id(id("service.web.launch_template")).send().await.is_err(),
        aws.ec2.create_subnet().vpc_id(id("network.vpc")).cidr_block("10.30.240.0/24").send().await.is_err(),
        aws.iam.delete_role_policy().role_name(id("service.web.role")).policy_name("infra").send().await.is_err(),
        aws.logs.delete_log_group().log_group_name(id("service.web.log_group")).send().await.is_err(),
        aws.ecr.delete_repository().repository_name(id("repository.web")).force(true).send().await.is_err(),
        aws.rds.delete_db_instance().db_instance_identifier(id("database.main.instance")).send().await.is_err(),
        aws.elasticache.delete_replication_group().replication_group_id(id("cache.main.replication_group")).send().await.is_err(),
        aws.elbv2.delete_listener().listener_arn(id("service.web.listener.http")).send().await.is_err(),
        aws.elbv2.delete_load_balancer().load_balancer_arn(id("service.web.load_balancer")).send().await.is_err(),
        aws.autoscaling.delete_auto_scaling_group().auto_scaling_group_name(id("service.web.group")).send().await.is_err(),
        aws.apprunner.delete_service().service_arn(id("service.api.service")).send().await.is_err(),
    ];
    assert!(denied.iter().all(|denied| *denied), "{denied:?}");
    // Each for want of the right, and none for another reason.
    assert!(stage.refused().await.len() >= denied.len(), "{:#?}", stage.refused().await);
    assert_eq!(stage.live().await, before);
}

/// What is made must be called and tagged as the environment's, and what is handed over must be its own.
#[tokio::test]
async fn nothing_is_made_in_another_name() {
    let stage = Stage::running("dev").await;
    stage.bind("apply").await;
    let aws = stage.clients("apply").await;
    let made = stage.live().await;

    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let elsewhere = stage.aws().iam.create_role().role_name("admin").assume_role_policy_document(trust);
    elsewhere.send().await.unwrap();
    let tag = |key: &str, value: &str| aws_sdk_ec2::types::Tag::builder().key(key).value(value).build();
    let tagged = |value: &str| {
        let tags = vec![tag("infra:project", "techhub"), tag("infra:environment", value)];
        aws_sdk_ec2::types::TagSpecification::builder().resource_type("vpc".into()).set_tags(Some(tags)).build()
    };
    let vpc = || aws.ec2.create_vpc().cidr_block("10.99.0.0/16");
    let denied = [
        vpc().send().await.is_err(),
        vpc().tag_specifications(tagged("prod")).send().await.is_err(),
        // What is ours must not become another's, nor the other way round.
        aws.ec2.create_tags().resources(&made["network.vpc"].id).tags(tag("infra:environment", "prod")).send().await.is_err(),
        aws.ec2.create_tags().resources("vpc-00000000000000000").tags(tag("infra:environment", "dev")).send().await.is_err(),
        aws.ecr.create_repository().repository_name("elsewhere").send().await.is_err(),
        aws.logs.create_log_group().log_group_name("/techhub/prod/web").send().await.is_err(),
        aws.iam.create_role().role_name("techhub-dev-x").assume_role_policy_document(trust).send().await.is_err(),
        aws.iam
            .add_role_to_instance_profile()
            .instance_profile_name(&made["service.web.instance_profile"].id)
            .role_name("admin")
            .send()
            .await
            .is_err(),
        aws.iam
            .attach_role_policy()
            .role_name(&made["service.web.role"].id)
            .policy_arn("arn:aws:iam::aws:policy/AdministratorAccess")
            .send()
            .await
            .is_err(),
        aws.ssm.put_parameter().name("/techhub/secret-key").value("x").send().await.is_err(),
    ];
    assert!(denied.iter().all(|denied| *denied), "{denied:?}");
    assert_eq!(stage.refused().await.len(), denied.len(), "{:#?}", stage.refused().await);
    assert!(vpc().tag_specifications(tagged("dev")).send().await.is_ok(), "and what is called ours is made");
}

/// The rights to write end where the spec does: what it has no need of cannot be made, and can be deleted when it left.
#[tokio::test]
async fn only_what_the_spec_asks_for_can_be_made() {
    let stage = Stage::new("dev").await;
    stage.specs.change("dev", "cache = \"absent\"\n[service.web]\nconnects = []\n[service.worker]\nconnects = []");
    let policy = stage.policy("apply").await.to_string();
    assert!(!policy.contains("elasticache:Create") && policy.contains("elasticache:DeleteReplicationGroup"), "{policy}");
    assert!(policy.contains("rds:CreateDBInstance") && !policy.contains("elasticache.amazonaws.com"), "{policy}");
}
