//! Copying images between real registries: `tests/registry/run`, which installs `docker-registry` and `skopeo` where they are missing.
//!
//! What a real registry cannot be made to do (to lose a connection, to be ECR) is done by a proxy before it and by a double.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod kit;

mod copies;
mod describes;
mod faults;
mod memory;
mod refusals;
mod tags;
mod uploads;
