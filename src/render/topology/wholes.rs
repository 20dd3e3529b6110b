//! Which resources are one thing to people: a service is its group, its launch template, its target group, its role….

use std::collections::{BTreeMap, BTreeSet};

use super::Role;
use super::fate::Fate;
use super::links::{Links, now};
use crate::graph::Owner;
use crate::plan::{Change, Plan, Reason};

/// Resources that are drawn as one.
#[derive(Debug)]
pub(super) struct Whole<'a> {
    pub(super) role: Role,
    /// The part that makes it what it is.
    pub(super) main: Option<&'a Change>,
    /// All its parts with their indices, in the order of the plan.
    pub(super) parts: Vec<(usize, &'a Change)>,
    /// Whether it is beside what the environment is made of: a second copy, or something that lost its address.
    pub(super) is_stray: bool,
}

impl<'a> Whole<'a> {
    pub(super) fn fate(&self) -> Fate {
        Fate::of_whole(self.main.map(Fate::of), self.parts.iter().map(|(_, part)| Fate::of(part)))
    }

    /// The parts of a kind.
    pub(super) fn parts_of(&self, kind: &str) -> impl Iterator<Item = (usize, &'a Change)> {
        self.parts.iter().copied().filter(move |(_, part)| part.kind == kind)
    }
}

/// Every change of a plan in exactly one whole; in the order of their roles, then of their main parts.
pub(super) fn of<'a>(plan: &'a Plan, links: &Links<'a>) -> Vec<Whole<'a>> {
    let finder = Finder::new(plan, links);
    let mut members: BTreeMap<Home<'a>, BTreeSet<usize>> = BTreeMap::new();
    for index in 0..plan.changes.len() {
        members.entry(finder.home(index)).or_default().insert(index);
    }
    let whole = |(home, members): (Home<'a>, BTreeSet<usize>)| {
        let main = match home {
            Home::Main(main) => Some(&plan.changes[main]),
            Home::Scope(_) => None,
        };
        Whole {
            // What is beside the environment must not pass for a part of it.
            role: main.filter(|main| !is_stray(main)).and_then(role).unwrap_or(Role::Other),
            main,
            parts: members.into_iter().map(|member| (member, &plan.changes[member])).collect(),
            is_stray: main.is_some_and(is_stray),
        }
    };
    let mut wholes: Vec<Whole<'a>> = members.into_iter().map(whole).collect();
    // The sort is stable, and homes were in the order of the plan.
    wholes.sort_by(|a, b| a.role.cmp(&b.role));
    wholes
}

/// Where a part belongs: to a main part, by index, or with all that is left of its service, database….
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Home<'a> {
    Main(usize),
    Scope(&'a str),
}

/// What makes a node of its own.
fn role(change: &Change) -> Option<Role> {
    Some(match change.kind {
        "ec2.vpc" => Role::Vpc,
        "ec2.subnet" => Role::Subnet {
            zone: now(change, "zone").as_str().unwrap_or_default().to_owned(),
            // The way to and from the internet may itself be in question; what a subnet is for is in its name.
            public: change.address.as_str().contains(".public-"),
        },
        "ec2.internet_gateway" => Role::InternetGateway,
        "ec2.nat_gateway" => Role::NatGateway,
        "ec2.vpc_endpoint" => Role::Endpoint,
        "elbv2.load_balancer" => Role::LoadBalancer,
        "autoscaling.group" => Role::Instances,
        "apprunner.service" => Role::AppRunner,
        "rds.instance" => Role::Database,
        "elasticache.replication_group" => Role::Cache,
        "ecr.repository" => Role::Repository,
        _ => return None,
    })
}

/// The attribute that says what a part belongs to, where it is the part that refers to the whole.
fn belongs_by(kind: &str) -> Option<&'static str> {
    match kind {
        "ec2.route_table" => Some("subnets"),
        "elbv2.listener" => Some("load_balancer"),
        _ => None,
    }
}

fn is_stray(change: &Change) -> bool {
    change.reason == Reason::Leftover
        || change.live.as_ref().is_some_and(|live| live.owner == Owner::Nameless && change.tags.is_empty())
}

struct Finder<'a, 'l> {
    changes: &'a [Change],
    links: &'l Links<'a>,
    /// Who refers to each change, from within its scope.
    holders: Vec<Vec<usize>>,
    /// What a part belongs to if nothing else tells: the first main part of its scope, one that is wanted before others.
    roots: BTreeMap<&'a str, usize>,
}

impl<'a, 'l> Finder<'a, 'l> {
    fn new(plan: &'a Plan, links: &'l Links<'a>) -> Self {
        let changes = &plan.changes[..];
        let mut holders = vec![Vec::new(); changes.len()];
        for holder in 0..changes.len() {
            for held in links.of_change(holder).into_iter().filter(|&held| scope(changes, held) == scope(changes, holder)) {
                holders[held].push(holder);
            }
        }
        let mut mains: Vec<usize> = (0..changes.len()).filter(|&index| is_main(&changes[index])).collect();
        mains.sort_by_key(|&index| (changes[index].tags.is_empty(), order(&changes[index]), index));
        let mut roots = BTreeMap::new();
        for main in mains {
            roots.entry(scope(changes, main)).or_insert(main);
        }
        Self { changes, links, holders, roots }
    }

    fn home(&self, index: usize) -> Home<'a> {
        let change = &self.changes[index];
        if is_main(change) || is_stray(change) {
            return Home::Main(index);
        }
        if let Some(attribute) = belongs_by(change.kind) {
            let mains = self.links.by(change, attribute).into_iter().filter(|&to| is_main(&self.changes[to]));
            if let [only] = mains.collect::<Vec<_>>()[..] {
                return Home::Main(only);
            }
        } else if let Some(main) = self.nearest_holder(index) {
            return Home::Main(main);
        }
        let scope = scope(self.changes, index);
        self.roots.get(scope).map_or(Home::Scope(scope), |&root| Home::Main(root))
    }

    /// The main part that refers to this one in the fewest steps.
    fn nearest_holder(&self, index: usize) -> Option<usize> {
        let mut seen = BTreeSet::from([index]);
        let mut level = vec![index];
        while !level.is_empty() {
            let holders: BTreeSet<usize> = level.iter().flat_map(|&held| self.holders[held].iter().copied()).collect();
            let mains = holders.iter().copied().filter(|&holder| is_main(&self.changes[holder]));
            if let Some(main) = mains.min_by_key(|&main| (self.changes[main].tags.is_empty(), main)) {
                return Some(main);
            }
            level = holders.into_iter().filter(|&holder| seen.insert(holder)).collect();
        }
        None
    }
}

fn is_main(change: &Change) -> bool {
    role(change).is_some() && !is_stray(change)
}

/// A network is rather its VPC than a subnet, and a service rather what runs it than its load balancer.
fn order(change: &Change) -> u8 {
    match change.kind {
        "ec2.vpc" | "autoscaling.group" | "apprunner.service" => 0,
        _ => 1,
    }
}

fn scope(changes: &[Change], index: usize) -> &str {
    changes[index].address.scope()
}
