//! Everything that an account holds, ours or not: what a run that was cut off may have left behind is in nobody's graph.

use std::fmt::Display;

use aws_sdk_ec2::types::{Filter, NatGatewayState, Tag};
use serde_json::json;

use super::super::Stage;

/// What there is, each by its kind and what does not differ from account to account.
struct Census(Vec<String>);

impl Census {
    /// Counts these.
    fn add(&mut self, kind: &str, found: impl IntoIterator<Item = impl Display>) {
        self.0.extend(found.into_iter().map(|one| format!("{kind} {one}")));
    }
}

impl Stage {
    /// Everything in the account, sorted; what is there twice is listed twice.
    pub(super) async fn census(&self) -> Vec<String> {
        let mut census = Census(Vec::new());
        self.network(&mut census).await;
        self.instances(&mut census).await;
        self.names(&mut census).await;
        self.stores(&mut census).await;
        self.services(&mut census).await;
        census.0.sort();
        census.0
    }

    async fn network(&self, census: &mut Census) {
        let ec2 = &self.aws().ec2;
        let answer = ec2.describe_vpcs().send().await.unwrap();
        census.add("vpc", answer.vpcs().iter().map(|vpc| address(vpc.tags())));
        let answer = ec2.describe_subnets().send().await.unwrap();
        census.add(
            "subnet",
            answer.subnets().iter().map(|subnet| format!("{} {}", subnet.cidr_block().unwrap(), address(subnet.tags()))),
        );
        let answer = ec2.describe_route_tables().send().await.unwrap();
        let table = |table: &aws_sdk_ec2::types::RouteTable| {
            format!("{}: {} routes, {} subnets", address(table.tags()), table.routes().len(), table.associations().len())
        };
        census.add("route table", answer.route_tables().iter().map(table));
        let answer = ec2.describe_internet_gateways().send().await.unwrap();
        let gateway =
            |it: &aws_sdk_ec2::types::InternetGateway| format!("{} attached to {}", address(it.tags()), it.attachments().len());
        census.add("internet gateway", answer.internet_gateways().iter().map(gateway));
        let answer = ec2.describe_nat_gateways().send().await.unwrap();
        let there = answer.nat_gateways().iter().filter(|nat| nat.state() != Some(&NatGatewayState::Deleted));
        census.add("nat gateway", there.map(|nat| address(nat.tags())));
        let answer = ec2.describe_addresses().send().await.unwrap();
        let used = |it: &aws_sdk_ec2::types::Address| format!("{} used: {}", address(it.tags()), it.association_id().is_some());
        census.add("address", answer.addresses().iter().map(used));
        let answer = ec2.describe_network_interfaces().send().await.unwrap();
        let kind = |it: &aws_sdk_ec2::types::NetworkInterface| format!("{:?}", it.interface_type());
        census.add("network interface", answer.network_interfaces().iter().map(kind));
        let answer = ec2.describe_vpc_endpoints().send().await.unwrap();
        census.add("endpoint", answer.vpc_endpoints().iter().map(|endpoint| address(endpoint.tags())));
        let answer = ec2.describe_security_groups().send().await.unwrap();
        let group = |group: &aws_sdk_ec2::types::SecurityGroup| {
            format!(
                "{}: {} in, {} out",
                group.group_name().unwrap(),
                group.ip_permissions().len(),
                group.ip_permissions_egress().len()
            )
        };
        census.add("security group", answer.security_groups().iter().map(group));
    }

    async fn instances(&self, census: &mut Census) {
        let (ec2, elbv2) = (&self.aws().ec2, &self.aws().elbv2);
        let alive = Filter::builder()
            .name("instance-state-name")
            .values("pending")
            .values("running")
            .values("stopping")
            .values("stopped");
        let answer = ec2.describe_instances().filters(alive.build()).send().await.unwrap();
        let instances = answer.reservations().iter().flat_map(aws_sdk_ec2::types::Reservation::instances);
        census.add("instance", instances.map(|instance| address(instance.tags())));
        let answer = ec2.describe_volumes().send().await.unwrap();
        census.add("volume", answer.volumes().iter().map(|volume| format!("{:?}", volume.state())));
        let answer = ec2.describe_launch_templates().send().await.unwrap();
        for template in answer.launch_templates() {
            let versions = ec2.describe_launch_template_versions().launch_template_id(template.launch_template_id().unwrap());
            let versions = versions.send().await.unwrap().launch_template_versions().len();
            // Those that runs left are deleted as new ones come, down to a few.
            census.add(
                "launch template",
                [format!("{} versions over 5: {}", address(template.tags()), versions.saturating_sub(5))],
            );
        }
        let answer = self.aws().autoscaling.describe_auto_scaling_groups().send().await.unwrap();
        let group = |group: &aws_sdk_autoscaling::types::AutoScalingGroup| {
            format!("{} with {} instances", group.auto_scaling_group_name().unwrap(), group.instances().len())
        };
        census.add("group", answer.auto_scaling_groups().iter().map(group));
        let answer = elbv2.describe_load_balancers().send().await.unwrap();
        for balancer in answer.load_balancers() {
            let listeners =
                elbv2.describe_listeners().load_balancer_arn(balancer.load_balancer_arn().unwrap()).send().await.unwrap();
            let mut listens = Vec::new();
            for listener in listeners.listeners() {
                let rules = elbv2.describe_rules().listener_arn(listener.listener_arn().unwrap()).send().await.unwrap();
                listens.push(format!("{} with {} rules", listener.port().unwrap(), rules.rules().len()));
            }
            listens.sort();
            census.add("load balancer", [format!("{} listens on {listens:?}", balancer.load_balancer_name().unwrap())]);
        }
        let answer = elbv2.describe_target_groups().send().await.unwrap();
        census.add("target group", answer.target_groups().iter().filter_map(|group| group.target_group_name()));
    }

