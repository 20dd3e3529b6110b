//! What is not ours and uses what is: network interfaces in our networks that nothing of ours holds, and what they are part of; subnets
//! and security groups that somebody else made there.
//!
//! AWS refuses to delete a subnet, a security group or a network as long as one is there. Route tables, gateways and endpoints it
//! deletes without a word, though whoever stands in the subnet is cut off.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{
    Filter, Instance, InstanceStateName, IpPermission, NetworkInterface, NetworkInterfaceStatus, NetworkInterfaceType,
    SecurityGroup as AwsGroup, Subnet as AwsSubnet, Tag,
};

use super::access::{Access, reads};
use super::autoscaling::group::Group;
use super::client::Aws;
use super::ec2::nat_gateway::NatGateway;
use super::ec2::route_table::{RouteTable, Target};
use super::ec2::security_group::{self, SecurityGroup};
use super::ec2::{any_of, vpc};
use super::error::{AwsError, Call};
use super::kind::{Shape, decode};
use super::read::both;
use crate::graph::{Live, Neighbour, Owner, Scope};

/// The tag by which AWS says whose an instance of an Auto Scaling group is; nobody else can set it.
const GROUP: &str = "aws:autoscaling:groupName";

/// What looking for neighbours takes.
pub(super) const ACCESS: Access = Access::reading(&[reads(&[
    "ec2:DescribeVpcs",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeInstances",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
])]);

/// How services begin what they say of interfaces that they hold for what we may have, and then name it.
const NAMED: [&str; 3] = ["ELB app/", "ELB net/", "ElastiCache "];

/// What holds interfaces of these types is nothing that a spec asks for.
const NEVER_OURS: [NetworkInterfaceType; 2] = [NetworkInterfaceType::Lambda, NetworkInterfaceType::VpcEndpoint];

/// What is in an environment's networks, whoever it belongs to.
#[derive(Debug, Default)]
pub(super) struct Inside {
    interfaces: Vec<Interface>,
    subnets: Vec<AwsSubnet>,
    groups: Vec<AwsGroup>,
}

/// A network interface in one of our networks.
#[derive(Debug)]
pub(super) struct Interface {
    seen: NetworkInterface,
    /// The instance it belongs to.
    instance: Option<Instance>,
}

/// Looks into an environment's networks.
pub(super) async fn inside(aws: &Aws, scope: &Scope) -> Result<Inside, AwsError> {
    let networks = vpc::ids(aws, scope).await?;
    if networks.is_empty() {
        return Ok(Inside::default());
    }
    let here = || any_of("vpc-id", networks.clone());
    let subnets = async {
        let pages = aws.ec2.describe_subnets().filters(here()).into_paginator().items().send();
        pages.collect::<Result<Vec<_>, _>>().await.call("ec2:DescribeSubnets")
    };
    let (interfaces, (subnets, groups)) =
        both(interfaces(aws, here()), both(subnets, security_group::inside(aws, scope))).await?;
    Ok(Inside { interfaces, subnets, groups })
}

/// Everything that has an address there.
async fn interfaces(aws: &Aws, here: Filter) -> Result<Vec<Interface>, AwsError> {
    let pages = aws.ec2.describe_network_interfaces().filters(here).into_paginator().items().send();
    let seen = pages.collect::<Result<Vec<_>, _>>().await.call("ec2:DescribeNetworkInterfaces")?;
    let ids = seen.iter().filter_map(instance_of).map(str::to_owned).collect();
    let mut instances = instances(aws, ids).await?;
    let with_instance = |seen: NetworkInterface| {
        let instance = instance_of(&seen).and_then(|id| instances.remove(id));
        Interface { seen, instance }
    };
    Ok(seen.into_iter().map(with_instance).collect())
}

