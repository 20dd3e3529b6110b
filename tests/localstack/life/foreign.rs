//! Foreign things: whatever others have in the account, under whichever name and whichever tags, is after every run as it was before.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use aws_sdk_ec2::types::{InstanceType, ResourceType, Tag, TagSpecification};
use infra::graph::{Scope, Tags};
use tempfile::TempDir;

use serde_json::json;

use super::specs::Specs;
use super::{Ended, Stage, images};
use crate::kit::Sandbox;

/// Everything in an account, by what AWS calls it, as AWS describes it.
type Seen = BTreeMap<String, String>;

fn note<T: Debug>(seen: &mut Seen, what: &str, things: &[T], id: impl Fn(&T) -> Option<&str>) {
    for thing in things {
        seen.insert(format!("{what} {}", id(thing).unwrap()), format!("{thing:#?}"));
    }
}

/// Notes what a `describe` call of EC2 and its like answers.
macro_rules! describe {
    ($seen:ident, $client:expr, $call:ident, $things:ident, $id:ident) => {
        note(&mut $seen, stringify!($things), $client.$call().send().await.unwrap().$things(), |thing| thing.$id())
    };
}

impl Stage {
    async fn seen(&self) -> Seen {
        let (aws, mut seen) = (self.aws(), Seen::new());
        describe!(seen, aws.ec2, describe_vpcs, vpcs, vpc_id);
        describe!(seen, aws.ec2, describe_subnets, subnets, subnet_id);
        describe!(seen, aws.ec2, describe_security_groups, security_groups, group_id);
        describe!(seen, aws.ec2, describe_route_tables, route_tables, route_table_id);
        describe!(seen, aws.ec2, describe_internet_gateways, internet_gateways, internet_gateway_id);
        describe!(seen, aws.ec2, describe_nat_gateways, nat_gateways, nat_gateway_id);
        describe!(seen, aws.ec2, describe_addresses, addresses, allocation_id);
        describe!(seen, aws.ec2, describe_vpc_endpoints, vpc_endpoints, vpc_endpoint_id);
        describe!(seen, aws.ec2, describe_launch_templates, launch_templates, launch_template_id);
        describe!(seen, aws.ec2, describe_network_interfaces, network_interfaces, network_interface_id);
        describe!(seen, aws.ec2, describe_volumes, volumes, volume_id);
        let instances = aws.ec2.describe_instances().send().await.unwrap();
        for reservation in instances.reservations() {
            note(&mut seen, "instances", reservation.instances(), aws_sdk_ec2::types::Instance::instance_id);
        }
        describe!(seen, aws.autoscaling, describe_auto_scaling_groups, auto_scaling_groups, auto_scaling_group_name);
        describe!(seen, aws.elbv2, describe_load_balancers, load_balancers, load_balancer_name);
        describe!(seen, aws.elbv2, describe_target_groups, target_groups, target_group_name);
        describe!(seen, aws.rds, describe_db_instances, db_instances, db_instance_identifier);
        describe!(seen, aws.rds, describe_db_subnet_groups, db_subnet_groups, db_subnet_group_name);
        describe!(seen, aws.elasticache, describe_replication_groups, replication_groups, replication_group_id);
        describe!(seen, aws.elasticache, describe_cache_subnet_groups, cache_subnet_groups, cache_subnet_group_name);
        describe!(seen, aws.ecr, describe_repositories, repositories, repository_name);
        describe!(seen, aws.logs, describe_log_groups, log_groups, log_group_name);
        describe!(seen, aws.cloudwatch, describe_alarms, metric_alarms, alarm_name);
        describe!(seen, aws.rds, describe_db_parameter_groups, db_parameter_groups, db_parameter_group_name);
        describe!(seen, aws.rds, describe_db_snapshots, db_snapshots, db_snapshot_identifier);
        describe!(seen, aws.secretsmanager, list_secrets, secret_list, name);
        describe!(seen, aws.apprunner, list_vpc_connectors, vpc_connectors, vpc_connector_name);
        self.parts(&mut seen).await;
        let roles = aws.iam.get_account_authorization_details().send().await.unwrap();
        note(&mut seen, "roles", roles.role_detail_list(), aws_sdk_iam::types::RoleDetail::role_name);
        let profiles = aws.iam.list_instance_profiles().send().await.unwrap();
        note(&mut seen, "profiles", profiles.instance_profiles(), |profile| Some(profile.instance_profile_name()));
        seen
    }

