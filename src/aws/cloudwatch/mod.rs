//! CloudWatch: alarms.

pub mod alarm;
mod definition;
pub mod states;

/// The ARNs of the environment's own, as [`access`](super::access) writes them.
const ARN: &str = "cloudwatch:{here}:alarm:{prefix}*";
