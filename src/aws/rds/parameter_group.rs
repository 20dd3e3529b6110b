//! DB parameter groups.

use std::collections::BTreeMap;

use crate::plan::Output;
use crate::plan::rule::{name, replace, update};
use crate::resource;

resource! {
    /// Settings of a database engine.
    ParameterGroup = "rds.parameter_group" {
        /// Unique in the account and region; at most 255 characters, lower case.
        name: String => name(),
        /// The family of engine versions it is for, such as `postgres16`.
        family: String => replace(),
        /// What it is for; RDS never changes it.
        description: String => replace(),
        /// Parameters that differ from the engine's defaults. Static ones take effect at the next reboot.
        parameters: BTreeMap<String, String> => update(),
    }
    outputs: [Output::held("arn"), Output::plain("name")]
}
