//! Environments of a web application on AWS: plan, review, apply, promote. No state file.
//!
//! ```text
//! environments/*.toml ─▶ spec ─▶ desired ─┐
//!                                         ├─▶ plan ─▶ confirm ─▶ apply ─▶ events ─▶ render
//! AWS, by ownership tags ─▶ live ─────────┘    └─▶ plans/*.json      └─▶ aws/<service>/<kind>.rs
//! promote: the digest that runs in the environment before ─▶ the same plan, the same apply, and then a watch
//! ```
//!
//! The library never prints, exits or reads the environment; `main.rs` and `commands/` do.

pub mod apply;
pub mod aws;
mod bounded;
pub mod cli;
pub mod commands;
pub mod desired;
pub mod graph;
pub mod init;
pub mod lease;
pub mod logs;
pub mod notify;
pub mod permissions;
pub mod plan;
pub mod promote;
pub mod record;
pub mod registry;
pub mod render;
pub mod saved;
pub mod spec;
pub mod values;
