//! Carrying a plan out. It decides nothing: it resolves references and makes calls, over one seam to the world.

mod cloud;

pub use cloud::{Call, Cloud};
