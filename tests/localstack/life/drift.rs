//! What people change in AWS behind the spec's back: the plan sees it, says so, and puts it right.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{RequestLaunchTemplateData, Tag};
use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum, FixedResponseActionConfig};
use infra::graph::Live;

use super::Stage;

/// The identifiers of what is live, by address.
pub(super) struct Ids(BTreeMap<String, Live>);

impl Ids {
    pub(super) async fn of(stage: &Stage) -> Self {
        Self(stage.live().await)
    }

    pub(super) fn id(&self, address: &str) -> &str {
        &self.live(address).id
    }

    fn output(&self, address: &str, name: &str) -> &str {
        &self.live(address).outputs[name]
    }

    fn live(&self, address: &str) -> &Live {
        self.0.get(address).unwrap_or_else(|| panic!("{address} is not there: {:?}", self.0.keys()))
    }
}

/// The plan says exactly this, once AWS is done with what people did; applied, nothing is left to do.
pub(super) async fn seen_and_put_right<const N: usize>(stage: &Stage, expected: [&str; N]) {
    stage.at_rest().await;
    let plan = stage.plan(&[]).await;
    assert_eq!(plan.says(), expected.map(str::to_owned).into(), "{plan:#?}");
    stage.apply(&plan).await;
    stage.is_settled().await;
}

#[tokio::test]
async fn of_the_network() {
    let stage = Stage::made("dev").await;
    let (aws, ids) = (stage.aws(), Ids::of(&stage).await);
    let ec2 = &aws.ec2;

    // Somebody lets the world in.
    let open = ec2.authorize_security_group_ingress().group_id(ids.id("database.main.security_group"));
    open.ip_protocol("tcp").from_port(5432).to_port(5432).cidr_ip("0.0.0.0/0").send().await.unwrap();
    // A rule of ours goes; one is described in other words.
    let rule = ids.live("cache.main.security_group");
    let web = ids.id("service.web.security_group");
    let pair = aws_sdk_ec2::types::UserIdGroupPair::builder().group_id(web).build();
    let permission = aws_sdk_ec2::types::IpPermission::builder().ip_protocol("tcp").from_port(6379).to_port(6379);
    let close =
        ec2.revoke_security_group_ingress().group_id(&rule.id).ip_permissions(permission.user_id_group_pairs(pair).build());
    close.send().await.unwrap();
    // A private subnet loses its way out, another its table.
    let table = ids.id("network.route_table.private-a");
    ec2.delete_route().route_table_id(table).destination_cidr_block("0.0.0.0/0").send().await.unwrap();
    let tables = ec2.describe_route_tables().route_table_ids(ids.id("network.route_table.private-b")).send().await.unwrap();
    let association = tables.route_tables()[0].associations()[0].route_table_association_id().unwrap();
    ec2.disassociate_route_table().association_id(association).send().await.unwrap();
    // Public subnets begin to hand out addresses; a tag is gone, another one is edited; names stop working.
    let hand_out = aws_sdk_ec2::types::AttributeBooleanValue::builder().value(true).build();
    let subnet = ids.id("network.subnet.public-a");
    ec2.modify_subnet_attribute().subnet_id(subnet).map_public_ip_on_launch(hand_out).send().await.unwrap();
    let tag = |key: &str| Tag::builder().key(key);
    ec2.delete_tags().resources(ids.id("network.subnet.private-a")).tags(tag("owner").build()).send().await.unwrap();
    let edited = tag("Name").value("mine").build();
    ec2.create_tags().resources(ids.id("network.internet_gateway")).tags(edited).send().await.unwrap();
    let off = aws_sdk_ec2::types::AttributeBooleanValue::builder().value(false).build();
    ec2.modify_vpc_attribute().vpc_id(ids.id("network.vpc")).enable_dns_hostnames(off).send().await.unwrap();
    // The endpoint serves one table less.
    let endpoint = ec2.modify_vpc_endpoint().vpc_endpoint_id(ids.id("network.s3_endpoint"));
    endpoint.remove_route_table_ids(table).send().await.unwrap();

    seen_and_put_right(
        &stage,
        [
            "update cache.main.security_group: ingress (changed_in_aws)",
            "update database.main.security_group: ingress (changed_in_aws)",
            "update network.internet_gateway: tags (changed_in_aws)",
            "update network.route_table.private-a: routes (changed_in_aws)",
            "update network.route_table.private-b: subnets (changed_in_aws)",
            "update network.s3_endpoint: route_tables (changed_in_aws)",
            "update network.subnet.private-a: tags (changed_in_aws)",
            "update network.subnet.public-a: public_addresses (changed_in_aws)",
            "update network.vpc: dns_hostnames (changed_in_aws)",
        ],
    )
    .await;
}

