//! NAT gateways: the way out for private subnets.

use crate::plan::Output;
use crate::plan::rule::replace;
use crate::resource;

resource! {
    /// Lets private subnets reach the internet and nothing reach them.
    NatGateway<P> = "ec2.nat_gateway" {
        /// The public subnet it stands in.
        subnet: P::Text => replace(),
        /// The allocation id of its address.
        elastic_ip: P::Text => replace(),
    }
    outputs: [Output::held("id").when_ready()]
}
