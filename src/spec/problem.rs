//! What is wrong with a spec, as data. Drawing it is the job of `render::diagnostic`.

use std::ops::Range;
use std::path::PathBuf;

/// A file that a spec was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it was read, as the caller named the folder.
    pub path: PathBuf,
    /// Its text as it may be shown: what could be a secret is struck out, at the same length.
    pub text: String,
}

/// A file by its place among the sources of one `load`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(super) usize);

impl FileId {
    /// Its source, among those that were loaded with it.
    #[must_use]
    pub fn of(self, sources: &[Source]) -> Option<&Source> {
        sources.get(self.0)
    }
}

/// Where something was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// In which file.
    pub file: FileId,
    /// From which byte to before which.
    pub span: Range<usize>,
}

impl Place {
    /// By file, then by position: the order in which people read.
    fn order(&self) -> (FileId, usize, usize) {
        (self.file, self.span.start, self.span.end)
    }
}

/// How long any sentence is, in characters: what it quotes may be far longer, and be quoted thousands of times.
const LONGEST: usize = 1000;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The spec cannot be used.
    Error,
    /// The spec can be used, and probably does not say what was meant.
    Warning,
}

/// A place with a word on what it has to do with the problem.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Label {
    /// Where to look.
    pub place: Place,
    /// What is there; empty where the message says it all.
    pub text: String,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line without a period.
    pub message: String,
    /// Where, the value to blame first. Empty where no file is to blame.
    pub labels: Vec<Label>,
    /// What to write instead, or the next step.
    pub help: Option<String>,
}

impl Problem {
    /// Something that has to be changed before the spec can be used.
    pub fn error(message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, message: cut(message.into()), labels: Vec::new(), help: None }
    }

    /// Something that probably was not meant.
    pub fn warning(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message) }
    }

    /// Points at a place; the first one is the one to blame.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        self.label(place, "")
    }

    /// Points at a place and says what is there.
    #[must_use]
    pub fn label(mut self, place: Place, text: impl Into<String>) -> Self {
        self.labels.push(Label { place, text: cut(text.into()) });
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(cut(help.into()));
        self
    }

    /// The place to blame.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.labels.first().map(|label| &label.place)
    }
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
        text.shrink_to_fit();
    }
    text
}

/// Everything that is wrong with the specs of a folder, in the order of files and lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The problems, at least one of them an error.
    pub list: Vec<Problem>,
    /// The files they point into.
    pub sources: Vec<Source>,
}

/// Sorts by file and line. A base is read once for every environment that extends it, so whatever is wrong
/// with it turns up as often: it is kept once.
pub(super) fn arrange(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by(|one, other| {
        let order = |problem: &Problem| problem.place().map(Place::order);
        order(one).cmp(&order(other)).then_with(|| one.message.cmp(&other.message))
    });
    problems.dedup_by(|one, other| one.place() == other.place() && one.message == other.message);
    problems
}
