//! From a folder to checked environments.

use std::path::Path;

use super::candidate::Candidate;
use super::check;
use super::environment::Environment;
use super::files::Files;
use super::problem::{FileId, Place, Problem, Problems, Severity, Source, arrange};
use super::suggest;
use super::tree::Node;

/// Environments that hold together, each and with each other.
#[derive(Debug)]
pub struct Loaded {
    /// One for every environment that was asked for, in the order of their files.
    pub specs: Vec<Spec>,
    /// What is allowed and probably was not meant.
    pub warnings: Vec<Problem>,
    /// The files that were read.
    pub sources: Vec<Source>,
}

/// An environment with the file it comes from.
#[derive(Debug)]
pub struct Spec {
    /// The environment.
    pub environment: Environment,
    /// The file that names it.
    pub file: FileId,
    pub(super) tree: Node,
}

impl Spec {
    /// Where the value at a path of keys was written, `None` where nobody wrote it.
    #[must_use]
    pub fn place(&self, path: &[&str]) -> Option<&Place> {
        self.tree.at(path).map(|node| &node.place)
    }
}

impl Loaded {
    /// The environment of this name.
    #[must_use]
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.specs.iter().map(|spec| &spec.environment).find(|environment| environment.environment == name)
    }
}

/// Reads and checks every spec of a folder, since rules reach from one environment to another, and hands out those
/// of the environments named in `only`, or all.
///
/// # Errors
///
/// Every problem of the environments asked for, of all their files at once, and of files that cannot be read at all:
/// which environment those hold, nobody can know.
pub fn load(folder: &Path, only: Option<&[String]>) -> Result<Loaded, Problems> {
    let (mut files, ids) = Files::folder(folder);
    let candidates: Vec<Candidate> = ids.iter().filter_map(|file| Candidate::read(&mut files, *file)).collect();
    let wanted = |name: &str| only.is_none_or(|only| only.iter().any(|other| other == name));

    let mut problems = std::mem::take(&mut files.unreadable);
    if problems.is_empty() {
        problems.extend(unknown(only.unwrap_or_default(), &candidates, folder));
    }
    // A base may look idle only because the file that extends it misspells its name.
    if only.is_none() && candidates.iter().all(|candidate| candidate.subject().is_some()) {
        problems.extend(ids.iter().filter_map(|file| idle(&files, *file)));
    }
    problems.extend(across(&candidates, problems.is_empty(), wanted));
    let candidates = candidates.into_iter().filter(|candidate| wanted(&candidate.name));
    let mut specs = Vec::new();
    for mut candidate in candidates {
        problems.append(&mut candidate.problems);
        specs.extend(candidate.finish());
    }

    let list = arrange(problems);
    if list.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(Problems { list, sources: files.sources });
    }
    Ok(Loaded { specs, warnings: list, sources: files.sources })
}

/// Environments that were asked for and are not there.
fn unknown(only: &[String], candidates: &[Candidate], folder: &Path) -> Vec<Problem> {
    let names = candidates.iter().map(|candidate| candidate.name.as_str());
    only.iter()
        .filter(|name| names.clone().all(|other| other != name.as_str()))
        .map(|name| {
            let message = format!("there is no environment `{name}` in `{}`", folder.display());
            Problem::error(message).help(suggest::there(name, names.clone()))
        })
        .collect()
}

/// A file that is neither an environment nor part of one.
fn idle(files: &Files, file: FileId) -> Option<Problem> {
    let tree = files.tree(file)?;
    if tree.at(&["environment"]).is_some() || files.is_extended(file) {
        return None;
    }
    let place = Place { file, span: 0..0 };
    let problem = Problem::warning("this file names no environment, and no other file extends it");
    Some(problem.at(place).help("add `environment = \"NAME\"` if it is an environment itself"))
}

/// What is wrong between environments, as far as it concerns one of those wanted.
fn across(candidates: &[Candidate], complete: bool, wanted: impl Fn(&str) -> bool) -> Vec<Problem> {
    let names: Vec<&str> = candidates.iter().map(|candidate| candidate.name.as_str()).collect();
    let subjects: Vec<check::Subject> = candidates.iter().filter_map(Candidate::subject).collect();
    let blamed = |place: &Place| candidates.iter().any(|candidate| candidate.has_blamed(place));
    check::across(&subjects, complete.then_some(names.as_slice()))
        .into_iter()
        .filter(|finding| finding.environments.iter().any(|name| wanted(name)))
        .map(|finding| finding.problem)
        .filter(|problem| !problem.labels.iter().any(|label| blamed(&label.place)))
        .collect()
}
