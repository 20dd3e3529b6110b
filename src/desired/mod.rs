//! Spec → graph: every resource that an environment needs, with its references. Pure; what must be looked up in AWS comes in as
//! [`Facts`].

mod alarms;
mod apprunner;
mod asg;
mod builder;
mod cache;
mod connections;
mod database;
mod facts;
mod load_balancer;
mod network;
mod policies;
mod release;
mod repository;
mod turns;

pub use alarms::watched as watched_alarms;
pub use builder::{BuildError, build, kinds, registry};
pub use facts::{Facts, Running, choose_zones};
pub use repository::name as repository_name;
