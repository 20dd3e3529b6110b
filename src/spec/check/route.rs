//! Ways through load balancers: that they lead somewhere, that no two are the same, and that ELB takes them.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;

use super::Subject;
use crate::spec::problem::Problem;
use crate::spec::route::Route;
use crate::spec::service::{Runtime, Service};
use crate::spec::suggest;

/// How long a host or a path may be. Source: `HostHeaderConfig` and `PathPatternConfig` in the API reference of Elastic Load Balancing.
const LONGEST: usize = 128;
/// How many wildcards a path and a host may have: a rule has one of each, and 5 in all ("Condition types for listener rules"; where the
/// page of quotas says 6, an account may have the other number).
const WILDCARDS: (usize, usize) = (3, 2);
/// How many rules a listener may have at the very most: their priorities go from 1 to this (`CreateRule`).
const MOST: usize = 50_000;
/// How many rules a load balancer may have until AWS is asked for more ("Quotas for your Application Load Balancers").
const QUOTA: usize = 100;

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    let services = || subject.environment.service.iter();
    let routes = services().filter_map(|(name, service)| Some((name, service.route.as_ref()?)));
    let mut problems: Vec<Problem> = routes.flat_map(|(name, route)| one(subject, name, route)).collect();
    for (name, service) in services() {
        let its = service.load_balancer().map(|front| ("load_balancer", &front.allow));
        for (table, ranges) in its.into_iter().chain(service.route.as_ref().map(|route| ("route", &route.allow))) {
            problems.extend(allowed(subject, &["service", name, table, "allow"], ranges));
        }
        problems.extend(service.probe.iter().flat_map(|path| probed(subject, name, service, path)));
    }
    // All at once, since there may be very many services.
    let mut behind: BTreeMap<&str, Vec<(&str, &Route)>> = BTreeMap::new();
    for (name, route) in services().filter_map(|(name, service)| Some((name, service.route.as_ref()?))) {
        behind.entry(&route.behind).or_default().push((name, route));
    }
    problems.extend(behind.values().flat_map(|routes| twice(subject, routes)));
    problems
}

/// What a deployment asks for must reach the service itself, and whoever asks must get through.
fn probed(subject: &Subject, name: &str, service: &Service, asked: &str) -> Vec<Problem> {
    let place = || subject.place(&["service", name, "probe"]);
    let mut problems = Vec::new();
    if let Some(route) = &service.route {
        // Of one with too many wildcards that has been said, and looking whether it fits could take for ever.
        let takes = |path: &String| wildcards(path, WILDCARDS.0).is_some() || fits(path.as_bytes(), asked.as_bytes());
        if !route.paths.is_empty() && !route.paths.iter().any(takes) {
            let problem = Problem::error(format!("`{asked}` does not lead to `{name}`: its route takes other paths"));
            problems.push(
                problem
                    .at(place())
                    .label(subject.place(&["service", name, "route", "paths"]), "")
                    .help("probe a path that it takes"),
            );
        }
        if !route.hosts.is_empty() && route.hosts.iter().all(|host| host.contains(['*', '?'])) {
            let problem = Problem::error(format!("nobody knows by which host to ask `{name}`")).at(place());
            let problem = problem.label(subject.place(&["service", name, "route", "hosts"]), "");
            problems.push(problem.help("add a host without wildcards, or leave `probe` out"));
        }
    }
    let fronts =
        subject.environment.front(name).map(|(owner, front)| (["service", owner, "load_balancer", "allow"], &front.allow));
    let own = service.route.as_ref().map(|route| (["service", name, "route", "allow"], &route.allow));
    if let Some((path, _)) = fronts.into_iter().chain(own).find(|(_, allow)| !allow.is_empty()) {
        let problem = Problem::warning("only some addresses get an answer to this").at(place());
        problems.push(
            problem
                .label(subject.place(&path), "")
                .help("whatever runs `infra` must be among them, or each deployment is put back"),
        );
    }
    problems
}

/// Whether a text fits a pattern in which `*` stands for any characters and `?` for one.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|skip| fits(rest, &text[skip..])),
        [first, rest @ ..] => {
            text.split_first().is_some_and(|(next, text)| (*first == b'?' || first == next) && fits(rest, text))
        }
    }
}

