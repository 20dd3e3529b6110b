//! Target groups: the instances behind a load balancer, and how their health is asked.

use serde_json::Value;

use crate::plan::rule::{judge, name, replace, update};
use crate::plan::{Output, Rule};
use crate::resource;

resource! {
    /// The instances behind a load balancer.
    TargetGroup<P> = "elbv2.target_group" {
        /// Unique in the account and region; at most 32 characters.
        name: String => name(),
        /// Its network.
        vpc: P::Text => replace(),
        /// The port of the targets; always over HTTP.
        port: u16 => replace(),
        /// The ARN of the load balancer whose listener forwards to it; empty until one does. ELB lets a target group serve one load
        /// balancer only, so it is replaced together with it.
        load_balancer: P::Text => judge(serve).same(serves),
        /// The path that tells whether a target is healthy.
        health_check_path: String => update(),
        /// Seconds between two health checks: 5 to 300.
        health_check_interval_seconds: u32 => update(),
        /// Seconds that a health check may take: 2 to 120.
        health_check_timeout_seconds: u32 => update(),
        /// Healthy answers in a row that make a target healthy: 2 to 10.
        healthy_threshold: u32 => update(),
        /// Unhealthy answers in a row that make a target unhealthy: 2 to 10.
        unhealthy_threshold: u32 => update(),
        /// HTTP codes of a healthy answer, such as `200` or `200-299`.
        health_check_codes: String => update(),
        /// Seconds that a target may finish its requests in when it goes: 0 to 3600.
        deregistration_delay_seconds: u32 => update(),
    }
    outputs: [Output::held("arn"), Output::plain("name")]
}

/// One that serves no load balancer yet will, as soon as a listener forwards to it.
fn serves(want: &Value, live: &Value) -> bool {
    live == "" || want == live
}

fn serve(live: &Value, _want: &Value) -> Rule {
    if live == "" { Rule::Update } else { Rule::Replace }
}
