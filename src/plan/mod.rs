//! The planner: desired × live → plan. Pure and sync; it knows no clock, no AWS and no kind by name.
//!
//! It decides everything: what is created, updated, replaced, deleted, blocked or deferred, under which name, which of two copies
//! stays, and what waits for what. Whoever carries a plan out only resolves references and makes calls.

mod change;
mod choices;
mod claims;
mod decide;
mod defer;
mod diff;
mod hazard;
mod holders;
mod id;
mod order;
mod planner;
mod reason;
mod release;
mod rests;
pub mod rule;
mod schema;
mod select;
mod warning;

pub use crate::graph::Blocked;
pub use change::{Action, Change, Effect, FieldChange, Need, Plan, Reason, Step, Summary, Verb};
pub use choices::{Choices, Deploy};
pub use diff::becomes;
pub use hazard::Hazard;
pub use planner::{Options, PlanError, plan};
pub use schema::{Attribute, Output, Rule, Schema, Schemas, Sensitive, Since, equal};
pub use warning::{Warning, grows, turned_on};
