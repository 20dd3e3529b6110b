//! Whose an interface, a subnet or a security group in our network is.

use aws_sdk_ec2::types::{GroupIdentifier, NetworkInterfaceAttachment, UserIdGroupPair};
use serde_json::{Value, json};

use super::*;
use crate::graph::{Address, Outputs, State, Tags};

fn meet(live: &mut [Live], inside: &Inside) {
    introduce(live, &Scope { project: "shop".into(), environment: "dev".into() }, inside);
}

fn with(interface: Interface) -> Inside {
    Inside { interfaces: vec![interface], ..Inside::default() }
}

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
    meet(&mut live, &with(attached(&["sg-other", "sg-1"], &[("Name", "bastion")])));
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
    let cases = vec![
        ("what carries our groups alone", alone(interface(&["sg-1"]).build())),
        ("a database with a group of theirs", alone(interface(&["sg-theirs"]).build())),
        ("our load balancer", alone(interface(&["sg-1"]).description("ELB app/shop-dev-web/0123").build())),
        ("our NAT gateway", alone(nat.build())),
        ("our instance with a group of theirs", attached(&["sg-other"], &[(GROUP, "shop-dev-web")])),
        (
            "what is left of a NAT gateway",
            alone(interface(&[]).requester_managed(true).status(NetworkInterfaceStatus::Available).build()),
        ),
    ];
    for (what, interface) in cases {
        let mut live = environment();
        meet(&mut live, &with(interface));
        assert_eq!(live, environment(), "{what}");
    }
}

#[test]
fn what_is_not_is() {
    let cases = vec![
        (attached(&["sg-1"], &[(GROUP, "another")]), "instance i-1"),
        (attached(&["sg-1"], &[("Name", "bastion")]), "instance i-1 (bastion)"),
        (
            alone(interface(&["sg-1"]).interface_type(NetworkInterfaceType::Lambda).description("AWS Lambda VPC ENI-x").build()),
            "network interface eni-1 (AWS Lambda VPC ENI-x)",
        ),
        (
            alone(interface(&["sg-1"]).description("ELB app/another/0123").build()),
            "network interface eni-1 (ELB app/another/0123)",
        ),
        (alone(interface(&["sg-1"]).status(NetworkInterfaceStatus::Available).build()), "network interface eni-1"),
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
        meet(&mut live, &with(interface));
        assert_eq!(live[1].neighbours, [Neighbour { what: words.into(), holds: true }]);
        assert_eq!(live[2].neighbours, [], "it stands in another subnet");
    }
}

#[test]
fn what_others_made_in_our_network_holds_it() {
    let mut live = environment();
    let subnet = |id: &str| AwsSubnet::builder().subnet_id(id).vpc_id("vpc-1").build();
    let pair = UserIdGroupPair::builder().group_id("sg-1").build();
    let rule = IpPermission::builder().user_id_group_pairs(pair).build();
    let group = |id: &str, name: &str| AwsGroup::builder().group_id(id).group_name(name).vpc_id("vpc-1");
    let theirs = group("sg-9", "theirs").ip_permissions(rule).build();
    let groups = vec![group("sg-0", "default").build(), group("sg-1", "shop-dev-web").build(), theirs];
    meet(&mut live, &Inside { subnets: vec![subnet("subnet-1"), subnet("subnet-9")], groups, ..Inside::default() });
    let of = |id: &str| {
        let live = live.iter().find(|live| live.id == id).unwrap();
        live.neighbours.iter().map(|one| one.what.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of("vpc-1"), ["security group sg-9 (theirs)", "subnet subnet-9"]);
    assert_eq!((of("sg-1"), of("subnet-1")), (vec!["security group sg-9 (theirs)"], vec![]));
}
