//! One run of a program: what it called, how long it took, and how much memory it had.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use aws_proxy::{Entry, Proxy, longest_chain};

use crate::Error;
use crate::figures::{Condition, Run};

/// How often the memory of the program is looked at, at first ever so often, for what is soon over. What the kernel tells is the most there ever was, so only what grows in the
/// last moments of a process is missed.
const LOOK: Duration = Duration::from_millis(10);

/// How a program ended.
pub(crate) struct Ended {
    pub(crate) wall: Duration,
    pub(crate) memory_kib: u64,
}

/// Runs a program to its end, and notes what it called on the way.
pub(crate) async fn measure(proxy: &Proxy, condition: Condition, command: Command) -> Result<Run, Error> {
    condition.impose(proxy);
    let ended = run(command).await?;
    let log = proxy.log();
    Ok(Run { wall: ended.wall.as_secs_f64(), memory_kib: ended.memory_kib, ..counted(&log) })
}

/// Runs a program to its end.
pub(crate) async fn run(mut command: Command) -> Result<Ended, Error> {
    tokio::task::spawn_blocking(move || {
        // Into files: a pipe that nobody reads would stop it.
        let (out, err) = (tempfile::NamedTempFile::new()?, tempfile::NamedTempFile::new()?);
        command.stdin(Stdio::null()).stdout(out.reopen()?).stderr(err.reopen()?);
        let began = Instant::now();
        let mut child = command.spawn()?;
        let (mut memory_kib, mut pause) = (0, Duration::from_millis(1));
        let status = loop {
            memory_kib = look(&child).max(memory_kib);
            if let Some(status) = child.try_wait()? {
                break status;
            }
            sleep(pause);
            pause = (pause * 2).min(LOOK);
        };
        let wall = began.elapsed();
        if status.success() {
            return Ok(Ended { wall, memory_kib });
        }
        let said = |file: &tempfile::NamedTempFile| -> Result<String, std::io::Error> {
            let mut text = String::new();
            File::open(file.path())?.read_to_string(&mut text)?;
            Ok(text.chars().rev().take(4000).collect::<Vec<_>>().into_iter().rev().collect())
        };
        Err(format!("{command:?}: {status}\n{}\n{}", said(&out)?, said(&err)?).into())
    })
    .await?
}

/// The most memory that each of a program's present processes has had so far, together. One that has ended made room for the next.
fn look(child: &Child) -> u64 {
    let mut together = 0;
    let mut processes = vec![(child.id(), None)];
    while let Some((process, parent)) = processes.pop() {
        // What has not become a program of its own yet shares its parent's memory.
        let program = fs::read_link(format!("/proc/{process}/exe")).ok();
        if program.is_none() || program == parent {
            continue;
        }
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let peak =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
        together += peak.unwrap_or_default();
        // Whichever thread has started them.
        for thread in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            processes.extend(children.split_whitespace().filter_map(|child| Some((child.parse::<u32>().ok()?, program.clone()))));
        }
    }
    together
}

/// The calls of a run. A poll is a read that was made before, word for word, since the first write: AWS is at work, and is asked again
/// how far it is.
fn counted(log: &[Entry]) -> Run {
    let first_write = log.iter().position(|entry| entry.call.writes).unwrap_or(log.len());
    let mut seen = BTreeSet::new();
    let again =
        |entry: &&Entry| !entry.call.writes && entry.reached && !seen.insert((entry.call.name(), entry.call.body.to_vec()));
    let polls = log[first_write..].iter().filter(again).count();
    let mut calls: Vec<f64> =
        log.iter().filter_map(|entry| Some(entry.ended?.saturating_sub(entry.started).as_secs_f64())).collect();
    calls.sort_by(f64::total_cmp);
    Run {
        calls: log.iter().filter(|entry| entry.reached).count() - polls,
        writes: log.iter().filter(|entry| entry.reached && entry.call.writes).count(),
        polls,
        refused: log.iter().filter(|entry| !entry.reached).count(),
        chain: longest_chain(log),
        median_call: calls.get(calls.len() / 2).copied().unwrap_or_default(),
        ..Run::default()
    }
}
