//! What reaches what: read off the rules of security groups, target groups, and what services refer to.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::fate::Fate;
use super::links::{EVER, Links, Time, attrs, now};
use super::place::Place;
use super::wholes::Whole;
use super::{Edge, Node, Role};
use crate::aws::ec2::security_group::{Peer, Rule};
use crate::graph::Wanted;
use crate::plan::Change;
use crate::render::rows::ports;

/// One end of an edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Whole(usize),
    Internet,
    Peer(String),
}

/// Ways from one end to another, before and after.
type Ways = [BTreeSet<String>; 2];

/// All edges. The internet and other peers that something lets in become nodes, behind those there are.
pub(super) fn of(wholes: &[Whole<'_>], links: &Links<'_>, nodes: &mut Vec<Node<'_>>) -> Vec<Edge> {
    let mut paths = Paths { wholes, links, of: BTreeMap::new(), carriers: BTreeMap::new(), found: BTreeMap::new() };
    for (at, whole) in wholes.iter().enumerate() {
        paths.of.extend(whole.parts.iter().map(|&(part, _)| (part, at)));
        for group in whole.parts.iter().flat_map(|(_, part)| links.by(part, "security_groups")) {
            paths.carriers.entry(group).or_default().insert(at);
        }
    }
    for (at, whole) in wholes.iter().enumerate() {
        paths.behind_load_balancers(at, whole);
        paths.used_by(at, whole);
        for (part, change) in whole.parts_of("ec2.security_group") {
            paths.let_in(part, change);
        }
    }
    let mut outside: BTreeMap<End, usize> = BTreeMap::new();
    let mut index = |end: &End| match end {
        End::Whole(at) => *at,
        End::Internet | End::Peer(_) => *outside.entry(end.clone()).or_insert_with(|| {
            nodes.push(stranger(end));
            nodes.len() - 1
        }),
    };
    let mut edges: Vec<Edge> = Vec::new();
    for ((from, to), [before, after]) in &paths.found {
        let (from, to) = (index(from), index(to));
        let ways = if after.is_empty() { before } else { after };
        let ways = ways.iter().filter(|way| !way.is_empty()).cloned().collect();
        edges.push(Edge { from, to, ways, fate: fate(before, after) });
    }
    for edge in edges.iter_mut().filter(|edge| edge.fate == Fate::Created) {
        // Nobody calls, and nobody answers, before both are there.
        if [edge.from, edge.to].into_iter().any(|end| nodes[end].fate == Fate::Deferred) {
            edge.fate = Fate::Deferred;
        }
    }
    edges
}

fn fate(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Fate {
    match () {
        () if before == after => Fate::Unchanged,
        () if before.is_empty() => Fate::Created,
        () if after.is_empty() => Fate::Deleted,
        () => Fate::Updated,
    }
}

fn stranger<'a>(end: &End) -> Node<'a> {
    let (role, label) = match end {
        End::Peer(peer) => (Role::Peer, peer.clone()),
        End::Internet | End::Whole(_) => (Role::Internet, "internet".into()),
    };
    Node { role, label, details: Vec::new(), place: Place::World, fate: Fate::Unchanged, parts: Vec::new() }
}

struct Paths<'a, 'l> {
    wholes: &'l [Whole<'a>],
    links: &'l Links<'a>,
    /// The whole that each change is part of.
    of: BTreeMap<usize, usize>,
    /// The wholes that carry each security group.
    carriers: BTreeMap<usize, BTreeSet<usize>>,
    found: BTreeMap<(End, End), Ways>,
}

impl Paths<'_, '_> {
    fn add(&mut self, from: End, to: End, time: Time, way: String) {
        if from != to {
            self.found.entry((from, to)).or_default()[usize::from(time == Time::After)].insert(way);
        }
    }

    /// From a load balancer to the service whose target group it forwards to; from the internet to what App Runner runs.
    fn behind_load_balancers(&mut self, at: usize, whole: &Whole<'_>) {
        for (part, group) in whole.parts_of("elbv2.target_group") {
            for time in EVER {
                let Some(attrs) = attrs(group, time) else { continue };
                for front in self.links.in_value(group, "load_balancer", attrs.get("load_balancer").unwrap_or(&Value::Null)) {
                    let port = attrs.get("port").unwrap_or(&Value::Null);
                    self.add(End::Whole(self.of[&front]), End::Whole(self.of[&part]), time, format!("tcp {port}"));
                }
            }
        }
        for (_, service) in whole.parts_of("apprunner.service") {
            for time in EVER.into_iter().filter(|&time| attrs(service, time).is_some()) {
                self.add(End::Internet, End::Whole(at), time, "https".into());
            }
        }
    }

    /// From a service to the data and images that its parts refer to.
    fn used_by(&mut self, at: usize, whole: &Whole<'_>) {
        if !matches!(whole.role, Role::Instances | Role::AppRunner) {
            return;
        }
        for &(part, _) in &whole.parts {
            for time in EVER {
                for to in self.links.of_change_at(part, time).into_iter().map(|to| self.of[&to]).collect::<BTreeSet<_>>() {
                    match self.wholes[to].role {
                        Role::Database | Role::Cache => self.add(End::Whole(at), End::Whole(to), time, String::new()),
                        Role::Repository => self.add(End::Whole(at), End::Whole(to), time, "images".into()),
                        _ => {}
                    }
                }
            }
        }
    }

    /// From whoever a security group lets in to whatever carries it.
    fn let_in(&mut self, group: usize, change: &Change) {
        let carriers = self.carriers(group);
        for time in EVER {
            let rules = attrs(change, time).and_then(|attrs| attrs.get("ingress")?.as_array()).into_iter().flatten();
            for rule in rules.filter_map(|rule| Rule::<Wanted>::deserialize(rule).ok()) {
                for from in self.callers(change, &rule.peer) {
                    for &to in &carriers {
                        self.add(from.clone(), End::Whole(to), time, ports(&rule));
                    }
                }
            }
        }
    }

    fn callers(&self, change: &Change, peer: &Peer<Wanted>) -> Vec<End> {
        match peer {
            Peer::Cidr(cidr) if ["0.0.0.0/0", "::/0"].contains(&cidr.as_str()) => vec![End::Internet],
            // From anywhere in the network: an arrow from the network into itself says nothing.
            Peer::Cidr(cidr) if self.networks().any(|network| network == cidr) => Vec::new(),
            Peer::Cidr(peer) | Peer::PrefixList(peer) => vec![End::Peer(peer.clone())],
            Peer::Group(group) => {
                let value = serde_json::to_value(group).unwrap_or_default();
                let groups = self.links.in_value(change, "ingress", &value);
                match value.as_str() {
                    Some(stranger) if groups.is_empty() => vec![End::Peer(stranger.to_owned())],
                    _ => groups.into_iter().flat_map(|group| self.carriers(group)).map(End::Whole).collect(),
                }
            }
        }
    }

    /// What carries a security group.
    fn carriers(&self, group: usize) -> BTreeSet<usize> {
        self.carriers.get(&group).cloned().unwrap_or_default()
    }

    fn networks(&self) -> impl Iterator<Item = &str> {
        self.wholes.iter().filter(|whole| whole.role == Role::Vpc).filter_map(|whole| now(whole.main?, "cidr").as_str())
    }
}