/// Instances by id. Asked for by a filter: unlike an id, it finds nothing without an error where one has gone meanwhile.
async fn instances(aws: &Aws, ids: Vec<String>) -> Result<BTreeMap<String, Instance>, AwsError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let pages = aws.ec2.describe_instances().filters(any_of("instance-id", ids)).into_paginator().items().send();
    let reservations = pages.collect::<Result<Vec<_>, _>>().await.call("ec2:DescribeInstances")?;
    let instances = reservations.into_iter().flat_map(|reservation| reservation.instances.unwrap_or_default());
    Ok(instances.filter_map(|instance| Some((instance.instance_id.clone()?, instance))).collect())
}

fn instance_of(seen: &NetworkInterface) -> Option<&str> {
    seen.attachment().and_then(|attachment| attachment.instance_id())
}

/// Tells what is ours who else uses it.
pub(super) fn introduce(live: &mut [Live], scope: &Scope, inside: &Inside) {
    let ours = Ours::of(live, scope);
    for interface in inside.interfaces.iter().filter(|interface| !ours.have(interface)) {
        let seen = &interface.seen;
        let groups = seen.groups().iter().filter_map(|group| group.group_id());
        let stands_on: BTreeSet<&str> = groups.chain(seen.vpc_id()).chain(seen.subnet_id()).collect();
        let served_by = seen.subnet_id().map(|subnet| serving(live, subnet)).unwrap_or_default();
        for live in live.iter_mut().filter(|live| live.address().is_some()) {
            let holds = stands_on.contains(live.id.as_str());
            if holds || served_by.contains(&live.id) {
                live.neighbours.push(Neighbour { what: interface.in_words(), holds });
            }
        }
    }
    for subnet in inside.subnets.iter().filter(|subnet| !ours.made(subnet.subnet_id())) {
        let what = named("subnet", subnet.subnet_id(), name(subnet.tags()));
        holds(live, &what, &[subnet.vpc_id()].into_iter().flatten().collect());
    }
    // Every network comes with a group called `default`, and goes with it.
    let others = |group: &&AwsGroup| !ours.made(group.group_id()) && group.group_name() != Some("default");
    for group in inside.groups.iter().filter(others) {
        let what = named("security group", group.group_id(), group.group_name());
        let rules = group.ip_permissions().iter().chain(group.ip_permissions_egress());
        let peers = rules.flat_map(IpPermission::user_id_group_pairs).filter_map(|pair| pair.group_id());
        holds(live, &what, &peers.chain(group.vpc_id()).collect());
    }
    for live in live {
        live.neighbours.sort();
        live.neighbours.dedup();
    }
}

/// Tells those of these ids that are ours who holds them.
fn holds(live: &mut [Live], what: &str, held: &BTreeSet<&str>) {
    for live in live.iter_mut().filter(|live| live.address().is_some() && held.contains(live.id.as_str())) {
        live.neighbours.push(Neighbour { what: what.to_owned(), holds: true });
    }
}

/// The ids of what carries packets of a subnet: its route tables, the gateways they lead to, and the endpoints in them.
fn serving(live: &[Live], subnet: &str) -> BTreeSet<String> {
    let mut serving = BTreeSet::new();
    for table in live.iter().filter(|live| live.kind == RouteTable::SCHEMA.kind) {
        let Ok(attrs) = decode::<RouteTable>(table.kind, &table.attrs) else { continue };
        if !attrs.subnets.contains(subnet) {
            continue;
        }
        serving.extend(attrs.routes.into_iter().map(|route| match route.target {
            Target::InternetGateway(id) | Target::NatGateway(id) | Target::Other(id) => id,
        }));
        let endpoints = live.iter().filter(|live| texts(live, "route_tables").any(|id| id == table.id));
        serving.extend(endpoints.map(|endpoint| endpoint.id.clone()));
        serving.insert(table.id.clone());
    }
    serving
}

fn texts<'a>(live: &'a Live, attribute: &str) -> impl Iterator<Item = &'a str> {
    live.attrs.get(attribute).and_then(|value| value.as_array()).into_iter().flatten().filter_map(|value| value.as_str())
}

