//! Spec → graph: every resource that an environment needs, with its references. Pure; what must be looked up in AWS comes in as
//! [`Facts`].

mod alarms;
mod alone;
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
mod rules;
mod turns;

pub use alarms::watched as watched_alarms;
pub use alone::{images_alone, parts_alone};
pub use builder::{BuildError, build, kinds, registry};
pub use facts::{Copy, Facts, Running, choose_zones};
pub use repository::name as repository_name;
