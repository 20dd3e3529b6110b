//! What services on either runtime have in common.

use super::Subject;
use crate::spec::problem::Problem;
use crate::spec::service::{Release, Runtime, Service};
use crate::spec::suggest;

/// For how many days CloudWatch keeps logs; it offers no others.
/// Source: `retentionInDays` of `PutRetentionPolicy` in the CloudWatch Logs API reference.
const LOG_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    subject.environment.service.iter().flat_map(|(name, service)| one(subject, name, service)).collect()
}

fn one(subject: &Subject, name: &str, service: &Service) -> Vec<Problem> {
    let at = |key: &str| subject.place(&["service", name, key]);
    let mut problems = Vec::new();
    let repositories = &subject.environment.repository;
    if !repositories.contains_key(&service.repository) {
        let problem = Problem::error(format!("there is no repository `{}`", service.repository)).at(at("repository"));
        let names = repositories.keys().map(String::as_str);
        problems.push(problem.help(if repositories.is_empty() {
            format!("add a table `[repository.{}]`", service.repository)
        } else {
            suggest::there(&service.repository, names)
        }));
    }
    if let (None, Some(who)) = (service.port, who_needs_a_port(service)) {
        let problem = Problem::error(format!("`{name}` needs a `port`: {who} sends it requests")).at(at("port"));
        problems.push(problem.help("add `port = 8080`, or whichever port its container listens on"));
    }
    for (key, path) in [("health_check", &service.health_check), ("probe", &service.probe)] {
        if let Some(path) = path.as_ref().filter(|path| !path.starts_with('/')) {
            let problem = Problem::error(format!("`{path}` is not a path")).at(at(key));
            problems.push(problem.help(format!("write `\"/{path}\"`")));
        }
    }
    if service.probe.is_some() && !subject.environment.is_public(name) {
        let problem = Problem::error(format!("`{name}` has no public address that could be probed")).at(at("probe"));
        problems.push(problem.help("leave it out, or give the service a load balancer with `public = true`"));
    }
    if service.health_check.is_some() && who_needs_a_port(service).is_none() {
        let problem = Problem::warning(format!("nobody checks the health of `{name}`")).at(at("health_check"));
        problems
            .push(problem.help("only a load balancer asks for this path; without one, EC2's own checks of the instance count"));
    }
    problems.extend(service.release.iter().flat_map(|wanted| release(subject, name, wanted)));
    if let Err(next) = LOG_DAYS.binary_search(&service.log_days) {
        let near: Vec<String> = LOG_DAYS[next.saturating_sub(1)..].iter().take(2).map(ToString::to_string).collect();
        let problem = Problem::error(format!("CloudWatch does not keep logs for {} days", service.log_days));
        problems.push(problem.at(at("log_days")).help(format!("the nearest it offers are {}", near.join(" and "))));
    }
    problems
}

/// Nothing starts and installs a container runtime in less than `10s`; what takes more than `2h` is no part of a deployment.
fn release(subject: &Subject, name: &str, release: &Release) -> Vec<Problem> {
    let at = |key: &str| subject.place(&["service", name, "release", key]);
    let mut problems = Vec::new();
    if release.command.is_empty() {
        let problem = Problem::error("a release needs a command").at(at("command"));
        problems.push(problem.help("write it word by word, like `[\"python\", \"manage.py\", \"migrate\"]`"));
    }
    if !(10..=2 * 60 * 60).contains(&release.timeout.as_secs()) {
        problems.push(Problem::error("`timeout` must be from `10s` to `2h`").at(at("timeout")));
    }
    problems
}

fn who_needs_a_port(service: &Service) -> Option<&'static str> {
    match &service.runtime {
        Runtime::Asg { load_balancer: None, .. } if service.route.is_none() => None,
        Runtime::Asg { .. } => Some("the load balancer"),
        Runtime::AppRunner { .. } => Some("App Runner"),
    }
}
