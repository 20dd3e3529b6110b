//! Cache subnet groups.

use std::collections::BTreeSet;

use crate::plan::Output;
use crate::plan::rule::{name, replace, update};
use crate::resource;

resource! {
    /// The subnets that caches may stand in.
    SubnetGroup<P> = "elasticache.subnet_group" {
        /// Unique in the account and region; at most 255 characters, lower case.
        name: String => name(),
        /// What it is for.
        description: String => update(),
        /// Its network; ElastiCache takes it from the subnets.
        vpc: P::Text => replace(),
        /// Its subnets.
        subnets: BTreeSet<P::Text> => update(),
    }
    outputs: [Output::held("arn"), Output::plain("name")]
}
