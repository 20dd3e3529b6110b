//! App Runner.

pub mod auto_scaling_configuration;
pub mod service;
pub mod vpc_connector;
