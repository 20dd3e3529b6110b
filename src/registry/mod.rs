//! Container registries: what an image says of itself, and copying it from one registry to another, byte for byte.
//!
//! Speaks the OCI distribution specification (1.1) over HTTP by itself; why stands in `docs/decisions/0016-registry.md`. Knows
//! nothing of AWS: for ECR it is handed the token like any other password.
//!
//! ```text
//! Reference ─▶ Client ─▶ Repository ─▶ resolve, describe (read)
//!                            │
//!                            └─▶ copy: walk ─▶ blobs: download ─▶ pieces ─▶ upload ─▶ manifests, children first ─▶ tags
//! ```

mod about;
mod auth;
mod client;
mod copy;
mod credentials;
mod download;
mod error;
mod http;
mod manifest;
mod pieces;
mod reference;
mod referrers;
mod repository;
mod retry;
mod tag;
mod upload;
mod walk;

pub use about::{About, Referrer};
pub use client::Client;
pub use copy::{Copied, Progress, copy};
pub use credentials::Credentials;
pub use error::{Problem, RegistryError};
pub use reference::{NotAReference, Reference};
pub use repository::Repository;
pub use retry::Patience;
pub use tag::Tagged;
