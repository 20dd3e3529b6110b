//! Taking the environment, and what else a run does with the log: extending its term, ending its own or another's.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::entry::Entry;
use super::keep::Lease;
use super::log::{Last, Log, Unclear, last_valid};
use crate::apply::{Asker, Cause};
use crate::aws::AwsError;
use crate::values::origin::Origin;

/// The first pause before something is tried again; each after it is twice as long.
const SOON: Duration = Duration::from_millis(100);
/// How often something is tried that should succeed at once.
const TRIES: u32 = 7;
/// How often a run that waits looks again, at most.
const LOOK: Duration = Duration::from_secs(5);
/// How often a run that waits says so.
const REMIND: Duration = Duration::from_secs(30);

/// Who wants the environment, and what for.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// What is to be done, such as `apply`.
    pub verb: String,
    /// The plan that is to be carried out.
    pub plan: Option<String>,
    /// Where the run comes from.
    pub origin: Origin,
}

/// What a run that waits says of it.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// Who holds the environment.
    pub holder: &'a Entry,
    /// How long the run goes on waiting.
    pub left: Duration,
}

/// Why a run does not have the environment.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another run has it.
    #[error("another run holds the environment")]
    Held(Box<Entry>),
    /// It was asked to stop while it waited.
    #[error("interrupted")]
    Interrupted,
    /// AWS was asked, and refused.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// AWS's answers do not say who has it.
    #[error("the lease cannot be read: {0}")]
    Unclear(#[from] Unclear),
    /// Whenever it was free, somebody else was faster.
    #[error("the lease could not be written: others write it at every moment")]
    Contended,
}

/// A run that wants the environment.
pub struct Claim {
    log: Arc<dyn Log>,
    run: String,
    purpose: Purpose,
    term: Duration,
    started: Timestamp,
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("run", &self.run).field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// What one look at the log told.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// The number of its newest version; 0 where there is no log.
    newest: u64,
    /// The last entry that counts.
    pub(super) last: Option<Last>,
}

impl Seen {
    /// Who holds the environment at `now`, and until when.
    fn held(&self, now: Timestamp) -> Option<(&Entry, Timestamp)> {
        let entry = &self.last.as_ref()?.entry;
        Some((entry, entry.held(now)?))
    }

    /// When whoever wrote the last entry gave the environment back.
    fn ended(&self) -> Option<Timestamp> {
        self.last.as_ref()?.entry.ended
    }
}

impl Claim {
    /// A claim that, once it is taken, runs out after `term` unless it is renewed.
    pub fn new(log: Arc<dyn Log>, purpose: Purpose, term: Duration) -> Self {
        let random = RandomState::new();
        let run = format!("{:016x}{:016x}", random.hash_one(0), random.hash_one(1));
        let started = now(log.as_ref());
        Self { log, run, purpose, term, started }
    }

