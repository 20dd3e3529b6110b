//! A service on App Runner, reaching the private network through a VPC connector where it connects to something there.

use std::collections::BTreeSet;

use super::builder::{Builder, vpc};
use super::connections::{self, everything_out};
use super::network::{subnets, ways_out};
use super::{policies, release};
use crate::aws::apprunner::auto_scaling_configuration::AutoScalingConfiguration;
use crate::aws::apprunner::service::Service;
use crate::aws::apprunner::vpc_connector::VpcConnector;
use crate::aws::ec2::security_group::SecurityGroup;
use crate::graph::{Address, Input, Wanted};
use crate::spec::{self, Cpu, Scaling};
use crate::values::secret_ref::SecretRef;

pub(super) fn build(builder: &mut Builder<'_>, name: &str, service: &spec::Service, cpu: Cpu, memory_gib: f64, scaling: Scaling) {
    let part = |part: &str| Address::of(&["service", name, part]);
    let inside = !service.connects.is_empty();
    let connector = inside.then(|| connector(builder, name));

    let access_name = builder.name(&[name, "access"], 64);
    let pull = BTreeSet::from(policies::pull_by_app_runner(service));
    let access = policies::role(builder, part("access_role"), access_name, "build.apprunner.amazonaws.com", pull);
    let role_name = builder.name(&[name, "instance"], 64);
    let read = policies::read_secrets(builder, service).into_iter().collect();
    let role = policies::role(builder, part("role"), role_name, "tasks.apprunner.amazonaws.com", read);

    let configuration = AutoScalingConfiguration {
        name: builder.name(&[name], 32),
        min: scaling.min,
        max: scaling.max,
        concurrency: scaling.concurrency,
    };
    let configuration = builder.add::<AutoScalingConfiguration>(part("auto_scaling_configuration"), &configuration);

    let arn = |secret: &SecretRef| match secret {
        SecretRef::Parameter { name } => policies::parameter_arn(builder, name),
        SecretRef::Secret { id, json_key } => {
            let arn = if id.starts_with("arn:") { id.clone() } else { policies::secret_arn(builder, id) };
            json_key.as_ref().map_or_else(|| arn.clone(), |key| format!("{arn}:{key}::"))
        }
    };
    let secrets = service.secrets.iter().map(|(variable, secret)| (variable.clone(), arn(secret).into())).collect();
    let wanted = Service::<Wanted> {
        name: builder.name(&[name], 40),
        image: builder.image(name).unwrap_or_default(),
        port: service.port.unwrap_or(8080),
        command: service.command.join(" "),
        environment: connections::variables(builder, service),
        secrets,
        cpu: cpu.units(),
        memory_mib: mib(memory_gib),
        access_role: Input::output(&access, "arn"),
        instance_role: Input::output(&role, "arn"),
        vpc_connector: connector.iter().map(|connector| Input::output(connector, "arn")).collect(),
        auto_scaling_configuration: Input::output(&configuration, "arn"),
        health_check_path: service.health_check.clone().unwrap_or_default(),
        automatic_deployments: false,
    };
    builder.add::<Service>(address(name), &wanted);
    builder.hold_image(name);
    let mut after = if inside { ways_out(builder, "private") } else { Vec::new() };
    after.extend(release::before(builder, name));
    builder.last().after.extend(after);
}

fn connector(builder: &mut Builder<'_>, name: &str) -> Address {
    let security_group = SecurityGroup::<Wanted> {
        name: builder.name(&[name, "connector"], 255),
        description: format!("service.{name}: where its traffic comes from"),
        vpc: vpc(),
        ingress: BTreeSet::new(),
        egress: everything_out(),
    };
    let security_group = builder.add::<SecurityGroup>(connections::security_group(name), &security_group);
    let connector = VpcConnector::<Wanted> {
        name: builder.name(&[name], 40),
        subnets: subnets(builder, "private"),
        security_groups: BTreeSet::from([Input::output(&security_group, "id")]),
    };
    builder.add::<VpcConnector>(Address::of(&["service", name, "vpc_connector"]), &connector)
}

/// The address of a service on App Runner.
pub(super) fn address(service: &str) -> Address {
    Address::of(&["service", service, "service"])
}

/// App Runner answers in MiB, whatever it was asked in.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the sizes App Runner offers are from 0.5 to 12 GiB")]
fn mib(gib: f64) -> u32 {
    (gib * 1024.0) as u32
}
