//! Plans in files: what was reviewed, kept so that it can be shown anywhere and applied only where it still holds.
//!
//! A file holds the plan as it is shown, with fingerprints in place of environment values. It is never what is carried out:
//! `apply FILE` plans anew from the spec and live AWS, and goes on only if that gives the same plan.

mod format;
mod moved;
mod seal;
mod written;

pub use format::{FORMAT_VERSION, Saved, SavedError};
pub use moved::{Moved, moved};
pub use seal::seal;
