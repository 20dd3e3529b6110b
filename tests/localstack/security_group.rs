//! Security groups and their rules.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{IpPermission, IpRange};
use infra::aws::ec2::security_group::{Peer, Rule, SecurityGroup};
use infra::graph::Owner;
use infra::plan::Action;

use crate::kit::{Made, Sandbox, desired, replaced_by};
use crate::network::vpc;

fn rule(protocol: &str, ports: (i32, i32), peer: Peer, description: &str) -> Rule {
    Rule { protocol: protocol.into(), from_port: ports.0, to_port: ports.1, peer, description: description.into() }
}

fn cidr(text: &str) -> Peer {
    Peer::Cidr(text.into())
}

fn group(vpc: &Made, ingress: &[Rule], egress: &[Rule]) -> SecurityGroup {
    SecurityGroup {
        name: "shop-test-web".into(),
        description: "service.web".into(),
        vpc: vpc.id(),
        ingress: ingress.iter().cloned().collect(),
        egress: egress.iter().cloned().collect(),
    }
}

#[tokio::test]
async fn security_group_round_trip() {
    let sandbox = Sandbox::new().await;
    let vpc = sandbox.make("vpc", vpc()).await;
    let other = SecurityGroup { name: "other".into(), ..group(&vpc, &[], &[]) };
    let other = sandbox.make("other", other).await;

    let anywhere = rule("-1", (-1, -1), cidr("0.0.0.0/0"), "");
    let described = Rule { description: "to anywhere".into(), ..anywhere.clone() };
    let https = |peer| rule("tcp", (443, 443), peer, "");
    let from_other = rule("tcp", (8080, 8080), Peer::Group(other.id()), "from service.other");
    let renamed = Rule { description: "from the other one".into(), ..from_other.clone() };
    let all = [https(cidr("10.0.0.0/8")), https(cidr("192.168.0.0/16")), https(cidr("::/0")), from_other.clone()];
    let odd = [rule("icmp", (-1, -1), cidr("10.0.0.0/8"), "ping"), rule("udp", (0, 65535), cidr("10.0.0.0/8"), "")];

    let changes = [
        group(&vpc, &all, std::slice::from_ref(&described)),
        group(&vpc, &[renamed], std::slice::from_ref(&described)),
        group(&vpc, &odd, &all),
        group(&vpc, &[], &[anywhere.clone(), odd[0].clone()]),
        group(&vpc, &[from_other], &[]),
    ];
    // The rule that EC2 gives every new group is there only where it is wanted.
    sandbox.round_trip(group(&vpc, &[], &[]), [group(&vpc, &[], std::slice::from_ref(&anywhere))]).await;
    sandbox.round_trip(group(&vpc, &[], &[described]), [group(&vpc, &[], &[anywhere])]).await;
    sandbox.round_trip(group(&vpc, &all, &all), changes).await;
}

#[tokio::test]
async fn rules_that_people_add_are_taken_back() {
    let sandbox = Sandbox::new().await;
    let vpc = sandbox.make("vpc", vpc()).await;
    let want = group(&vpc, &[rule("tcp", (80, 80), cidr("0.0.0.0/0"), "everybody")], &[]);
    let made = sandbox.make("group", want.clone()).await;
    let ssh = IpPermission::builder().ip_protocol("tcp").from_port(22).to_port(22);
    let ssh = ssh.ip_ranges(IpRange::builder().cidr_ip("203.0.113.9/32").build()).build();
    let call = sandbox.aws.ec2.authorize_security_group_ingress().group_id(made.id()).ip_permissions(ssh);
    call.send().await.unwrap();
    assert_eq!(sandbox.put_right("group", want.clone()).await, BTreeSet::from(["ingress".to_owned()]));

    let other = SecurityGroup { description: "something else".into(), ..want };
    let change = sandbox.plan(&desired("group", &other)).await;
    assert_eq!(replaced_by(&change), ["description"]);
    assert_eq!(change.after["name"], "shop-test-web-b");
}

#[tokio::test]
async fn a_name_is_taken_only_within_a_network() {
    let sandbox = Sandbox::new().await;
    let ours = sandbox.make("vpc", vpc()).await;
    let want = desired("group", &group(&ours, &[], &[]));
    let foreign = sandbox.aws.ec2.create_vpc().cidr_block("10.9.0.0/16").send().await.unwrap().vpc.unwrap();
    for (network, expected) in [(foreign.vpc_id.unwrap(), false), (ours.id(), true)] {
        let call = sandbox.aws.ec2.create_security_group().vpc_id(network).group_name("shop-test-web");
        call.description("made by hand").send().await.unwrap();
        let change = sandbox.plan(&want).await;
        assert_eq!(change.action, Action::Create);
        assert_eq!(change.blocked.is_some(), expected);
    }
    assert!(matches!(sandbox.list::<SecurityGroup>().await[..], [ref live] if matches!(live.owner, Owner::Foreign(_))));
}