#[tokio::test]
async fn of_the_network_by_deletion() {
    let stage = Stage::made("dev").await;
    let (ec2, ids) = (&stage.aws().ec2, Ids::of(&stage).await);
    ec2.delete_nat_gateway().nat_gateway_id(ids.id("network.nat_gateway.a")).send().await.unwrap();
    ec2.delete_vpc_endpoints().vpc_endpoint_ids(ids.id("network.s3_endpoint")).send().await.unwrap();
    seen_and_put_right(
        &stage,
        [
            "create network.nat_gateway.a (deleted_in_aws)",
            "create network.s3_endpoint (deleted_in_aws)",
            "update network.route_table.private-a: routes (reference_changed)",
            "update network.route_table.private-b: routes (reference_changed)",
        ],
    )
    .await;
}

#[tokio::test]
async fn of_what_runs() {
    let stage = Stage::running("dev").await;
    let (aws, ids) = (stage.aws(), Ids::of(&stage).await);

    // A limit is moved, a scaling policy deleted, an attribute of the load balancer turned off, a health check relaxed.
    let group = ids.id("service.web.group");
    aws.autoscaling.update_auto_scaling_group().auto_scaling_group_name(group).max_size(7).send().await.unwrap();
    let worker = ids.id("service.worker.group");
    let policies = aws.autoscaling.describe_policies().auto_scaling_group_name(worker).send().await.unwrap();
    let policy = policies.scaling_policies()[0].policy_name().unwrap();
    aws.autoscaling.delete_policy().auto_scaling_group_name(worker).policy_name(policy).send().await.unwrap();
    let attribute = aws_sdk_elasticloadbalancingv2::types::LoadBalancerAttribute::builder().key("idle_timeout.timeout_seconds");
    let load_balancer = ids.id("service.web.load_balancer");
    let modify = aws.elbv2.modify_load_balancer_attributes().load_balancer_arn(load_balancer);
    modify.attributes(attribute.value("300").build()).send().await.unwrap();
    let target_group = ids.id("service.web.target_group");
    aws.elbv2.modify_target_group().target_group_arn(target_group).health_check_path("/").send().await.unwrap();
    // A listener answers by itself.
    let fixed = FixedResponseActionConfig::builder().status_code("503").build();
    let answer = Action::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(fixed).build();
    let listener = ids.id("service.web.listener.http");
    aws.elbv2.modify_listener().listener_arn(listener).default_actions(answer).send().await.unwrap();
    // A version of a launch template, made by hand.
    let template = aws.ec2.create_launch_template_version().launch_template_id(ids.id("service.worker.launch_template"));
    let larger = RequestLaunchTemplateData::builder().instance_type("m5.large".into()).build();
    template.source_version("1").launch_template_data(larger).send().await.unwrap();
    // App Runner logs more than it was told to, and more of it runs.
    let api = ids.id("service.api.service");
    let described = aws.apprunner.describe_service().service_arn(api).send().await.unwrap();
    let mut source = described.service().unwrap().source_configuration().unwrap().clone();
    let image = source.image_repository.as_mut().unwrap().image_configuration.as_mut().unwrap();
    image.runtime_environment_variables.as_mut().unwrap().insert("LOG_LEVEL".into(), "debug".into());
    aws.apprunner.update_service().service_arn(api).source_configuration(source).send().await.unwrap();

    seen_and_put_right(
        &stage,
        [
            "update service.api.service: environment (changed_in_aws)",
            "update service.web.group: max (changed_in_aws)",
            "update service.web.listener.http: action (changed_in_aws)",
            "update service.web.load_balancer: idle_timeout_seconds (changed_in_aws)",
            "update service.web.target_group: health_check_path (changed_in_aws)",
            "update service.worker.group: cpu_target_percent launch_template_version (changed_in_aws)",
            "update service.worker.launch_template: instance_type (changed_in_aws)",
        ],
    )
    .await;
}

#[tokio::test]
async fn of_what_runs_by_deletion() {
    let stage = Stage::running("dev").await;
    let (aws, ids) = (stage.aws(), Ids::of(&stage).await);
    aws.elbv2.delete_load_balancer().load_balancer_arn(ids.id("service.web.load_balancer")).send().await.unwrap();
    let worker = ids.id("service.worker.group");
    let delete = aws.autoscaling.delete_auto_scaling_group().auto_scaling_group_name(worker).force_delete(true);
    delete.send().await.unwrap();
    let configuration = ids.output("service.api.auto_scaling_configuration", "arn");
    // In use: AWS refuses.
    let delete = aws.apprunner.delete_auto_scaling_configuration().auto_scaling_configuration_arn(configuration);
    assert!(delete.send().await.is_err());
    seen_and_put_right(
        &stage,
        [
            // Its group came later than the target group, which therefore does not remember it.
            "create service.web.listener.http (new)",
            "create service.web.load_balancer (deleted_in_aws)",
            "create service.worker.group (deleted_in_aws)",
            "update service.web.target_group: load_balancer (reference_changed)",
        ],
    )
    .await;
}

