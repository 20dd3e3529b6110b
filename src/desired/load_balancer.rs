//! A load balancer with its security group, target group and listeners.

use std::collections::BTreeSet;

use super::builder::{Builder, vpc};
use super::connections::everything_out;
use super::network::subnets;
use crate::aws::ec2::security_group::{Peer, Rule, SecurityGroup};
use crate::aws::elbv2::listener::{Action, Listener};
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

pub(super) fn build(
    builder: &mut Builder<'_>,
    name: &str,
    service: &spec::Service,
    port: u16,
    wanted: &spec::LoadBalancer,
) -> Front {
    let part = |part: &str| Address::of(&["service", name, part]);
    let everybody = match &builder.environment.network {
        Some(network) if !wanted.public => network.cidr.to_string(),
        _ => "0.0.0.0/0".into(),
    };
    let ports: &[u16] = if wanted.certificate.is_some() { &[80, 443] } else { &[80] };
    let open = |&port: &u16| Rule {
        protocol: "tcp".into(),
        from_port: port.into(),
        to_port: port.into(),
        peer: Peer::Cidr(everybody.clone()),
        description: if wanted.public { "from the internet" } else { "from the network" }.into(),
    };
    let security_group = SecurityGroup::<Wanted> {
        name: builder.name(&[name, "load-balancer"], 255),
        description: format!("service.{name}: who may reach its load balancer"),
        vpc: vpc(),
        ingress: ports.iter().map(open).collect(),
        egress: everything_out(),
    };
    let security_group = builder.add::<SecurityGroup>(part("load_balancer_security_group"), &security_group);

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
    let load_balancer = builder.add::<LoadBalancer>(address(name), &load_balancer);
    if wanted.public {
        // ELB refuses an internet-facing load balancer in a network without an internet gateway.
        builder.last().after.push(Address::of(&["network", "internet_gateway"]));
    }
    let arn = Input::output(&load_balancer, "arn");

    let target_group = TargetGroup::<Wanted> {
        name: builder.name(&[name], 32),
        vpc: vpc(),
        port,
        load_balancer: arn.clone(),
        health_check_path: service.health_check.clone().unwrap_or_else(|| "/".into()),
        health_check_interval_seconds: 15,
        health_check_timeout_seconds: 5,
        healthy_threshold: 2,
        unhealthy_threshold: 3,
        health_check_codes: "200".into(),
        deregistration_delay_seconds: 30,
    };
    let target_group = builder.add::<TargetGroup>(self::target_group(name), &target_group);
    let forward = Action::Forward(Input::output(&target_group, "arn"));

    let mut listeners = Vec::new();
    let plain = |action| Listener::<Wanted> {
        load_balancer: arn.clone(),
        port: 80,
        protocol: "HTTP".into(),
        certificate: String::new(),
        tls_policy: String::new(),
        action,
    };
    let http = match &wanted.certificate {
        None => plain(forward),
        Some(certificate) => {
            let https = Listener::<Wanted> {
                load_balancer: arn.clone(),
                port: 443,
                protocol: "HTTPS".into(),
                certificate: certificate.clone(),
                tls_policy: TLS_POLICY.into(),
                action: forward,
            };
            listeners.push(builder.add::<Listener>(Address::of(&["service", name, "listener", "https"]), &https));
            plain(Action::RedirectToHttps(443))
        }
    };
    let http = builder.add::<Listener>(Address::of(&["service", name, "listener", "http"]), &http);
    // Nobody is sent to a port before somebody listens there.
    builder.last().after.clone_from(&listeners);
    listeners.push(http);
    Front { security_group, target_group, listeners }
}

/// The address of a service's load balancer.
pub(super) fn address(service: &str) -> Address {
    Address::of(&["service", service, "load_balancer"])
}

/// The address of the target group behind it.
pub(super) fn target_group(service: &str) -> Address {
    Address::of(&["service", service, "target_group"])
}
