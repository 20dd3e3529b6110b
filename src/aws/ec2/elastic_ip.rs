//! Elastic IP addresses.

use crate::plan::Output;
use crate::plan::rule::replace;
use crate::resource;

resource! {
    /// A public address that stays the same.
    ElasticIp<P> = "ec2.elastic_ip" {
        /// The VPC it is meant for. EC2 does not know it; the tag `infra:vpc` does. An address in use by a NAT gateway cannot be
        /// given to that gateway's successor, so both are replaced when the network is.
        vpc: P::Text => replace(),
    }
    outputs: [Output::held("id"), Output::plain("address")]
}
