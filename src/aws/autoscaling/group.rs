//! Auto Scaling groups, with their target tracking policy, which cannot carry tags.
//!
//! The desired capacity is not an attribute: it is what scaling makes of it. The launch template's version is changed by an
//! instance refresh, never by changing the group first: a rollback would then roll to the same version again.

use std::collections::BTreeSet;

use crate::plan::Output;
use crate::plan::rule::{name, replace, update};
use crate::resource;

resource! {
    /// The instances of a service: as many as its load asks for, within limits.
    Group<P> = "autoscaling.group" {
        /// Unique in the account and region; at most 255 characters.
        name: String => name(),
        /// The VPC it is meant for. Auto Scaling does not know it; the tag `infra:vpc` does. A group whose network is replaced is
        /// replaced too, since its instances cannot move.
        vpc: P::Text => replace(),
        /// Its subnets.
        subnets: BTreeSet<P::Text> => update(),
        /// The id of its launch template.
        launch_template: P::Text => update(),
        /// The version of its launch template, a number.
        launch_template_version: P::Text => update(),
        /// Fewest instances.
        min: u32 => update(),
        /// Most instances.
        max: u32 => update(),
        /// ARNs of the target groups its instances register in.
        target_groups: BTreeSet<P::Text> => update(),
        /// `ELB` where there is a load balancer, otherwise `EC2`.
        health_check: String => update(),
        /// Seconds that a new instance is given before its health counts.
        health_check_grace_seconds: u32 => update(),
        /// Seconds that a new instance takes until its figures count.
        warmup_seconds: u32 => update(),
        /// The average CPU, in percent, that scaling aims at; 0 where it has no policy, which is never ours.
        cpu_target_percent: u32 => update(),
    }
    outputs: [Output::held("arn"), Output::plain("name")]
}
