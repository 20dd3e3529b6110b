//! The rules of a security group: EC2 tells them in bundles, here each stands for itself, and one set is made into another.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};

use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::once_visible;
use super::security_group::{Peer, Rule};

/// How EC2 refuses to revoke what is not there.
const GONE: &str = "InvalidPermission.NotFound";

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
    let new: Vec<&Rule> = want.iter().filter(|(key, _)| !now.contains_key(*key)).map(|(_, rule)| rule).collect();
    let same = want.iter().filter_map(|(key, rule)| Some((now.get(key)?, rule)));
    let said: Vec<&Rule> = same.filter(|(now, rule)| now != rule).map(|(_, rule)| rule).collect();
    let old: Vec<&Rule> = now.keys().filter(|key| !want.contains_key(*key)).collect();
    together(
        &new,
        &["InvalidPermission.Duplicate"],
        |rules| call(aws, group, Change::Authorize, direction, rules),
        |rule| {
            // One that is there already is only described anew.
            call(aws, group, Change::Describe, direction, vec![rule])
        },
    )
    .await?;
    if !said.is_empty() {
        call(aws, group, Change::Describe, direction, said).await?;
    }
    // One that is not there any more is revoked. A group that EC2 does not know yet is another matter: its way out would stay open.
    together(&old, &[GONE], |rules| call(aws, group, Change::Revoke, direction, rules), async |_| Ok(())).await
}

/// Makes a call for all rules at once. EC2 refuses a bundle as a whole when it has one of its rules already, or no more, as after a
/// run that was cut short: then one by one, and `done` for each that had been done before.
async fn together<'r, C, D>(
    rules: &[&'r Rule],
    before: &[&str],
    call: impl Fn(Vec<&'r Rule>) -> C,
    done: impl Fn(&'r Rule) -> D,
) -> Result<(), AwsError>
where
    C: Future<Output = Result<(), AwsError>>,
    D: Future<Output = Result<(), AwsError>>,
{
    if rules.is_empty() {
        return Ok(());
    }
    match call(rules.to_vec()).await {
        Err(error) if error.is(before) => {}
        answer => return answer,
    }
    for &rule in rules {
        match call(vec![rule]).await {
            Err(error) if error.is(before) => done(rule).await?,
            answer => answer?,
        }
    }
    Ok(())
}

/// What is done to rules.
#[derive(Clone, Copy)]
enum Change {
    Authorize,
    Describe,
    Revoke,
}

async fn call(aws: &Aws, group: &str, change: Change, direction: Direction, rules: Vec<&Rule>) -> Result<(), AwsError> {
    let rules: Vec<IpPermission> = rules.into_iter().map(Rule::to_aws).collect();
    macro_rules! send {
        ($call:ident) => {
            aws.ec2.$call().group_id(group).set_ip_permissions(Some(rules.clone())).send().await
        };
    }
    // A rule that is not there is no sign of a group that EC2 does not know yet.
    let answer = once_visible(|| async {
        let answer = match (change, direction) {
            (Change::Authorize, Direction::Ingress) => {
                send!(authorize_security_group_ingress).call("ec2:AuthorizeSecurityGroupIngress").map(drop)
            }
            (Change::Authorize, Direction::Egress) => {
                send!(authorize_security_group_egress).call("ec2:AuthorizeSecurityGroupEgress").map(drop)
            }
            (Change::Describe, Direction::Ingress) => send!(update_security_group_rule_descriptions_ingress)
                .call("ec2:UpdateSecurityGroupRuleDescriptionsIngress")
                .map(drop),
            (Change::Describe, Direction::Egress) => send!(update_security_group_rule_descriptions_egress)
                .call("ec2:UpdateSecurityGroupRuleDescriptionsEgress")
                .map(drop),
            (Change::Revoke, Direction::Ingress) => {
                send!(revoke_security_group_ingress).call("ec2:RevokeSecurityGroupIngress").map(drop)
            }
            (Change::Revoke, Direction::Egress) => {
                send!(revoke_security_group_egress).call("ec2:RevokeSecurityGroupEgress").map(drop)
            }
        };
        match answer {
            Err(error) if error.is(&[GONE]) => Ok(Err(error)),
            answer => answer.map(Ok),
        }
    });
    answer.await?
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
