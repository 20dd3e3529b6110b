//! Canonical types, so that `==` is equality as AWS means it.

pub mod architecture;
pub mod duration;
pub mod image_digest;
pub mod name;
pub mod origin;
pub mod partition;
pub mod policy;
pub mod secret_ref;
pub mod version;
