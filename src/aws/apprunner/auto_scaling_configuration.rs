//! App Runner's auto scaling configurations.
//!
//! Making one under a name that exists makes its next revision; nothing of a revision can be changed.

use crate::plan::Output;
use crate::plan::rule::replace;
use crate::resource;

resource! {
    /// How an App Runner service scales.
    AutoScalingConfiguration = "apprunner.auto_scaling_configuration" {
        /// Its name, which revisions share; 4 to 32 characters.
        name: String => replace(),
        /// Fewest instances.
        min: u32 => replace(),
        /// Most instances.
        max: u32 => replace(),
        /// Requests at once that an instance takes: 1 to 200.
        concurrency: u32 => replace(),
    }
    outputs: [Output::held("arn")]
}
