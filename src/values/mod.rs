//! Canonical types, so that `==` is equality as AWS means it.

pub mod name;
pub mod policy;
pub mod version;