    async fn names(&self, census: &mut Census) {
        let aws = self.aws();
        let answer = aws.iam.list_roles().send().await.unwrap();
        for role in answer.roles() {
            let inline = aws.iam.list_role_policies().role_name(role.role_name()).send().await.unwrap();
            let attached = aws.iam.list_attached_role_policies().role_name(role.role_name()).send().await.unwrap();
            let policies = (inline.policy_names().len(), attached.attached_policies().len());
            census.add("role", [format!("{} with {} policies and {} of others", role.role_name(), policies.0, policies.1)]);
        }
        let answer = aws.iam.list_instance_profiles().send().await.unwrap();
        let profile =
            |it: &aws_sdk_iam::types::InstanceProfile| format!("{} with {} roles", it.instance_profile_name(), it.roles().len());
        census.add("instance profile", answer.instance_profiles().iter().map(profile));
        let answer = aws.logs.describe_log_groups().send().await.unwrap();
        census.add("log group", answer.log_groups().iter().filter_map(|group| group.log_group_name()));
        let answer = aws.cloudwatch.describe_alarms().send().await.unwrap();
        census.add("alarm", answer.metric_alarms().iter().filter_map(|alarm| alarm.alarm_name()));
        let answer = aws.secretsmanager.list_secrets().send().await.unwrap();
        // `rds!db-<random>`
        census.add(
            "secret",
            answer.secret_list().iter().map(|secret| secret.name().unwrap().split('-').next().unwrap().to_owned()),
        );
        let answer = self.by_hand("ssm", "AmazonSSM.DescribeParameters", &json!({})).await;
        census.add("parameter", answer["Parameters"].as_array().unwrap().iter().map(|parameter| parameter["Name"].to_string()));
    }

    async fn stores(&self, census: &mut Census) {
        let (rds, elasticache, ecr) = (&self.aws().rds, &self.aws().elasticache, &self.aws().ecr);
        let answer = rds.describe_db_instances().send().await.unwrap();
        census.add("database", answer.db_instances().iter().filter_map(|database| database.db_instance_identifier()));
        let answer = rds.describe_db_subnet_groups().send().await.unwrap();
        census.add("database subnet group", answer.db_subnet_groups().iter().filter_map(|group| group.db_subnet_group_name()));
        let answer = rds.describe_db_parameter_groups().send().await.unwrap();
        census.add(
            "database parameter group",
            answer.db_parameter_groups().iter().filter_map(|group| group.db_parameter_group_name()),
        );
        let answer = rds.describe_db_snapshots().snapshot_type("manual").send().await.unwrap();
        census.add("snapshot of", answer.db_snapshots().iter().filter_map(|snapshot| snapshot.db_instance_identifier()));
        let answer = elasticache.describe_replication_groups().send().await.unwrap();
        census.add("cache", answer.replication_groups().iter().filter_map(|group| group.replication_group_id()));
        let answer = elasticache.describe_cache_subnet_groups().send().await.unwrap();
        census.add("cache subnet group", answer.cache_subnet_groups().iter().filter_map(|group| group.cache_subnet_group_name()));
        let answer = ecr.describe_repositories().send().await.unwrap();
        for repository in answer.repositories() {
            let name = repository.repository_name().unwrap();
            let images = ecr.describe_images().repository_name(name).send().await.unwrap();
            census.add("repository", [format!("{name} with {} images", images.image_details().len())]);
        }
    }

    async fn services(&self, census: &mut Census) {
        let apprunner = &self.aws().apprunner;
        let answer = apprunner.list_services().send().await.unwrap();
        let service =
            |it: &aws_sdk_apprunner::types::ServiceSummary| format!("{} {:?}", it.service_name().unwrap(), it.status().unwrap());
        census.add("service", answer.service_summary_list().iter().map(service));
        let answer = apprunner.list_vpc_connectors().send().await.unwrap();
        census.add("connector", answer.vpc_connectors().iter().filter_map(|connector| connector.vpc_connector_name()));
        let answer = apprunner.list_auto_scaling_configurations().send().await.unwrap();
        let scaling = answer.auto_scaling_configuration_summary_list().iter();
        census.add("scaling", scaling.filter_map(|it| it.auto_scaling_configuration_name()));
    }
}

/// Whose it is, as its tags have it.
fn address(tags: &[Tag]) -> String {
    let ours = tags.iter().find(|tag| tag.key() == Some("infra:address"));
    ours.and_then(Tag::value).unwrap_or("nobody's").to_owned()
}
