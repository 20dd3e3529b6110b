//! Environment variables: values, secrets and what `connects` injects share one namespace in the container.

use std::collections::BTreeMap;

use super::Subject;
use crate::spec::problem::{Place, Problem};
use crate::spec::service::{Runtime, Service};

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    subject.environment.service.iter().flat_map(|(name, service)| one(subject, name, service)).collect()
}

fn one(subject: &Subject, name: &str, service: &Service) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut taken: BTreeMap<String, (Place, String)> = BTreeMap::new();
    for (index, connection) in service.connects.iter().enumerate() {
        for variable in connection.variables() {
            let place = subject.place(&["service", name, "connects", &index.to_string()]);
            taken.insert(variable, (place, format!("`{connection}` sets it")));
        }
    }
    let written = (service.env.keys().map(|key| ("env", key))).chain(service.secrets.keys().map(|key| ("secrets", key)));
    for (table, variable) in written {
        let place = subject.key(&["service", name, table, variable]);
        if !is_variable(variable) {
            let problem = Problem::error(format!("`{variable}` cannot be the name of an environment variable"));
            problems.push(problem.at(place.clone()).help("names have letters, digits and `_`, and do not start with a digit"));
        } else if let Some(kept) = kept(service, variable) {
            let problem = Problem::error(format!("`{variable}` cannot be set: App Runner keeps `{kept}` for itself"));
            let problem = problem.at(place.clone());
            problems.push(if kept == PORT { problem.help("`port` says where its container listens") } else { problem });
        }
        if let Some((other, reason)) = taken.get(variable) {
            let problem = Problem::error(format!("`{name}` gets the environment variable `{variable}` twice"));
            problems.push(problem.at(place.clone()).label(other.clone(), reason.clone()));
        }
        taken.insert(variable.clone(), (place, format!("`{table}` sets it")));
    }
    problems
}

/// What App Runner lets nobody set ("Managing your environment variables").
const PORT: &str = "PORT";

fn kept(service: &Service, variable: &str) -> Option<&'static str> {
    match service.runtime {
        Runtime::AppRunner { .. } if variable.starts_with("AWSAPPRUNNER") => Some("AWSAPPRUNNER"),
        Runtime::AppRunner { .. } if variable == PORT => Some(PORT),
        _ => None,
    }
}

/// The names every shell and every runtime takes.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
