//! A proxy between a program and an AWS endpoint, such as LocalStack.
//!
//! It speaks HTTP as the SDKs do, notes every call (service, action, start, end, whether it writes), and does to each what a
//! [`Script`] says: cuts the program off just before it, just after it was carried out, or just after its answer; loses or delays
//! the answer; answers with an error in the protocol of the service, or with an old answer. The program need not know.
//!
//! Each program under test takes a [`Proxy`] of its own. Nothing of what calls say is judged here; scripts do that.

mod answer;
mod call;
mod lagging;
mod log;
mod script;
mod server;
mod words;

pub use answer::{Answer, Protocol};
pub use call::Call;
pub use lagging::Lagging;
pub use log::{Entry, longest_chain};
pub use script::{Cut, Delayed, Fault, Moment, Nothing, Script, Throttled};
pub use server::Proxy;
pub use words::UNKNOWN;