    /// What is described by what it is a part of.
    async fn parts(&self, seen: &mut Seen) {
        let aws = self.aws();
        let templates = aws.ec2.describe_launch_templates().send().await.unwrap();
        for id in templates.launch_templates().iter().filter_map(|template| template.launch_template_id()) {
            let versions = aws.ec2.describe_launch_template_versions().launch_template_id(id).send().await.unwrap();
            seen.insert(format!("versions {id}"), format!("{:#?}", versions.launch_template_versions()));
        }
        let balancers = aws.elbv2.describe_load_balancers().send().await.unwrap();
        for arn in balancers.load_balancers().iter().filter_map(|balancer| balancer.load_balancer_arn()) {
            let listeners = aws.elbv2.describe_listeners().load_balancer_arn(arn).send().await.unwrap();
            for listener in listeners.listeners() {
                let arn = listener.listener_arn().unwrap();
                let rules = aws.elbv2.describe_rules().listener_arn(arn).send().await.unwrap();
                seen.insert(format!("listener {arn}"), format!("{listener:#?} {:#?}", rules.rules()));
            }
        }
        let repositories = aws.ecr.describe_repositories().send().await.unwrap();
        for name in repositories.repositories().iter().filter_map(|repository| repository.repository_name()) {
            let images = aws.ecr.describe_images().repository_name(name).send().await.unwrap();
            seen.insert(format!("images {name}"), format!("{:#?}", images.image_details()));
        }
        let services = aws.apprunner.list_services().send().await.unwrap();
        for arn in services.service_summary_list().iter().filter_map(|service| service.service_arn()) {
            let service = aws.apprunner.describe_service().service_arn(arn).send().await.unwrap();
            seen.insert(format!("service {arn}"), format!("{:#?}", service.service()));
        }
        let scaling = aws.apprunner.list_auto_scaling_configurations().send().await.unwrap();
        note(
            seen,
            "scaling",
            scaling.auto_scaling_configuration_summary_list(),
            aws_sdk_apprunner::types::AutoScalingConfigurationSummary::auto_scaling_configuration_arn,
        );
        let parameters = self.by_hand("ssm", "AmazonSSM.DescribeParameters", &json!({})).await;
        for parameter in parameters["Parameters"].as_array().unwrap() {
            // Each run of the environment at hand writes its own lease.
            let name = parameter["Name"].as_str().unwrap();
            if !name.starts_with(&format!("/infra/{}/{}/", self.sandbox.scope.project, self.environment)) {
                seen.insert(format!("parameter {name}"), parameter.to_string());
            }
        }
    }

    /// What was there before is there, and as it was.
    async fn has_still(&self, before: &Seen, when: &str) {
        let now = self.seen().await;
        for (id, was) in before {
            assert_eq!(now.get(id).map_or("gone", String::as_str), was, "{id} {when}");
        }
    }

    /// Another project in the same account, with specs of its own.
    fn project(&self, project: &str, environment: &str) -> Self {
        let specs = Specs::for_account(&self.aws().account);
        let dev = std::fs::read_to_string(specs.folder().join("dev.toml")).unwrap();
        let dev = dev.replace("environment = \"dev\"", &format!("project = \"{project}\"\nenvironment = \"{environment}\""));
        std::fs::write(specs.folder().join("dev.toml"), dev).unwrap();
        let scope = Scope { project: project.into(), environment: environment.into() };
        let sandbox = Sandbox { aws: self.aws().clone(), scope };
        Self { sandbox, specs: Arc::new(specs), environment: environment.into(), home: Arc::new(TempDir::new().unwrap()) }
    }

