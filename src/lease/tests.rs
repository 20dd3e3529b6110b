//! Taking, renewing, losing and giving back, one thing at a time. Time is stopped, so that waiting costs nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::world::{TERM, World};
use super::{Lease, LeaseError, Lost, Waiting};
use crate::apply::{Asker, Cause};

const AT_ONCE: Duration = Duration::ZERO;

async fn take(world: &Arc<World>, actor: &str, patience: Duration) -> Result<(Lease, Asker), LeaseError> {
    let asker = Asker::default();
    let lease = world.claim(actor, 0.0).take(patience, &asker, &mut |_| ()).await?;
    Ok((lease, asker))
}

fn held_by(taken: Result<(Lease, Asker), LeaseError>) -> String {
    match taken {
        Err(LeaseError::Held(entry)) => entry.origin.actor,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_run_is_told_who_was_first_until_that_one_is_done() {
    let world = World::calm();
    let (lease, asker) = take(&world, "ana", AT_ONCE).await.unwrap();
    // Far longer than the log remembers.
    for _ in 0..10 {
        sleep(TERM * 5).await;
        assert_eq!(held_by(take(&world, "ben", AT_ONCE).await), "ana");
    }
    assert!(world.newest() > 150, "it was renewed {} times", world.newest());
    assert_eq!(asker.stop().asked(), None);
    let end = lease.release().await;
    assert!(end.lost.is_none() && end.left.is_none(), "{end:?}");
    let _ben = take(&world, "ben", AT_ONCE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dead_run_is_taken_over_when_its_term_is_over_and_not_before() {
    let world = World::calm();
    let (lease, _) = take(&world, "ana", AT_ONCE).await.unwrap();
    lease.kill();
    sleep(TERM * 7 / 8).await;
    assert_eq!(held_by(take(&world, "ben", AT_ONCE).await), "ana");
    sleep(Duration::from_secs(5)).await;
    let _ben = take(&world, "ben", AT_ONCE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_says_so_again_and_again_and_gets_it() {
    let world = World::calm();
    let (lease, _) = take(&world, "ana", AT_ONCE).await.unwrap();
    let work = tokio::spawn(async move {
        sleep(Duration::from_secs(100)).await;
        lease.release().await
    });
    let (mut told, asker) = (Vec::new(), Asker::default());
    let mut tell = |waiting: Waiting<'_>| told.push((waiting.holder.origin.actor.clone(), waiting.left.as_secs()));
    let _ben = world.claim("ben", 0.0).take(Duration::from_mins(10), &asker, &mut tell).await.unwrap();
    assert!(work.await.unwrap().lost.is_none());
    assert!(world.seconds() < 110.0, "it looks often enough");
    let told: Vec<_> = told.iter().map(|(who, left)| (who.as_str(), *left)).collect();
    assert!(matches!(told[..], [("ana", 599..=600), ("ana", 560..=570), ("ana", 520..=540), ("ana", 490..=510)]), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_interrupted_waits_no_longer_and_leaves_nothing_behind() {
    let world = World::calm();
    let (lease, _) = take(&world, "ana", AT_ONCE).await.unwrap();
    let asker = Asker::default();
    let interrupted = asker.clone();
    tokio::spawn(async move {
        sleep(Duration::from_secs(7)).await;
        interrupted.ask(Cause::Interrupt);
    });
    let taken = world.claim("ben", 0.0).take(Duration::from_mins(10), &asker, &mut |_| ()).await;
    assert!(matches!(taken, Err(LeaseError::Interrupted)), "{taken:?}");
    assert!(world.seconds() < 10.0);
    lease.release().await;
    let _cleo = take(&world, "cleo", AT_ONCE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_unlocked_is_free_and_its_run_is_asked_to_stop() {
    let world = World::calm();
    let (lease, asker) = take(&world, "ana", AT_ONCE).await.unwrap();
    let ben = world.claim("ben", 0.0);
    let holder = ben.holder().await.unwrap().unwrap();
    ben.unlock(&holder).await.unwrap();
    assert_eq!(ben.holder().await.unwrap(), None);
    sleep(TERM / 2).await;
    assert_eq!(asker.stop().asked(), Some(Cause::LeaseLost));
    assert!(matches!(lease.release().await.lost, Some(Lost::To(entry)) if entry.origin.actor == "ben"));

    // What was asked about is over, and somebody else has it now.
    let (_cleo, _) = take(&world, "cleo", AT_ONCE).await.unwrap();
    assert!(ben.unlock(&holder).await.is_err());
    assert_eq!(held_by(take(&world, "dan", AT_ONCE).await), "cleo");
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_log_was_deleted_stops_and_the_next_begins_a_new_one() {
    let world = World::calm();
    let (lease, asker) = take(&world, "ana", AT_ONCE).await.unwrap();
    world.delete();
    let (_ben, other) = take(&world, "ben", AT_ONCE).await.unwrap();
    sleep(TERM / 2).await;
    assert_eq!((asker.stop().asked(), other.stop().asked()), (Some(Cause::LeaseLost), None));
    assert!(matches!(lease.release().await.lost, Some(Lost::To(entry)) if entry.origin.actor == "ben"));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_cannot_renew_is_asked_to_stop_before_another_can_take_over() {
    let world = World::calm();
    let (lease, asker) = take(&world, "ana", AT_ONCE).await.unwrap();
    let taken = world.seconds();
    world.break_down();
    asker.stop().wait().await;
    let held = world.seconds() - taken;
    let term = TERM.as_secs_f64();
    assert!(term * 0.7 < held && held < term * 0.8, "{held}");
    let end = lease.release().await;
    assert!(matches!(end.lost, Some(Lost::NotRenewed { why }) if why.contains("it went wrong")));
    assert!(end.left.is_some_and(|why| why.contains("it went wrong")));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_locks_nobody_out() {
    let world = World::calm();
    world.lose_next_answer();
    let (lease, _) = take(&world, "ana", AT_ONCE).await.unwrap();
    assert_eq!(world.newest(), 1);
    lease.release().await;
}
