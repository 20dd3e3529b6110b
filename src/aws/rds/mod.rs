//! RDS: databases.

pub mod instance;
pub mod parameter_group;
pub mod subnet_group;
