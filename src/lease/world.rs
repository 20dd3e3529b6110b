//! A log in memory, for tests: calls take time, and go wrong as calls over a network do. Time is tokio's, so that tests can stop it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};

use super::claim::{Claim, Purpose};
use super::log::{Log, Version};
use crate::aws::AwsError;
use crate::values::origin::Origin;

/// The term in these tests.
pub(super) const TERM: Duration = Duration::from_secs(40);

/// The log, and how it behaves.
pub(super) struct World {
    /// How many versions are kept.
    keeps: usize,
    began: Instant,
    state: Mutex<State>,
}

struct State {
    versions: Vec<Version>,
    /// What it was, and since when, for reads that lag behind.
    past: Vec<(Instant, Vec<Version>)>,
    /// Of a hundred calls, how many go wrong.
    faults: u64,
    random: u64,
    /// What goes wrong next, whatever the dice say; where it is for good, each time.
    next: Option<(Fault, bool)>,
}

/// What may go wrong with an append.
#[derive(Clone, Copy)]
enum Fault {
    Refused,
    AnswerLost,
    Repeated,
    Late(Duration),
}

impl World {
    /// One in which nothing goes wrong, and a call takes half a second.
    pub(super) fn calm() -> Arc<Self> {
        Self::new(100, 0, 0)
    }

    pub(super) fn new(keeps: usize, faults: u64, seed: u64) -> Arc<Self> {
        let state = State { versions: Vec::new(), past: Vec::new(), faults, random: seed, next: None };
        Arc::new(Self { keeps, began: Instant::now(), state: Mutex::new(state) })
    }

    /// From now on so many calls of a hundred go wrong.
    pub(super) fn faults(&self, percent: u64) {
        self.state.lock().unwrap().faults = percent;
    }

    /// From now on no call succeeds.
    pub(super) fn break_down(&self) {
        self.state.lock().unwrap().next = Some((Fault::Refused, true));
    }

    /// The next append is done, and nobody learns of it.
    pub(super) fn lose_next_answer(&self) {
        self.state.lock().unwrap().next = Some((Fault::AnswerLost, false));
    }

    /// A claim of a run whose clock goes wrong by `skew` seconds.
    pub(super) fn claim(self: &Arc<Self>, actor: &str, skew: f64) -> Claim {
        let origin = Origin { actor: actor.into(), ..Origin::default() };
        let log = Arc::new(View { world: Arc::clone(self), skew: SignedDuration::from_secs_f64(skew) });
        Claim::new(log, Purpose { verb: "apply".into(), plan: None, origin }, TERM)
    }

    pub(super) fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// The newest version's number.
    pub(super) fn newest(&self) -> u64 {
        self.state.lock().unwrap().versions.last().map_or(0, |version| version.number)
    }

    /// Somebody deletes the log by hand.
    pub(super) fn delete(&self) {
        self.change(Vec::clear);
    }

    /// Somebody, or a run, writes.
    pub(super) fn write(&self, text: &str) -> u64 {
        let keeps = self.keeps;
        self.change(|versions| {
            let number = versions.last().map_or(1, |version| version.number + 1);
            versions.push(Version { number, text: text.into() });
            if versions.len() > keeps {
                versions.remove(0);
            }
            number
        })
    }

    fn change<T>(&self, how: impl FnOnce(&mut Vec<Version>) -> T) -> T {
        let mut state = self.state.lock().unwrap();
        let done = how(&mut state.versions);
        let now = (Instant::now(), state.versions.clone());
        state.past.push(now);
        done
    }

    /// A number below `below`; the same ones in each run with the same seed.
    fn random(&self, below: u64) -> u64 {
        let mut state = self.state.lock().unwrap();
        // SplitMix64.
        state.random = state.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state.random ^ (state.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }

    fn goes_wrong(&self) -> bool {
        self.random(100) < self.state.lock().unwrap().faults
    }

    fn fault(&self) -> Option<Fault> {
        let next = self.state.lock().unwrap().next.take_if(|(_, for_good)| !*for_good);
        if let Some((fault, _)) = next {
            return Some(fault);
        }
        if self.is_down() {
            return Some(Fault::Refused);
        }
        self.goes_wrong().then(|| match self.random(4) {
            0 => Fault::Refused,
            1 => Fault::AnswerLost,
            2 => Fault::Repeated,
            _ => Fault::Late(Duration::from_millis(self.random(60_000))),
        })
    }

    fn is_down(&self) -> bool {
        matches!(self.state.lock().unwrap().next, Some((_, true)))
    }

    /// The way there, or back.
    async fn way(&self) {
        let calm = self.state.lock().unwrap().faults == 0;
        sleep(Duration::from_millis(if calm { 250 } else { self.random(3000) })).await;
    }

    fn as_of(&self, then: Instant) -> Vec<Version> {
        let state = self.state.lock().unwrap();
        state.past.iter().rev().find(|(since, _)| *since <= then).map(|(_, versions)| versions.clone()).unwrap_or_default()
    }
}

/// The log as one run sees it.
struct View {
    world: Arc<World>,
    skew: SignedDuration,
}

fn failed() -> AwsError {
    AwsError { operation: "log".into(), code: "Failed".into(), message: "it went wrong".into(), request_id: None }
}

impl Log for View {
    fn history(&self) -> BoxFuture<'_, Result<Vec<Version>, AwsError>> {
        Box::pin(async move {
            let world = &self.world;
            world.way().await;
            let lag = if world.goes_wrong() { world.random(2000) } else { 0 };
            let seen = world.as_of(Instant::now() - Duration::from_millis(lag));
            let fails = world.is_down() || world.goes_wrong() && world.random(2) == 0;
            world.way().await;
            if fails { Err(failed()) } else { Ok(seen) }
        })
    }

    fn append<'a>(&'a self, text: &'a str, begins: bool) -> BoxFuture<'a, Result<Option<u64>, AwsError>> {
        Box::pin(async move {
            let world = &self.world;
            world.way().await;
            let refused = |world: &World| begins && world.newest() > 0;
            match world.fault() {
                Some(Fault::Refused) => return Err(failed()),
                Some(Fault::Late(by)) => {
                    let (world, text) = (Arc::clone(world), text.to_owned());
                    tokio::spawn(async move {
                        sleep(by).await;
                        if !(begins && world.newest() > 0) {
                            world.write(&text);
                        }
                    });
                    return Err(failed());
                }
                _ if refused(world) => {
                    world.way().await;
                    return Ok(None);
                }
                Some(Fault::AnswerLost) => {
                    world.write(text);
                    return Err(failed());
                }
                Some(Fault::Repeated) if !begins => drop(world.write(text)),
                Some(Fault::Repeated) | None => {}
            }
            let number = world.write(text);
            world.way().await;
            Ok(Some(number))
        })
    }

    fn now(&self) -> Timestamp {
        let whole = SignedDuration::try_from(self.world.began.elapsed()).unwrap();
        Timestamp::from_second(1_800_000_000).unwrap() + whole + self.skew
    }
}
