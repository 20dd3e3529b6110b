//! What is not ours and uses what is: network interfaces in our networks that nothing of ours holds, and what they are part of.
//!
//! AWS refuses to delete a subnet, a security group or a network as long as one is there. Route tables, gateways and endpoints it
//! deletes without a word, though whoever stands in the subnet is cut off.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Filter, Instance, NetworkInterface, NetworkInterfaceStatus};

use super::access::{Access, reads};
use super::autoscaling::group::Group;
use super::client::Aws;
use super::ec2::nat_gateway::NatGateway;
use super::ec2::route_table::{RouteTable, Target};
use super::ec2::security_group::SecurityGroup;
use super::ec2::vpc;
use super::error::{AwsError, Call};
use super::kind::{Shape, decode};
use crate::graph::{Live, Neighbour, Scope};

/// The tag by which AWS says whose an instance of an Auto Scaling group is; nobody else can set it.
const GROUP: &str = "aws:autoscaling:groupName";

/// What looking for neighbours takes.
pub(super) const ACCESS: Access =
    Access::reading(&[reads(&["ec2:DescribeVpcs", "ec2:DescribeNetworkInterfaces", "ec2:DescribeInstances"])]);

/// A network interface in one of our networks.
#[derive(Debug)]
pub(super) struct Interface {
    seen: NetworkInterface,
    /// The instance it belongs to, where its security groups do not say already that it is ours.
    instance: Option<Instance>,
}

