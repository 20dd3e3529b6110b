//! The network: a VPC with a public and a private subnet in every zone, and the ways out.

use std::collections::BTreeSet;

use super::builder::{Builder, vpc};
use super::facts::slot;
use crate::aws::ec2::elastic_ip::ElasticIp;
use crate::aws::ec2::internet_gateway::InternetGateway;
use crate::aws::ec2::nat_gateway::NatGateway;
use crate::aws::ec2::route_table::{Route, RouteTable, Target};
use crate::aws::ec2::subnet::Subnet;
use crate::aws::ec2::vpc::Vpc;
use crate::aws::ec2::vpc_endpoint::VpcEndpoint;
use crate::graph::{Address, Input, Wanted};
use crate::spec::{Nat, Network, layout};

const EVERYWHERE: &str = "0.0.0.0/0";

pub(super) fn build(builder: &mut Builder<'_>, network: Network) {
    let id = |address: &Address| Input::output(address, "id");
    builder.add::<Vpc>(Address::of(&["network", "vpc"]), &Vpc { cidr: network.cidr, dns_support: true, dns_hostnames: true });
    let gateway =
        builder.add::<InternetGateway>(Address::of(&["network", "internet_gateway"]), &InternetGateway::<Wanted> { vpc: vpc() });

    let zones = letters(builder);
    let mut tables = Vec::new();
    let mut public = BTreeSet::new();
    for (zone, letter, slot) in &zones {
        let name = format!("public-{letter}");
        let Some(cidr) = layout::public(network.cidr, *slot) else { continue };
        let subnet = Subnet::<Wanted> { vpc: vpc(), cidr, zone: zone.clone(), public_addresses: false };
        public.insert(id(&builder.add::<Subnet>(Address::of(&["network", "subnet", &name]), &subnet)));
    }
    let out = Route { destination: EVERYWHERE.into(), target: Target::InternetGateway(id(&gateway)) };
    let table = RouteTable::<Wanted> { vpc: vpc(), routes: BTreeSet::from([out]), subnets: public };
    tables.push(builder.add::<RouteTable>(Address::of(&["network", "route_table", "public"]), &table));

    let nat: Vec<Address> = match network.nat {
        Nat::None => Vec::new(),
        Nat::Single => zones.iter().take(1).map(|(_, letter, _)| nat_gateway(builder, &tables[0], *letter)).collect(),
        Nat::PerZone => zones.iter().map(|(_, letter, _)| nat_gateway(builder, &tables[0], *letter)).collect(),
    };
    for (index, (zone, letter, slot)) in zones.iter().enumerate() {
        let name = format!("private-{letter}");
        let Some(cidr) = layout::private(network.cidr, *slot) else { continue };
        let subnet = Subnet::<Wanted> { vpc: vpc(), cidr, zone: zone.clone(), public_addresses: false };
        let subnet = builder.add::<Subnet>(Address::of(&["network", "subnet", &name]), &subnet);
        let nearest = nat.get(index).or(nat.first());
        let out = nearest.map(|nat| Route { destination: EVERYWHERE.into(), target: Target::NatGateway(id(nat)) });
        let table =
            RouteTable::<Wanted> { vpc: vpc(), routes: out.into_iter().collect(), subnets: BTreeSet::from([id(&subnet)]) };
        tables.push(builder.add::<RouteTable>(Address::of(&["network", "route_table", &name]), &table));
    }

    let endpoint = VpcEndpoint::<Wanted> {
        vpc: vpc(),
        service: format!("com.amazonaws.{}.s3", builder.environment.aws.region),
        route_tables: tables.iter().map(id).collect(),
    };
    builder.add::<VpcEndpoint>(Address::of(&["network", "s3_endpoint"]), &endpoint);
}

/// A NAT gateway in the public subnet of a zone, with an address of its own. It is of use once the subnet has its way out.
fn nat_gateway(builder: &mut Builder<'_>, public_table: &Address, letter: char) -> Address {
    let zone = letter.to_string();
    let elastic_ip =
        builder.add::<ElasticIp>(Address::of(&["network", "elastic_ip", &zone]), &ElasticIp::<Wanted> { vpc: vpc() });
    let gateway = NatGateway::<Wanted> {
        subnet: Input::output(&subnet("public", letter), "id"),
        elastic_ip: Input::output(&elastic_ip, "id"),
    };
    let address = builder.add::<NatGateway>(Address::of(&["network", "nat_gateway", &zone]), &gateway);
    builder.last().after.push(public_table.clone());
    address
}

fn subnet(side: &str, letter: char) -> Address {
    Address::of(&["network", "subnet", &format!("{side}-{letter}")])
}

/// The zones in use: name, letter, slot.
fn letters(builder: &Builder<'_>) -> Vec<(String, char, u8)> {
    let zones = builder.facts.zones.iter();
    zones.filter_map(|zone| Some((zone.clone(), zone.chars().last()?, slot(zone)?))).collect()
}

/// The ids of all subnets on one side, `public` or `private`.
pub(super) fn subnets(builder: &Builder<'_>, side: &str) -> BTreeSet<Input> {
    letters(builder).iter().map(|(_, letter, _)| Input::output(&subnet(side, *letter), "id")).collect()
}

/// The side on which instances stand: private, unless nothing there reaches the internet.
pub(super) fn side_of_instances(builder: &Builder<'_>) -> &'static str {
    let nat = builder.environment.network.as_ref().map(|network| network.nat);
    if nat == Some(Nat::None) { "public" } else { "private" }
}

/// The route tables of one side: what starts there needs its way out.
pub(super) fn ways_out(builder: &Builder<'_>, side: &str) -> Vec<Address> {
    match side {
        "public" => vec![Address::of(&["network", "route_table", "public"])],
        _ => letters(builder)
            .iter()
            .map(|(_, letter, _)| Address::of(&["network", "route_table", &format!("{side}-{letter}")]))
            .collect(),
    }
}
