//! Specs: what people declare in `environments/*.toml`, read and checked without touching AWS.

mod connection;
mod environment;
mod named;
mod service;
mod store;

pub use connection::Connection;
pub use environment::{Approval, Aws, Environment, Nat, Network, Promotion, Repository};
pub use named::Named;
pub use service::{Cpu, Instances, LoadBalancer, Runtime, Scaling, Service};
pub use store::{Cache, CacheEngine, Database};
