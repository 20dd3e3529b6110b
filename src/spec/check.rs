//! Rules across fields, and rules of AWS that no type can hold. One file a concern, each a pure function that
//! returns all the problems it finds.

mod alarms;
mod aws;
mod cache;
mod connects;
mod database;
mod deploy;
pub(super) mod names;
mod neighbours;
mod network;
mod notify;
mod passwords;
mod promotion;
mod route;
mod runtime;
mod service;
mod shapes;
mod tags;
mod texts;
mod variables;

use super::environment::Environment;
use super::problem::{Place, Problem};
use super::tree::{Entry, Node};

/// An environment with the places of its values.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) environment: &'a Environment,
    pub(super) tree: &'a Node,
}

/// A problem between environments, and which of them it concerns.
pub(super) struct Finding<'a> {
    pub(super) environments: Vec<&'a str>,
    pub(super) problem: Problem,
}

/// What is wrong with one environment.
pub(super) fn alone(subject: &Subject) -> Vec<Problem> {
    const RULES: &[fn(&Subject) -> Vec<Problem>] = &[
        names::check,
        aws::check,
        tags::check,
        network::check,
        service::check,
        runtime::check,
        route::check,
        deploy::check,
        connects::check,
        variables::check,
        texts::check,
        database::check,
        cache::check,
        alarms::check,
        promotion::check,
        notify::check,
        passwords::check,
    ];
    RULES.iter().flat_map(|rule| rule(subject)).collect()
}

/// What is wrong between environments. `names` are those of all environments there are, if that is known.
pub(super) fn across<'a>(subjects: &[Subject<'a>], names: Option<&[&str]>) -> Vec<Finding<'a>> {
    let mut findings = neighbours::check(subjects);
    findings.extend(promotion::across(subjects, names));
    findings
}

impl Subject<'_> {
    /// Where the value at a path stands, or the innermost table around it that was written.
    fn place(&self, path: &[&str]) -> Place {
        (0..=path.len())
            .rev()
            .find_map(|length| self.tree.at(&path[..length]))
            .map_or_else(|| self.tree.place.clone(), |node| node.place.clone())
    }

    /// Where the last key of a path stands, or what it would stand in.
    fn key(&self, path: &[&str]) -> Place {
        let [table @ .., key] = path else { return self.tree.place.clone() };
        let entry: Option<&Entry> = self.tree.at(table).and_then(Node::table).and_then(|table| table.get(key));
        entry.map_or_else(|| self.place(table), |entry| entry.place.clone())
    }
}