fn one(subject: &Subject, name: &str, route: &Route) -> Vec<Problem> {
    let table = ["service", name, "route"];
    let at = |key: &str| subject.place(&["service", name, "route", key]);
    let mut problems = Vec::new();
    let services = &subject.environment.service;
    let own = subject.environment.service.get(name).is_some_and(|service| service.load_balancer().is_some());
    if own {
        let problem = Problem::error(format!("`{name}` has a load balancer of its own, and a route through another one"));
        let problem = problem.at(subject.key(&table)).label(subject.key(&["service", name, "load_balancer"]), "");
        problems.push(problem.help("leave one of the two out"));
    }
    let fronts = || services.iter().filter(|(other, service)| *other != name && service.load_balancer().is_some());
    let named: Vec<&str> = fronts().map(|(other, _)| other).collect();
    if !own && !named.contains(&route.behind.as_str()) {
        let message = match services.get(&route.behind) {
            None => format!("there is no service `{}`", route.behind),
            Some(_) if route.behind == name => format!("`{name}` cannot stand behind itself"),
            Some(_) => format!("`{}` has no load balancer to stand behind", route.behind),
        };
        let on_instances = services.get(&route.behind).is_some_and(|its| matches!(its.runtime, Runtime::Asg { .. }));
        let help = match named[..] {
            [] if on_instances && route.behind != name => format!("add a table `[service.{}.load_balancer]`", route.behind),
            [] => "name a service that has a table `load_balancer`; there is none yet".into(),
            _ => suggest::choice(&route.behind, named.iter().copied(), "services with a load balancer are ", "and"),
        };
        problems.push(Problem::error(message).at(at("behind")).help(help));
    }
    if route.paths.is_empty() && route.hosts.is_empty() {
        let problem = Problem::error(format!("nothing says which requests are for `{name}`")).at(subject.key(&table));
        problems.push(problem.help("add `paths = [\"/…/*\"]` or `hosts = [\"…\"]`"));
    }
    let each = |key: &'static str, list: &[String], judge: fn(&str) -> Option<(String, String)>| -> Vec<Problem> {
        let place = |index: usize| subject.place(&["service", name, "route", key, &index.to_string()]);
        let found = list.iter().enumerate().filter_map(|(index, text)| Some((place(index), judge(text)?)));
        found.map(|(place, (message, help))| Problem::error(message).at(place).help(help)).collect()
    };
    problems.extend(each("paths", &route.paths, path));
    problems.extend(each("hosts", &route.hosts, host));
    problems
}

/// "Path patterns are case-sensitive, can be up to 128 characters", with these characters ("Path conditions").
fn path(text: &str) -> Option<(String, String)> {
    let others = |c: &char| !(c.is_ascii_alphanumeric() || "_-.$/~\"'@:+&*?".contains(*c));
    let message = format!("`{text}` is not a path that a load balancer can look for");
    match text.chars().find(others) {
        _ if text.len() > LONGEST => {
            Some((format!("a path has {LONGEST} characters at most"), "shorten it, with `*` at its end".into()))
        }
        _ if !text.starts_with('/') => Some((message, format!("write `\"/{text}\"`"))),
        Some(other) => Some((message, format!("it cannot have `{}` in it", other.escape_default()))),
        None => wildcards(text, WILDCARDS.0),
    }
}

/// "Host name … not case-sensitive, can be up to 128 characters", and "must include at least one '.' character" with "only
/// alphabetical characters after the final '.'" ("Host conditions").
fn host(text: &str) -> Option<(String, String)> {
    let ending = text.rsplit_once('.').map(|(_, ending)| ending);
    let sound = text.chars().all(|c| c.is_ascii_alphanumeric() || "-.*?".contains(c));
    if text.len() > LONGEST {
        return Some((format!("a host has {LONGEST} characters at most"), "shorten it".into()));
    }
    if !sound || !ending.is_some_and(|ending| !ending.is_empty() && ending.chars().all(|c| c.is_ascii_alphabetic())) {
        let help = "write it like `api.example.com` or `*.example.com`, without scheme, port or path";
        return Some((format!("`{text}` is not a host name that a load balancer can look for"), help.into()));
    }
    if text.chars().any(|c| c.is_ascii_uppercase()) {
        return Some((
            format!("`{text}`: host names are the same in small letters"),
            format!("write `\"{}\"`", text.to_lowercase()),
        ));
    }
    wildcards(text, WILDCARDS.1)
}

