//! What is particular to Auto Scaling groups, to load balancers and to App Runner.

use super::Subject;
use super::shapes::is_instance_type;
use crate::spec::problem::Problem;
use crate::spec::service::{Cpu, Instances, LoadBalancer, Runtime, Scaling, Service};
use crate::values::secret_ref::SecretRef;

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    let services = subject.environment.service.iter();
    services
        .flat_map(|(name, service)| match &service.runtime {
            Runtime::Asg { instances, load_balancer, .. } => {
                let mut problems = group(subject, name, instances);
                problems.extend(load_balancer.iter().flat_map(|balancer| front(subject, name, balancer)));
                problems
            }
            Runtime::AppRunner { cpu, memory_gib, scaling } => {
                let mut problems = app_runner(subject, name, *cpu, *memory_gib, scaling);
                problems.extend(secrets_by_name(subject, name, service));
                problems
            }
        })
        .collect()
}

fn group(subject: &Subject, name: &str, instances: &Instances) -> Vec<Problem> {
    let at = |key: &str| subject.place(&["service", name, "instances", key]);
    let mut problems: Vec<Problem> =
        range(subject, &["service", name, "instances"], instances.min, instances.max).into_iter().collect();
    if !is_instance_type(&instances.instance_type) {
        let problem = Problem::error(format!("`{}` is not an instance type", instances.instance_type)).at(at("type"));
        problems.push(problem.help("write it like `t3.small` or `m7g.large`"));
    }
    let is_ami = |ami: &str| {
        ami.strip_prefix("ami-").is_some_and(|id| matches!(id.len(), 8 | 17) && id.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    if let Some(ami) = instances.ami.as_ref().filter(|ami| !is_ami(ami)) {
        let problem = Problem::error(format!("`{ami}` is not a machine image")).at(at("ami"));
        problems.push(problem.help("write `ami-` and 17 hexadecimal digits, or leave it out for Amazon Linux 2023"));
    }
    problems
}

fn front(subject: &Subject, name: &str, balancer: &LoadBalancer) -> Vec<Problem> {
    let at = |key: &str| subject.place(&["service", name, "load_balancer", key]);
    let mut problems = Vec::new();
    // The bounds of `idle_timeout.timeout_seconds` in the API reference of Elastic Load Balancing.
    if !(1..=4000).contains(&balancer.idle_timeout.as_secs()) {
        problems.push(Problem::error("`idle_timeout` must be from `1s` to `4000s`").at(at("idle_timeout")));
    }
    let aws = &subject.environment.aws;
    if let Some(arn) = &balancer.certificate {
        let place = at("certificate");
        let parts: Vec<&str> = arn.split(':').collect();
        match parts.as_slice() {
            ["arn", _, "acm", region, account, resource] if resource.starts_with("certificate/") => {
                if *region != aws.region {
                    let problem =
                        Problem::error(format!("this certificate is in `{region}`, the load balancer in `{}`", aws.region));
                    problems.push(problem.at(place).help("a load balancer takes certificates of its own region only"));
                } else if *account != aws.account {
                    let problem =
                        Problem::error(format!("this certificate is in account {account}, the environment in {}", aws.account));
                    problems.push(problem.at(place));
                }
            }
            _ => {
                let problem = Problem::error("not the ARN of a certificate in ACM").at(place);
                let form = format!("arn:aws:acm:{}:{}:certificate/…", aws.region, aws.account);
                problems.push(problem.help(format!("write it like `{form}`")));
            }
        }
    }
    problems
}

fn app_runner(subject: &Subject, name: &str, cpu: Cpu, memory_gib: f64, scaling: &Scaling) -> Vec<Problem> {
    let mut problems: Vec<Problem> =
        range(subject, &["service", name, "scaling"], scaling.min, scaling.max).into_iter().collect();
    if !cpu.memory_gib().contains(&memory_gib) {
        let message = format!("App Runner does not offer {memory_gib} GiB of memory with {}", cpu.as_str());
        let written = |key| subject.tree.at(&["service", name, key]).map(|node| node.place.clone());
        let memory = written("memory_gib").map(|place| (place, String::new()));
        let cpu_place = written("cpu").map(|place| {
            (place, if memory.is_none() { "2 GiB go with this unless `memory_gib` says otherwise" } else { "" }.to_owned())
        });
        let problem = memory
            .into_iter()
            .chain(cpu_place)
            .fold(Problem::error(message), |problem, (place, text)| problem.label(place, text));
        let sizes: Vec<String> = cpu.memory_gib().iter().map(ToString::to_string).collect();
        problems.push(problem.help(format!("with {} it offers {} GiB", cpu.as_str(), sizes.join(", "))));
    }
    problems
}

/// App Runner takes parameters by name and secrets by ARN only ("Referencing environment variables").
fn secrets_by_name<'a>(subject: &'a Subject, name: &'a str, service: &'a Service) -> impl Iterator<Item = Problem> + 'a {
    service.secrets.iter().filter_map(move |(variable, secret)| match secret {
        SecretRef::Secret { id, .. } if !id.starts_with("arn:") => {
            let place = subject.place(&["service", name, "secrets", variable]);
            let problem = Problem::error("App Runner wants the ARN of a secret, and this is its name").at(place);
            let aws = &subject.environment.aws;
            let form = format!("secretsmanager:arn:aws:secretsmanager:{}:{}:secret:{id}-…", aws.region, aws.account);
            Some(problem.help(format!("write it like `{form}`; `aws secretsmanager describe-secret` tells it")))
        }
        SecretRef::Secret { .. } | SecretRef::Parameter { .. } => None,
    })
}

/// A least number above the greatest. One of the two may be a default, and then has no place of its own.
fn range(subject: &Subject, table: &[&str], min: u32, max: u32) -> Option<Problem> {
    let place = |key| subject.place(&[table, &[key]].concat());
    (min > max).then(|| {
        let problem = Problem::error(format!("`min` is greater than `max`: {min} and {max}")).at(place("min"));
        if place("max") == place("min") { problem } else { problem.label(place("max"), "") }
    })
}
