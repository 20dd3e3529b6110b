//! The rules of a security group: EC2 tells them in bundles, here each stands for itself, and one set is made into another.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};

use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::once_visible;
use super::security_group::{Peer, Rule};

/// Which way the packets go that a rule is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Direction {
    Ingress,
    Egress,
}

impl Rule {
    /// What EC2 gives a new group as its way out.
    pub(super) fn everywhere() -> Self {
        let peer = Peer::Cidr("0.0.0.0/0".into());
        Self { protocol: "-1".into(), from_port: -1, to_port: -1, peer, description: String::new() }
    }

    /// What makes it the same rule to EC2, whatever is said about it.
    fn key(&self) -> Self {
        Self { description: String::new(), ..self.clone() }
    }

    fn to_aws(&self) -> IpPermission {
        let permission = IpPermission::builder().ip_protocol(&self.protocol);
        // Only some protocols have ports; ICMP has a type and a code there, of which -1 is any.
        let ports = self.protocol != "-1" && (self.protocol.starts_with("icmp") || self.from_port != -1);
        let permission = if ports { permission.from_port(self.from_port).to_port(self.to_port) } else { permission };
        let description = (!self.description.is_empty()).then(|| self.description.clone());
        match &self.peer {
            Peer::Cidr(cidr) if cidr.contains(':') => {
                permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr).set_description(description).build())
            }
            Peer::Cidr(cidr) => permission.ip_ranges(IpRange::builder().cidr_ip(cidr).set_description(description).build()),
            Peer::Group(id) => {
                permission.user_id_group_pairs(UserIdGroupPair::builder().group_id(id).set_description(description).build())
            }
            Peer::PrefixList(id) => {
                permission.prefix_list_ids(PrefixListId::builder().prefix_list_id(id).set_description(description).build())
            }
        }
        .build()
    }
}

/// Every rule by itself: one permission of EC2's stands for as many rules as it has peers.
pub(super) fn read(permissions: &[IpPermission]) -> BTreeSet<Rule> {
    permissions.iter().flat_map(unbundle).collect()
}

fn unbundle(permission: &IpPermission) -> Vec<Rule> {
    let mut peers: Vec<(Peer, Option<&str>)> = Vec::new();
    for range in permission.ip_ranges() {
        peers.push((Peer::Cidr(range.cidr_ip().unwrap_or_default().to_owned()), range.description()));
    }
    for range in permission.ipv6_ranges() {
        peers.push((Peer::Cidr(range.cidr_ipv6().unwrap_or_default().to_owned()), range.description()));
    }
    for pair in permission.user_id_group_pairs() {
        peers.push((Peer::Group(pair.group_id().unwrap_or_default().to_owned()), pair.description()));
    }
    for list in permission.prefix_list_ids() {
        peers.push((Peer::PrefixList(list.prefix_list_id().unwrap_or_default().to_owned()), list.description()));
    }
    let protocol = permission.ip_protocol().unwrap_or("-1");
    // A rule for every protocol has no ports, whatever it was made with.
    let port = |port: Option<i32>| if protocol == "-1" { -1 } else { port.unwrap_or(-1) };
    let rule = |(peer, description): (Peer, Option<&str>)| Rule {
        protocol: protocol.to_owned(),
        from_port: port(permission.from_port()),
        to_port: port(permission.to_port()),
        peer,
        description: description.unwrap_or_default().to_owned(),
    };
    peers.into_iter().map(rule).collect()
}

/// Makes `now` into `want`: what is new is let through before what is old is not any more.
///
/// One rule a call: EC2 refuses a bundle as a whole when it has one of its rules already, as after a run that was cut short.
pub(super) async fn change(
    aws: &Aws,
    group: &str,
    direction: Direction,
    now: &BTreeSet<Rule>,
    want: &BTreeSet<Rule>,
) -> Result<(), AwsError> {
    let by_key =
        |rules: &BTreeSet<Rule>| -> BTreeMap<Rule, Rule> { rules.iter().map(|rule| (rule.key(), rule.clone())).collect() };
    let (now, want) = (by_key(now), by_key(want));
    for (key, rule) in &want {
        match now.get(key) {
            None => authorize(aws, group, direction, rule).await?,
            Some(same) if same == rule => {}
            Some(_) => describe(aws, group, direction, rule).await?,
        }
    }
    for key in now.keys().filter(|key| !want.contains_key(*key)) {
        revoke(aws, group, direction, key).await?;
    }
    Ok(())
}

