//! Subnets. Everything but public addressing is fixed at creation.

use ipnet::Ipv4Net;

use crate::plan::Output;
use crate::plan::rule::{replace, update};
use crate::resource;

resource! {
    /// A part of a network in one availability zone.
    Subnet<P> = "ec2.subnet" {
        /// Its network.
        vpc: P::Text => replace(),
        /// Its addresses, within those of the network.
        cidr: Ipv4Net => replace(),
        /// Its availability zone.
        zone: String => replace(),
        /// Whether what starts in it gets a public address.
        public_addresses: bool => update(),
    }
    outputs: [Output::held("id")]
}
