//! Where things stand.

use std::collections::{BTreeMap, BTreeSet};

use super::Role;
use super::links::{Links, now};
use super::wholes::Whole;

/// Where a node stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Outside AWS.
    World,
    /// In the region, in no network.
    Region,
    /// In the network, in no subnet: so do subnets themselves.
    Network,
    /// In these subnets, by index. It is one thing all the same: a group, a database that may fail over.
    Subnets(BTreeSet<usize>),
}

/// The place of every whole, in their order.
pub(super) fn of(wholes: &[Whole<'_>], links: &Links<'_>) -> Vec<Place> {
    let is_subnet = |whole: &Whole<'_>| matches!(whole.role, Role::Subnet { .. });
    let subnets = wholes.iter().enumerate().filter(|(_, whole)| is_subnet(whole));
    let subnets: BTreeMap<usize, usize> =
        subnets.flat_map(|(at, whole)| whole.parts.iter().map(move |&(part, _)| (part, at))).collect();
    let place = |whole: &Whole<'_>| match whole.role {
        Role::Vpc | Role::AppRunner | Role::Repository => Place::Region,
        _ if is_subnet(whole) => Place::Network,
        _ => {
            let stands = |&(_, part): &(usize, _)| ["subnets", "subnet"].map(|attribute| links.by(part, attribute));
            let found = whole.parts.iter().flat_map(stands).flatten().filter_map(|part| subnets.get(&part).copied());
            match found.collect::<BTreeSet<_>>() {
                found if !found.is_empty() => Place::Subnets(found),
                _ if whole.parts.iter().any(|(_, part)| !now(part, "vpc").is_null()) => Place::Network,
                _ => Place::Region,
            }
        }
    };
    wholes.iter().map(place).collect()
}
