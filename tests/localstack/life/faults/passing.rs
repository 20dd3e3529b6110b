//! Faults that pass: the run succeeds, nothing is there twice, and there are no more calls than the faults explain.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_proxy::{Call, Entry, Fault, Lagging, Nothing, Proxy, Script};
use bytes::Bytes;
use tokio::sync::OnceCell;

use super::scripts::{Of, Sometimes, Unseen, bursts, first_writes, one_in};
use super::{Phase, all, proxy, quick, run, settling, succeeded, writes};
use crate::life::{Ended, Stage};

const LAG: Duration = Duration::from_secs(5);
const LATE: Duration = Duration::from_secs(2);

/// What AWS does is over when a call is repeated.
const OVER: Duration = Duration::from_millis(50);
/// What AWS does is under way when a call is repeated.
const UNDER_WAY: Duration = Duration::from_millis(700);

/// What is called instead where a repeated call finds its work done.
const MENDS: [(&str, &str); 3] = [
    ("ec2:ReplaceRoute", "ec2:CreateRoute"),
    ("ec2:UpdateSecurityGroupRuleDescriptionsEgress", "ec2:AuthorizeSecurityGroupEgress"),
    ("ec2:UpdateSecurityGroupRuleDescriptionsIngress", "ec2:AuthorizeSecurityGroupIngress"),
];

/// The calls of each phase of a life.
type Calls = BTreeMap<Phase, Vec<Entry>>;

/// A life with this going wrong all the time, in which AWS takes `time` for what takes it some; descriptions may lag behind by `lag`.
async fn live_through(script: impl Script + 'static, time: Duration, lag: Duration) -> Calls {
    let (stage, proxy) = (settling(time).await, proxy().await);
    proxy.follow(script);
    let mut calls = Calls::new();
    for phase in Phase::ALL {
        phase.prepare(&stage).await;
        let (ended, log) = run(&stage, &proxy, phase, &[]).await;
        assert_eq!(ended.code, 0, "{phase:?}: {ended:#?}");
        phase.is_over(&stage).await;
        calls.insert(phase, log);
        // Whoever begins before AWS tells everywhere of what was done is a matter of its own.
        tokio::time::sleep(lag).await;
    }
    calls
}

/// A life in which nothing goes wrong.
async fn undisturbed() -> &'static Calls {
    static CALLS: OnceCell<Calls> = OnceCell::const_new();
    CALLS.get_or_init(|| live_through(Nothing, OVER, Duration::ZERO)).await
}

/// There are no more calls than those of a life in which nothing goes wrong, one more for each that failed, and looking again
/// while something is waited for.
async fn are_explained(calls: &Calls) {
    let mut unexplained = Vec::new();
    for (phase, log) in calls {
        let base = &undisturbed().await[phase];
        let of = |log: &[Entry], which: fn(&Entry) -> bool| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            writes(log).filter(|entry| which(entry)).for_each(|entry| *counts.entry(entry.call.name()).or_default() += 1);
            counts
        };
        let (base_writes, failed) = (of(base, |_| true), of(log, |entry| !succeeded(entry)));
        for (name, count) in of(log, |_| true) {
            let mends = MENDS.iter().filter(|(mend, _)| *mend == name).map(|(_, first)| failed.get(*first).unwrap_or(&0));
            let explained = base_writes.get(&name).unwrap_or(&0) + failed.get(&name).unwrap_or(&0) + mends.sum::<usize>();
            if count > explained {
                unexplained.push(format!("{phase:?}: {count} calls of {name}, and {explained} are explained"));
            }
        }
        let (reads, base_reads) = (repeated(log), repeated(base));
        let most = |name: &str| base_reads.iter().filter(|((of, _), _)| of == name).map(|(_, entries)| entries.len()).max();
        for ((name, body), entries) in &reads {
            let failed = entries.iter().filter(|entry| !succeeded(entry)).count();
            let explained = most(name).unwrap_or(1) + failed + looks(entries);
            if entries.len() > explained {
                unexplained.push(format!("{phase:?}: {} calls of {name} {body:?}, {explained} explained", entries.len()));
            }
        }
    }
    assert!(unexplained.is_empty(), "{unexplained:#?}");
}

