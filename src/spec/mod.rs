//! Specs: what people declare in `environments/*.toml`, read and checked without touching AWS.
//!
//! The way of a spec: `files` reads and parses, `tree` merges what is extended, `shape` holds it against the schema
//! of the types, `decode` makes the types, `check` applies the rules across fields. Whatever is wrong becomes a
//! `Problem` that points at the place where the value was written.

mod alarms;
mod candidate;
mod check;
mod conceal;
mod connection;
mod decode;
mod deploy;
mod edit;
mod environment;
mod files;
pub mod layout;
mod lengths;
mod load;
mod named;
mod notify;
mod problem;
mod route;
mod schema;
mod service;
mod shape;
mod store;
mod suggest;
mod text;
mod tree;
mod without;

pub use alarms::{CacheAlarms, DatabaseAlarms, ServiceAlarms};
pub use check::names::PREFIX;
pub use connection::Connection;
pub use deploy::Deploy;
pub use edit::with_images;
pub use environment::{Approval, Aws, Environment, Nat, Network, Promotion, Repository};
pub use load::{Loaded, Spec, load};
pub use named::Named;
pub use notify::{Datadog, Notify, Outcome, Sentry, VersionBy, Webhook};
pub use problem::{FileId, Label, Place, Problem, Problems, Severity, Source};
pub use route::Route;
pub use schema::schema;
pub use service::{Cpu, Instances, LoadBalancer, Release, Runtime, Scaling, Service};
pub use store::{Cache, CacheEngine, Database};
pub use text::{Part, Piece, Text};
