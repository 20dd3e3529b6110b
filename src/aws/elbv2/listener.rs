//! Listeners, with their default action, which cannot carry tags.

use serde::{Deserialize, Serialize};

use crate::graph::{Actual, Phase};
use crate::plan::Output;
use crate::plan::rule::{replace, update};
use crate::resource;

resource! {
    /// A port of a load balancer, and what happens to requests there.
    Listener<P> = "elbv2.listener" {
        /// The ARN of its load balancer.
        load_balancer: P::Text => replace(),
        /// Its port.
        port: u16 => replace(),
        /// `HTTP` or `HTTPS`.
        protocol: String => update(),
        /// The ARN of the certificate; empty for HTTP.
        certificate: String => update(),
        /// The security policy; empty for HTTP.
        tls_policy: String => update(),
        /// What happens to requests.
        action: Action<P> => update(),
    }
    outputs: [Output::held("arn")]
}

/// What happens to requests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", rename_all = "snake_case")]
pub enum Action<P: Phase = Actual> {
    /// A target group, by ARN, gets them.
    Forward(P::Text),
    /// The sender is told to come again over HTTPS, on this port, for good (301).
    RedirectToHttps(u16),
    /// What somebody else set up, as JSON; `infra` makes none.
    Other(String),
}
