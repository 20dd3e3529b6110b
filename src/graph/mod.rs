//! The vocabulary that both sides of a plan share: what a resource is called, what it refers to, what it looks like.
//! Nothing here knows AWS, time or files.

mod address;
mod input;
mod ownership;
mod resource;

pub use address::{Address, BadAddress};
pub use input::{Actual, Input, Phase, Reference, Wanted, is_unknown, references, substitute};
pub use ownership::{ADDRESS, DECLARED, REPLACES, Scope};
pub use resource::{Attrs, Blocked, Created, Desired, Live, Neighbour, Outputs, Owner, State, Tags, Target};
