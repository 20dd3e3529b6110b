//! What people see.

pub mod diagnostic;
