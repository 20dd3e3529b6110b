//! What a network is made of.

use std::collections::BTreeSet;

use infra::aws::ec2::elastic_ip::ElasticIp;
use infra::aws::ec2::internet_gateway::InternetGateway;
use infra::aws::ec2::nat_gateway::NatGateway;
use infra::aws::ec2::route_table::{Route, RouteTable, Target};
use infra::aws::ec2::subnet::Subnet;
use infra::aws::ec2::vpc::Vpc;
use infra::aws::ec2::vpc_endpoint::VpcEndpoint;
use infra::graph::State;
use infra::plan::Action;

use crate::kit::{Made, REGION, Sandbox, desired, replaced_by, target};

/// A network that other resources can stand in.
pub(crate) fn vpc() -> Vpc {
    Vpc { cidr: "10.1.0.0/16".parse().unwrap(), dns_support: true, dns_hostnames: true }
}

/// A subnet of [`vpc`], `third` of its third number; zones are `a`, `b` and `c`.
pub(crate) fn subnet(vpc: &Made, third: u8, zone: char) -> Subnet {
    let cidr = format!("10.1.{third}.0/24").parse().unwrap();
    Subnet { vpc: vpc.id(), cidr, zone: format!("{REGION}{zone}"), public_addresses: false }
}

fn table(vpc: &Made, target: Option<Target>, subnets: &[&Made]) -> RouteTable {
    let route = target.map(|target| Route { destination: "0.0.0.0/0".into(), target });
    RouteTable { vpc: vpc.id(), routes: route.into_iter().collect(), subnets: subnets.iter().map(|subnet| subnet.id()).collect() }
}

/// A NAT gateway in a public subnet, with all it needs.
async fn nat_gateway(sandbox: &Sandbox, vpc: &Made, public: &Made) -> Made {
    let address = sandbox.make("address", ElasticIp { vpc: vpc.id() }).await;
    sandbox.make("nat", NatGateway { subnet: public.id(), elastic_ip: address.id() }).await
}

#[tokio::test]
async fn vpc_round_trip() {
    let no_names = Vpc { dns_hostnames: false, ..vpc() };
    let no_resolver = Vpc { dns_support: false, ..no_names.clone() };
    Sandbox::new().await.round_trip(vpc(), [no_names, no_resolver, vpc()]).await;
}

#[tokio::test]
async fn subnet_round_trip() {
    let sandbox = Sandbox::new().await;
    let vpc = sandbox.make("vpc", vpc()).await;
    let private = subnet(&vpc, 1, 'a');
    let public = Subnet { public_addresses: true, ..private.clone() };
    sandbox.round_trip(public.clone(), [private.clone()]).await;
    sandbox.round_trip(private, [public]).await;
}

#[tokio::test]
async fn internet_gateway_round_trip() {
    let sandbox = Sandbox::new().await;
    let vpc = sandbox.make("vpc", vpc()).await;
    sandbox.round_trip(InternetGateway { vpc: vpc.id() }, []).await;
}

#[tokio::test]
async fn an_internet_gateway_that_somebody_detached_is_attached_again() {
    let sandbox = Sandbox::new().await;
    let vpc = sandbox.make("vpc", vpc()).await;
    let want = InternetGateway { vpc: vpc.id() };
    let gateway = sandbox.make("gateway", want.clone()).await;
    sandbox.aws.ec2.detach_internet_gateway().internet_gateway_id(gateway.id()).vpc_id(vpc.id()).send().await.unwrap();
    assert_eq!(sandbox.put_right("gateway", want).await, BTreeSet::from(["vpc".to_owned()]));
    let elsewhere = InternetGateway { vpc: "vpc-other".into() };
    assert_eq!(replaced_by(&sandbox.plan(&desired("gateway", &elsewhere)).await), ["vpc"]);
}

#[tokio::test]
async fn elastic_ip_round_trip() {
    let sandbox = Sandbox::new().await;
    sandbox.round_trip(ElasticIp { vpc: "vpc-1".into() }, []).await;
}

#[tokio::test]
async fn an_elastic_ip_keeps_the_tag_of_its_network() {
    let sandbox = Sandbox::new().await;
    let want = ElasticIp { vpc: "vpc-1".into() };
    let address = sandbox.make("address", want.clone()).await;
    let tag = aws_sdk_ec2::types::Tag::builder().key("infra:vpc").build();
    sandbox.aws.ec2.delete_tags().resources(address.id()).tags(tag).send().await.unwrap();
    assert_eq!(sandbox.put_right("address", want).await, BTreeSet::from(["vpc".to_owned()]));
    let elsewhere = ElasticIp { vpc: "vpc-2".into() };
    assert_eq!(replaced_by(&sandbox.plan(&desired("address", &elsewhere)).await), ["vpc"]);
}

