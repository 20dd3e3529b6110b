//! One run at a time: a lease per environment, which runs out by itself.
//!
//! A lease is a log. Every entry names the entry that its writer saw as the last valid one, and counts only if that still was so
//! when it landed; of two runs that write at once, one has therefore written in vain, and both can read which. What was written in
//! vain changes nothing for anybody. So a log that can only be appended to and read is enough to hold, renew, take over and give
//! back, whatever is delayed, repeated or lost on the way.
//!
//! `entry` is what is written · `log` is where, and who is last in it · `claim` takes, renews and ends · `keep` renews while a run
//! lives, and asks it to stop when the lease is lost.

mod claim;
mod entry;
mod keep;
mod log;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;

pub use claim::{Claim, LeaseError, Purpose, Waiting};
pub use entry::{Entry, Mark};
pub use keep::{End, Lease, Lost};
pub use log::{Last, Log, Unclear, Version, last_valid};
