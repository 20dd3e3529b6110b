//! Cut it anywhere: the tool is killed before, after and in the middle of the calls that it makes, run again, and everything must be
//! as if nothing had happened.
//!
//! `cuts::a_sample` takes some, evenly spread, and `cuts::what_failed_once` those that ever failed; `scripts/cuts` takes all.
//! A killed process leaves nothing but what AWS has carried out, and the proxy lets nothing out after a cut. So cuts between which
//! no call has written lead to the same: the calls that write are all that there is to tell apart.

mod census;
mod life;
mod step;

use std::collections::BTreeMap;

use aws_proxy::Moment;
use futures::StreamExt as _;
use life::{At, Became, Cut, Life, Speed, Uncut, difference};
use step::Step;

/// Cuts that have failed once. The first two were found before there was a sweep: the refresh under way was overlooked by the next run,
/// and so was the release command that was left running.
const FAILED_ONCE: &[Cut] = &[
    Cut { step: Step::Deploy, at: At::Named("autoscaling:StartInstanceRefresh", 1), moment: Moment::CarriedOut },
    Cut { step: Step::Deploy, at: At::Named("ec2:RunInstances", 1), moment: Moment::CarriedOut },
];

/// How many of each step the sample takes.
const SAMPLE: usize = 8;

/// Where in a step the sample begins: another number is another sample.
const SEED: usize = 20_261_121;

/// How many lives go on at once: half of them wait for AWS most of the time.
const AT_ONCE: usize = 4;

/// What each step does where nothing cuts it off.
type Whole = BTreeMap<Step, Uncut>;

async fn whole() -> Whole {
    let life = Life::new(Speed::AtOnce).await;
    let mut whole = Whole::new();
    for step in Step::ALL {
        whole.insert(step, life.go(step).await);
    }
    whole
}

/// The cuts of each step.
type Cuts = BTreeMap<Step, Vec<Cut>>;

/// Every call at every moment.
fn of_calls(whole: &Whole) -> Cuts {
    cuts(whole, |_| true, At::Call)
}

/// Every call that writes at every moment.
fn of_writes(whole: &Whole) -> Cuts {
    cuts(whole, |writes| writes, At::Write)
}

fn cuts(whole: &Whole, counts: fn(bool) -> bool, at: fn(usize) -> At) -> Cuts {
    let of = |(step, uncut): (&Step, &Uncut)| {
        let calls = uncut.calls.iter().filter(|(_, writes)| counts(*writes)).count();
        let cuts = (1..=calls).flat_map(|nth| Moment::ALL.map(|moment| Cut { step: *step, at: at(nth), moment }));
        (*step, cuts.collect())
    };
    whole.iter().map(of).collect()
}

/// So many of each step, evenly spread over its calls, at each moment in turn.
fn sample(cuts: Cuts, number: usize) -> Cuts {
    let moments = Moment::ALL.len();
    let some = |(step, cuts): (Step, Vec<Cut>)| {
        let calls = cuts.len() / moments;
        let nth = |nth: usize| cuts[(nth * calls / number + SEED) % calls * moments + (nth + SEED) % moments].clone();
        let some: Vec<Cut> = (0..number).map(nth).collect();
        for moment in Moment::ALL {
            assert!(some.iter().any(|cut| cut.moment == moment), "{step:?} is never cut at {moment:?}");
        }
        (step, some)
    };
    cuts.into_iter().map(some).collect()
}

/// How many cuts ended how.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    survived: usize,
    not_reached: usize,
    failed: usize,
}

/// Lives so that every cut is taken once, and tells how it went; fails where one did not survive.
async fn survive(whole: &Whole, cuts: Cuts) {
    let lives = cuts.values().map(Vec::len).max().unwrap_or_default();
    let cuts = &cuts;
    let lived = (0..lives).map(|nth| {
        let speed = if nth % 2 == 0 { Speed::AtOnce } else { Speed::UnderWay };
        one_life(whole, speed, cuts.values().filter_map(move |cuts| cuts.get(nth)).cloned().collect())
    });
    let mut lived = futures::stream::iter(lived).buffer_unordered(AT_ONCE).enumerate();
    let mut counts: BTreeMap<Step, Count> = BTreeMap::new();
    while let Some((nth, became)) = lived.next().await {
        for (cut, became) in became {
            let count = counts.entry(cut.step).or_default();
            match became {
                Became::Survived => count.survived += 1,
                Became::NotReached => count.not_reached += 1,
                Became::Failed(call, why) => {
                    count.failed += 1;
                    say(&format!("{cut:?} in life {nth}, which was {call}: {why}"));
                }
            }
        }
        if (nth + 1) % 10 == 0 {
            say(&format!("{} of {lives} lives", nth + 1));
        }
    }
    for (step, Count { survived, not_reached, failed }) in &counts {
        let calls = &whole[step].calls;
        let writes = calls.iter().filter(|(_, writes)| *writes).count();
        say(&format!(
            "{step:?}: {} calls, {writes} of them write; {survived} cuts survived, {not_reached} not reached, {failed} failed",
            calls.len()
        ));
    }
    assert!(counts.values().all(|count| count.failed == 0), "{counts:#?}");
    // How often a run asks may differ from life to life, but not how often it writes.
    let by_write = |cut: &Cut| matches!(cut.at, At::Write(_));
    let missed = counts.values().any(|count| count.not_reached > 0) && cuts.values().flatten().all(by_write);
    assert!(!missed, "{counts:#?}");
    let survived: usize = counts.values().map(|count| count.survived).sum();
    assert!(survived > 0, "nothing was cut off");
}