#[tokio::test]
async fn nat_gateway_round_trip() {
    let sandbox = Sandbox::new().await;
    let vpc = sandbox.make("vpc", vpc()).await;
    sandbox.make("gateway", InternetGateway { vpc: vpc.id() }).await;
    let subnet = sandbox.make("subnet", subnet(&vpc, 1, 'a')).await;
    let address = sandbox.make("address", ElasticIp { vpc: vpc.id() }).await;
    sandbox.round_trip(NatGateway { subnet: subnet.id(), elastic_ip: address.id() }, []).await;
    // Nothing of it is left that would hold these.
    sandbox.discard::<ElasticIp>(&address).await;
    sandbox.discard::<Subnet>(&subnet).await;
}

#[tokio::test]
async fn a_nat_gateway_is_busy_until_it_is_ready_and_then_deleting() {
    let sandbox = Sandbox::new().await;
    let vpc = sandbox.make("vpc", vpc()).await;
    sandbox.make("gateway", InternetGateway { vpc: vpc.id() }).await;
    let subnet = sandbox.make("subnet", subnet(&vpc, 1, 'a')).await;
    let address = sandbox.make("address", ElasticIp { vpc: vpc.id() }).await;
    sandbox.settle_slowly("ec2").await;
    let want = NatGateway { subnet: subnet.id(), elastic_ip: address.id() };
    let created = sandbox.create("nat", &want).await;
    let live = sandbox.list::<NatGateway>().await.remove(0);
    assert_eq!((live.state, live.id.as_str()), (State::Busy("pending".into()), created.id.as_str()));
    sandbox.settle::<NatGateway>(created).await.unwrap();
    let live = sandbox.list::<NatGateway>().await.remove(0);
    sandbox.delete::<NatGateway>(&target(&live)).await;
    assert_eq!(sandbox.list::<NatGateway>().await.remove(0).state, State::Deleting);
    // Its successor gets the same address, once that is free.
    sandbox.make("nat", want.clone()).await;
    assert_eq!(sandbox.plan(&desired("nat", &want)).await.action, Action::NoOp);
}

#[tokio::test]
async fn a_nat_gateway_that_fails_says_why() {
    let sandbox = Sandbox::new().await;
    let vpc = sandbox.make("vpc", vpc()).await;
    let subnet = sandbox.make("subnet", subnet(&vpc, 1, 'a')).await;
    let address = sandbox.make("address", ElasticIp { vpc: vpc.id() }).await;
    // The network has no internet gateway.
    let want = NatGateway { subnet: subnet.id(), elastic_ip: address.id() };
    let created = sandbox.create("nat", &want).await;
    let error = sandbox.settle::<NatGateway>(created).await.unwrap_err();
    assert_eq!(error.code, "Gateway.NotAttached", "{error}");
    let live = sandbox.list::<NatGateway>().await.remove(0);
    assert!(matches!(live.state, State::Failed(_)), "{live:#?}");
    assert_eq!(sandbox.plan(&desired("nat", &want)).await.action, Action::Replace { delete_first: true });
}

#[tokio::test]
async fn route_table_round_trip() {
    let sandbox = Sandbox::new().await;
    let vpc = sandbox.make("vpc", vpc()).await;
    let gateway = sandbox.make("gateway", InternetGateway { vpc: vpc.id() }).await;
    let a = sandbox.make("subnet.a", subnet(&vpc, 1, 'a')).await;
    let b = sandbox.make("subnet.b", subnet(&vpc, 2, 'b')).await;
    let nat = nat_gateway(&sandbox, &vpc, &a).await;

    let public = Some(Target::InternetGateway(gateway.id()));
    let private = Some(Target::NatGateway(nat.id()));
    let changes = [
        table(&vpc, private.clone(), &[&a]),
        table(&vpc, private, &[&a, &b]),
        table(&vpc, None, &[&b]),
        table(&vpc, public.clone(), &[]),
    ];
    sandbox.round_trip(table(&vpc, public, &[&a]), changes).await;
}

