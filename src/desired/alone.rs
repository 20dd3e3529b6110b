//! A deployment by itself: everything stays as AWS has it, except for the images of some services.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::facts::{Copy, Running};
use super::repository::image_address;
use crate::aws::kinds::Registry;
use crate::graph::{Address, Desired, Live, Reference};
use crate::plan::Schemas as _;

/// The graph in which only these services become what `desired` says of their images. A service that does not run yet is made, with
/// all that it needs; what the spec says of anything else, and what has drifted, is for another plan.
pub fn images_alone(desired: Vec<Desired>, live: &[Live], services: &BTreeSet<String>) -> Vec<Desired> {
    let there: BTreeMap<&Address, &Live> = live.iter().filter_map(|live| Some((live.address()?, live))).collect();
    let needed = needed(&desired, &there, services);
    let mut wanted: BTreeSet<Address> = BTreeSet::new();
    let mut graph: Vec<Desired> = Vec::new();
    for resource in desired {
        match there.get(&resource.address).filter(|live| live.kind == resource.kind) {
            Some(live) => graph.push(as_it_is(resource, live, services)),
            None if needed.contains(&resource.address) => graph.push(resource),
            None => continue,
        }
        wanted.extend(graph.last().map(|kept| kept.address.clone()));
    }
    // What left the spec stays for now.
    let left = there.iter().filter(|(address, _)| !wanted.contains(**address));
    let left: Vec<Desired> = left.map(|(address, live)| kept(address, live)).collect();
    graph.extend(left);
    // What is there already is not waited for, whatever becomes of it.
    let made: BTreeSet<Address> =
        graph.iter().map(|resource| resource.address.clone()).filter(|address| !there.contains_key(address)).collect();
    for resource in &mut graph {
        resource.after.retain(|on| made.contains(on));
    }
    graph
}

/// The parts of an environment that such a deployment is about.
pub fn parts_alone(services: &BTreeSet<String>, copies: &[Copy]) -> Vec<Address> {
    let services = services.iter().map(|service| Address::of(&["service", service]));
    services.chain(copies.iter().map(|copy| image_address(&copy.repository, &copy.digest))).collect()
}

/// What is not there and cannot be missing: what a deployment takes, all parts of services that do not run yet, and what those
/// rest on.
fn needed(desired: &[Desired], there: &BTreeMap<&Address, &Live>, services: &BTreeSet<String>) -> BTreeSet<Address> {
    let by_address: BTreeMap<&Address, &Desired> = desired.iter().map(|resource| (&resource.address, resource)).collect();
    let runs = |service: &str| there.iter().any(|(address, live)| Running::runs(live.kind) && address.service() == Some(service));
    let mut open: Vec<&Desired> = Vec::new();
    for resource in desired.iter().filter(|resource| moves(&resource.address, services)) {
        if resource.address.service().is_some_and(runs) {
            let on = resource.dependencies();
            let on = on.iter().filter_map(|on| by_address.get(on).copied());
            open.extend(on.filter(|on| Registry.schema(on.kind).is_some_and(|schema| schema.transient)));
        } else {
            open.push(resource);
        }
    }
    let mut needed = BTreeSet::new();
    while let Some(resource) = open.pop() {
        if !there.contains_key(&resource.address) && needed.insert(resource.address.clone()) {
            open.extend(resource.dependencies().iter().filter_map(|on| by_address.get(on).copied()));
        }
    }
    needed
}

fn moves(address: &Address, services: &BTreeSet<String>) -> bool {
    address.service().is_some_and(|service| services.contains(service))
}

/// A resource as AWS has it, but for its image, and for what follows from that.
fn as_it_is(mut wanted: Desired, live: &Live, services: &BTreeSet<String>) -> Desired {
    let mut attrs = live.attrs.clone();
    if moves(&wanted.address, services) {
        for (name, value) in &wanted.attrs {
            match attrs.get_mut(name) {
                // The container: its image, and the script around it, which is always the current one.
                Some(Value::Object(was))
                    if Running::image(wanted.kind, &wanted.attrs).is_some() && value["image"].is_string() =>
                {
                    was.extend(["image", "script"].map(|key| (key.to_owned(), value[key].clone())));
                }
                Some(was) if name == "image" || is_version(value) => *was = value.clone(),
                _ => {}
            }
        }
    } else {
        wanted.blocked = None;
    }
    Desired { attrs, tags: ordinary_tags(live), deferred: None, ..wanted }
}

/// A launch template's version, which follows its image.
fn is_version(value: &Value) -> bool {
    Reference::from_value(value).is_some_and(|reference| reference.output == "version")
}

fn kept(address: &Address, live: &Live) -> Desired {
    Desired {
        address: address.clone(),
        kind: live.kind,
        attrs: live.attrs.clone(),
        tags: ordinary_tags(live),
        after: Vec::new(),
        deferred: None,
        blocked: None,
    }
}

/// All tags but those of ownership, which the planner adds.
fn ordinary_tags(live: &Live) -> BTreeMap<String, String> {
    live.tags.iter().filter(|(key, _)| !key.starts_with("infra:")).map(|(key, value)| (key.clone(), value.clone())).collect()
}
