//! What services connect to must be there.

use std::collections::{BTreeMap, BTreeSet};

use super::Subject;
use crate::spec::connection::Connection;
use crate::spec::problem::Problem;
use crate::spec::suggest;

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    let environment = subject.environment;
    let databases = environment.database.keys().map(|name| Connection::Database(name.clone()).to_string());
    let caches = environment.cache.keys().map(|name| Connection::Cache(name.clone()).to_string());
    let there: Vec<String> = databases.chain(caches).collect();
    let known: BTreeSet<&String> = there.iter().collect();
    let mut problems = Vec::new();
    for (name, service) in environment.service.iter() {
        let mut seen = BTreeMap::new();
        for (index, connection) in service.connects.iter().enumerate() {
            let at = |index: usize| subject.place(&["service", name, "connects", &index.to_string()]);
            let written = connection.to_string();
            if !known.contains(&written) {
                let problem = Problem::error(format!("`{name}` connects to `{written}`, which is not there")).at(at(index));
                problems.push(problem.help(if there.is_empty() {
                    format!("add a table `[{written}]`")
                } else {
                    suggest::there(&written, there.iter().map(String::as_str))
                }));
            } else if let Some(&first) = seen.get(&written) {
                let problem = Problem::warning(format!("`{name}` connects to `{written}` twice")).at(at(index));
                problems.push(problem.label(at(first), "first here"));
            } else {
                seen.insert(written, index);
            }
        }
    }
    problems
}
