//! App Runner services.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::Output;
use crate::plan::rule::{name, update};
use crate::resource;

resource! {
    /// A service without servers.
    Service<P> = "apprunner.service" {
        /// Unique in the account and region; 4 to 40 characters.
        name: String => name(),
        /// The image by digest: `<registry>/<repository>@sha256:…`.
        image: String => update(),
        /// The port it listens on.
        port: u16 => update(),
        /// What it runs instead of the image's own command; empty for that.
        command: String => update(),
        /// Its environment, by value.
        environment: BTreeMap<String, P::Text> => update().sensitive(),
        /// Its secrets: variable to ARN of a parameter or secret.
        secrets: BTreeMap<String, P::Text> => update(),
        /// CPU units: 1024 are one vCPU.
        cpu: u32 => update(),
        /// Memory in MiB.
        memory_mib: u32 => update(),
        /// The ARN of the role that pulls its image.
        access_role: P::Text => update(),
        /// The ARN of the role that it has.
        instance_role: P::Text => update(),
        /// The ARNs of the VPC connector it goes out through: one, or none for the internet alone.
        vpc_connector: BTreeSet<P::Text> => update(),
        /// The ARN of its auto scaling configuration.
        auto_scaling_configuration: P::Text => update(),
        /// The path that tells whether it is healthy; empty for a bare connection.
        health_check_path: String => update(),
        /// Whether it is deployed whenever its tag moves.
        automatic_deployments: bool => update(),
    }
    outputs: [Output::held("arn"), Output::plain("name"), Output::plain("id"), Output::plain("url").when_ready()]
}
