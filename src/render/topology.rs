//! The environment as drawings show it: what stands where, what reaches what, and what becomes of each.
//!
//! It is read off a plan alone, so that a saved plan can be drawn without AWS: what AWS has and what will be, together.

mod fate;
mod links;
mod naming;
mod paths;
mod place;
mod wholes;

use std::collections::BTreeSet;

pub use fate::Fate;
pub use place::Place;

use crate::plan::{Change, Plan, Schemas};
use links::Links;
use wholes::Whole;

/// What there is to draw. Nodes, and edges by their ends, are in an order that only the plan decides.
#[derive(Debug)]
pub struct Topology<'a> {
    /// Everything that is drawn. Places and edges name nodes by their index.
    pub nodes: Vec<Node<'a>>,
    /// What reaches what.
    pub edges: Vec<Edge>,
}

/// One thing that people think of as one, however many resources it is made of.
#[derive(Debug)]
pub struct Node<'a> {
    /// What it is.
    pub role: Role,
    /// What people call it: `service web`, `NAT gateway a`.
    pub label: String,
    /// What they want to know of it, a few words each: its size, how many there are, its addresses.
    pub details: Vec<String>,
    /// Where it stands.
    pub place: Place,
    /// What becomes of it: the worst of what becomes of its parts.
    pub fate: Fate,
    /// The resources it is made of, by address. The internet is made of none.
    pub parts: Vec<&'a Change>,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The internet.
    Internet,
    /// Addresses, or somebody else's security group, that a rule names.
    Peer,
    /// The network, which holds others.
    Vpc,
    /// A part of the network in one zone, which holds others.
    Subnet {
        /// Its availability zone.
        zone: String,
        /// Whether the internet can reach what has a public address there.
        public: bool,
    },
    /// The way to and from the internet.
    InternetGateway,
    /// The way to the internet for what the internet must not reach.
    NatGateway,
    /// A private way to a service of AWS.
    Endpoint,
    /// A load balancer with its listeners.
    LoadBalancer,
    /// A service on instances.
    Instances,
    /// A service on App Runner.
    AppRunner,
    /// A database.
    Database,
    /// A cache.
    Cache,
    /// A repository of images.
    Repository,
    /// What is left of something whose main part is not in the plan, or a second copy of something.
    Other,
}

/// One node reaches another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The index of the node that calls.
    pub from: usize,
    /// The index of the node that answers.
    pub to: usize,
    /// On which ports, or what for: `tcp 5432`, `images`.
    pub ways: Vec<String>,
    /// What becomes of it.
    pub fate: Fate,
}

impl<'a> Topology<'a> {
    /// Reads it off a plan.
    pub fn of(plan: &'a Plan, schemas: &dyn Schemas) -> Self {
        let links = Links::of(plan, schemas);
        let wholes = wholes::of(plan, &links);
        let places = place::of(&wholes, &links);
        let node = |(whole, place): (&Whole<'a>, Place)| Node {
            role: whole.role.clone(),
            label: naming::label(whole),
            details: naming::details(whole),
            place,
            fate: whole.fate(),
            parts: whole.parts.iter().map(|&(_, change)| change).collect(),
        };
        let mut nodes = wholes.iter().zip(places).map(node).collect();
        let edges = paths::of(&wholes, &links, &mut nodes);
        Self { nodes, edges }
    }

    /// The network itself, where it is part of the plan.
    pub fn vpc(&self) -> Option<usize> {
        self.nodes.iter().position(|node| node.role == Role::Vpc)
    }

    /// The zones that have subnets.
    pub fn zones(&self) -> BTreeSet<&str> {
        let zones = self.nodes.iter().filter_map(|node| match &node.role {
            Role::Subnet { zone, .. } => Some(zone.as_str()),
            _ => None,
        });
        zones.collect()
    }

    /// The nodes at a place that fits.
    pub fn at(&self, fits: impl Fn(&Place) -> bool) -> impl Iterator<Item = (usize, &Node<'a>)> {
        self.nodes.iter().enumerate().filter(move |(_, node)| fits(&node.place))
    }
}
