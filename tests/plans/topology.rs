//! The model that drawings are made from: of every case it must be whole; of some it is written down.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use infra::aws::kinds::Registry;
use infra::graph::Address;
use infra::plan::{Options, Plan, plan};
use infra::render::topology::{Fate, Place, Role, Topology};
use infra::spec;
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

use crate::world::{World, scope};
use crate::{cases, folder, made, planned};

/// Cases whose topology is written down beside their plan.
const WRITTEN: [&str; 9] = [
    "from-nothing",
    "nothing-to-do",
    "database-class",
    "network-cidr",
    "rule-added",
    "leftover",
    "service-deferred",
    "alarms-added",
    "route-added",
];

#[test]
fn topologies_are_as_they_are_written_here() {
    let mut differing = Vec::new();
    for case in WRITTEN {
        let folder = folder().join(case);
        let (.., plan) = made(&folder);
        let path = folder.join("topology.txt");
        let expected = Data::read_from(&path, Some(DataFormat::Text));
        let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
        let drawn = Data::text(drawn(&Topology::of(&plan, &Registry)));
        if let Err(error) = assert.try_eq(Some(&path.display()), drawn, expected.raw()) {
            differing.push(error.to_string());
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn every_resource_is_part_of_one_node() {
    for folder in cases() {
        let (.., plan) = made(&folder);
        whole(&plan, &folder.display().to_string());
    }
}

#[test]
fn every_reference_environment_can_be_drawn_at_any_time() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("environments");
    let loaded = spec::load(&specs, None).unwrap_or_else(|_| panic!("the specs are sound"));
    for name in ["dev", "staging", "prod"] {
        let environment = loaded.environment(name).expect("it is there");
        let digest = format!("sha256:{}", "1".repeat(64));
        let images: Vec<_> = environment.service.names().map(|service| (service.to_owned(), digest.clone())).collect();
        let mut world = World::default();
        for images in [&images[..0], &images[..]] {
            let plan = planned(&world, environment, images, &[], false);
            whole(&plan, name);
            world.apply(&scope(environment), &plan);
        }
        let settled = planned(&world, environment, &[], &[], false);
        let topology = whole(&settled, name);
        assert!(topology.nodes.iter().all(|node| node.fate == Fate::Unchanged));
        assert!(topology.edges.iter().all(|edge| edge.fate == Fate::Unchanged));
        let zones = usize::from(environment.network.as_ref().expect("it has one").zones);
        assert_eq!(topology.zones().len(), zones);
        for database in topology.nodes.iter().filter(|node| node.role == Role::Database) {
            assert!(matches!(&database.place, Place::Subnets(subnets) if subnets.len() == zones));
        }

        let desired = world.desired(environment, &[]).expect("zones enough");
        for part in ["network", "service.web", "service.api.service", "database.main"] {
            let options = Options { only: vec![part.parse::<Address>().expect("an address")], ..Options::default() };
            let part = plan(&Registry, &scope(environment), &desired, &world.live, &options).expect("a part");
            whole(&part, name);
        }
        let mut destroyed = environment.clone();
        destroyed.database.values_mut().for_each(|database| database.deletion_protection = false);
        let plan = planned(&world, &destroyed, &[], &[], false);
        world.apply(&scope(environment), &plan);
        let topology = planned(&world, environment, &[], &[], true);
        let topology = whole(&topology, name);
        assert!(topology.nodes.iter().all(|node| node.parts.is_empty() || node.fate == Fate::Deleted), "{}", drawn(&topology));
        assert!(topology.edges.iter().all(|edge| edge.fate == Fate::Deleted), "{}", drawn(&topology));
    }
}

#[test]
fn nothing_at_all_is_drawn_as_nothing() {
    let plan = Plan::default();
    let topology = Topology::of(&plan, &Registry);
    assert!(topology.nodes.is_empty() && topology.edges.is_empty());
}

/// Every change in one node, every place and end a node, and nothing said twice.
fn whole<'a>(plan: &'a Plan, about: &str) -> Topology<'a> {
    let topology = Topology::of(plan, &Registry);
    let mut parts: Vec<_> = topology.nodes.iter().flat_map(|node| &node.parts).map(|part| (&part.address, part.kind)).collect();
    let mut once: Vec<_> = plan.changes.iter().map(|change| (&change.address, change.kind)).collect();
    parts.sort_unstable();
    once.sort_unstable();
    assert_eq!(parts, once, "{about}");
    let labels: BTreeSet<_> = topology.nodes.iter().map(|node| &node.label).collect();
    assert_eq!(labels.len(), topology.nodes.len(), "{about}: two nodes of one name\n{}", drawn(&topology));
    for node in &topology.nodes {
        assert!(!node.label.is_empty());
        if let Place::Subnets(subnets) = &node.place {
            assert!(!subnets.is_empty());
            for &subnet in subnets {
                assert!(matches!(topology.nodes[subnet].role, Role::Subnet { .. }));
            }
        }
    }
    let mut ends = BTreeSet::new();
    for edge in &topology.edges {
        assert!(edge.from < topology.nodes.len() && edge.to < topology.nodes.len() && edge.from != edge.to);
        assert!(ends.insert((edge.from, edge.to)), "{about}: one edge twice");
    }
    assert_eq!(drawn(&topology), drawn(&Topology::of(plan, &Registry)));
    topology
}

/// The model, line by line.
fn drawn(topology: &Topology<'_>) -> String {
    let name = |at: &usize| topology.nodes[*at].label.clone();
    let mut text = String::new();
    for node in &topology.nodes {
        let place = match &node.place {
            Place::World => "outside AWS".into(),
            Place::Region => "in the region".into(),
            Place::Network => "in the network".into(),
            Place::Subnets(subnets) => format!("in {}", subnets.iter().map(name).collect::<Vec<_>>().join(", ")),
        };
        writeln!(text, "{:9}  {}, {place}", node.fate.name(), node.label).expect("a text takes all");
        if let Role::Subnet { zone, public } = &node.role {
            writeln!(text, "             {zone}, {}", if *public { "public" } else { "private" }).expect("a text takes all");
        }
        for detail in &node.details {
            writeln!(text, "             {detail}").expect("a text takes all");
        }
        for part in &node.parts {
            let fate = Fate::of(part).name();
            writeln!(text, "           {fate:9}  {}", part.address).expect("a text takes all");
        }
    }
    for edge in &topology.edges {
        let (from, to, ways) = (name(&edge.from), name(&edge.to), edge.ways.join(", "));
        writeln!(text, "{:9}  {from} → {to}: {ways}", edge.fate.name()).expect("a text takes all");
    }
    text
}
