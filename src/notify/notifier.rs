//! Telling in the background: each receiver by itself, none waited for while the run goes on, and hardly at its end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use reqwest::Client;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::event::Event;
use super::key::{Key, Keys};
use super::receiver::Receiver;
use super::send::{client, deliver};

/// How long telling may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Until a receiver can be reached.
    pub connect: Duration,
    /// Until a receiver has taken an event, with all attempts; and until its key has been read.
    pub whole: Duration,
    /// Between attempts; twice that before the third.
    pub pause: Duration,
    /// How long the end of a run waits for what is still on its way.
    pub end: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            whole: Duration::from_secs(10),
            pause: Duration::from_millis(500),
            end: Duration::from_secs(5),
        }
    }
}

/// Tells receivers of events.
#[derive(Debug)]
pub struct Notifier {
    lines: Vec<Line>,
    warnings: Warnings,
    bounds: Bounds,
}

/// The line to one receiver.
#[derive(Debug)]
struct Line {
    name: &'static str,
    events: UnboundedSender<Arc<Event>>,
    task: JoinHandle<()>,
}

impl Notifier {
    /// Opens a line to each receiver. Within a runtime.
    pub fn start(receivers: Vec<Receiver>, keys: impl Keys, bounds: Bounds) -> Self {
        let keys: Arc<dyn Keys> = Arc::new(keys);
        let warnings = Warnings::default();
        let lines = receivers.into_iter().map(|receiver| {
            let (events, news) = unbounded_channel();
            let name = receiver.name();
            let end = End { receiver, keys: Arc::clone(&keys), bounds, warnings: warnings.clone() };
            Line { name, events, task: tokio::spawn(end.serve(news)) }
        });
        Self { lines: lines.collect(), warnings, bounds }
    }

    /// Has everybody told, and does not wait.
    pub fn tell(&self, event: &Event) {
        let event = Arc::new(event.clone());
        for line in &self.lines {
            // Nobody listens any more where the key could not be read, and that has been said.
            let _ = line.events.send(Arc::clone(&event));
        }
    }

    /// Waits a short while for what is still on its way, and lets go of the rest. Gives who could not be told, and why.
    pub async fn finish(self) -> Vec<String> {
        let (names, mut tasks): (Vec<_>, Vec<_>) = self.lines.into_iter().map(|line| (line.name, line.task)).unzip();
        // The lines are closed by now, so that each task ends with its last event.
        if timeout(self.bounds.end, join_all(&mut tasks)).await.is_err() {
            for (name, task) in names.into_iter().zip(tasks).filter(|(_, task)| !task.is_finished()) {
                task.abort();
                self.warnings.add(format!("{name} has not answered yet, and is not waited for any longer"));
            }
        }
        self.warnings.take()
    }
}

/// Our end of a line.
struct End {
    receiver: Receiver,
    keys: Arc<dyn Keys>,
    bounds: Bounds,
    warnings: Warnings,
}

impl End {
    async fn serve(self, mut events: UnboundedReceiver<Arc<Event>>) {
        let name = self.receiver.name();
        let mut ready = None;
        while let Some(event) = events.recv().await {
            if ready.is_none() {
                match self.ready().await {
                    Ok(made) => ready = Some(made),
                    Err(why) => return self.warnings.add(format!("{name} cannot be told: {why}")),
                }
            }
            let Some((client, key)) = &ready else { return };
            if let Err(why) = self.tell(client, key, &event).await {
                self.warnings.add(format!("{name} was not told \"{}\": {why}", event.title()));
            }
        }
    }

    /// What it takes to tell this receiver anything.
    async fn ready(&self) -> Result<(Client, Key), String> {
        let key = match self.receiver.key() {
            None => Key::new(""),
            Some(at) => match timeout(self.bounds.whole, self.keys.value(at)).await {
                Ok(key) => key.map_err(|why| format!("{at} cannot be read: {why}"))?,
                Err(_) => return Err(format!("{at} could not be read within {:?}", self.bounds.whole)),
            },
        };
        Ok((client(&self.bounds)?, key))
    }

    async fn tell(&self, client: &Client, key: &Key, event: &Event) -> Result<(), String> {
        let requests = self.receiver.requests(key, event)?;
        deliver(client, &self.bounds, key, &requests).await
    }
}

/// Who could not be told, and why.
#[derive(Clone, Debug, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    fn add(&self, warning: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