    /// Takes the environment as soon as nobody has it, and waits no longer than `patience` for that. From then on it is renewed,
    /// and the run is asked to stop when it is lost.
    ///
    /// # Errors
    /// Who has it, or why that cannot be told.
    pub async fn take(
        mut self,
        patience: Duration,
        asker: &Asker,
        tell: &mut (dyn FnMut(Waiting<'_>) + Send),
    ) -> Result<Lease, LeaseError> {
        let (began, stop) = (Instant::now(), asker.stop());
        let mut told: Option<(String, Instant)> = None;
        let (mut tries, mut rested) = (0, true);
        let mut seen = self.look(0).await?;
        let mut before = seen.ended();
        loop {
            if stop.asked() == Some(Cause::Interrupt) {
                self.end(seen, &self.run).await?;
                return Err(LeaseError::Interrupted);
            }
            match seen.held(self.now()) {
                // That of an own attempt whose answer was lost, too.
                Some((entry, expires)) if entry.run == self.run => {
                    return Ok(Lease::keep(self, seen, expires, asker.clone()).after(before));
                }
                Some((holder, expires)) => {
                    let left = patience.saturating_sub(began.elapsed());
                    if left.is_zero() {
                        return Err(LeaseError::Held(Box::new(holder.clone())));
                    }
                    if told.as_ref().is_none_or(|(run, at)| *run != holder.run || at.elapsed() >= REMIND) {
                        tell(Waiting { holder, left });
                        told = Some((holder.run.clone(), Instant::now()));
                    }
                    let ends = Duration::try_from(expires.duration_since(self.now())).unwrap_or_default();
                    let pause = left.min(LOOK).min(ends).max(SOON);
                    tokio::select! {
                        () = sleep(pause) => {}
                        _ = stop.clone().wait() => {}
                    }
                    seen = self.look(0).await?;
                    // Somebody got it: the next time it is free, everybody begins anew.
                    (tries, rested) = (0, true);
                }
                None if tries == TRIES => return Err(LeaseError::Contended),
                // Others write at the same moment: what is there after a pause decides, not what was there before.
                None if !rested => {
                    tokio::select! {
                        () = sleep(SOON * 2_u32.pow(tries)) => {}
                        _ = stop.clone().wait() => {}
                    }
                    seen = self.look(0).await?;
                    rested = true;
                }
                None => {
                    (tries, rested) = (tries + 1, false);
                    self.started = self.now();
                    before = seen.ended();
                    seen = self.extend(&seen).await?;
                }
            }
        }
    }

    /// Who holds the environment.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub async fn holder(&self) -> Result<Option<Entry>, LeaseError> {
        let seen = self.look(0).await?;
        Ok(seen.held(self.now()).map(|(entry, _)| entry.clone()))
    }

    /// Takes the environment away from another run, and leaves it free. That run notices when it tries to renew.
    ///
    /// # Errors
    /// Where by now a third one holds it; why it could not be done.
    pub async fn unlock(&self, holder: &Entry) -> Result<(), LeaseError> {
        let seen = self.end(self.look(0).await?, &holder.run).await?;
        match seen.held(self.now()) {
            None => Ok(()),
            Some((entry, _)) if entry.run == holder.run => Err(LeaseError::Contended),
            Some((entry, _)) => Err(LeaseError::Held(Box::new(entry.clone()))),
        }
    }

    /// Leaves the environment free, if this run still holds it.
    pub(super) async fn release(&self) -> Result<(), LeaseError> {
        let seen = self.end(self.look(0).await?, &self.run).await?;
        seen.held(self.now()).filter(|(entry, _)| entry.run == self.run).map_or(Ok(()), |_| Err(LeaseError::Contended))
    }

    /// Holds the environment for another term from now, if what was seen is still so.
    pub(super) async fn extend(&self, seen: &Seen) -> Result<Seen, LeaseError> {
        self.write(seen, Some(self.now() + self.term)).await
    }

    /// Whether an entry is one of this run by which it holds the environment, and until when.
    pub(super) fn own(&self, entry: &Entry) -> Option<Timestamp> {
        entry.expires.filter(|_| entry.run == self.run)
    }

    pub(super) const fn term(&self) -> Duration {
        self.term
    }

    pub(super) fn now(&self) -> Timestamp {
        now(self.log.as_ref())
    }

    /// Has that run hold nothing any more. It may be renewing meanwhile.
    async fn end(&self, mut seen: Seen, run: &str) -> Result<Seen, LeaseError> {
        for _ in 0..TRIES {
            if !seen.last.as_ref().is_some_and(|last| last.entry.run == run && last.entry.expires.is_some()) {
                break;
            }
            seen = self.write(&seen, None).await?;
        }
        Ok(seen)
    }

    /// Appends an entry after what was seen, and looks what came of it.
    async fn write(&self, seen: &Seen, expires: Option<Timestamp>) -> Result<Seen, LeaseError> {
        let entry = Entry {
            run: self.run.clone(),
            verb: self.purpose.verb.clone(),
            plan: self.purpose.plan.clone(),
            origin: self.purpose.origin.clone(),
            started: self.started,
            expires,
            ended: expires.is_none().then(|| self.now()),
            after: seen.last.as_ref().map(Last::mark),
        };
        // In lines, since people will read it in the console.
        let text = serde_json::to_string_pretty(&entry).expect("it has no maps whose keys are no text");
        let appended = self.log.append(&text, seen.newest == 0).await;
        let number = appended.as_ref().map_or(0, |number| number.unwrap_or_default());
        let next = self.look(number).await?;
        // The answer may have been lost, and nothing else: what the log says counts, as long as it says something new.
        match appended {
            Err(error) if next.last == seen.last => Err(error.into()),
            _ => Ok(next),
        }
    }

    /// Looks at the log, which goes at least as far as to version `known`.
    async fn look(&self, known: u64) -> Result<Seen, LeaseError> {
        let mut tries = 0;
        loop {
            let history = self.log.history().await?;
            let newest = history.last().map_or(0, |version| version.number);
            let unclear = match last_valid(&history) {
                Ok(last) if newest >= known => return Ok(Seen { newest, last }),
                Ok(_) => Unclear::Gap(known),
                Err(unclear) => unclear,
            };
            tries += 1;
            if tries == TRIES || unclear == Unclear::Forgotten {
                return Err(unclear.into());
            }
            sleep(SOON * 2_u32.pow(tries - 1)).await;
        }
    }
}

/// To the millisecond, which is more than clocks agree on.
fn now(log: &dyn Log) -> Timestamp {
    let now = log.now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
