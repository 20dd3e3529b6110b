//! Instance profiles: how an EC2 instance comes by a role.

use crate::plan::Output;
use crate::plan::rule::{name, update};
use crate::resource;

resource! {
    /// Hands a role to instances.
    InstanceProfile<P> = "iam.instance_profile" {
        /// Unique in the account; at most 128 characters.
        name: String => name(),
        /// The name of the role; empty after a run cut between making it and adding the role.
        role: P::Text => update().names("iam.role"),
    }
    outputs: [Output::held("arn"), Output::plain("name")]
}
