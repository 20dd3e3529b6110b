//! DB subnet groups.

use std::collections::BTreeSet;

use crate::plan::Output;
use crate::plan::rule::{name, replace, update};
use crate::resource;

resource! {
    /// The subnets that databases may stand in.
    SubnetGroup<P> = "rds.subnet_group" {
        /// Unique in the account and region; at most 255 characters, lower case.
        name: String => name(),
        /// What it is for.
        description: String => update(),
        /// Its network; RDS takes it from the subnets.
        vpc: P::Text => replace(),
        /// Its subnets, in two zones or more.
        subnets: BTreeSet<P::Text> => update(),
    }
    outputs: [Output::held("arn"), Output::plain("name")]
}
