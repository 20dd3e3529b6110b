//! Whether the rules of a security group let the whole internet in.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde::Deserialize;
use serde_json::Value;

use super::security_group::{Peer, Rule};
use crate::graph::Wanted;

type Rules = BTreeSet<Rule<Wanted>>;

/// Whether rules let the internet in where those before did not. What is said about a rule lets nobody in.
pub(super) fn let_in(before: &Value, after: &Value) -> bool {
    let Ok(after) = Rules::deserialize(after) else { return false };
    let before = Rules::deserialize(before).unwrap_or_default();
    after.iter().filter(|rule| is_open(rule)).any(|rule| !before.iter().any(|open| is_open(open) && covers(open, rule)))
}

/// No single owner has more than a /8, or a /16 in IPv6: a larger range, or both halves of all there is, is the internet.
fn is_open(rule: &Rule<Wanted>) -> bool {
    let Peer::Cidr(cidr) = &rule.peer else { return false };
    match cidr.parse() {
        Ok(IpNet::V4(range)) => range.prefix_len() < 8,
        Ok(IpNet::V6(range)) => range.prefix_len() < 16,
        Err(_) => false,
    }
}

/// Whether one rule lets in all that another does.
fn covers(rule: &Rule<Wanted>, other: &Rule<Wanted>) -> bool {
    let (Peer::Cidr(range), Peer::Cidr(inner)) = (&rule.peer, &other.peer) else { return false };
    let within = match (range.parse::<IpNet>(), inner.parse::<IpNet>()) {
        (Ok(range), Ok(inner)) => range.contains(&inner),
        _ => range == inner,
    };
    // Without ports, a rule is for all of its protocol.
    let ports = rule.from_port == -1 || rule.from_port <= other.from_port && other.to_port <= rule.to_port;
    within && (rule.protocol == "-1" || rule.protocol == other.protocol && ports)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn rule(protocol: &str, ports: (i32, i32), peer: &Value) -> Value {
        json!({ "protocol": protocol, "from_port": ports.0, "to_port": ports.1, "peer": peer })
    }

    fn from(cidr: &str) -> Value {
        rule("tcp", (443, 443), &json!({ "cidr": cidr }))
    }

    #[test]
    fn the_internet_is_let_in_by_any_range_that_amounts_to_it() {
        let cases = [
            (from("0.0.0.0/0"), true),
            (from("::/0"), true),
            (from("128.0.0.0/1"), true),
            (from("10.0.0.0/8"), false),
            (from("203.0.113.0/24"), false),
            (from("2001:db8::/32"), false),
            (rule("tcp", (443, 443), &json!({ "group": { "$ref": "service.web.security_group#id" } })), false),
            (rule("-1", (-1, -1), &json!({ "group": "sg-1" })), false),
            (rule("tcp", (22, 22), &json!({ "prefix_list": "pl-1" })), false),
        ];
        for (rule, expected) in cases {
            assert_eq!(let_in(&Value::Null, &json!([rule])), expected, "a new group with {rule}");
            assert_eq!(let_in(&json!([]), &json!([rule])), expected, "{rule} in a group that is there");
            assert!(!let_in(&json!([rule]), &json!([rule])) && !let_in(&json!([rule]), &json!([])));
        }
    }

    #[test]
    fn what_was_open_is_not_opened() {
        let everywhere = json!({ "cidr": "0.0.0.0/0" });
        let ssh = rule("tcp", (22, 22), &everywhere);
        let mut described = ssh.clone();
        described["description"] = json!("for debugging");
        let cases = [
            (described, false),
            (rule("tcp", (0, 65535), &everywhere), false),
            (rule("-1", (-1, -1), &everywhere), false),
            (rule("udp", (22, 22), &everywhere), true),
            (rule("tcp", (80, 443), &everywhere), true),
            (rule("tcp", (22, 22), &json!({ "cidr": "::/0" })), true),
            (rule("tcp", (22, 22), &json!({ "cidr": "10.0.0.0/8" })), true),
        ];
        for (before, expected) in cases {
            assert_eq!(let_in(&json!([before]), &json!([ssh])), expected, "{before}");
        }
    }

    fn rules() -> impl Strategy<Value = Vec<Value>> {
        let peer = prop_oneof![Just("0.0.0.0/0"), Just("::/0"), Just("10.0.0.0/8"), Just("0.0.0.0/1")];
        let one = (prop_oneof![Just("tcp"), Just("udp"), Just("-1")], 0..3, 0..3, peer);
        let one = one.prop_map(|(protocol, first, more, peer)| {
            let ports = if protocol == "-1" { (-1, -1) } else { (first, first + more) };
            rule(protocol, ports, &json!({ "cidr": peer }))
        });
        prop::collection::vec(one, 0..5)
    }

    proptest! {
        #[test]
        fn to_remove_rules_never_lets_anybody_in(rules in rules(), keep: u8) {
            let kept: Vec<&Value> = rules.iter().enumerate().filter(|(index, _)| keep & (1 << index) != 0).map(|(_, rule)| rule).collect();
            prop_assert!(!let_in(&json!(rules), &json!(kept)));
        }

        #[test]
        fn to_open_another_port_always_does(rules in rules()) {
            let mut more = rules.clone();
            more.push(rule("tcp", (9000, 9000), &json!({ "cidr": "0.0.0.0/0" })));
            let open = rules.iter().any(|rule| rule["protocol"] == "-1" && rule["peer"]["cidr"] == "0.0.0.0/0");
            prop_assert_eq!(let_in(&json!(rules), &json!(more)), !open);
        }
    }
}
