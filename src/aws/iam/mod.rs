//! IAM: what services may do.

pub mod instance_profile;
pub mod role;
