//! CloudWatch Logs.

pub mod log_group;
pub mod tail;
