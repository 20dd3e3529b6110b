//! What stands in values of environment variables must be there, and within reach.

use std::collections::BTreeSet;

use super::Subject;
use crate::spec::problem::Problem;
use crate::spec::service::{Runtime, Service};
use crate::spec::suggest;
use crate::spec::text::{Part, Text};

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, service) in subject.environment.service.iter() {
        for (variable, text) in &service.env {
            let found = text.parts().filter_map(|part| one(subject, name, service, part));
            problems.extend(found.map(|problem| problem.at(subject.place(&["service", name, "env", variable]))));
        }
    }
    problems
}

fn one(subject: &Subject, name: &str, service: &Service, part: &Part) -> Option<Problem> {
    match part {
        // That it is there at all is said where the service connects to it.
        Part::Connection(connection, _) if service.connects.contains(connection) => None,
        Part::Connection(connection, _) => {
            let problem = Problem::error(format!("`{name}` does not connect to `{connection}`, so it would not reach it"));
            Some(problem.help(format!("add `\"{connection}\"` to its `connects`")))
        }
        Part::Service(other) => {
            let services = &subject.environment.service;
            let problem = |message: String, help: String| Some(Problem::error(message).help(help));
            let Some(its) = services.get(other) else {
                let names: Vec<&str> = services.names().collect();
                return problem(format!("there is no service `{other}`"), suggest::there(other, names.into_iter()));
            };
            match its.runtime {
                Runtime::Asg { .. } if subject.environment.front(other).is_none() => problem(
                    format!("`{other}` has no host name: there is no load balancer in front of it"),
                    format!("add a table `[service.{other}.load_balancer]`"),
                ),
                Runtime::AppRunner { .. } if other == name => problem(
                    format!("`{name}` cannot be told its own host name: App Runner gives it one once it runs"),
                    "leave it out".into(),
                ),
                Runtime::AppRunner { .. } if needs(subject, other, name) => problem(
                    format!(
                        "`{name}` and `{other}` would wait for each other: App Runner gives a service its host name once it runs"
                    ),
                    "leave one of the two references out".into(),
                ),
                // It is not deployed before the release of the image that it has in common.
                Runtime::AppRunner { .. } if service.release.is_some() && service.repository == its.repository => problem(
                    format!(
                        "`{name}` and `{other}` would wait for each other: `{other}` waits for the release command of `{name}`"
                    ),
                    "leave the reference out, or give the two services repositories of their own".into(),
                ),
                Runtime::Asg { .. } | Runtime::AppRunner { .. } => None,
            }
        }
    }
}

/// Whether `from`, which runs on App Runner, waits for `to`, be it by way of others.
fn needs(subject: &Subject, from: &str, to: &str) -> bool {
    let services = &subject.environment.service;
    let waits = |name: &str| services.get(name).is_some_and(|service| matches!(service.runtime, Runtime::AppRunner { .. }));
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        if waits(name) && seen.insert(name) {
            let texts = services.get(name).into_iter().flat_map(|service| service.env.values());
            open.extend(texts.flat_map(Text::parts).filter_map(|part| match part {
                Part::Service(other) => Some(other.as_str()),
                Part::Connection(..) => None,
            }));
        }
    }
    false
}
