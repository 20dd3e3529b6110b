//! Application load balancers.

use std::collections::BTreeSet;

use crate::plan::rule::{name, replace, update};
use crate::plan::{Output, Schema};
use crate::resource;

resource! {
    /// Takes requests and hands them to the healthy instances of a service.
    LoadBalancer<P> = "elbv2.load_balancer" {
        /// Unique in the account and region; at most 32 characters.
        name: String => name(),
        /// Its network; ELB takes it from the subnets.
        vpc: P::Text => replace(),
        /// `internet-facing` or `internal`.
        scheme: String => replace(),
        /// Its subnets, in two zones or more.
        subnets: BTreeSet<P::Text> => update(),
        /// Its security groups.
        security_groups: BTreeSet<P::Text> => update(),
        /// Seconds a connection may be silent: 1 to 4000.
        idle_timeout_seconds: u32 => update(),
        /// Whether headers that are not valid are dropped.
        drop_invalid_headers: bool => update(),
        /// Whether AWS refuses to delete it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deletion_protection: Option<bool> => update(),
    }
    outputs: [Output::held("arn"), Output::plain("name"), Output::plain("dns_name"), Output::plain("zone_id")],
    Schema::ORDINARY.protected_by("deletion_protection")
}