#[tokio::test]
async fn a_subnet_changes_from_one_table_to_another() {
    let sandbox = Sandbox::new().await;
    let vpc = sandbox.make("vpc", vpc()).await;
    let a = sandbox.make("subnet.a", subnet(&vpc, 1, 'a')).await;
    let b = sandbox.make("subnet.b", subnet(&vpc, 2, 'b')).await;
    sandbox.make("old", table(&vpc, None, &[&a, &b])).await;
    // Taken over in its creation, and in an update.
    let new = sandbox.make("new", table(&vpc, None, &[&a])).await;
    sandbox.put_right("new", table(&vpc, None, &[&a, &b])).await;
    let subnets: BTreeSet<String> = [a.id(), b.id()].into();
    for live in sandbox.list::<RouteTable>().await {
        let expected = if live.id == new.id() { &subnets } else { &BTreeSet::new() };
        assert_eq!(live.attrs["subnets"], serde_json::json!(expected), "{}", live.id);
    }
}

#[tokio::test]
async fn routes_that_people_take_or_add_are_put_right() {
    let sandbox = Sandbox::new().await;
    let vpc = sandbox.make("vpc", vpc()).await;
    let gateway = sandbox.make("gateway", InternetGateway { vpc: vpc.id() }).await;
    let want = table(&vpc, Some(Target::InternetGateway(gateway.id())), &[]);
    let made = sandbox.make("table", want.clone()).await;
    let everywhere = "0.0.0.0/0";
    let routes = BTreeSet::from(["routes".to_owned()]);

    sandbox.aws.ec2.delete_route().route_table_id(made.id()).destination_cidr_block(everywhere).send().await.unwrap();
    assert_eq!(sandbox.put_right("table", want.clone()).await, routes);

    let call = sandbox.aws.ec2.create_route().route_table_id(made.id()).gateway_id(gateway.id());
    call.destination_cidr_block("192.0.2.0/24").send().await.unwrap();
    assert_eq!(sandbox.put_right("table", want).await, routes);
}

#[tokio::test]
async fn a_route_to_a_deleted_nat_gateway_is_a_difference() {
    let sandbox = Sandbox::new().await;
    let vpc = sandbox.make("vpc", vpc()).await;
    let gateway = sandbox.make("gateway", InternetGateway { vpc: vpc.id() }).await;
    let subnet = sandbox.make("subnet", subnet(&vpc, 1, 'a')).await;
    let nat = nat_gateway(&sandbox, &vpc, &subnet).await;
    let want = table(&vpc, Some(Target::NatGateway(nat.id())), &[]);
    sandbox.make("table", want.clone()).await;
    sandbox.discard::<NatGateway>(&nat).await;
    let change = sandbox.plan(&desired("table", &want)).await;
    assert_eq!(change.action, Action::Update, "{change:#?}");
    sandbox.put_right("table", table(&vpc, Some(Target::InternetGateway(gateway.id())), &[])).await;
}

#[tokio::test]
async fn vpc_endpoint_round_trip() {
    let sandbox = Sandbox::new().await;
    let vpc = sandbox.make("vpc", vpc()).await;
    let [a, b] = [sandbox.make("a", table(&vpc, None, &[])).await, sandbox.make("b", table(&vpc, None, &[])).await];
    let endpoint = |tables: &[&Made]| VpcEndpoint {
        vpc: vpc.id(),
        service: format!("com.amazonaws.{REGION}.s3"),
        route_tables: tables.iter().map(|table| table.id()).collect(),
    };
    // The routes it writes into the tables are AWS's own: the tables stay as they are wanted.
    let s3 = sandbox.make("s3", endpoint(&[&a, &b])).await;
    assert_eq!(sandbox.plan(&desired("a", &table(&vpc, None, &[]))).await.action, Action::NoOp);
    sandbox.discard::<VpcEndpoint>(&s3).await;
    sandbox.round_trip(endpoint(&[&a]), [endpoint(&[&a, &b]), endpoint(&[&b]), endpoint(&[])]).await;
}

#[tokio::test]
async fn a_subnet_goes_as_soon_as_nothing_stands_in_it() {
    let sandbox = Sandbox::new().await;
    let vpc = sandbox.make("vpc", vpc()).await;
    sandbox.make("gateway", InternetGateway { vpc: vpc.id() }).await;
    let subnet = sandbox.make("subnet", subnet(&vpc, 1, 'a')).await;
    let nat = nat_gateway(&sandbox, &vpc, &subnet).await;
    sandbox.settle_slowly("ec2").await;
    sandbox.delete::<NatGateway>(&nat.target).await;
    let refused = sandbox.aws.ec2.delete_subnet().subnet_id(subnet.id()).send().await.unwrap_err();
    assert!(format!("{refused:?}").contains("DependencyViolation"), "{refused:?}");
    sandbox.discard::<Subnet>(&subnet).await;
    assert!(sandbox.list::<Subnet>().await.is_empty());
}
