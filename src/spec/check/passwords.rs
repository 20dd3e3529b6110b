//! Passwords in addresses: a spec is read by everybody who can read the repository.

use super::Subject;
use crate::spec::problem::Problem;
use crate::spec::tree::{Node, Value};
use crate::values::userinfo::holds_password;

/// The key of an address that is told to others.
const TOLD: &str = "repository_url";

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    let mut problems = Vec::new();
    find(subject.tree, "", &mut problems);
    problems
}

fn find(node: &Node, key: &str, problems: &mut Vec<Problem>) {
    match &node.value {
        Value::Table(table) => table.iter().for_each(|entry| find(&entry.node, &entry.key, problems)),
        Value::Array(items) => items.iter().for_each(|item| find(item, key, problems)),
        Value::String(text) if holds_password(text) => problems.push(found(key).at(node.place.clone())),
        _ => {}
    }
}

fn found(key: &str) -> Problem {
    if key == TOLD {
        let problem = Problem::error("there is a password in this address, and Datadog would be told");
        return problem.help("write the address without it, like `https://github.com/example/shop`");
    }
    let problem = Problem::warning("there is a password in this address, and everybody who reads the spec has it");
    problem.help("keep it in SSM Parameter Store or Secrets Manager; what a service needs is named under its `secrets`")
}
