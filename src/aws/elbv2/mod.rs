//! Elastic Load Balancing, version 2: application load balancers.

pub mod listener;
pub mod load_balancer;
pub mod target_group;
