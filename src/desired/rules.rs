//! Which requests go to which of the services that share a load balancer.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::load_balancer::target_group_address;
use crate::aws::elbv2::action::Action;
use crate::aws::elbv2::rule::{ListenerRule, VALUES};
use crate::graph::{Input, Wanted};
use crate::spec::{Environment, Route};

/// Whoever is not allowed is told so; without this, the service that gets all else would answer them.
const FORBIDDEN: u16 = 403;

/// The rules of the listener that serves requests to a load balancer. The more a rule says of a request, the earlier it stands: so the
/// order in the spec decides nothing, and numbers cannot clash.
pub(super) fn of(environment: &Environment, owner: &str) -> Vec<ListenerRule<Wanted>> {
    let mut rules: Vec<(_, ListenerRule<Wanted>)> = Vec::new();
    for (name, route) in environment.behind(owner) {
        let forward = Action::Forward(Input::output(&target_group_address(name), "arn"));
        for (host, path) in route.requests() {
            let telling = (Reverse(host.map(weight)), Reverse(path.map(weight)), host, path);
            rules.extend(one(host, path, route, &forward).into_iter().map(|rule| (telling, rule)));
        }
    }
    // It is stable: of one request, those who may pass come before those who may not.
    rules.sort_by_key(|(telling, _)| *telling);
    rules.into_iter().map(|(_, rule)| rule).collect()
}

/// The rules for one host and one path: a rule has room for few values, so many addresses take several.
fn one(host: Option<&str>, path: Option<&str>, route: &Route, forward: &Action<Wanted>) -> Vec<ListenerRule<Wanted>> {
    let rule = |sources: BTreeSet<String>, action: &Action<Wanted>| ListenerRule {
        hosts: host.into_iter().map(str::to_owned).collect(),
        paths: path.into_iter().map(str::to_owned).collect(),
        sources,
        other: String::new(),
        action: action.clone(),
    };
    if route.allow.is_empty() {
        return vec![rule(BTreeSet::new(), forward)];
    }
    let room = VALUES - usize::from(host.is_some()) - usize::from(path.is_some());
    let allowed: Vec<String> = route.allow.iter().map(ToString::to_string).collect::<BTreeSet<_>>().into_iter().collect();
    let some = allowed.chunks(room).map(|some| rule(some.iter().cloned().collect(), forward));
    some.chain([rule(BTreeSet::new(), &Action::Refuse(FORBIDDEN))]).collect()
}

/// How much a host or a path says: the more that stands before its first wildcard, then whether it has none, then the more in all.
fn weight(pattern: &str) -> (usize, bool, usize) {
    let wild = pattern.find(['*', '?']);
    (wild.unwrap_or(pattern.len()), wild.is_none(), pattern.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_more_counts_first() {
        let mut paths = ["/*", "/api/*", "/api/admin/*", "/api/admin", "/a?i/v1", "/api/*/x"];
        paths.sort_by_key(|path| Reverse(weight(path)));
        assert_eq!(paths, ["/api/admin/*", "/api/admin", "/api/*/x", "/api/*", "/a?i/v1", "/*"]);
    }
}
