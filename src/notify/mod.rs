//! Telling others what is done to an environment: a webhook, Datadog, Sentry.
//!
//! What is sent is made by pure functions, a file for each receiver, from one [`Event`]. A [`Notifier`] sends it in the background:
//! whoever cannot be told is a warning, and never a reason for a run to fail or to wait.

mod datadog;
mod event;
mod key;
mod notifier;
mod receiver;
mod send;
mod sentry;
#[cfg(test)]
mod tests;
mod webhook;

pub use event::{Event, Service, Subject};
pub use key::{Key, Keys};
pub use notifier::{Bounds, Notifier};
pub use receiver::Receiver;

pub use crate::spec::Outcome;
