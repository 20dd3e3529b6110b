//! Names: what becomes part of names in AWS must be short and plain.

use super::Subject;
use crate::spec::problem::Problem;

/// How long project and environment may be together. Every name in AWS starts with them, and the tightest limit is
/// the 32 characters of a load balancer's.
pub const PREFIX: usize = 22;

/// How long the name of a service, database, cache or repository may be.
const NAME: usize = 20;

/// How no name in AWS may begin, and who says so; every name begins with the project's.
const TAKEN: [(&str, &str); 2] = [("internal", "a load balancer"), ("sg", "a security group")];

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    let environment = subject.environment;
    let mut problems = Vec::new();
    for (word, who) in TAKEN {
        if environment.project.split('-').next() == Some(word) {
            let problem = Problem::error(format!("names cannot begin with `{word}-`")).at(subject.place(&["project"]));
            problems.push(
                problem.help(format!("AWS keeps that beginning to itself in the name of {who}; name the project otherwise")),
            );
        }
    }
    for (key, name) in [("project", &environment.project), ("environment", &environment.environment)] {
        problems.extend(plain(name).map(|problem| problem.at(subject.place(&[key]))));
    }
    let length = environment.project.len() + environment.environment.len();
    if length > PREFIX {
        problems.push(
            Problem::error(format!("the names of project and environment are too long: {length} characters together"))
                .at(subject.place(&["environment"]))
                .label(subject.place(&["project"]), "")
                .help(format!("use at most {PREFIX} together; names in AWS start with `{}-`", environment.prefix())),
        );
    }
    let named = (environment.repository.keys().map(|name| ("repository", name.as_str())))
        .chain(environment.service.names().map(|name| ("service", name)))
        .chain(environment.database.keys().map(|name| ("database", name.as_str())))
        .chain(environment.cache.keys().map(|name| ("cache", name.as_str())));
    for (kind, name) in named {
        let place = subject.key(&[kind, name]);
        problems.extend(plain(name).map(|problem| problem.at(place.clone())));
        if name.len() > NAME {
            let message = format!("the name of this {kind} is too long: {} characters", name.len());
            problems.push(Problem::error(message).at(place).help(format!("use at most {NAME}")));
        }
    }
    problems
}

/// Lower case letters, digits and single hyphens, from a letter to a letter or digit: what all of AWS's services take.
fn plain(name: &str) -> Option<Problem> {
    let characters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let ends = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with('-');
    if characters && ends && !name.contains("--") {
        return None;
    }
    let problem = Problem::error(format!("`{name}` cannot be a name"));
    let rule = "names have lower case letters, digits and single hyphens, and start with a letter";
    Some(problem.help(match proposal(name) {
        Some(better) => format!("write `{better}`; {rule}"),
        None => rule.to_owned(),
    }))
}

/// The name that was probably meant.
fn proposal(name: &str) -> Option<String> {
    let words: Vec<String> =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect();
    Some(words.join("-")).filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
}
