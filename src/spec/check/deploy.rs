//! How instances are replaced: what Auto Scaling takes, and what would not do what it says.

use super::Subject;
use crate::spec::alarms::ServiceAlarms;
use crate::spec::deploy::{APART, Deploy};
use crate::spec::problem::Problem;
use crate::spec::service::{Runtime, Service};

/// The longest warm-up. Source: `DefaultInstanceWarmup` there, which has no bound of its own; a refresh gives up after an hour.
const WARMUP: u64 = 3600;
/// The longest pause, in seconds. Source: `CheckpointDelay` there.
const PAUSE: u64 = 172_800;
/// How many alarms a refresh takes. Source: `AlarmSpecification` there.
const ALARMS: usize = 10;

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    let services = subject.environment.service.iter();
    services
        .flat_map(|(name, service)| match &service.runtime {
            Runtime::Asg { deploy, instances, .. } => {
                one(subject, name, service, deploy).into_iter().chain(alone(subject, name, deploy, instances.max)).collect()
            }
            Runtime::AppRunner { .. } => Vec::new(),
        })
        .collect()
}

fn one(subject: &Subject, name: &str, service: &Service, deploy: &Deploy) -> Vec<Problem> {
    let written = |key: &str| subject.tree.at(&["service", name, "deploy", key]).is_some();
    let at = |key: &str| subject.place(&["service", name, "deploy", key]);
    let mut problems = Vec::new();
    let (min, max) = (deploy.least_percent(), deploy.most_percent());
    if max.saturating_sub(min) > APART {
        let problem = Problem::error(format!("`max_healthy_percent` is too far above `min_healthy_percent`: {max} and {min}"));
        let problem = problem.at(at("max_healthy_percent"));
        let problem = if written("min_healthy_percent") { problem.label(at("min_healthy_percent"), "") } else { problem };
        problems.push(problem.help(format!("Auto Scaling takes at most {APART} between them: write {} or less", min + APART)));
    }
    if deploy.warmup.as_secs() > WARMUP {
        let problem = Problem::error("a `warmup` of more than `1h` ends every deployment").at(at("warmup"));
        problems.push(problem.help("Auto Scaling gives an instance refresh up when nothing has moved for an hour"));
    }
    let percents = &deploy.checkpoint_percent;
    if let Some((index, (before, after))) = percents.iter().zip(percents.iter().skip(1)).enumerate().find(|(_, (a, b))| a >= b) {
        let place = subject.place(&["service", name, "deploy", "checkpoint_percent", &(index + 1).to_string()]);
        problems.push(Problem::error(format!("{after} comes after {before}")).at(place).help("checkpoints ascend"));
    }
    if deploy.checkpoint_delay.as_secs() > PAUSE {
        problems.push(Problem::error("`checkpoint_delay` is at most `48h`").at(at("checkpoint_delay")));
    }
    if written("checkpoint_delay") && deploy.checkpoint_percent.is_empty() {
        let problem = Problem::error("there is no checkpoint to pause at").at(at("checkpoint_delay"));
        problems.push(problem.help("add `checkpoint_percent = [50]`, or leave this out"));
    }
    let own = service.alarms.as_ref().map_or(0, ServiceAlarms::declared);
    if deploy.alarms.len() + own > ALARMS {
        let with = if own > 0 { format!(", and `service.{name}.alarms` declares {own}") } else { String::new() };
        let problem = Problem::error(format!("a deployment can look at {ALARMS} alarms{with}")).at(at("alarms"));
        problems.push(problem.help("a composite alarm in CloudWatch stands for as many as it names"));
    }
    if deploy.alarms.iter().any(String::is_empty) {
        problems.push(Problem::error("an alarm needs a name").at(at("alarms")));
    }
    problems
}

/// What may never run twice is one instance, and nothing else says how many there are meanwhile.
fn alone(subject: &Subject, name: &str, deploy: &Deploy, max: u32) -> Vec<Problem> {
    let at = |key: &str| subject.place(&["service", name, "deploy", key]);
    if deploy.overlap {
        return Vec::new();
    }
    let mut problems = Vec::new();
    if max > 1 {
        let problem = Problem::error(format!("`{name}` may have {max} instances at once, overlap or not")).at(at("overlap"));
        let problem = problem.label(subject.place(&["service", name, "instances", "max"]), "");
        problems.push(problem.help("write `max = 1`, or leave `overlap` out"));
    }
    for key in ["min_healthy_percent", "max_healthy_percent"] {
        let written = subject.tree.at(&["service", name, "deploy", key]).is_some();
        if written {
            let problem = Problem::error(format!("`{key}` has nothing to say where nothing overlaps")).at(at(key));
            problems.push(problem.label(at("overlap"), "").help("leave one of the two out"));
        }
    }
    problems
}
