//! CloudWatch log groups.

use crate::plan::Output;
use crate::plan::rule::{name, update};
use crate::resource;

resource! {
    /// Where the output of a service goes.
    LogGroup = "logs.log_group" {
        /// Unique in the account and region: `/<project>/<environment>/<service>`, at most 512 characters.
        name: String => name(),
        /// Days that entries are kept: one of the numbers CloudWatch Logs offers.
        retention_days: i32 => update(),
    }
    outputs: [Output::held("arn"), Output::plain("name")]
}