/// How often one looks at what one waits for from the first of these calls to the last: every 200 ms at first, and less and less
/// often. One looks again at once where an answer was no error.
fn looks(entries: &[&Entry]) -> usize {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return 0 };
    let mut left = last.started.saturating_sub(first.started).as_secs_f64();
    let (mut looks, mut pause) = (0, 0.2);
    while left > 0.0 {
        left -= pause;
        pause = f64::min(pause * 1.5, 10.0);
        looks += 1;
    }
    // More than one step may wait for the same, and whoever watches a deployment looks as well.
    3 * looks + 5
}

fn repeated(log: &[Entry]) -> BTreeMap<(String, Bytes), Vec<&Entry>> {
    let mut reads: BTreeMap<_, Vec<&Entry>> = BTreeMap::new();
    for entry in log.iter().filter(|entry| !entry.call.writes) {
        reads.entry((entry.call.name(), entry.call.body.clone())).or_default().push(entry);
    }
    reads
}

/// No more different things are asked than in a life in which nothing goes wrong, but for one after each call that failed: whoever does
/// not know whether a write was carried out looks for what it made. A few more depend on how far AWS is when one looks. Old descriptions
/// give reason to ask for more without any failure.
async fn are_the_same_questions(calls: &Calls) {
    let different = |log: &[Entry]| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (name, _) in repeated(log).into_keys() {
            *counts.entry(name).or_default() += 1;
        }
        counts
    };
    for (phase, log) in calls {
        let base = different(&undisturbed().await[phase]);
        let failed = log.iter().filter(|entry| !succeeded(entry)).count();
        for (name, count) in different(log) {
            let explained = base.get(&name).unwrap_or(&0) + failed + 5;
            assert!(count <= explained, "{phase:?}: {count} different calls of {name}, and {explained} are explained");
        }
    }
}

async fn passes(script: impl Script + 'static, time: Duration) {
    let calls = live_through(script, time, Duration::ZERO).await;
    are_explained(&calls).await;
    are_the_same_questions(&calls).await;
}

/// A call that was carried out fails, and is repeated: where what it asked for is over, and where AWS is at work on it.
async fn is_repeated(fault: fn(&Call) -> Fault) {
    let life = |time| passes(Sometimes::new(first_writes(), fault), time);
    tokio::join!(life(OVER), life(UNDER_WAY));
}

fn aws(call: &Call) -> bool {
    call.service != "registry"
}

#[tokio::test]
async fn a_third_of_the_calls_are_throttled() {
    passes(Sometimes::new(one_in(3, 5), |call: &Call| Fault::Instead(call.throttled())), OVER).await;
}

/// The call that everything hangs on gives up no sooner than others, as long as it is answered.
#[tokio::test]
async fn who_asks_is_throttled_again_and_again() {
    let (stage, proxy) = (quick().await, proxy().await);
    let who = |call: &Call| call.service == "sts";
    proxy.follow(Sometimes::new(who, |call: &Call| Fault::Instead(call.throttled())));
    let ended: Ended = stage.through(&proxy, &["plan"]).await.output().await.unwrap().into();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(proxy.log().iter().filter(|entry| who(&entry.call)).count(), 5);
}

#[tokio::test]
async fn bursts_of_503() {
    passes(Sometimes::new(bursts(aws), |call: &Call| Fault::Instead(call.unavailable())), OVER).await;
}

#[tokio::test]
async fn bursts_of_500_on_reads() {
    let reads = bursts(|call| aws(call) && !call.writes);
    passes(Sometimes::new(reads, |call: &Call| Fault::Instead(call.broken())), OVER).await;
}

#[tokio::test]
async fn a_500_after_each_kind_of_write_was_carried_out() {
    is_repeated(|call| Fault::After(call.broken())).await;
}

#[tokio::test]
async fn a_connection_lost_after_each_kind_of_write_was_carried_out() {
    is_repeated(|_| Fault::Lost).await;
}

#[tokio::test]
async fn answers_two_seconds_late() {
    let many = if all() { 1 } else { 6 };
    let mut which = one_in(many, 7);
    passes(move |call: &Call| if which(call) { Fault::Late(LATE) } else { Fault::None }, OVER).await;
}

#[tokio::test]
async fn what_was_just_made_is_not_found() {
    passes(Unseen::for_a_while(Duration::from_secs(3)), OVER).await;
}