/// By what is known what is ours.
struct Ours<'a> {
    scope: &'a Scope,
    /// Everything that carries our tags.
    ids: BTreeSet<String>,
    /// Security groups that are ours, or that somebody gave to something of ours.
    groups: BTreeSet<String>,
    scaling_groups: BTreeSet<String>,
    nat_gateways: BTreeSet<String>,
}

impl<'a> Ours<'a> {
    fn of(live: &[Live], scope: &'a Scope) -> Self {
        let ours = || live.iter().filter(|live| live.address().is_some());
        let ids = |kind: &str| ours().filter(|live| live.kind == kind).map(|live| live.id.clone()).collect::<BTreeSet<_>>();
        let mut groups = ids(SecurityGroup::SCHEMA.kind);
        groups.extend(ours().flat_map(|live| texts(live, "security_groups")).map(str::to_owned));
        let tagged = live.iter().filter(|live| !matches!(live.owner, Owner::Foreign(_)));
        Self {
            scope,
            ids: tagged.map(|live| live.id.clone()).collect(),
            groups,
            scaling_groups: ids(Group::SCHEMA.kind),
            nat_gateways: ids(NatGateway::SCHEMA.kind),
        }
    }

    fn made(&self, id: Option<&str>) -> bool {
        id.is_some_and(|id| self.ids.contains(id))
    }

    fn have(&self, interface: &Interface) -> bool {
        let seen = &interface.seen;
        if let Some(instance) = &interface.instance {
            return self.started(instance);
        }
        let about = seen.description().unwrap_or_default();
        // What is left of one that is gone will be gone, too.
        let managed = seen.requester_managed() == Some(true);
        let leaves = managed && seen.status() != Some(&NetworkInterfaceStatus::InUse);
        if seen.groups().is_empty() {
            // A NAT gateway has none, and names itself.
            return leaves || about.split_whitespace().any(|word| self.nat_gateways.contains(word));
        }
        // Whoever may use our security groups can give them to what is not ours.
        let idle = !managed && seen.status() == Some(&NetworkInterfaceStatus::Available);
        let is_anothers =
            NAMED.iter().filter_map(|named| about.strip_prefix(named)).any(|name| !name.starts_with(&self.scope.prefix()));
        let never = seen.interface_type().is_some_and(|kind| NEVER_OURS.contains(kind));
        let ours = |id: &str| self.groups.contains(id);
        !idle && !is_anothers && !never && seen.groups().iter().all(|group| group.group_id().is_some_and(ours))
    }

    /// Whether an instance is of a group of ours or runs a release command of ours. One that is on its way out is nobody's concern.
    fn started(&self, instance: &Instance) -> bool {
        let state = instance.state().and_then(|state| state.name());
        if matches!(state, Some(InstanceStateName::ShuttingDown | InstanceStateName::Terminated)) {
            return true;
        }
        let tags = instance.tags().iter();
        let group = tags.filter(|tag| tag.key() == Some(GROUP)).find_map(|tag| tag.value());
        group.map_or_else(|| self.made(instance.instance_id()), |group| self.scaling_groups.contains(group))
    }
}

impl Interface {
    /// What people know it by: the instance, or else what whoever made it says of it.
    fn in_words(&self) -> String {
        if let Some(id) = instance_of(&self.seen) {
            return named("instance", Some(id), self.instance.as_ref().and_then(|instance| name(instance.tags())));
        }
        named("network interface", self.seen.network_interface_id(), self.seen.description())
    }
}

fn named(what: &str, id: Option<&str>, name: Option<&str>) -> String {
    let name = name.filter(|name| !name.is_empty()).map(|name| format!(" ({name})")).unwrap_or_default();
    format!("{what} {}{name}", id.unwrap_or_default())
}

fn name(tags: &[Tag]) -> Option<&str> {
    tags.iter().find(|tag| tag.key() == Some("Name")).and_then(Tag::value)
}

#[cfg(test)]
mod tests;