/// A rule that is there already is only described anew.
async fn authorize(aws: &Aws, group: &str, direction: Direction, rule: &Rule) -> Result<(), AwsError> {
    let authorized = once_visible(|| async {
        let rule = rule.to_aws();
        match direction {
            Direction::Ingress => {
                let call = aws.ec2.authorize_security_group_ingress().group_id(group).ip_permissions(rule);
                call.send().await.call("ec2:AuthorizeSecurityGroupIngress").map(drop)
            }
            Direction::Egress => {
                let call = aws.ec2.authorize_security_group_egress().group_id(group).ip_permissions(rule);
                call.send().await.call("ec2:AuthorizeSecurityGroupEgress").map(drop)
            }
        }
    });
    match authorized.await {
        Err(error) if error.is(&["InvalidPermission.Duplicate"]) => describe(aws, group, direction, rule).await,
        answer => answer,
    }
}

async fn describe(aws: &Aws, group: &str, direction: Direction, rule: &Rule) -> Result<(), AwsError> {
    once_visible(|| async {
        let rule = rule.to_aws();
        match direction {
            Direction::Ingress => {
                let call = aws.ec2.update_security_group_rule_descriptions_ingress().group_id(group).ip_permissions(rule);
                call.send().await.call("ec2:UpdateSecurityGroupRuleDescriptionsIngress").map(drop)
            }
            Direction::Egress => {
                let call = aws.ec2.update_security_group_rule_descriptions_egress().group_id(group).ip_permissions(rule);
                call.send().await.call("ec2:UpdateSecurityGroupRuleDescriptionsEgress").map(drop)
            }
        }
    })
    .await
}

/// A rule that is not there any more is revoked. A group that EC2 does not know yet is another matter: its way out would stay open.
async fn revoke(aws: &Aws, group: &str, direction: Direction, rule: &Rule) -> Result<(), AwsError> {
    once_visible(|| async {
        let rule = rule.to_aws();
        let revoked = match direction {
            Direction::Ingress => {
                let call = aws.ec2.revoke_security_group_ingress().group_id(group).ip_permissions(rule);
                call.send().await.call("ec2:RevokeSecurityGroupIngress").map(drop)
            }
            Direction::Egress => {
                let call = aws.ec2.revoke_security_group_egress().group_id(group).ip_permissions(rule);
                call.send().await.call("ec2:RevokeSecurityGroupEgress").map(drop)
            }
        };
        match revoked {
            Err(error) if error.is(&["InvalidPermission.NotFound"]) => Ok(()),
            answer => answer,
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(protocol: &str, ports: (i32, i32), peer: Peer, description: &str) -> Rule {
        Rule { protocol: protocol.into(), from_port: ports.0, to_port: ports.1, peer, description: description.into() }
    }

    #[test]
    fn a_bundle_is_as_many_rules_as_it_has_peers() {
        let bundle = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(443)
            .to_port(443)
            .ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/8").build())
            .ip_ranges(IpRange::builder().cidr_ip("192.168.0.0/16").description("office").build())
            .ipv6_ranges(Ipv6Range::builder().cidr_ipv6("::/0").build())
            .user_id_group_pairs(UserIdGroupPair::builder().group_id("sg-1").user_id("1").description("web").build())
            .prefix_list_ids(PrefixListId::builder().prefix_list_id("pl-1").build())
            .build();
        let https = |peer, description| rule("tcp", (443, 443), peer, description);
        let expected = BTreeSet::from([
            https(Peer::Cidr("10.0.0.0/8".into()), ""),
            https(Peer::Cidr("192.168.0.0/16".into()), "office"),
            https(Peer::Cidr("::/0".into()), ""),
            https(Peer::Group("sg-1".into()), "web"),
            https(Peer::PrefixList("pl-1".into()), ""),
        ]);
        assert_eq!(read(&[bundle]), expected);
    }

    #[test]
    fn what_is_written_reads_back_as_it_was() {
        let rules = BTreeSet::from([
            Rule::everywhere(),
            rule("tcp", (0, 65535), Peer::Cidr("2001:db8::/32".into()), "a"),
            rule("icmp", (-1, -1), Peer::Cidr("10.0.0.0/8".into()), ""),
            rule("icmp", (8, -1), Peer::Cidr("10.0.0.0/8".into()), ""),
            rule("50", (-1, -1), Peer::Group("sg-1".into()), "b"),
            rule("udp", (53, 53), Peer::PrefixList("pl-1".into()), ""),
        ]);
        let written: Vec<IpPermission> = rules.iter().map(Rule::to_aws).collect();
        assert_eq!(read(&written), rules);
    }

    #[test]
    fn a_rule_for_every_protocol_has_no_ports() {
        let odd = IpPermission::builder().ip_protocol("-1").from_port(0).to_port(65535);
        let odd = odd.ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").build()).build();
        assert_eq!(read(std::slice::from_ref(&odd)), BTreeSet::from([Rule::everywhere()]));
        assert_eq!(Rule::everywhere().to_aws().from_port(), None);
    }
}