#[tokio::test]
async fn descriptions_that_lag_behind() {
    are_explained(&live_through(Lagging::by(LAG), OVER, LAG).await).await;
}

/// Longer than two processes take to start on a busy machine.
const LONG_LAG: Duration = Duration::from_secs(15);

/// Runs it with this pause after the run before; gives how it ended, and what it wrote.
async fn follows(stage: &Stage, proxy: &Proxy, lag: Duration, arguments: &[&str]) -> (Ended, Vec<String>) {
    let before = proxy.log().len();
    let mut run = stage.through(proxy, arguments).await;
    let ended = run.env("INFRA_LAG_SECONDS", lag.as_secs().to_string()).output().await.unwrap().into();
    proxy.quiet().await;
    let log = proxy.log().split_off(before);
    (ended, writes(&log).map(|entry| entry.call.name()).collect())
}

/// A plan by an old description is shown, and what it says is done already is not done once more.
#[tokio::test]
async fn a_plan_of_what_was_before() {
    let (stage, proxy) = (quick().await, proxy().await);
    let only = ["apply", "--yes", "--only", "repository.web"];
    let ended = stage.run(&only).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    // Were the lease to lag behind as well, a run would not end before AWS tells of what it did.
    proxy.follow(Of { service: "ecr", script: Lagging::by(LONG_LAG) });
    let follows = async || follows(&stage, &proxy, LONG_LAG, &only).await;
    stage.specs.change("dev", "[repository.web]\nkeep_images = 5");
    let (ended, written) = follows().await;
    assert_eq!((ended.code, written.len()), (0, 2), "{written:?}: {ended:#?}");
    let (ended, written) = follows().await;
    assert_eq!((ended.code, written), (0, Vec::new()), "{ended:#?}");
    assert!(ended.out.contains("keep_images  20 → 5") && ended.err.contains("the plan is now another"), "{ended:#?}");
}

/// Whoever begins while AWS still tells of what was before may be shown a plan of that. What is applied is planned once AWS tells of
/// what is: nothing is made twice, nothing goes, and nothing is left behind.
#[tokio::test]
async fn a_run_that_begins_within_the_lag() {
    let (stage, proxy) = (quick().await, proxy().await);
    proxy.follow(Nothing);
    // Where the lease lags behind, too, it is waited for in any case.
    let only = ["apply", "--yes", "--only"];
    let (ended, written) = follows(&stage, &proxy, LAG, &[&only[..], &["repository.web"]].concat()).await;
    assert!(ended.code == 0 && written.contains(&"ecr:CreateRepository".to_owned()), "{ended:#?}");
    let (ended, _) = follows(&stage, &proxy, LONG_LAG, &[&only[..], &["repository.api"]].concat()).await;
    let follows = async |arguments: &[&str]| follows(&stage, &proxy, LAG, arguments).await;
    assert!(ended.code == 0 && ended.err.contains("the run before has only just ended"), "{ended:#?}");

    proxy.follow(Lagging::by(LAG));
    let part = ["--only", "network.route_table.public"];
    let apply = [&["apply", "--yes"][..], &part].concat();
    let (ended, written) = follows(&apply).await;
    assert!(ended.code == 0 && written.contains(&"ec2:CreateVpc".to_owned()), "{ended:#?}");
    let (ended, written) = follows(&apply).await;
    assert_eq!((ended.code, written), (0, Vec::new()), "{ended:#?}");
    assert_eq!(stage.own_vpcs().await.len(), 1);

    let destroy = ["destroy", "--yes", "--allow", "data-loss"];
    let (ended, written) = follows(&destroy).await;
    assert!(ended.code == 0 && written.contains(&"ec2:DeleteVpc".to_owned()), "{ended:#?}");
    let (ended, written) = follows(&destroy).await;
    assert_eq!((ended.code, written), (0, Vec::new()), "{ended:#?}");

    // By an old description there may be nothing to do; the next run knows better.
    let (ended, _) = follows(&apply).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    tokio::time::sleep(LAG).await;
    let (ended, _) = follows(&apply).await;
    assert_eq!((ended.code, stage.own_vpcs().await.len()), (0, 1), "{ended:#?}");
    tokio::time::sleep(LAG).await;
    let (ended, _) = follows(&destroy).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    stage.nothing_is_left().await;
}
