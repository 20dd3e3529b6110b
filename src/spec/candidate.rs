//! A file that names an environment, on its way to becoming one.

use std::collections::HashSet;

use super::check::{self, Subject};
use super::decode::decode;
use super::environment::Environment;
use super::files::Files;
use super::load::Spec;
use super::problem::{FileId, Place, Problem};
use super::shape::{Shaped, shape};
use super::tree::Node;

/// What is known of an environment, however much is wrong with it.
pub(super) struct Candidate {
    /// What the file calls it; empty if that is not even text.
    pub(super) name: String,
    /// What is wrong with it taken alone.
    pub(super) problems: Vec<Problem>,
    /// The values that were found wrong before the rules looked, and stand-ins may have taken the place of.
    blamed: HashSet<Place>,
    file: FileId,
    /// The environment with its mistakes stood in for, and the tree it was decoded from. `None` if what it extends
    /// cannot be had.
    read: Option<(Environment, Node)>,
}

impl Candidate {
    /// Reads a file, if it names an environment.
    pub(super) fn read(files: &mut Files, file: FileId) -> Option<Self> {
        let name = files.tree(file)?.at(&["environment"])?.text().unwrap_or_default().to_owned();
        let mut candidate = Self { name, problems: Vec::new(), blamed: HashSet::new(), file, read: None };
        if let Some(merged) = files.merged(file, &mut candidate.problems) {
            candidate.judge(&merged);
        }
        Some(candidate)
    }

    fn judge(&mut self, merged: &Node) {
        let Shaped { sound, problems, blamed } = shape(merged);
        self.blamed = blamed;
        self.problems.extend(problems);
        match decode::<Environment>(&sound) {
            Ok(environment) => {
                let subject = Subject { environment: &environment, tree: &sound };
                let fresh = |problem: &Problem| !problem.labels.iter().any(|label| self.has_blamed(&label.place));
                let found: Vec<Problem> = check::alone(&subject).into_iter().filter(fresh).collect();
                self.problems.extend(found);
                self.read = Some((environment, sound));
            }
            Err(problem) => {
                debug_assert!(false, "`shape` let through what does not decode: {problem:?}");
                self.problems.push(problem);
            }
        }
    }

    /// Whether the value at a place has been found wrong already.
    pub(super) fn has_blamed(&self, place: &Place) -> bool {
        self.blamed.contains(place)
    }

    /// What rules look at.
    pub(super) fn subject(&self) -> Option<Subject<'_>> {
        self.read.as_ref().map(|(environment, tree)| Subject { environment, tree })
    }

    /// The environment. It may only be used if there was no problem.
    pub(super) fn finish(self) -> Option<Spec> {
        let (environment, tree) = self.read?;
        Some(Spec { environment, file: self.file, tree })
    }
}
