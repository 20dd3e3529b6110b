//! Gateway endpoints: the way to S3 that needs no NAT gateway and costs nothing.

use std::collections::BTreeSet;

use crate::plan::Output;
use crate::plan::rule::{replace, update};
use crate::resource;

resource! {
    /// A private way to an AWS service.
    VpcEndpoint<P> = "ec2.vpc_endpoint" {
        /// Its network.
        vpc: P::Text => replace(),
        /// The service, such as `com.amazonaws.eu-west-1.s3`.
        service: String => replace(),
        /// The route tables that lead to it.
        route_tables: BTreeSet<P::Text> => update(),
    }
    outputs: [Output::held("id")]
}
