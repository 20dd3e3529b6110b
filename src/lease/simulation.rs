//! Many runs at once, over a log whose calls are slow, fail, are lost, repeated and late: never do two of them hold the environment.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::sleep;

use super::world::{TERM, World};
use crate::apply::Asker;

/// What somebody does, and when, in seconds.
#[derive(Clone, Debug)]
enum Act {
    /// A run; one that is killed gives nothing back.
    Run { at: f64, skew: f64, patience: f64, work: f64, killed: bool },
    /// Somebody unlocks the environment.
    Unlock { at: f64 },
    /// Somebody deletes the log by hand.
    Delete { at: f64 },
    /// Somebody writes nonsense into it.
    Scribble { at: f64 },
}

/// From when to when a run held the environment, as it believed.
type Held = (f64, f64);

#[derive(Debug, Default)]
struct Notes {
    held: Vec<Held>,
    /// When somebody took the environment away from whoever had it.
    disturbed: Vec<f64>,
}

async fn act(world: Arc<World>, act: Act, notes: Arc<Mutex<Notes>>) {
    match act {
        Act::Run { at, skew, patience, work, killed } => {
            sleep(Duration::from_secs_f64(at)).await;
            let asker = Asker::default();
            let claim = world.claim("a run", skew);
            let Ok(lease) = claim.take(Duration::from_secs_f64(patience), &asker, &mut |_| ()).await else { return };
            let from = world.seconds();
            tokio::select! {
                () = sleep(Duration::from_secs_f64(work)) => {}
                _ = asker.stop().wait() => {}
            }
            notes.lock().unwrap().held.push((from, world.seconds()));
            if killed {
                lease.kill();
            } else {
                lease.release().await;
            }
        }
        Act::Unlock { at } => {
            sleep(Duration::from_secs_f64(at)).await;
            let claim = world.claim("somebody", 0.0);
            if let Ok(Some(holder)) = claim.holder().await {
                // It may land late, and even where it seems to have failed.
                let from = world.seconds();
                let _ = claim.unlock(&holder).await;
                let mut moment = from;
                while moment < world.seconds() + 60.0 {
                    notes.lock().unwrap().disturbed.push(moment);
                    moment += 1.0;
                }
            }
        }
        Act::Delete { at } => {
            sleep(Duration::from_secs_f64(at)).await;
            world.delete();
            notes.lock().unwrap().disturbed.push(world.seconds());
        }
        Act::Scribble { at } => {
            sleep(Duration::from_secs_f64(at)).await;
            world.write("[\"out of order\"]");
        }
    }
}

/// Lets it all happen, and then has one more run take the environment.
fn play(acts: Vec<Act>, keeps: usize, faults: u64, seed: u64) -> Notes {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (world, notes) = (World::new(keeps, faults, seed), Arc::<Mutex<Notes>>::default());
        let all = acts.into_iter().map(|it| tokio::spawn(act(Arc::clone(&world), it, Arc::clone(&notes))));
        futures::future::try_join_all(all).await.unwrap();
        world.faults(0);
        let last = Asker::default();
        let taken = world.claim("the last", 0.0).take(TERM * 3, &last, &mut |_| ()).await;
        taken.expect("what nobody holds can be had").release().await;
        Arc::try_unwrap(notes).unwrap().into_inner().unwrap()
    })
}

/// The first two that overlap, though nobody took the environment away from one shortly before.
fn overlap(notes: &Notes) -> Option<(Held, Held)> {
    let mut held = notes.held.clone();
    held.sort_by(|one, other| one.0.total_cmp(&other.0));
    let term = TERM.as_secs_f64();
    held.iter().enumerate().find_map(|(index, one)| {
        held[index + 1..].iter().find_map(|other| {
            let (from, until) = (other.0, one.1.min(other.1));
            // Taking it takes a while too, but less than a term.
            let excused = notes.disturbed.iter().any(|at| one.0 - term <= *at && *at <= from && until <= at + term);
            (from < until && !excused).then_some((*one, *other))
        })
    })
}

fn run() -> impl Strategy<Value = Act> {
    // Clocks differ by less than a quarter of the term, and the tick at which it is noticed that it is nearly over.
    let times = (0.0..120.0, -4.0..4.0, prop_oneof![Just(0.0), 0.0..200.0], prop_oneof![3 => 0.0..120.0, 1 => 200.0..400.0]);
    (times, prop::bool::weighted(0.3)).prop_map(|((at, skew, patience, work), killed)| Act::Run {
        at,
        skew,
        patience,
        work,
        killed,
    })
}

fn disturbance() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0.0..150.0).prop_map(|at| Act::Unlock { at }),
        (0.0..150.0).prop_map(|at| Act::Delete { at }),
        (0.0..150.0).prop_map(|at| Act::Scribble { at }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn never_do_two_hold_it(
        runs in prop::collection::vec(run(), 2..7),
        scribbles in prop::collection::vec((0.0..150.0).prop_map(|at| Act::Scribble { at }), 0..3),
        keeps in 25..60_usize,
        faults in prop_oneof![Just(0_u64), 1..60_u64],
        seed: u64,
    ) {
        let notes = play([runs, scribbles].concat(), keeps, faults, seed);
        prop_assert_eq!(overlap(&notes), None, "{:?}", notes);
    }

    #[test]
    fn nor_where_it_is_taken_away_for_longer_than_until_that_is_noticed(
        runs in prop::collection::vec(run(), 2..6),
        disturbances in prop::collection::vec(disturbance(), 1..4),
        faults in prop_oneof![Just(0_u64), 1..40_u64],
        seed: u64,
    ) {
        let notes = play([runs, disturbances].concat(), 100, faults, seed);
        prop_assert_eq!(overlap(&notes), None, "{:?}", notes);
    }
}
