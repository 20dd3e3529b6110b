//! What commands share with the world: streams, the terminal, the clock. The only reader of the process's environment beside
//! clap, the AWS SDK and `origin.rs`.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use indicatif::ProgressBar;

use crate::apply::{Asker, Cause};
use crate::render::{Page, diagnostic, visible_lines};
use crate::spec::{Loaded, Problem, Source, load};
use crate::values::origin::Origin;

use super::error::{Error, Exit};
use super::origin::origin;
use super::signals::Signals;

/// The width that text is made for where there is no terminal.
const PLAIN_WIDTH: usize = 100;

/// The process as commands see it.
#[derive(Debug)]
pub struct Context {
    /// The folder of the specs.
    pub specs: PathBuf,
    /// The folder of the records.
    pub records: PathBuf,
    /// Whether somebody can be asked: all three streams are terminals, and this is no CI.
    pub interactive: bool,
    /// Whether standard error can be drawn upon.
    pub draws: bool,
    /// How many columns text on standard output has.
    pub width: usize,
    /// Whether standard output takes colour.
    pub colour: bool,
    here: PathBuf,
    interrupts: Interrupts,
    runtime: tokio::runtime::Runtime,
}

impl Context {
    /// Looks at the process.
    ///
    /// # Errors
    /// When the current folder or the runtime cannot be had.
    pub fn new(specs: PathBuf, records: Option<PathBuf>) -> io::Result<Self> {
        let ci = std::env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false");
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let (input, output, error) = (io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal());
        let colour = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        Ok(Self {
            records: records.unwrap_or_else(|| beside(&specs, "plans")),
            specs,
            interactive: input && output && error && !ci,
            draws: error && !ci && !dumb,
            width: if output { columns() } else { PLAIN_WIDTH },
            colour,
            here: std::env::current_dir()?,
            interrupts: Interrupts::default(),
            runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?,
        })
    }

    /// Runs to the end, or to an interrupt: until [`stop_on_interrupt`](Self::stop_on_interrupt) nothing is written to AWS, and nobody
    /// need wait for the end of what is only read.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let _here = self.runtime.enter();
        // Where the system lets nobody listen, it ends the process itself.
        if let Ok(signals) = Signals::listen() {
            self.runtime.spawn(self.interrupts.clone().heed(signals, self.draws));
        }
        self.runtime.block_on(future)
    }

    /// Writes data to standard output.
    ///
    /// # Errors
    /// When nobody reads it any more.
    pub fn print(&self, text: &str) -> io::Result<()> {
        let mut out = AutoStream::auto(io::stdout());
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Writes the outcome of a command that ends in `exit`. That nobody reads on to its end does not change how it ended.
    ///
    /// # Errors
    /// When it cannot be written for another reason.
    pub fn print_outcome(&self, text: &str, exit: Exit) -> io::Result<Exit> {
        match self.print(text) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(exit),
        }
    }

    /// Writes plain text to standard error. That nobody reads it is no reason to stop.
    pub fn tell(&self, text: &str) {
        tell(text);
    }

    /// Reads a line from the terminal; none at the end of the input.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn ask(&self, question: &str) -> io::Result<Option<String>> {
        self.tell(question);
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim().to_owned()))
    }

    /// Shows on a terminal that something takes a moment, until what it gives is dropped.
    pub(super) fn busy(&self, with: &'static str) -> Busy {
        let spinner = if self.draws { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        spinner.set_message(with);
        spinner.enable_steady_tick(Duration::from_millis(120));
        Busy { spinner, said: Mutex::default() }
    }

    /// Loads specs; tells their warnings.
    ///
    /// # Errors
    /// All their problems.
    pub fn load(&self, only: Option<&[String]>) -> Result<Loaded, Error> {
        let loaded = load(&self.specs, only).map_err(Error::Spec)?;
        if !loaded.warnings.is_empty() {
            self.tell_problems(&loaded.warnings, &loaded.sources);
        }
        Ok(loaded)
    }

    /// Shows problems with their sources.
    pub fn tell_problems(&self, problems: &[Problem], sources: &[Source]) {
        let colour = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
        draw(&format!("{}\n", diagnostic::text(problems, sources, colour, &self.here)));
    }

    /// Shows an error, and what to do about it.
    pub fn tell_error(&self, error: &Error) {
        match error {
            Error::Spec(problems) => self.tell_problems(&problems.list, &problems.sources),
            error => error.each().iter().for_each(|error| self.tell(&format!("error: {error}\n"))),
        }
        if let Some(help) = error.help() {
            self.tell(&format!("help: {help}\n"));
        }
    }

    /// Has something done before the process quits in the middle of its work.
    pub(super) fn before_quitting(&self, last_words: impl FnOnce() + Send + 'static) {
        self.interrupts.lock().last_words = Some(Box::new(last_words));
    }

    /// From now on the first interrupt asks to stop, and only the second quits. Others may ask as well. Whoever writes to AWS calls
    /// this first.
    pub fn stop_on_interrupt(&self) -> Asker {
        let asker = Asker::default();
        self.interrupts.lock().asker = Some(asker.clone());
        asker
    }

    /// Where Docker, and Podman and its kin, keep credentials of registries.
    pub fn docker_configs(&self) -> Vec<PathBuf> {
        let folder = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
        let docker = folder("DOCKER_CONFIG").or_else(|| Some(folder("HOME")?.join(".docker")));
        let podman = folder("REGISTRY_AUTH_FILE").or_else(|| Some(folder("XDG_RUNTIME_DIR")?.join("containers/auth.json")));
        podman.into_iter().chain(docker.map(|docker| docker.join("config.json"))).collect()
    }

    /// Who runs this, from where, and from which commit.
    pub fn origin(&self) -> Origin {
        origin(&self.specs)
    }

    /// What text on standard output is drawn on.
    pub fn page(&self) -> Page {
        Page { width: self.width, colour: self.colour }
    }

    /// Now, to the second, in UTC.
    pub fn now(&self) -> String {
        jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

/// What an interrupt leads to.
#[derive(Clone, Debug, Default)]
struct Interrupts(Arc<Mutex<Interrupted>>);

#[derive(Default)]
struct Interrupted {
    /// Whom the first one has stop; nobody where nothing is written to AWS.
    asker: Option<Asker>,
    last_words: Option<Box<dyn FnOnce() + Send>>,
}

impl fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupted").field("asker", &self.asker).finish_non_exhaustive()
    }
}

