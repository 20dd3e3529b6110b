//! Keeping the environment while a run lives: renewing, noticing that it is lost, and giving it back.
//!
//! A quarter of a term before it runs out the run is asked to stop. That leaves what is under way time to end, and forgives clocks
//! that differ by as much.

use std::pin::pin;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::claim::{Claim, Seen};
use super::entry::Entry;
use crate::apply::{Asker, Cause};

/// The clock is looked at this often at least, since a machine that sleeps stops the timers and not the clock.
const TICK: Duration = Duration::from_secs(1);

/// The environment, held.
#[derive(Debug)]
#[must_use = "whoever took it gives it back"]
pub struct Lease {
    /// When the run before gave the environment back, by its own clock; none where that is not known.
    pub before: Option<Timestamp>,
    release: oneshot::Sender<()>,
    kept: JoinHandle<End>,
}

/// How a lease ended.
#[derive(Debug)]
pub struct End {
    /// Why the run had to stop.
    pub lost: Option<Lost>,
    /// Why the environment could not be given back. It is free when the term is over.
    pub left: Option<String>,
}

/// How a run lost the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Another run has written this.
    To(Box<Entry>),
    /// The log is not there any more.
    Gone,
    /// It could not be renewed, and the term is nearly over.
    NotRenewed {
        /// What happened when it was tried.
        why: String,
    },
}

impl Lease {
    /// Keeps what a claim has taken.
    pub(super) fn keep(claim: Claim, seen: Seen, expires: Timestamp, asker: Asker) -> Self {
        let (release, released) = oneshot::channel();
        Self { before: None, release, kept: tokio::spawn(keep(claim, seen, expires, asker, released)) }
    }

    /// What was taken after a run that ended then.
    pub(super) fn after(self, before: Option<Timestamp>) -> Self {
        Self { before, ..self }
    }

    /// Gives the environment back, unless it is another's by now.
    pub async fn release(self) -> End {
        // Where nobody listens any more, the lease is lost.
        let _ = self.release.send(());
        let broken = || Lost::NotRenewed { why: "the task that renews it has died".into() };
        self.kept.await.unwrap_or_else(|_| End { lost: Some(broken()), left: None })
    }
}

/// How things stand.
struct Standing {
    expires: Timestamp,
    trouble: Option<String>,
}

async fn keep(claim: Claim, seen: Seen, expires: Timestamp, asker: Asker, mut released: oneshot::Receiver<()>) -> End {
    let (standing, stands) = watch::channel(Standing { expires, trouble: None });
    let mut lost = None;
    {
        let mut renewing = pin!(renew(&claim, seen, &standing));
        let mut running_out = pin!(runs_out(&claim, stands.clone()));
        loop {
            tokio::select! {
                now_lost = &mut renewing => {
                    asker.ask(Cause::LeaseLost);
                    return End { lost: Some(lost.unwrap_or(now_lost)), left: None };
                }
                // It goes on renewing: what is under way is still better done alone.
                why = &mut running_out, if lost.is_none() => {
                    asker.ask(Cause::LeaseLost);
                    lost = Some(Lost::NotRenewed { why });
                }
                _ = &mut released => break,
            }
        }
    }
    let left = match timeout(claim.term() / 4, claim.release()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("AWS did not answer in time".into()),
    };
    End { lost, left }
}

/// Renews until the environment is another's.
async fn renew(claim: &Claim, mut seen: Seen, standing: &watch::Sender<Standing>) -> Lost {
    let term = claim.term();
    loop {
        let due = standing.borrow().expires - term * 3 / 4;
        while claim.now() < due {
            sleep(tick(claim, due)).await;
        }
        let trouble = match timeout(term / 4, claim.extend(&seen)).await {
            Ok(Ok(next)) => match &next.last {
                None => return Lost::Gone,
                Some(last) => match claim.own(&last.entry) {
                    None => return Lost::To(Box::new(last.entry.clone())),
                    Some(expires) => {
                        seen = next;
                        standing.send_modify(|standing| standing.expires = expires);
                        None
                    }
                },
            },
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("AWS did not answer in time".into()),
        };
        standing.send_modify(|standing| standing.trouble = trouble);
        sleep(term / 16).await;
    }
}

/// Waits until the term is nearly over; gives what keeps it from being renewed.
async fn runs_out(claim: &Claim, standing: watch::Receiver<Standing>) -> String {
    loop {
        let last = standing.borrow().expires - claim.term() / 4;
        if claim.now() >= last {
            let trouble = standing.borrow().trouble.clone();
            return trouble.unwrap_or_else(|| "the machine stood still, or AWS did not answer".into());
        }
        sleep(tick(claim, last)).await;
    }
}

fn tick(claim: &Claim, until: Timestamp) -> Duration {
    let left = Duration::try_from(until.duration_since(claim.now())).unwrap_or_default();
    left.min(TICK).min(claim.term() / 16).max(Duration::from_millis(1))
}

#[cfg(test)]
impl Lease {
    /// The run dies: nothing is given back.
    pub(super) fn kill(self) {
        self.kept.abort();
    }
}
