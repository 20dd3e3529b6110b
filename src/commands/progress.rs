//! Progress: a spinner for each running step on a terminal, plain lines elsewhere, JSON lines for programs. All three only listen.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

use super::context::Context;
use crate::apply::Event;
use crate::graph::Address;
use crate::plan::Verb;
use crate::render::events;
use crate::render::words::took;

/// How often plain lines say that something still runs.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Listens to the events of a run.
pub(super) struct Progress<'a> {
    context: &'a Context,
    look: Look,
}

enum Look {
    Json,
    Drawn { bars: MultiProgress, running: Mutex<BTreeMap<(Address, Verb), ProgressBar>>, whole: ProgressBar },
    Lines { running: Arc<Mutex<BTreeMap<(Address, Verb), Instant>>>, heartbeat: JoinHandle<()> },
}

impl<'a> Progress<'a> {
    /// Begins to listen to a run of so many steps.
    pub(super) fn start(context: &'a Context, json: bool, steps: usize) -> Self {
        let look = match () {
            () if json => Look::Json,
            () if context.draws => Look::drawn(steps),
            () => Look::lines(),
        };
        Self { context, look }
    }

    /// Something happened.
    pub(super) fn tell(&self, event: &Event<'_>) {
        match &self.look {
            // Whoever stopped reading does not stop the run.
            Look::Json => drop(self.context.print(&format!("{}\n", events::json(event)))),
            Look::Drawn { bars, running, whole } => {
                let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
                match event {
                    Event::Started { change, verb } => {
                        let bar = bars.insert_before(whole, ProgressBar::new_spinner().with_style(spinner()));
                        bar.set_message(format!("{} {}", events::verbs(*verb).0, change.address));
                        bar.enable_steady_tick(Duration::from_millis(120));
                        running.insert((change.address.clone(), *verb), bar);
                        return;
                    }
                    Event::Ended { change, verb, .. } => {
                        if let Some(bar) = running.remove(&(change.address.clone(), *verb)) {
                            bar.finish_and_clear();
                        }
                        whole.inc(1);
                    }
                    Event::Waiting { .. } | Event::Stopping(_) => {}
                }
                if let Some(line) = events::line(event) {
                    let _ = bars.println(line);
                }
            }
            Look::Lines { running, .. } => {
                let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
                match event {
                    Event::Started { change, verb } => drop(running.insert((change.address.clone(), *verb), Instant::now())),
                    Event::Ended { change, verb, .. } => drop(running.remove(&(change.address.clone(), *verb))),
                    Event::Waiting { .. } | Event::Stopping(_) => {}
                }
                if let Some(line) = events::line(event) {
                    self.context.tell(&format!("{line}\n"));
                }
            }
        }
    }

    /// The run is over.
    pub(super) fn end(self) {
        match self.look {
            Look::Json => {}
            Look::Drawn { bars, whole, .. } => {
                whole.finish_and_clear();
                let _ = bars.clear();
            }
            Look::Lines { heartbeat, .. } => heartbeat.abort(),
        }
    }
}

impl Look {
    fn drawn(steps: usize) -> Self {
        let bars = MultiProgress::new();
        let whole = bars.add(ProgressBar::new(steps as u64).with_style(bar()));
        whole.enable_steady_tick(Duration::from_millis(500));
        Self::Drawn { bars, running: Mutex::default(), whole }
    }

    /// What runs long is said again and again: many a CI ends a job that is silent.
    fn lines() -> Self {
        let running: Arc<Mutex<BTreeMap<(Address, Verb), Instant>>> = Arc::default();
        let shared = Arc::clone(&running);
        let heartbeat = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(HEARTBEAT);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                for ((address, verb), since) in shared.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                    if since.elapsed() >= HEARTBEAT {
                        let line = format!("still {} {address} ({})\n", events::verbs(*verb).0, took(since.elapsed()));
                        super::context::tell(&line);
                    }
                }
            }
        });
        Self::Lines { running, heartbeat }
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {wide_msg} {elapsed:>5}").expect("the template is sound")
}

fn bar() -> ProgressStyle {
    ProgressStyle::with_template("  {pos} of {len} steps, {elapsed}").expect("the template is sound")
}
