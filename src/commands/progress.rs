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
use crate::render::words::took;
use crate::render::{events, visible_lines};

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
    Lines { running: Arc<Mutex<BTreeMap<(Address, Verb), Running>>>, heartbeat: JoinHandle<()> },
}

/// A step that runs, as plain lines tell of it.
struct Running {
    since: Instant,
    /// What it said of itself last.
    said: Option<String>,
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
                        bar.set_message(doing(*verb, &change.address, None));
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
                    Event::Notice { change, verb, text } => {
                        if let Some(bar) = running.get(&(change.address.clone(), *verb)) {
                            bar.set_message(visible_lines(&doing(*verb, &change.address, Some(text))));
                        }
                    }
                    Event::Waiting { .. } | Event::Said { .. } | Event::Stopping(_) => {}
                }
                if let Some(line) = events::line(event) {
                    let _ = bars.println(visible_lines(&line));
                }
            }
            Look::Lines { running, .. } => {
                let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
                match event {
                    Event::Started { change, verb } => {
                        running.insert((change.address.clone(), *verb), Running { since: Instant::now(), said: None });
                    }
                    Event::Notice { change, verb, text } => {
                        if let Some(step) = running.get_mut(&(change.address.clone(), *verb)) {
                            step.said = Some((*text).to_owned());
                        }
                    }
                    Event::Ended { change, verb, .. } => drop(running.remove(&(change.address.clone(), *verb))),
                    Event::Waiting { .. } | Event::Said { .. } | Event::Stopping(_) => {}
                }
                if let Some(line) = events::line(event) {
                    self.context.tell(&format!("{line}\n"));
                }
            }
        }
    }

    /// Something is to be known that is no step's.
    pub(super) fn note(&self, text: &str) {
        match &self.look {
            Look::Json => drop(self.context.print(&format!("{}\n", events::note(text)))),
            Look::Drawn { bars, .. } => drop(bars.println(visible_lines(text))),
            Look::Lines { .. } => self.context.tell(&format!("{text}\n")),
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
        let running: Arc<Mutex<BTreeMap<(Address, Verb), Running>>> = Arc::default();
        let shared = Arc::clone(&running);
        let heartbeat = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(HEARTBEAT);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                for ((address, verb), step) in shared.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                    if step.since.elapsed() >= HEARTBEAT {
                        let doing = doing(*verb, address, step.said.as_deref());
                        super::context::tell(&format!("still {doing} ({})\n", took(step.since.elapsed())));
                    }
                }
            }
        });
        Self::Lines { running, heartbeat }
    }
}

/// What is being done, and how it stands.
fn doing(verb: Verb, address: &Address, said: Option<&str>) -> String {
    let doing = format!("{} {address}", events::verbs(verb).0);
    said.map_or_else(|| doing.clone(), |said| format!("{doing}: {said}"))
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {wide_msg} {elapsed:>5}").expect("the template is sound")
}

fn bar() -> ProgressStyle {
    ProgressStyle::with_template("  {pos} of {len} steps, {elapsed}").expect("the template is sound")
}
