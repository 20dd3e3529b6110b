//! Alarms: what AWS measures of a thing, and whom it can tell.

use super::Subject;
use crate::spec::alarms::ServiceAlarms;
use crate::spec::problem::Problem;
use crate::spec::service::{Runtime, Service};
use crate::spec::store::Database;
use crate::values::duration::Duration;
use crate::values::partition::partition;

/// The keys that say how an alarm rings, and declare none.
const MANNER: [&str; 2] = ["for", "notify"];

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    let environment = subject.environment;
    let mut problems = Vec::new();
    for (name, service) in environment.service.iter() {
        let Some(alarms) = &service.alarms else { continue };
        problems.extend(measured(subject, name, service, alarms));
        problems.extend(reachable(subject, name, service, alarms));
        problems.extend(common(subject, ["service", name], alarms.lasting, alarms.notify.as_deref()));
    }
    for (name, database) in &environment.database {
        let Some(alarms) = &database.alarms else { continue };
        problems.extend(storage(subject, name, database, alarms.free_storage_gib));
        problems.extend(common(subject, ["database", name], alarms.lasting, alarms.notify.as_deref()));
    }
    for (name, cache) in &environment.cache {
        let Some(alarms) = &cache.alarms else { continue };
        problems.extend(common(subject, ["cache", name], alarms.lasting, alarms.notify.as_deref()));
    }
    problems
}

/// What nobody counts cannot be watched: answers are counted by load balancers and App Runner, unhealthy targets by load balancers.
fn measured(subject: &Subject, name: &str, service: &Service, alarms: &ServiceAlarms) -> Vec<Problem> {
    let needs = [
        ("errors_5xx_percent", alarms.errors_5xx_percent.is_some(), true),
        ("unhealthy_targets", alarms.unhealthy_targets.is_some(), false),
        ("latency_p95_seconds", alarms.latency_p95_seconds.is_some(), true),
    ];
    let declared = needs.into_iter().filter(|(_, declared, _)| *declared);
    let problem = |(key, _, by_app_runner): (&str, bool, bool)| {
        let (message, help) = match &service.runtime {
            Runtime::Asg { load_balancer: None, .. } if service.route.is_none() => (
                format!("nothing measures `{key}` of `{name}`: it has no load balancer"),
                format!("add a table `[service.{name}.load_balancer]`, or leave it out; `cpu_percent` is measured without one"),
            ),
            Runtime::AppRunner { .. } if !by_app_runner => (
                format!("App Runner does not tell `{key}` of `{name}`: it replaces unhealthy instances by itself"),
                "leave it out; `errors_5xx_percent` tells when requests fail".to_owned(),
            ),
            Runtime::Asg { .. } | Runtime::AppRunner { .. } => return None,
        };
        Some(Problem::error(message).at(subject.key(&["service", name, "alarms", key])).help(help))
    };
    declared.filter_map(problem).collect()
}

/// More unhealthy instances than there can be.
fn reachable(subject: &Subject, name: &str, service: &Service, alarms: &ServiceAlarms) -> Option<Problem> {
    let Runtime::Asg { instances, .. } = &service.runtime else { return None };
    let unhealthy = alarms.unhealthy_targets.filter(|unhealthy| *unhealthy > instances.max)?;
    let message = format!("{unhealthy} unhealthy instances never come about where there are {} at most", instances.max);
    let problem = Problem::warning(message).at(subject.place(&["service", name, "alarms", "unhealthy_targets"]));
    Some(problem.label(subject.place(&["service", name, "instances", "max"]), ""))
}

/// A threshold that a new, empty database has reached already.
fn storage(subject: &Subject, name: &str, database: &Database, least: Option<u32>) -> Option<Problem> {
    let least = least.filter(|least| *least >= database.storage_gib)?;
    let message = format!("`free_storage_gib` must be less than `storage_gib`, which is {}", database.storage_gib);
    let problem = Problem::error(message).at(subject.place(&["database", name, "alarms", "free_storage_gib"]));
    let problem = problem.label(subject.place(&["database", name, "storage_gib"]), "");
    Some(problem.help(format!("at {least}, the alarm rings from the beginning")))
}

fn common(subject: &Subject, [kind, name]: [&str; 2], lasting: Duration, notify: Option<&str>) -> Vec<Problem> {
    let at = |key: &str| subject.place(&[kind, name, "alarms", key]);
    let mut problems = Vec::new();
    // "The evaluation interval … can be no longer than one day" (`EvaluationPeriods` of `PutMetricAlarm`); figures come every minute.
    if !(60..=86_400).contains(&lasting.as_secs()) || !lasting.as_secs().is_multiple_of(60) {
        let problem = Problem::error("`for` must be whole minutes, from `1m` to `1d`").at(at("for"));
        problems.push(problem.help("AWS gives figures once a minute; `5m` is five in a row"));
    }
    if let Some(arn) = notify {
        problems.extend(topic(subject, arn).map(|problem| problem.at(at("notify"))));
    }
    let written = subject.tree.at(&[kind, name, "alarms"]).and_then(|node| node.table());
    if written.is_some_and(|table| table.iter().all(|entry| MANNER.contains(&entry.key.as_str()))) {
        let problem = Problem::warning(format!("`{kind}.{name}.alarms` declares no alarm"));
        problems.push(problem.at(subject.key(&[kind, name, "alarms"])).help("add one, such as `cpu_percent = 90`"));
    }
    problems
}

/// "Amazon CloudWatch alarms … the SNS topic must be in the same Region as the alarm"; it may be of another account.
fn topic(subject: &Subject, arn: &str) -> Option<Problem> {
    let aws = &subject.environment.aws;
    let form = format!("write it like `arn:{}:sns:{}:{}:on-call`", partition(&aws.region), aws.region, aws.account);
    match arn.split(':').collect::<Vec<_>>()[..] {
        ["arn", _, "sns", region, _, _] if region != aws.region => Some(
            Problem::error(format!("this topic is in `{region}`, the alarms in `{}`", aws.region))
                .help("alarms tell topics of their own region only"),
        ),
        ["arn", in_partition, "sns", _, account, topic]
            if in_partition == partition(&aws.region) && is_account(account) && is_topic(topic) =>
        {
            None
        }
        _ => Some(Problem::error("not the ARN of an SNS topic").help(form)),
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// "Topic names must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be
/// between 1 and 256 characters long. For a FIFO topic, the name must end with the `.fifo` suffix" (`CreateTopic`).
fn is_topic(name: &str) -> bool {
    let stem = name.strip_suffix(".fifo").unwrap_or(name);
    (1..=256).contains(&name.len())
        && stem.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        && !stem.is_empty()
}