/// Everything that has an address in an environment's networks.
pub(super) async fn interfaces(aws: &Aws, scope: &Scope) -> Result<Vec<Interface>, AwsError> {
    let networks = vpc::ids(aws, scope).await?;
    if networks.is_empty() {
        return Ok(Vec::new());
    }
    let pages = aws.ec2.describe_network_interfaces().filters(any_of("vpc-id", networks)).into_paginator().items().send();
    let seen = pages.collect::<Result<Vec<_>, _>>().await.call("ec2:DescribeNetworkInterfaces")?;
    // One more call only where somebody else may be there: instances of ours carry groups that are called as ours are.
    let prefix = scope.prefix();
    let named = |seen: &NetworkInterface| {
        seen.groups().iter().all(|group| group.group_name().is_some_and(|name| name.starts_with(&prefix)))
    };
    let doubtful: Vec<String> = seen.iter().filter(|seen| !named(seen)).filter_map(instance_of).map(str::to_owned).collect();
    let mut instances = instances(aws, doubtful).await?;
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

fn any_of(name: &str, values: Vec<String>) -> Filter {
    Filter::builder().name(name).set_values(Some(values)).build()
}

fn instance_of(seen: &NetworkInterface) -> Option<&str> {
    seen.attachment().and_then(|attachment| attachment.instance_id())
}

/// Tells what is ours who else uses it.
pub(super) fn introduce(live: &mut [Live], interfaces: &[Interface]) {
    let ours = Ours::of(live);
    for interface in interfaces.iter().filter(|interface| !ours.have(interface)) {
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
    for live in live {
        live.neighbours.sort();
        live.neighbours.dedup();
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

/// By what an interface of ours is known.
struct Ours {
    /// Security groups that are ours, or that somebody gave to something of ours.
    groups: BTreeSet<String>,
    scaling_groups: BTreeSet<String>,
    nat_gateways: BTreeSet<String>,
}

impl Ours {
    fn of(live: &[Live]) -> Self {
        let ours = || live.iter().filter(|live| live.address().is_some());
        let ids = |kind: &str| ours().filter(|live| live.kind == kind).map(|live| live.id.clone()).collect::<BTreeSet<_>>();
        let mut groups = ids(SecurityGroup::SCHEMA.kind);
        groups.extend(ours().flat_map(|live| texts(live, "security_groups")).map(str::to_owned));
        Self { groups, scaling_groups: ids(Group::SCHEMA.kind), nat_gateways: ids(NatGateway::SCHEMA.kind) }
    }

    fn have(&self, interface: &Interface) -> bool {
        let seen = &interface.seen;
        if let Some(instance) = &interface.instance {
            let tags = instance.tags().iter();
            let group = tags.filter(|tag| tag.key() == Some(GROUP)).find_map(|tag| tag.value());
            return group.is_some_and(|group| self.scaling_groups.contains(group));
        }
        if seen.groups().is_empty() {
            // A NAT gateway has none, and names itself; what is left of one that is gone will be gone, too.
            let words = seen.description().unwrap_or_default().split_whitespace();
            let leaves = seen.requester_managed() == Some(true) && seen.status() != Some(&NetworkInterfaceStatus::InUse);
            return leaves || words.into_iter().any(|word| self.nat_gateways.contains(word));
        }
        seen.groups().iter().all(|group| group.group_id().is_some_and(|id| self.groups.contains(id)))
    }
}

impl Interface {
    /// What people know it by: the instance, or else what whoever made it says of it.
    fn in_words(&self) -> String {
        let about =
            |text: Option<&str>| text.filter(|text| !text.is_empty()).map(|text| format!(" ({text})")).unwrap_or_default();
        let named = |instance: &Instance| {
            let name = instance.tags().iter().find(|tag| tag.key() == Some("Name"));
            about(name.and_then(|tag| tag.value()))
        };
        if let Some(id) = instance_of(&self.seen) {
            return format!("instance {id}{}", self.instance.as_ref().map(named).unwrap_or_default());
        }
        let id = self.seen.network_interface_id().unwrap_or_default();
        format!("network interface {id}{}", about(self.seen.description()))
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{GroupIdentifier, NetworkInterfaceAttachment, Tag};
    use serde_json::{Value, json};

    use super::*;
    use crate::graph::{Address, Outputs, Owner, State, Tags};

    fn live(kind: &'static str, id: &str, attrs: &Value) -> Live {
        Live {
            kind,
            id: id.into(),
            owner: Owner::Ours { address: Address::of(&["network", id]), declared: None },
            state: State::Ready,
            attrs: attrs.as_object().cloned().unwrap().into_iter().collect(),
            outputs: Outputs::new(),
            tags: Tags::new(),
            neighbours: Vec::new(),
        }
    }

    /// A network with a private subnet behind a NAT gateway, and a database in it that somebody gave a group of theirs.
    fn environment() -> Vec<Live> {
        let route = json!({ "destination": "0.0.0.0/0", "target": { "nat_gateway": "nat-1" } });
        vec![
            live("ec2.vpc", "vpc-1", &json!({})),
            live("ec2.subnet", "subnet-1", &json!({})),
            live("ec2.subnet", "subnet-2", &json!({})),
            live("ec2.nat_gateway", "nat-1", &json!({})),
            live("ec2.route_table", "rtb-1", &json!({ "vpc": "vpc-1", "routes": [route], "subnets": ["subnet-1"] })),
            live("ec2.vpc_endpoint", "vpce-1", &json!({ "route_tables": ["rtb-1"] })),
            live("ec2.security_group", "sg-1", &json!({})),
            live("rds.instance", "main", &json!({ "security_groups": ["sg-1", "sg-theirs"] })),
            live("autoscaling.group", "shop-dev-web", &json!({})),
        ]
    }

    fn interface(groups: &[&str]) -> aws_sdk_ec2::types::builders::NetworkInterfaceBuilder {
        let groups = groups.iter().map(|id| GroupIdentifier::builder().group_id(*id).build()).collect();
        let there = NetworkInterface::builder().network_interface_id("eni-1").vpc_id("vpc-1").subnet_id("subnet-1");
        there.status(NetworkInterfaceStatus::InUse).set_groups(Some(groups))
    }

    fn instance(tags: &[(&str, &str)]) -> Instance {
        let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build()).collect();
        Instance::builder().instance_id("i-1").set_tags(Some(tags)).build()
    }

    fn attached(groups: &[&str], tags: &[(&str, &str)]) -> Interface {
        let attachment = NetworkInterfaceAttachment::builder().instance_id("i-1").build();
        Interface { seen: interface(groups).attachment(attachment).build(), instance: Some(instance(tags)) }
    }

    fn alone(seen: NetworkInterface) -> Interface {
        Interface { seen, instance: None }
    }

    #[test]
    fn an_instance_of_somebody_else_is_known_to_all_that_it_uses() {
        let mut live = environment();
        introduce(&mut live, &[attached(&["sg-other", "sg-1"], &[("Name", "bastion")])]);
        let known = |holds: bool| {
            let who = live.iter().filter(|live| live.neighbours.iter().any(|one| one.holds == holds));
            who.map(|live| live.id.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(known(true), ["vpc-1", "subnet-1", "sg-1"]);
        assert_eq!(known(false), ["nat-1", "rtb-1", "vpce-1"]);
        assert!(live.iter().flat_map(|live| &live.neighbours).all(|one| one.what == "instance i-1 (bastion)"));
    }

    #[test]
    fn what_is_ours_is_nobodys_neighbour() {
        let nat = interface(&[]).description("Interface for NAT Gateway nat-1").requester_managed(true);
        let cases = [
            ("what carries our groups alone", alone(interface(&["sg-1"]).build())),
            ("a database with a group of theirs", alone(interface(&["sg-theirs"]).build())),
            ("our NAT gateway", alone(nat.build())),
            ("our instance with a group of theirs", attached(&["sg-other"], &[(GROUP, "shop-dev-web")])),
            (
                "what is left of a NAT gateway",
                alone(interface(&[]).requester_managed(true).status(NetworkInterfaceStatus::Available).build()),
            ),
        ];
        for (what, interface) in cases {
            let mut live = environment();
            introduce(&mut live, &[interface]);
            assert_eq!(live, environment(), "{what}");
        }
    }

    #[test]
    fn what_is_not_is() {
        let cases = [
            (attached(&["sg-1"], &[(GROUP, "another")]), "instance i-1"),
            (
                alone(interface(&["sg-other"]).description("AWS Lambda VPC ENI-x").build()),
                "network interface eni-1 (AWS Lambda VPC ENI-x)",
            ),
            (
                alone(interface(&[]).description("Interface for NAT Gateway nat-2").requester_managed(true).build()),
                "network interface eni-1 (Interface for NAT Gateway nat-2)",
            ),
            (alone(interface(&["sg-other"]).build()), "network interface eni-1"),
        ];
        for (interface, words) in cases {
            let mut live = environment();
            introduce(&mut live, &[interface]);
            assert_eq!(live[1].neighbours, [Neighbour { what: words.into(), holds: true }]);
            assert_eq!(live[2].neighbours, [], "it stands in another subnet");
        }
    }
}
