//! Internet gateways, attachment included.

use serde_json::Value;

use crate::plan::rule::judge;
use crate::plan::{Output, Rule, Schema};
use crate::resource;

resource! {
    /// The way between a network and the internet.
    InternetGateway<P> = "ec2.internet_gateway" {
        /// The VPC it is attached to; empty after a run cut between making and attaching it.
        vpc: P::Text => judge(attach),
    }
    outputs: [Output::held("id")],
    // EC2 refuses to detach one while anything in the network has a public address mapped through it.
    Schema::ORDINARY.yields_to(&["ec2.nat_gateway", "ec2.elastic_ip", "elbv2.load_balancer", "autoscaling.group"])
}

/// Moving an attached one would cut off what is still in its network.
fn attach(live: &Value, _want: &Value) -> Rule {
    if live == "" { Rule::Update } else { Rule::Replace }
}
