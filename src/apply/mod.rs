//! Carrying a plan out. It decides nothing: it resolves references and makes calls, over one seam to the world, as parallel as
//! the plan's needs allow. Events are the only way out while it runs, the report the only way out at the end.

mod cloud;
mod event;
pub mod notice;
mod run;
mod stop;
#[cfg(test)]
mod tests;

pub use cloud::{Cloud, Failure, OUTPUT};
pub use event::{Event, Outcome, Report, StepReport};
pub use run::run;
pub use stop::{Asker, Cause, Stop};
