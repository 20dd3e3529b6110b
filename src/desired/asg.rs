//! A service on instances: an Auto Scaling group, with or without a load balancer in front.

use std::collections::BTreeSet;

use super::builder::{Builder, vpc};
use super::connections::{self, everything_out};
use super::load_balancer::{self, Front};
use super::network::{side_of_instances, subnets, ways_out};
use super::{policies, release};
use crate::aws::autoscaling::group::Group;
use crate::aws::ec2::launch_template::{Container, LaunchTemplate};
use crate::aws::ec2::security_group::{Peer, Rule, SecurityGroup};
use crate::aws::ec2::user_data;
use crate::aws::iam::instance_profile::InstanceProfile;
use crate::aws::logs::log_group::LogGroup;
use crate::graph::{Address, Input, Wanted};
use crate::spec::{Deploy, Instances, Service};
use crate::values::architecture::Architecture;
use crate::values::duration::Duration;

/// Seconds that a new instance is given before its health counts: it installs a container runtime and pulls an image.
const GRACE: u32 = 300;

pub(super) fn build(builder: &mut Builder<'_>, name: &str, service: &Service, instances: &Instances, deploy: &Deploy) {
    let part = |part: &str| Address::of(&["service", name, part]);
    let front = load_balancer::build(builder, name, service);

    let from_front = front.as_ref().zip(service.port).map(|(front, port)| Rule {
        protocol: "tcp".into(),
        from_port: port.into(),
        to_port: port.into(),
        peer: Peer::Group(Input::output(&front.security_group, "id")),
        description: "from the load balancer".into(),
    });
    let security_group = SecurityGroup::<Wanted> {
        name: builder.name(&[name, "instances"], 255),
        description: format!("service.{name}: who may reach its instances"),
        vpc: vpc(),
        ingress: from_front.into_iter().collect(),
        egress: everything_out(),
    };
    let security_group = builder.add::<SecurityGroup>(part("security_group"), &security_group);

    let logs = format!("/{}/{}/{name}", builder.environment.project, builder.environment.environment);
    let log_group = LogGroup { name: logs.clone(), retention_days: i32::try_from(service.log_days).unwrap_or(i32::MAX) };
    let log_group = builder.add::<LogGroup>(part("log_group"), &log_group);

    let mut statements = BTreeSet::from(policies::pull(service));
    statements.insert(policies::write_logs(builder, &logs));
    statements.extend(policies::read_secrets(builder, service));
    statements.extend((!deploy.overlap).then(policies::see_instances));
    let role_name = builder.name(&[name, "instance"], 64);
    let role = policies::role(builder, part("role"), role_name.clone(), "ec2.amazonaws.com", statements);
    let profile = InstanceProfile::<Wanted> { name: role_name, role: Input::output(&role, "name") };
    let profile = builder.add::<InstanceProfile>(part("instance_profile"), &profile);

    let alone_as = if deploy.overlap { String::new() } else { name_of_instances(builder, name) };
    let container = Container { alone_as, ..container(builder, name, service, &log_group) };
    let template = launch_template(builder, name, instances, &security_group, &profile, container.clone());
    release::build(builder, name, service, &template, &security_group, container);
    group(builder, name, instances, deploy, &template, front);
}

fn container(builder: &Builder<'_>, name: &str, service: &Service, log_group: &Address) -> Container<Wanted> {
    Container {
        image: builder.image(name).unwrap_or_default(),
        command: service.command.clone(),
        port: service.port,
        environment: connections::variables(builder, service),
        secrets: service.secrets.iter().map(|(name, secret)| (name.clone(), secret.to_string().into())).collect(),
        log_group: Input::output(log_group, "name"),
        alone_as: String::new(),
        script: user_data::version(),
    }
}

fn launch_template(
    builder: &mut Builder<'_>,
    name: &str,
    instances: &Instances,
    security_group: &Address,
    profile: &Address,
    container: Container<Wanted>,
) -> Address {
    let address = Address::of(&["service", name, "launch_template"]);
    let mut instance_tags = builder.environment.tags.clone();
    instance_tags.insert("Name".into(), name_of_instances(builder, name));
    let template = LaunchTemplate::<Wanted> {
        name: builder.name(&[name], 128),
        image_id: machine_image(builder, name, instances),
        instance_type: instances.instance_type.clone(),
        security_groups: BTreeSet::from([Input::output(security_group, "id")]),
        instance_profile: Input::output(profile, "arn"),
        disk_gib: instances.disk_gib,
        public_address: side_of_instances(builder) == "public",
        imdsv2_required: true,
        detailed_monitoring: true,
        instance_tags,
        container,
    };
    let address = builder.add::<LaunchTemplate>(address, &template);
    builder.hold_image(name);
    address
}

fn group(
    builder: &mut Builder<'_>,
    name: &str,
    instances: &Instances,
    deploy: &Deploy,
    template: &Address,
    front: Option<Front>,
) {
    let side = side_of_instances(builder);
    let group = Group::<Wanted> {
        name: builder.name(&[name], 255),
        vpc: vpc(),
        subnets: subnets(builder, side),
        launch_template: Input::output(template, "id"),
        launch_template_version: Input::output(template, "version"),
        min: instances.min,
        max: instances.max,
        target_groups: front.iter().map(|front| Input::output(&front.target_group, "arn")).collect(),
        health_check: if front.is_some() { "ELB" } else { "EC2" }.into(),
        health_check_grace_seconds: GRACE,
        warmup_seconds: seconds(deploy.warmup),
        cpu_target_percent: instances.cpu_target_percent.unwrap_or_default().into(),
        min_healthy_percent: deploy.least_percent(),
        max_healthy_percent: deploy.most_percent(),
        checkpoint_percents: deploy.checkpoint_percent.clone(),
        checkpoint_delay_seconds: (!deploy.checkpoint_percent.is_empty()).then(|| seconds(deploy.checkpoint_delay)),
        alarms: deploy.alarms.iter().cloned().collect(),
        // Known once those of the service are built.
        own_alarms: BTreeSet::new(),
    };
    builder.add::<Group>(group_address(name), &group);
    let (ways_out, releases) = (ways_out(builder, side), release::before(builder, name));
    let after = &mut builder.last().after;
    after.extend(ways_out);
    after.extend(releases);
    after.extend(front.into_iter().flat_map(|front| front.listeners));
}

/// The tag `Name` of the instances of a service.
fn name_of_instances(builder: &Builder<'_>, name: &str) -> String {
    builder.name(&[name], 255)
}

/// A length of time as Auto Scaling counts it; what a spec may say has been checked.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// The address of a service's group.
pub(super) fn group_address(service: &str) -> Address {
    Address::of(&["service", service, "group"])
}

/// The machine image: the one written, else the one in use, else the newest. A newer one is no reason to replace instances.
fn machine_image(builder: &Builder<'_>, name: &str, instances: &Instances) -> String {
    let architecture = Architecture::of(&instances.instance_type);
    let in_use = builder.facts.running.get(name).and_then(|running| running.machine.as_ref());
    let in_use = in_use.filter(|(_, instance_type)| Architecture::of(instance_type) == architecture);
    let newest = || builder.facts.machine_images.get(&architecture).cloned().unwrap_or_default();
    instances.ami.clone().or_else(|| in_use.map(|(image, _)| image.clone())).unwrap_or_else(newest)
}
