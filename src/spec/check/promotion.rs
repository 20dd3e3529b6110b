//! Promotion: images come from another environment, and never in a circle.

use std::collections::BTreeMap;

use super::{Finding, Subject};
use crate::spec::problem::Problem;
use crate::spec::suggest;

/// The platforms containers are built for that AWS's processors run.
const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    let environment = subject.environment;
    let Some(promotion) = &environment.promotion else { return Vec::new() };
    let mut problems = Vec::new();
    if promotion.from.as_ref() == Some(&environment.environment) {
        let problem = Problem::error(format!("`{}` cannot be promoted from itself", environment.environment));
        problems.push(problem.at(subject.place(&["promotion", "from"])));
    }
    if promotion.from.is_none() && promotion.min_age.is_some() {
        let problem = Problem::error("no image comes here from an environment in which it could have run for `min_age`");
        problems.push(problem.at(subject.place(&["promotion", "min_age"])).help("add `from`, or leave it out"));
    }
    for (index, platform) in promotion.platforms.iter().enumerate() {
        if !PLATFORMS.contains(&platform.as_str()) {
            let place = subject.place(&["promotion", "platforms", &index.to_string()]);
            let help = suggest::there(platform, PLATFORMS.into_iter());
            problems.push(Problem::error(format!("nothing in AWS runs `{platform}`")).at(place).help(help));
        }
    }
    problems
}

/// `names` are those of all environments, if every file could be read.
pub(super) fn across<'a>(subjects: &[Subject<'a>], names: Option<&[&str]>) -> Vec<Finding<'a>> {
    let mut findings = Vec::new();
    let from: BTreeMap<&str, (&str, &Subject)> = subjects
        .iter()
        .filter_map(|subject| {
            let environment = subject.environment;
            let from = environment.promotion.as_ref()?.from.as_deref()?;
            (from != environment.environment).then_some((environment.environment.as_str(), (from, subject)))
        })
        .collect();
    for (name, (source, subject)) in &from {
        let place = subject.place(&["promotion", "from"]);
        if let Some(names) = names.filter(|names| !names.contains(source)) {
            let others: Vec<&str> = names.iter().copied().filter(|other| other != name).collect();
            let problem = Problem::error(format!("there is no environment `{source}` to promote from")).at(place);
            let problem = problem.help(suggest::there(source, others.into_iter()));
            findings.push(Finding { environments: vec![name], problem });
        } else if let Some(circle) = circle(name, &from).filter(|circle| circle.iter().min() == Some(name)) {
            // Every member of a circle sees it; the first by name reports it.
            let path: Vec<String> = circle.iter().chain([name]).map(|name| format!("`{name}`")).collect();
            let places = circle.iter().filter_map(|name| Some(from.get(name)?.1.place(&["promotion", "from"])));
            let problem = places.fold(Problem::error("images would be promoted in a circle"), Problem::at);
            findings.push(Finding { environments: circle, problem: problem.help(path.join(" from ")) });
        }
    }
    findings
}

/// The environments on the way from one back to itself, if there is such a way.
fn circle<'a>(start: &'a str, from: &BTreeMap<&'a str, (&'a str, &Subject)>) -> Option<Vec<&'a str>> {
    let mut way = vec![start];
    loop {
        let (source, _) = from.get(way.last()?)?;
        if *source == start {
            return Some(way);
        }
        if way.contains(source) {
            return None;
        }
        way.push(source);
    }
}