#[tokio::test]
async fn of_permissions_and_logs() {
    let stage = Stage::running("dev").await;
    let (aws, ids) = (stage.aws(), Ids::of(&stage).await);
    let everything = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    // Ours edited, one beside it, a managed one attached, and another who may assume a role.
    let put = |role: &str, name: &str| {
        aws.iam.put_role_policy().role_name(ids.id(role)).policy_name(name).policy_document(everything).send()
    };
    put("service.web.role", "infra").await.unwrap();
    put("service.worker.role", "mine").await.unwrap();
    let policy = aws.iam.create_policy().policy_name("more").policy_document(everything).send().await.unwrap();
    let arn = policy.policy().unwrap().arn().unwrap();
    aws.iam.attach_role_policy().role_name(ids.id("service.api.role")).policy_arn(arn).send().await.unwrap();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},
        "Action":"sts:AssumeRole"}]}"#;
    let role = ids.id("service.api.access_role");
    aws.iam.update_assume_role_policy().role_name(role).policy_document(trust).send().await.unwrap();
    // The profile of the web instances is empty now; logs are kept for a day; nothing is expired or scanned any more.
    let profile = ids.id("service.web.instance_profile");
    let remove = aws.iam.remove_role_from_instance_profile().instance_profile_name(profile);
    remove.role_name(ids.id("service.web.role")).send().await.unwrap();
    let logs = ids.id("service.web.log_group");
    aws.logs.put_retention_policy().log_group_name(logs).retention_in_days(1).send().await.unwrap();
    aws.ecr.delete_lifecycle_policy().repository_name("techhub-dev/web").send().await.unwrap();
    let scanning = aws_sdk_ecr::types::ImageScanningConfiguration::builder().scan_on_push(false).build();
    let scan = aws.ecr.put_image_scanning_configuration().repository_name("techhub-dev/api");
    scan.image_scanning_configuration(scanning).send().await.unwrap();

    seen_and_put_right(
        &stage,
        [
            "update repository.api: scan_on_push (changed_in_aws)",
            "update repository.web: keep_images (changed_in_aws)",
            "update service.api.access_role: trust (changed_in_aws)",
            "update service.api.role: managed_policies (changed_in_aws)",
            "update service.web.instance_profile: role (changed_in_aws)",
            "update service.web.log_group: retention_days (changed_in_aws)",
            "update service.web.role: policies (changed_in_aws)",
            "update service.worker.role: policies (changed_in_aws)",
        ],
    )
    .await;
}

#[tokio::test]
async fn of_what_holds_data() {
    let stage = Stage::made("dev").await;
    let (aws, ids) = (stage.aws(), Ids::of(&stage).await);
    let database = ids.id("database.main.instance");
    let modify = aws.rds.modify_db_instance().db_instance_identifier(database).apply_immediately(true);
    modify.db_instance_class("db.t4g.large").backup_retention_period(3).deletion_protection(true).send().await.unwrap();
    let cache = ids.id("cache.main.replication_group");
    let modify = aws.elasticache.modify_replication_group().replication_group_id(cache).apply_immediately(true);
    modify.cache_node_type("cache.t4g.small").send().await.unwrap();
    let tags = aws_sdk_rds::types::Tag::builder().key("owner").value("me").build();
    let arn = ids.output("database.main.subnet_group", "arn");
    aws.rds.add_tags_to_resource().resource_name(arn).tags(tags).send().await.unwrap();
    let subnets = aws.elasticache.modify_cache_subnet_group().cache_subnet_group_name(ids.id("cache.main.subnet_group"));
    subnets.subnet_ids(ids.id("network.subnet.private-a")).subnet_ids(ids.id("network.subnet.public-a")).send().await.unwrap();

    seen_and_put_right(
        &stage,
        [
            "update cache.main.replication_group: node (changed_in_aws)",
            "update cache.main.subnet_group: subnets (changed_in_aws)",
            "update database.main.instance: backup_days class deletion_protection (changed_in_aws)",
            "update database.main.subnet_group: tags (changed_in_aws)",
        ],
    )
    .await;
}
