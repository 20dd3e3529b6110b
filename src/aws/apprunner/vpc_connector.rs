//! VPC connectors: how an App Runner service reaches a private network.
//!
//! Making one under a name that exists makes its next revision; nothing of a revision can be changed.

use std::collections::BTreeSet;

use crate::plan::Output;
use crate::plan::rule::replace;
use crate::resource;

resource! {
    /// Lets an App Runner service reach a private network.
    VpcConnector<P> = "apprunner.vpc_connector" {
        /// Its name, which revisions share; 4 to 40 characters.
        name: String => replace(),
        /// Its subnets.
        subnets: BTreeSet<P::Text> => replace(),
        /// Its security groups.
        security_groups: BTreeSet<P::Text> => replace(),
    }
    outputs: [Output::held("arn")]
}
