//! Route tables, with their routes and associations as sets: neither can carry tags.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::graph::{Actual, Phase};
use crate::plan::Output;
use crate::plan::rule::{replace, update};
use crate::resource;

resource! {
    /// Where packets of some subnets go.
    RouteTable<P> = "ec2.route_table" {
        /// Its network.
        vpc: P::Text => replace(),
        /// Its routes; the local one, those of gateway endpoints and propagated ones are AWS's own and left out.
        routes: BTreeSet<Route<P>> => update(),
        /// The subnets it is for.
        subnets: BTreeSet<P::Text> => update(),
    }
    outputs: [Output::held("id")]
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub struct Route<P: Phase = Actual> {
    /// A CIDR block, IPv4 or IPv6, or the id of a prefix list.
    pub destination: String,
    /// Where to.
    pub target: Target<P>,
}

/// What a route leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", rename_all = "snake_case")]
pub enum Target<P: Phase = Actual> {
    /// An internet gateway.
    InternetGateway(P::Text),
    /// A NAT gateway.
    NatGateway(P::Text),
    /// What somebody else put there: the id of a peering, a transit gateway, an interface, …. `infra` makes none.
    Other(String),
}
