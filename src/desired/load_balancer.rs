//! A load balancer with its security group, target group and listeners.

use std::collections::BTreeSet;

use super::builder::{Builder, vpc};
use super::connections::everything_out;
use super::network::subnets;
use super::rules;
use crate::aws::ec2::security_group::{Peer, Rule, SecurityGroup};
use crate::aws::elbv2::action::Action;
use crate::aws::elbv2::listener::Listener;
use crate::aws::elbv2::load_balancer::LoadBalancer;
use crate::aws::elbv2::target_group::TargetGroup;
use crate::graph::{Address, Input, Wanted};
use crate::spec;

/// TLS 1.2 and 1.3, what AWS recommends ("Security policies for your Application Load Balancer").
const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/// What the instances behind a load balancer need to know of it.
pub(super) struct Front {
    /// The security group that requests come from.
    pub(super) security_group: Address,
    /// Where instances register.
    pub(super) target_group: Address,
    /// Without a listener, no instance would ever be healthy.
    pub(super) listeners: Vec<Address>,
}

/// What stands before a service: its own load balancer, or the way through that of another one.
pub(super) fn build(builder: &mut Builder<'_>, name: &str, service: &spec::Service) -> Option<Front> {
    let port = service.port?;
    let environment = builder.environment;
    let (owner, wanted) = environment.front(name)?;
    if owner == name {
        balancer(builder, name, wanted);
    }
    target_group(builder, name, service, port, owner);
    if owner == name {
        listeners(builder, name, wanted);
    }
    Some(Front {
        security_group: security_group_address(owner),
        target_group: target_group_address(name),
        listeners: listener_addresses(owner, wanted),
    })
}

/// The load balancer itself, and who may reach it.
fn balancer(builder: &mut Builder<'_>, name: &str, wanted: &spec::LoadBalancer) {
    let network = builder.environment.network.map(|network| network.cidr.to_string());
    let everybody = network.filter(|_| !wanted.public).unwrap_or_else(|| "0.0.0.0/0".into());
    let from = if wanted.public { "from the internet" } else { "from the network" };
    let all = if wanted.allow.is_empty() {
        vec![(everybody, from)]
    } else {
        wanted.allow.iter().map(|range| (range.to_string(), "from where it is allowed")).collect()
    };
    let ports: &[u16] = if wanted.certificate.is_some() { &[80, 443] } else { &[80] };
    let open = |(range, description): &(String, &str)| {
        let rule = |&port: &u16| Rule {
            protocol: "tcp".into(),
            from_port: port.into(),
            to_port: port.into(),
            peer: Peer::Cidr(range.clone()),
            description: (*description).into(),
        };
        ports.iter().map(rule).collect::<Vec<_>>()
    };
    let security_group = SecurityGroup::<Wanted> {
        name: builder.name(&[name, "load-balancer"], 255),
        description: format!("service.{name}: who may reach its load balancer"),
        vpc: vpc(),
        ingress: all.iter().flat_map(open).collect(),
        egress: everything_out(),
    };
    let security_group = builder.add::<SecurityGroup>(security_group_address(name), &security_group);

    let load_balancer = LoadBalancer::<Wanted> {
        name: builder.name(&[name], 32),
        vpc: vpc(),
        scheme: if wanted.public { "internet-facing" } else { "internal" }.into(),
        subnets: subnets(builder, if wanted.public { "public" } else { "private" }),
        security_groups: BTreeSet::from([Input::output(&security_group, "id")]),
        idle_timeout_seconds: u32::try_from(wanted.idle_timeout.as_secs()).unwrap_or(u32::MAX),
        drop_invalid_headers: true,
        deletion_protection: None,
    };
    builder.add::<LoadBalancer>(address(name), &load_balancer);
    if wanted.public {
        // ELB refuses an internet-facing load balancer in a network without an internet gateway.
        builder.last().after.push(Address::of(&["network", "internet_gateway"]));
    }
}

fn target_group(builder: &mut Builder<'_>, name: &str, service: &spec::Service, port: u16, owner: &str) {
    let target_group = TargetGroup::<Wanted> {
        name: builder.name(&[name], 32),
        vpc: vpc(),
        port,
        load_balancer: Input::output(&address(owner), "arn"),
        health_check_path: service.health_check.clone().unwrap_or_else(|| "/".into()),
        health_check_interval_seconds: 15,
        health_check_timeout_seconds: 5,
        healthy_threshold: 2,
        unhealthy_threshold: 3,
        health_check_codes: "200".into(),
        deregistration_delay_seconds: 30,
    };
    builder.add::<TargetGroup>(target_group_address(name), &target_group);
}

/// Port 80, or 443 and a way there from 80.
fn listeners(builder: &mut Builder<'_>, name: &str, wanted: &spec::LoadBalancer) {
    let arn = Input::output(&address(name), "arn");
    let forward = Action::Forward(Input::output(&target_group_address(name), "arn"));
    let rules = rules::of(builder.environment, name);
    let plain = |action, rules| Listener::<Wanted> {
        load_balancer: arn.clone(),
        port: 80,
        protocol: "HTTP".into(),
        certificate: String::new(),
        tls_policy: String::new(),
        action,
        rules,
    };
    let Some(certificate) = &wanted.certificate else {
        builder.add::<Listener>(listener_address(name, "http"), &plain(forward, rules));
        return;
    };
    let https = Listener::<Wanted> {
        load_balancer: arn.clone(),
        port: 443,
        protocol: "HTTPS".into(),
        certificate: certificate.clone(),
        tls_policy: TLS_POLICY.into(),
        action: forward,
        rules,
    };
    let https = builder.add::<Listener>(listener_address(name, "https"), &https);
    builder.add::<Listener>(listener_address(name, "http"), &plain(Action::RedirectToHttps(443), Vec::new()));
    // Nobody is sent to a port before somebody listens there.
    builder.last().after.push(https);
}

fn listener_addresses(owner: &str, wanted: &spec::LoadBalancer) -> Vec<Address> {
    let https = wanted.certificate.is_some().then(|| listener_address(owner, "https"));
    https.into_iter().chain([listener_address(owner, "http")]).collect()
}

fn listener_address(owner: &str, scheme: &str) -> Address {
    Address::of(&["service", owner, "listener", scheme])
}

fn security_group_address(owner: &str) -> Address {
    Address::of(&["service", owner, "load_balancer_security_group"])
}

/// The address of a service's load balancer.
pub(super) fn address(service: &str) -> Address {
    Address::of(&["service", service, "load_balancer"])
}

/// The address of the target group of a service.
pub(super) fn target_group_address(service: &str) -> Address {
    Address::of(&["service", service, "target_group"])
}