/// A life with these cuts, at most one a step. Where one fails, the rest is lived in another account.
async fn one_life(whole: &Whole, speed: Speed, cuts: Vec<Cut>) -> Vec<(Cut, Became)> {
    let mut life = Life::new(speed).await;
    let mut became = Vec::new();
    for step in Step::ALL {
        let Some(cut) = cuts.iter().find(|cut| cut.step == step) else {
            if cuts.iter().any(|cut| cut.step > step) {
                life.go(step).await;
            }
            continue;
        };
        let how = life.cut(cut.clone(), &whole[&step]).await;
        if matches!(how, Became::Failed(..)) {
            life = Life::new(speed).await;
            for step in Step::ALL.into_iter().filter(|before| *before <= step && cuts.iter().any(|cut| cut.step > step)) {
                life.go(step).await;
            }
        }
        became.push((cut.clone(), how));
    }
    became
}

#[expect(clippy::print_stderr, reason = "a sweep takes long, and people want to see how it does")]
fn say(text: &str) {
    eprintln!("{text}");
}

#[tokio::test]
async fn a_sample() {
    let whole = whole().await;
    survive(&whole, sample(of_writes(&whole), SAMPLE)).await;
}

#[tokio::test]
async fn what_failed_once() {
    let whole = whole().await;
    for cut in FAILED_ONCE {
        let lives = [Speed::AtOnce, Speed::UnderWay].map(|speed| one_life(&whole, speed, vec![cut.clone()]));
        for (cut, became) in futures::future::join_all(lives).await.into_iter().flatten() {
            assert!(matches!(became, Became::Survived), "{cut:?}: {became:#?}");
        }
    }
}

/// A version that a cut run has made is nobody's: the next run makes another, and a few of the old ones stay.
#[tokio::test]
async fn of_the_versions_that_cut_runs_leave_a_few_stay() {
    let life = Life::new(Speed::AtOnce).await;
    for step in [Step::Apply, Step::Start] {
        life.go(step).await;
    }
    let (left, stay) = life.leave_versions(7).await;
    // Five, and the one that instances still ran when the others went.
    assert!(left > stay && stay <= 6, "{left}, and {stay} stay");
}

/// What counts everything would see what a cut had left.
#[tokio::test]
async fn what_is_left_behind_is_seen() {
    let life = Life::new(Speed::AtOnce).await;
    let before = life.census().await;
    life.forget_an_address().await;
    assert_eq!(difference(&before, &life.census().await), ["+1 address nobody's used: false"]);
}

/// Every call that writes, at every moment.
#[tokio::test]
#[ignore = "takes more than an hour: scripts/cuts"]
async fn every_write() {
    let whole = whole().await;
    survive(&whole, shard(of_writes(&whole))).await;
}

/// Every call, at every moment.
#[tokio::test]
#[ignore = "takes hours: scripts/cuts --reads"]
async fn every_call() {
    let whole = whole().await;
    survive(&whole, shard(of_calls(&whole))).await;
}

/// `INFRA_CUTS_SHARD=1/2` takes every second one, so that several machines, or several `LocalStack`s, can share the work.
fn shard(cuts: Cuts) -> Cuts {
    let shard = std::env::var("INFRA_CUTS_SHARD").unwrap_or_else(|_| "0/1".into());
    let (part, of) = shard.split_once('/').unwrap();
    let (part, of): (usize, usize) = (part.parse().unwrap(), of.parse().unwrap());
    let every = |cuts: Vec<Cut>| cuts.into_iter().skip(part).step_by(of).collect();
    cuts.into_iter().map(|(step, cuts)| (step, every(cuts))).collect()
}