    /// Pushes an image and has everything run.
    async fn runs_all(&self) {
        self.converge(&[]).await;
        for repository in ["web", "api"] {
            let repository = format!("{}-{}/{repository}", self.sandbox.scope.project, self.environment);
            crate::around::image(self.aws(), &repository, "v1").await;
        }
        self.converge(&images("v1")).await;
        self.at_rest().await;
    }

    async fn is_up(&self, instance: &str) {
        for _ in 0..100 {
            let seen = self.aws().ec2.describe_instances().instance_ids(instance).send().await.unwrap();
            if seen.reservations()[0].instances()[0].state().unwrap().name().unwrap().as_str() == "running" {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{instance} does not start");
    }

    /// Waits until a database is there.
    async fn has(&self, database: &str) {
        for _ in 0..300 {
            let seen = self.aws().rds.describe_db_instances().db_instance_identifier(database).send().await.unwrap();
            if seen.db_instances()[0].db_instance_status() == Some("available") {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{database} does not come");
    }

    /// It stops before it does anything, and says why.
    async fn stops(&self, arguments: &[&str], words: &[&str]) -> Ended {
        let before = self.seen().await;
        self.count_anew().await;
        let ended = self.run(arguments).await;
        assert_eq!(ended.code, 5, "{ended:#?}");
        let said = format!("{}{}", ended.out, ended.err).split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(said.contains(word), "nothing is said of {word}: {ended:#?}");
        }
        let writes = self.writes().await;
        assert!(writes.iter().all(|call| call.starts_with("ssm:")), "{writes:?}");
        self.has_still(&before, "after a run that stopped").await;
        ended
    }
}

/// Names of one begin as names of the other do, or are what a replacement of the other's would be called.
#[tokio::test]
async fn neighbours_with_names_like_ours_are_as_they_were() {
    let dev = Stage::new("dev").await;
    let neighbours = [dev.project("techhub", "dev-2"), dev.project("techhub-dev", "web")];
    for (neighbour, cidr) in neighbours.iter().zip(["10.40.0.0/16", "10.10.0.0/16"]) {
        let file = neighbour.specs.folder().join("dev.toml");
        let spec = std::fs::read_to_string(&file).unwrap().replace("10.10.0.0/16", cidr);
        std::fs::write(file, spec).unwrap();
        neighbour.runs_all().await;
    }
    let theirs = dev.seen().await;
    for name in ["db_instances techhub-dev-2-main", "load_balancers techhub-dev-web-web", "repositories techhub-dev-2/web"] {
        assert!(theirs.contains_key(name), "{name}: {:?}", theirs.keys());
    }

    dev.plan(&[]).await;
    dev.has_still(&theirs, "after a plan").await;
    dev.runs_all().await;
    dev.has_still(&theirs, "after an apply").await;
    dev.specs.change("dev", "[service.web.load_balancer]\npublic = false\n[cache.main]\nnode = \"cache.t4g.small\"");
    dev.converge(&[]).await;
    dev.has_still(&theirs, "after a changed apply").await;
    let staging = dev.beside("staging");
    staging.converge(&[]).await;
    assert_eq!(staging.run(&["promote", "--yes"]).await.code, 0);
    dev.has_still(&theirs, "after a promotion").await;
    let ended = staging.run(&["destroy", "--yes", "--allow", "data-loss"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    let ended = dev.run(&["destroy", "--yes", "--allow", "data-loss"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    dev.has_still(&theirs, "after destroying").await;
    assert_eq!(dev.live().await.len(), 0);
    for neighbour in &neighbours {
        neighbour.is_settled().await;
    }
}

fn tags_of(kind: ResourceType, tags: &Tags) -> TagSpecification {
    let tags = tags.iter().filter(|(key, _)| !key.starts_with("aws:"));
    let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    TagSpecification::builder().resource_type(kind).set_tags(Some(tags)).build()
}

/// Somebody gives our tags, some or all of them, to what we did not make.
#[tokio::test]
async fn what_was_tagged_by_hand_is_not_taken_for_ours() {
    let stage = Stage::made("dev").await;
    let (live, ec2) = (stage.live().await, &stage.aws().ec2);
    let some = |address: &str| stage.sandbox.scope.tags(&address.parse().unwrap());
    let all = |address: &str| live[address].tags.clone();

    let vpc = ec2.create_vpc().cidr_block("10.99.0.0/16").tag_specifications(tags_of(ResourceType::Vpc, &some("network.vpc")));
    let vpc = vpc.send().await.unwrap().vpc().unwrap().vpc_id().unwrap().to_owned();
    let subnet = ec2.create_subnet().vpc_id(&vpc).cidr_block("10.99.1.0/24").availability_zone("us-east-1a");
    let subnet = subnet.tag_specifications(tags_of(ResourceType::Subnet, &all("network.subnet.private-a")));
    let subnet = subnet.send().await.unwrap().subnet().unwrap().subnet_id().unwrap().to_owned();
    let group = ec2.create_security_group().group_name("theirs").description("theirs").vpc_id(&vpc);
    let group = group.tag_specifications(tags_of(ResourceType::SecurityGroup, &all("service.web.security_group")));
    let group = group.send().await.unwrap().group_id().unwrap().to_owned();
    let gone = ec2.create_security_group().group_name("old").description("theirs").vpc_id(&vpc);
    let gone = gone.tag_specifications(tags_of(ResourceType::SecurityGroup, &some("service.old.security_group")));
    let gone = gone.send().await.unwrap().group_id().unwrap().to_owned();
    let image = ec2.describe_images().owners("amazon").send().await.unwrap();
    let image = image.images()[0].image_id().unwrap().to_owned();
    let run =
        ec2.run_instances().image_id(image).instance_type(InstanceType::T3Micro).min_count(1).max_count(1).subnet_id(&subnet);
    let run = run.tag_specifications(tags_of(ResourceType::Instance, &some("service.web.release")));
    let instance = run.send().await.unwrap().instances()[0].instance_id().unwrap().to_owned();
    let tag = |(key, value): (&String, &String)| aws_sdk_iam::types::Tag::builder().key(key).value(value).build().unwrap();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let role = stage.aws().iam.create_role().role_name("techhub-dev-old").assume_role_policy_document(trust);
    role.set_tags(Some(some("service.old.role").iter().map(tag).collect())).send().await.unwrap();
    let tag = |(key, value): (&String, &String)| aws_sdk_ecr::types::Tag::builder().key(key).value(value).build().unwrap();
    let repository = stage.aws().ecr.create_repository().repository_name("techhub-dev/old");
    repository.set_tags(Some(some("repository.old").iter().map(tag).collect())).send().await.unwrap();
    let tag = |(key, value): (&String, &String)| aws_sdk_rds::types::Tag::builder().key(key).value(value).build();
    let database = stage.aws().rds.create_db_instance().db_instance_identifier("techhub-dev-old").engine("postgres");
    let database = database.db_instance_class("db.t4g.micro").allocated_storage(20).master_username("them");
    let database = database.manage_master_user_password(true);
    database.set_tags(Some(some("database.old.instance").iter().map(tag).collect())).send().await.unwrap();
    stage.is_up(&instance).await;
    stage.has("techhub-dev-old").await;

    // Nothing is done to anything, and each is named, with what to do.
    let ours = |address: &str| live[address].id.as_str();
    let rivals =
        [&vpc, ours("network.vpc"), &subnet, ours("network.subnet.private-a"), &group, ours("service.web.security_group")];
    let by_hand = [gone.as_str(), &instance, "service.old.role", "database.old.instance", "techhub-dev-old", "techhub-dev/old"];
    let words = [&rivals[..], &by_hand, &["claim to be network.subnet.private-a", "infra did not make it"]].concat();
    stage.stops(&["plan"], &words).await;
    stage.stops(&["plan", "--destroy"], &words).await;
    stage.stops(&["apply", "--yes"], &["so nothing was done"]).await;
    let allowed = ["--yes", "--allow", "data-loss", "--allow", "unmanaged-neighbour"];
    stage.stops(&[&["destroy"], &allowed[..]].concat(), &["so nothing was done"]).await;
    stage.stops(&[&["destroy", "--only", "network.subnet.private-a"], &allowed[..]].concat(), &["so nothing was done"]).await;
    // What nobody else claims goes on.
    let ended = stage.run(&["destroy", "--yes", "--only", "cache.main", "--allow", "data-loss"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");

    // Without the tags they are nobody's business, and stay when we go.
    for id in [&vpc, &subnet, &group, &gone, &instance] {
        let key = Tag::builder().key("infra:project").build();
        ec2.delete_tags().resources(id.as_str()).tags(key).send().await.unwrap();
    }
    stage.aws().iam.untag_role().role_name("techhub-dev-old").tag_keys("infra:project").send().await.unwrap();
    let arn = format!("arn:aws:ecr:us-east-1:{}:repository/techhub-dev/old", stage.aws().account);
    stage.aws().ecr.untag_resource().resource_arn(arn).tag_keys("infra:project").send().await.unwrap();
    let arn = format!("arn:aws:rds:us-east-1:{}:db:techhub-dev-old", stage.aws().account);
    stage.aws().rds.remove_tags_from_resource().resource_name(arn).tag_keys("infra:project").send().await.unwrap();
    let theirs: Seen = stage
        .seen()
        .await
        .into_iter()
        .filter(|(id, _)| {
            [&vpc, &subnet, &group, &gone, &instance].into_iter().any(|theirs| id.contains(theirs.as_str()))
                || id.ends_with("old")
        })
        .collect();
    assert_eq!(theirs.len(), 9, "{:?}", theirs.keys());
    stage.converge(&[]).await;
    stage.has_still(&theirs, "after an apply").await;
    let ended = stage.run(&["destroy", "--yes", "--allow", "data-loss"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.has_still(&theirs, "after destroying").await;
}

/// Whoever may use our security groups can give them to what is not ours: it is not ours for that.
#[tokio::test]
async fn what_others_have_in_our_network_stays_with_what_it_stands_on() {
    let stage = Stage::running("dev").await;
    let (live, ec2) = (stage.live().await, &stage.aws().ec2);
    let id = |address: &str| live[address].id.as_str();
    let (network, subnet, web) = (id("network.vpc"), id("network.subnet.private-a"), id("service.web.security_group"));
    let image = ec2.describe_images().owners("amazon").send().await.unwrap();
    let image = image.images()[0].image_id().unwrap().to_owned();
    let run = ec2.run_instances().image_id(image).instance_type(InstanceType::T3Micro).min_count(1).max_count(1);
    let run = run.subnet_id(subnet).security_group_ids(web).send().await.unwrap();
    let instance = run.instances()[0].instance_id().unwrap().to_owned();
    let interface = ec2.create_network_interface().subnet_id(subnet).groups(web).description("spare").send().await.unwrap();
    let interface = interface.network_interface().unwrap().network_interface_id().unwrap().to_owned();
    let theirs = ec2.create_subnet().vpc_id(network).cidr_block("10.10.255.0/24").send().await.unwrap();
    let theirs = theirs.subnet().unwrap().subnet_id().unwrap().to_owned();
    let group = ec2.create_security_group().group_name("theirs").description("theirs").vpc_id(network).send().await.unwrap();
    let group = group.group_id().unwrap().to_owned();
    let balancer = stage.aws().elbv2.create_load_balancer().name("another").security_groups(web);
    balancer.subnets(subnet).subnets(id("network.subnet.private-b")).send().await.unwrap();
    stage.at_rest().await;
    stage.is_up(&instance).await;

    // They are in nobody's way as long as what they stand on stays.
    stage.is_settled().await;
    let plan = stage.plan(&["--destroy"]).await;
    let blocked = |address: &str| plan.at(address)["blocked"]["why"].as_str().unwrap_or_default().to_owned();
    for address in ["network.vpc", "network.subnet.private-a", "service.web.security_group"] {
        assert!(blocked(address).contains("not ours"), "{address}: {plan:#?}");
    }
    stage.stops(&["plan", "--destroy"], &[&instance, &interface, &theirs, &group, "ELB app/another/"]).await;
    let words = ["so nothing was done", "infra leaves alone what is not its own"];
    stage.stops(&["destroy", "--yes", "--allow", "data-loss", "--allow", "unmanaged-neighbour"], &words).await;
}