impl Interrupts {
    fn lock(&self) -> MutexGuard<'_, Interrupted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn heed(self, mut signals: Signals, draws: bool) {
        signals.next().await;
        {
            // Held to the end, so that nobody begins to write meanwhile.
            let interrupted = self.lock();
            let Some(asker) = &interrupted.asker else {
                // On a terminal there is a question, or a spinner, on the line.
                tell(if draws { "\n" } else { "" });
                tell("error: interrupted; nothing was written to AWS\n");
                quit();
            };
            asker.ask(Cause::Interrupt);
        }
        signals.next().await;
        let last_words = self.lock().last_words.take();
        if let Some(last_words) = last_words {
            last_words();
        }
        quit()
    }
}

/// Ends the process in the middle of what it does.
#[expect(clippy::exit, reason = "the one place for it beside main")]
fn quit() -> ! {
    std::process::exit(Exit::Interrupted.code().into())
}

/// See [`Context::busy`].
#[derive(Debug)]
pub(super) struct Busy {
    spinner: ProgressBar,
    said: Mutex<BTreeSet<String>>,
}

impl Busy {
    /// What it is at now. Where nothing can be drawn, that is a line of its own, once.
    pub(super) fn say(&self, with: String) {
        self.spinner.set_message(visible_lines(&with));
        let line = format!("{with}\n");
        let is_new = self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(with);
        if is_new && self.spinner.is_hidden() {
            tell(&line);
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.spinner.finish_and_clear();
    }
}

/// See [`Context::tell`]; for what outlives a borrow of the context. Much of what is told comes from files and from AWS: it is not to
/// talk to the terminal.
pub(super) fn tell(text: &str) {
    draw(&visible_lines(text));
}

/// Writes what may have colour.
fn draw(text: &str) {
    let _ = AutoStream::auto(io::stderr()).write_all(text.as_bytes());
}

/// A folder next to another.
fn beside(folder: &Path, name: &str) -> PathBuf {
    // `.` and the like do not say what they are in.
    let folder = if folder.file_name().is_some() { folder.to_owned() } else { folder.canonicalize().unwrap_or_default() };
    folder.parent().unwrap_or(Path::new("")).join(name)
}

fn columns() -> usize {
    terminal_size::terminal_size().map_or(PLAIN_WIDTH, |(width, _)| width.0.into())
}
