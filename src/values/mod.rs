//! Canonical types for values, so that `==` is equality as AWS means it.

pub mod duration;
pub mod image_digest;
pub mod secret_ref;
