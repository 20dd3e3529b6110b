//! Which keys a service may have depends on its runtime; the schema of one table cannot say that.

use std::collections::HashSet;

use super::stand_in;
use crate::spec::problem::{Place, Problem};
use crate::spec::schema::STRICT;
use crate::spec::service::RUNTIME_KEYS;
use crate::spec::tree::{Entry, Node, Table};

/// Where a release command can go instead.
const ELSEWHERE: &str =
    "App Runner has no instance to run it on; put it on an `asg` service of the same repository, for which this one then waits";

/// Takes the keys of other runtimes out of every service, and puts in the one that a runtime cannot do without.
/// Where the runtime itself has been blamed, it is a stand-in and judges nothing.
pub(super) fn check(environment: &mut Node, problems: &mut Vec<Problem>) {
    let Some(services) = environment.table_mut().and_then(|keys| keys.get_mut("service")) else { return };
    let blamed: HashSet<Place> = problems.iter().filter_map(Problem::place).cloned().collect();
    for service in services.node.table_mut().into_iter().flat_map(Table::iter_mut) {
        let place = service.node.place.clone();
        if let Some(table) = service.node.table_mut() {
            one(&service.key, table, &place, &blamed, problems);
        }
    }
}

fn one(name: &str, service: &mut Table, place: &Place, blamed: &HashSet<Place>, problems: &mut Vec<Problem>) {
    let Some(entry) = service.get("runtime") else { return };
    let (written, runtime_place) = (entry.node.text().unwrap_or_default().to_owned(), entry.node.place.clone());
    let blamed = blamed.contains(&runtime_place);
    for (runtime, keys) in RUNTIME_KEYS.iter().filter(|(runtime, _)| *runtime != written) {
        for key in *keys {
            let Some(entry) = service.remove(key) else { continue };
            if !blamed {
                let problem = Problem::error(format!("`{key}` only goes with `runtime = \"{runtime}\"`"))
                    .at(entry.place)
                    .label(runtime_place.clone(), format!("`{name}` runs on `{written}`"));
                problems.push(if *key == "release" { problem.help(ELSEWHERE) } else { problem });
            }
        }
    }
    if written == "asg" && service.get("instances").is_none() {
        if !blamed {
            problems.push(
                Problem::error(format!("`service.{name}` needs `instances`, because it runs on `asg`"))
                    .at(place.clone())
                    .help(format!("add a table `[service.{name}.instances]` with `type`, `min` and `max`")),
            );
        }
        let node = stand_in::of(&STRICT["$defs"]["Instances"], place);
        service.push(Entry { key: "instances".to_owned(), place: place.clone(), node });
    }
}
