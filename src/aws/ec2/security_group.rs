//! Security groups, with their rules as sets.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::graph::{Actual, Phase};
use crate::plan::Output;
use crate::plan::rule::{name, replace, update};
use crate::resource;

resource! {
    /// Who may reach what carries it, and whom that may reach.
    SecurityGroup<P> = "ec2.security_group" {
        /// Unique in its network; at most 255 characters.
        name: String => name(),
        /// What it is for; EC2 never changes it.
        description: String => replace(),
        /// Its network.
        vpc: P::Text => replace(),
        /// Who may come in.
        ingress: BTreeSet<Rule<P>> => update(),
        /// Where it may go.
        egress: BTreeSet<Rule<P>> => update(),
    }
    outputs: [Output::held("id"), Output::plain("name")]
}

/// One rule: one protocol, one range of ports, one peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub struct Rule<P: Phase = Actual> {
    /// `tcp`, `udp`, `icmp`, a number, or `-1` for all.
    pub protocol: String,
    /// First port; -1 where the protocol has none.
    pub from_port: i32,
    /// Last port; -1 where the protocol has none.
    pub to_port: i32,
    /// The other side.
    pub peer: Peer<P>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// The other side of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", rename_all = "snake_case")]
pub enum Peer<P: Phase = Actual> {
    /// Addresses, IPv4 or IPv6.
    Cidr(String),
    /// All that carries this security group.
    Group(P::Text),
    /// A prefix list; `infra` makes no such rule.
    PrefixList(String),
}
