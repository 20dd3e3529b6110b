//! Keeps the record of a run: one more listener, whose file says at any moment what is known of the run.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{Timestamp, Unit};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::context::{Context, tell};
use super::error::{Error, Exit};
use super::prepare::Prepared;
use crate::apply::Event;
use crate::aws::kinds::Registry;
use crate::cli;
use crate::plan::Choices;
use crate::promote;
use crate::record::{Agreement, Consent, Outcome, Record, RecordFile, Run};
use crate::values::image_digest::ImageDigest;

/// How long news may gather before the file is brought up to date again.
const PAUSE: Duration = Duration::from_secs(1);

/// Listens to a run, and writes down what it does.
pub(super) struct Recorder {
    shared: Arc<Shared>,
    keeper: JoinHandle<()>,
}

struct Shared {
    record: Mutex<Record>,
    file: Mutex<RecordFile>,
    /// The record says more than the file.
    news: Notify,
    warned: AtomicBool,
}

impl Recorder {
    /// Writes the record of a run that is about to carry out `plan`.
    ///
    /// # Errors
    /// When it cannot be written. Then the run must not begin: what nobody can look up later is not done.
    pub(super) fn begin(context: &Context, prepared: &Prepared, agreement: Agreement) -> Result<Self, Error> {
        let Prepared { header, plan, principal, .. } = prepared;
        let principal = principal.clone();
        let run = Run { origin: context.origin(), principal, agreement, started: now() };
        let record = Record::begin(header, plan, &Registry, run);
        let file = RecordFile::create(&context.records, &record)
            .map_err(|source| Error::Record { folder: context.records.join(&record.environment), source })?;
        let shared = Arc::new(Shared {
            record: Mutex::new(record),
            file: Mutex::new(file),
            news: Notify::new(),
            warned: AtomicBool::new(false),
        });
        let quitting = Arc::clone(&shared);
        context.before_quitting(move || quitting.end(Exit::Interrupted));
        let keeper = tokio::spawn(keep_up(Arc::clone(&shared)));
        Ok(Self { shared, keeper })
    }

    /// Something happened, told without secrets.
    pub(super) fn tell(&self, event: &Event<'_>) {
        lock(&self.shared.record).tell(event, now());
        self.shared.news.notify_one();
    }

    /// What became of the images, and which digest each service is set to run now.
    pub(super) fn deployed(&self, outcome: &promote::Outcome, runs: &BTreeMap<String, ImageDigest>) {
        lock(&self.shared.record).deployed(outcome, runs);
        self.shared.news.notify_one();
    }

    /// The run is over.
    pub(super) fn end(self, exit: Exit) {
        self.keeper.abort();
        self.shared.end(exit);
    }
}

impl Shared {
    /// Writes how the run ended, unless that is known already.
    fn end(&self, exit: Exit) {
        let mut record = lock(&self.record);
        if record.outcome == Outcome::Running {
            record.end(outcome(exit), exit.code(), now());
        }
        drop(record);
        // Also where the end is known: whoever knew it first may still be writing, and must not be quit upon.
        let written = self.write();
        let path = lock(&self.file).path().display().to_string();
        match written {
            Ok(()) => tell(&format!("record: {path}\n")),
            Err(error) => tell(&format!("warning: the record of this run could not be finished, so {path} says less: {error}\n")),
        }
    }

    /// Brings the file up to date. A run goes on without its record: stopping half way would help nobody.
    fn keep_up(&self) {
        if let Err(error) = self.write()
            && !self.warned.swap(true, Ordering::AcqRel)
        {
            let path = lock(&self.file).path().display().to_string();
            tell(&format!("warning: the record of this run, {path}, cannot be written: {error}; the run goes on\n"));
        }
    }

    fn write(&self) -> io::Result<()> {
        let mut file = lock(&self.file);
        // Within the other lock, so that what is written last is what happened last; and a copy, so that the run need not wait.
        let record = lock(&self.record).clone();
        file.replace(&record)
    }
}

/// How a plan came to be agreed to, for the record.
pub(super) fn agreement(by: Consent, saved: bool, flags: &cli::Consent, choices: &Choices) -> Agreement {
    Agreement {
        by,
        saved,
        allow: flags.allow.iter().map(|hazard| hazard.name().to_owned()).collect(),
        only: choices.only.clone(),
        adopt: choices.adopt.clone(),
        images: choices.images.clone(),
        overrides: choices.overrides.clone(),
    }
}

async fn keep_up(shared: Arc<Shared>) {
    loop {
        shared.news.notified().await;
        let shared = Arc::clone(&shared);
        // A disk may take its time, and the run has better things to do.
        if tokio::task::spawn_blocking(move || shared.keep_up()).await.is_err() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn outcome(exit: Exit) -> Outcome {
    match exit {
        Exit::Done | Exit::Changes => Outcome::Done,
        Exit::Failed | Exit::Stale | Exit::Blocked | Exit::Held => Outcome::Failed,
        Exit::Partly => Outcome::Partly,
        Exit::RolledBack => Outcome::RolledBack,
        Exit::Interrupted => Outcome::Interrupted,
    }
}

/// Milliseconds are as exactly as anybody will ask.
fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(Unit::Millisecond).unwrap_or(now)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