fn wildcards(text: &str, most: usize) -> Option<(String, String)> {
    let count = text.chars().filter(|c| matches!(c, '*' | '?')).count();
    (count > most).then(|| (format!("`{text}` has {count} wildcards"), format!("a load balancer has room for {most} here")))
}

/// Two services behind one load balancer that the same requests are for, or one that they are for twice.
fn twice(subject: &Subject, routes: &[(&str, &Route)]) -> Vec<Problem> {
    let place = |name: &str, key: &str, index: usize| subject.place(&["service", name, "route", key, &index.to_string()]);
    let mut problems = Vec::new();
    for (name, route) in routes {
        for (key, list) in [("paths", &route.paths), ("hosts", &route.hosts)] {
            for (index, first) in repeated(list) {
                let problem = Problem::error(format!("`{}` is there twice", list[index])).at(place(name, key, index));
                problems.push(problem.label(place(name, key, first), "").help("leave one of the two out"));
            }
        }
    }
    // So many are not looked at one by one: each host goes with each path, and a short spec can mean more than there is memory for.
    let rules: usize = routes.iter().map(|(_, route)| route.hosts.len().max(1).saturating_mul(route.paths.len().max(1))).sum();
    if let (true, [(_, first), ..]) = (rules > QUOTA, routes) {
        let (place, message) = (
            subject.key(&["service", &first.behind]),
            format!("the routes through `{}` take {rules} rules, one for each host with each path", first.behind),
        );
        if rules > MOST {
            problems.push(Problem::error(message).at(place).help(format!("a listener has {MOST} at most")));
            return problems;
        }
        let help =
            format!("a load balancer has {QUOTA} unless AWS was asked for more: see Service Quotas, or merge some with `*`");
        problems.push(Problem::warning(message).at(place).help(help));
    }
    let of = |name: &str, route: &Route, (host, path): (Option<&str>, Option<&str>)| {
        let (key, list, value) = path.map_or(("hosts", &route.hosts, host), |path| ("paths", &route.paths, Some(path)));
        place(name, key, list.iter().position(|one| Some(one.as_str()) == value).unwrap_or_default())
    };
    let mut taken: BTreeMap<_, (&str, &Route)> = BTreeMap::new();
    for &(name, route) in routes {
        for request in route.requests() {
            let (Some(value), Some((other, its))) = (request.1.or(request.0), taken.insert(request, (name, route))) else {
                continue;
            };
            if other != name {
                let problem = Problem::error(format!("`{value}` leads here and to `{other}`")).at(of(name, route, request));
                problems.push(problem.label(of(other, its, request), "").help("leave one of the two out"));
            }
        }
    }
    problems
}

/// Where a list has what it had before, and where it had it first.
fn repeated<T: Ord>(list: &[T]) -> Vec<(usize, usize)> {
    let mut first = BTreeMap::new();
    let seen = list.iter().enumerate().map(|(index, value)| (index, *first.entry(value).or_insert(index)));
    seen.filter(|(index, first)| index != first).collect()
}

/// Ranges of addresses, as AWS keeps them.
fn allowed(subject: &Subject, path: &[&str], ranges: &[Ipv4Net]) -> Vec<Problem> {
    let mut problems = Vec::new();
    if ranges.is_empty() && subject.tree.at(path).is_some() {
        let problem = Problem::error("this lets nobody in").at(subject.place(path));
        problems.push(problem.help("name addresses, like `203.0.113.0/24`, or leave it out"));
    }
    let place = |index: usize| subject.place(&[path, &[&index.to_string()]].concat());
    for (index, range) in ranges.iter().enumerate().filter(|(_, range)| range.addr() != range.network()) {
        let problem = Problem::error(format!("`{range}` is an address inside a range, not a range")).at(place(index));
        problems.push(problem.help(format!("write `{}`, or `{}/32` for this address alone", range.trunc(), range.addr())));
    }
    for (index, first) in repeated(ranges).into_iter().filter(|(index, _)| ranges[*index].addr() == ranges[*index].network()) {
        problems.push(Problem::error(format!("`{}` is there twice", ranges[index])).at(place(index)).label(place(first), ""));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_is_told_with_its_first_place() {
        assert_eq!(repeated(&["a", "b", "a", "c", "a"]), [(2, 0), (4, 0)]);
        assert!(repeated(&["a", "b"]).is_empty());
    }
}
