//! The network: large enough for its zones, and there for those that need it.

use super::Subject;
use crate::spec::environment::Network;
use crate::spec::layout::{LARGEST_PREFIX, SMALLEST_PREFIX};
use crate::spec::problem::Problem;
use crate::spec::service::Runtime;

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    match subject.environment.network {
        Some(network) => {
            let narrow = narrow(subject, network);
            addresses(subject, network).into_iter().chain(narrow).chain(zones(subject, network)).collect()
        }
        None => needs(subject)
            .into_iter()
            .map(|(path, what)| {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                Problem::error(format!("{what} needs a network"))
                    .at(subject.key(&path))
                    .help("add a table `[network]` with `cidr`, `zones` and `nat`")
            })
            .collect(),
    }
}

fn addresses(subject: &Subject, network: Network) -> Vec<Problem> {
    let cidr = network.cidr;
    let place = subject.place(&["network", "cidr"]);
    if cidr.prefix_len() < LARGEST_PREFIX {
        let problem = Problem::error(format!("`{cidr}` is too large: AWS has no network larger than a `/{LARGEST_PREFIX}`"));
        return vec![problem.at(place).help(format!("write `{}/{LARGEST_PREFIX}`", cidr.network()))];
    }
    if cidr.prefix_len() > SMALLEST_PREFIX {
        let zones = network.zones;
        let message = format!("`{cidr}` is too small for {zones} {}", if zones == 1 { "zone" } else { "zones" });
        let public = cidr.prefix_len() + 8;
        let reason = if public > 32 {
            "no public subnet fits".to_owned()
        } else {
            format!("a public subnet would be a `/{public}`, and AWS has none smaller than a `/28`")
        };
        let help = format!("write a `/{SMALLEST_PREFIX}` or larger; {reason}");
        return vec![Problem::error(message).at(place).label(subject.place(&["network", "zones"]), "").help(help)];
    }
    if cidr.addr() != cidr.network() {
        let problem = Problem::error(format!("`{cidr}` is an address inside a network, not a network")).at(place);
        return vec![problem.help(format!("write `{}`", cidr.trunc()))];
    }
    if !cidr.network().is_private() || !cidr.broadcast().is_private() {
        let problem = Problem::warning(format!("`{cidr}` is not a private range")).at(place);
        let help = "hosts of the internet with these addresses cannot be reached; private are `10.0.0.0/8`, `172.16.0.0/12` and `192.168.0.0/16`";
        return vec![problem.help(help)];
    }
    Vec::new()
}

/// The smallest subnet that ELB wants for an application load balancer ("Subnets for your load balancer"): without room to scale out,
/// it may fail.
const LOAD_BALANCER_PREFIX: u8 = 27;

/// The public subnets of a network are eight bits smaller than it.
fn narrow(subject: &Subject, network: Network) -> Option<Problem> {
    let public = network.cidr.prefix_len() + 8;
    let fits = public <= LOAD_BALANCER_PREFIX || network.cidr.prefix_len() > SMALLEST_PREFIX;
    let front = subject.environment.service.iter().find_map(|(name, service)| match &service.runtime {
        Runtime::Asg { load_balancer: Some(balancer), .. } if balancer.public => Some(name),
        _ => None,
    });
    let name = front.filter(|_| !fits)?;
    let message = format!(
        "`{}` leaves a `/{public}` for each public subnet, and a load balancer should have a `/{LOAD_BALANCER_PREFIX}`",
        network.cidr
    );
    let problem = Problem::warning(message).at(subject.place(&["network", "cidr"]));
    let problem = problem.label(subject.key(&["service", name, "load_balancer"]), "");
    Some(problem.help(format!("write a `/{}` or larger", LOAD_BALANCER_PREFIX - 8)))
}

fn zones(subject: &Subject, network: Network) -> Vec<Problem> {
    if network.zones >= 2 {
        return Vec::new();
    }
    needs(subject)
        .into_iter()
        .filter(|(path, _)| path[0] != "service" || path.len() > 2)
        .map(|(path, what)| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            Problem::error(format!("{what} needs two zones, and the network has one"))
                .at(subject.place(&["network", "zones"]))
                .label(subject.key(&path), "")
                .help("write `zones = 2`")
        })
        .collect()
}

/// Who needs a network, and how to call them.
fn needs(subject: &Subject) -> Vec<(Vec<String>, String)> {
    let environment = subject.environment;
    let mut needs = Vec::new();
    let mut add = |path: &[&str], what: &str| {
        needs.push((path.iter().map(|key| (*key).to_owned()).collect(), what.to_owned()));
    };
    for (name, service) in environment.service.iter() {
        match &service.runtime {
            Runtime::Asg { load_balancer: Some(_), .. } => {
                add(&["service", name, "load_balancer"], &format!("the load balancer of `{name}`"));
            }
            Runtime::Asg { .. } => add(&["service", name], &format!("`{name}`, which runs on instances,")),
            Runtime::AppRunner { .. } => {}
        }
    }
    for name in environment.database.keys() {
        add(&["database", name], &format!("the database `{name}`"));
    }
    for name in environment.cache.keys() {
        add(&["cache", name], &format!("the cache `{name}`"));
    }
    needs
}
