//! Interrupts at any moment: no call that writes is cut, the record says so, the environment is given back, and the next run completes.
//! Whoever only reads, because it does nothing else or has not begun to, is let go of at once. That cuts calls, which is harmless.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_proxy::{Call, Fault, Nothing, Proxy};

use super::told::last_record;
use super::{Dice, Phase, all, before, finish, proxy, quick, run, succeeded, writes};
use crate::life::{Ended, Stage};

/// When a run is interrupted.
#[derive(Clone, Copy, Debug)]
enum When {
    /// Before this call goes out.
    Call(usize),
    /// So long after its start.
    After(Duration),
}

/// Sends a signal, and waits until it is sent.
fn send(signal: &str, process: u32) {
    let _ = std::process::Command::new("kill").args([&format!("-{signal}"), &process.to_string()]).status();
}

/// Runs a command, and interrupts it.
async fn interrupted(stage: &Stage, proxy: &Proxy, arguments: &[&str], when: When, signal: &'static str) -> Ended {
    let process: Arc<OnceLock<u32>> = Arc::default();
    let interrupts = Arc::clone(&process);
    proxy.follow(move |call: &Call| {
        if matches!(when, When::Call(number) if number == call.number) {
            send(signal, *interrupts.get().expect("it is started"));
        }
        // So that there is something to cut.
        Fault::Late(Duration::from_millis(20))
    });
    let child = stage.through(proxy, arguments).await.spawn().unwrap();
    let id = child.id().unwrap();
    process.set(id).unwrap();
    if let When::After(time) = when {
        tokio::time::sleep(time).await;
        send(signal, id);
    }
    let output = tokio::time::timeout(Duration::from_mins(3), child.wait_with_output()).await;
    proxy.quiet().await;
    output.expect("it goes on").unwrap().into()
}

/// What it says that has done nothing yet.
const NOTHING: &str = "error: interrupted; nothing was written to AWS\n";
/// What it says as soon as it would write, which is when it asks for the environment.
const NOT_TAKEN: &str = "error: interrupted before dev was taken; nothing was done\n";

/// Gives whether the run stopped half way.
async fn at(phase: Phase, when: When, signal: &'static str) -> bool {
    let (stage, proxy) = (before(phase).await, proxy().await);
    let records = stage.records();
    let before = last_record(&stage);
    let ended = interrupted(&stage, &proxy, &phase.arguments(), when, signal).await;
    let log = proxy.log();
    let case = format!("{phase:?}, SIG{signal} at {when:?}");

    let cut = log.iter().filter(|entry| entry.call.writes && entry.ended.is_none()).map(|entry| entry.call.name());
    assert_eq!(cut.collect::<Vec<_>>(), Vec::<String>::new(), "{case}: calls were cut: {ended:#?}");
    if log.iter().any(|entry| entry.call.writes) {
        assert!([0, 130].contains(&ended.code), "{case}: {ended:#?}");
    } else if !log.is_empty() {
        assert!(ended.code == 130 && [NOTHING, NOT_TAKEN].contains(&ended.err.as_str()), "{case}: {ended:#?}");
    } else {
        // A process that has only just begun ends by the signal itself.
        assert!([-1, 130].contains(&ended.code), "{case}: {ended:#?}");
    }
    let record = last_record(&stage).filter(|record| before.as_ref() != Some(record));
    let recorded = record.as_ref().and_then(|record| Some((record["outcome"].as_str()?, record["exit_code"].as_i64()?)));
    let wrote = writes(&log).any(succeeded);
    match (ended.code, recorded) {
        (130, Some(("interrupted", 130))) | (0, Some(("done", 0))) => {}
        (-1 | 130, None) if !wrote => {}
        _ => panic!("{case}: {recorded:?} is recorded in {}: {ended:#?}", records.display()),
    }
    let free = stage.run(&["unlock"]).await;
    assert_eq!((free.code, free.err.as_str()), (0, "nobody holds dev\n"), "{case}: {ended:#?}");
    finish(&stage, phase).await;
    phase.is_over(&stage).await;
    wrote && ended.code == 130
}

/// At moments of the calls that a run makes, and of the time that it takes.
async fn at_random(phase: Phase, count: usize, seed: u64) {
    let (stage, proxy) = (before(phase).await, proxy().await);
    proxy.follow(Nothing);
    let (ended, log) = run(&stage, &proxy, phase, &[]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    let first = log.iter().position(|entry| entry.call.action == "PutParameter").unwrap();
    let time = usize::try_from(log.last().unwrap().started.as_millis()).unwrap();
    // As it asks for the environment, between what only reads and what writes.
    at(phase, When::Call(first), "INT").await;
    // When it has written, and has to write more.
    let second = writes(&log).nth(1).unwrap().call.number;
    assert!(at(phase, When::Call(second), "TERM").await, "{phase:?} was not interrupted half way");
    let mut dice = Dice(seed);
    for round in 0..count {
        let when = match round % 4 {
            // While it only reads,
            1 => When::Call(1 + dice.roll(first)),
            3 => When::After(Duration::from_millis(dice.roll(time) as u64)),
            // but most of them while it writes.
            _ => When::Call(first + 1 + dice.roll(log.len() - first)),
        };
        at(phase, when, ["INT", "TERM"][dice.roll(2)]).await;
    }
}

fn rounds(sample: usize) -> usize {
    if all() { 24 } else { sample }
}

#[tokio::test]
async fn while_it_applies() {
    at_random(Phase::Apply, rounds(4), 41).await;
}

#[tokio::test]
async fn while_it_deploys() {
    at_random(Phase::Deploy, rounds(3), 42).await;
}

#[tokio::test]
async fn while_it_destroys() {
    at_random(Phase::Destroy, rounds(3), 43).await;
}

/// What only reads ends at once, and so does what has done nothing else yet.
#[tokio::test]
async fn before_anything_is_written() {
    let stage = quick().await;
    let cases =
        [("INT", vec!["apply", "--yes"]), ("TERM", vec!["apply", "--yes"]), ("INT", vec!["plan"]), ("TERM", vec!["status"])];
    for (signal, arguments) in cases {
        // What the one before had sent may still arrive at its proxy.
        let proxy = proxy().await;
        let ended = interrupted(&stage, &proxy, &arguments, When::Call(1), signal).await;
        let told = (ended.code, ended.out.as_str(), ended.err.as_str());
        assert_eq!(told, (130, "", NOTHING), "{arguments:?}: {ended:#?}");
        assert!(!proxy.log().iter().any(|entry| entry.call.writes));
    }
    assert_eq!(last_record(&stage), None);
    assert!(stage.everything().await.is_empty());
}
