//! What of a plan people get to see, decided once for every way of drawing it.

pub(crate) mod conceal;
mod differ;
mod headline;
pub mod labels;
mod meaning;
pub(crate) mod names;
pub mod promotion;
pub(super) mod recorded;
mod words;

use std::collections::BTreeMap;

use differ::Differ;
pub use differ::{Difference, Mark, Words};
pub(super) use meaning::ports;
use names::Names;
use promotion::{Image, ImageFate, Images};

use crate::graph::Address;
use crate::plan::{Action, Change, Hazard, Plan, Schemas};

/// A plan as it is shown: what is in the way, then what goes, then the rest.
#[derive(Debug)]
pub struct Rows<'a> {
    /// Sections that have rows, in the order of how much they matter.
    pub sections: Vec<Section<'a>>,
    /// What waits, by what it waits for.
    pub deferred: Vec<Deferred<'a>>,
    /// What stays as it is.
    pub unchanged: Vec<&'a Change>,
}

/// Rows of one fate.
#[derive(Debug)]
pub struct Section<'a> {
    /// What happens to them.
    pub fate: Fate,
    /// Why, where it is the same for all of several.
    pub reason: Option<String>,
    /// The rows, by address; those with hazards first where something goes.
    pub rows: Vec<Row<'a>>,
}

/// A part of a plan.
#[derive(Debug)]
pub enum Part<'r, 'a> {
    /// Resources of one fate.
    Resources(&'r Section<'a>),
    /// Images of one fate.
    Images(ImageFate, &'r [Image<'a>]),
}

/// What happens to a resource, as far as readers must tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Nothing can be applied because of it.
    Blocked,
    /// It goes, or another takes its place.
    Destroyed,
    /// It changes in place.
    Updated,
    /// It is made.
    Created,
}

/// One resource.
#[derive(Debug)]
pub struct Row<'a> {
    /// All that is known of it.
    pub change: &'a Change,
    /// Why; empty where nothing need be said, or where the section says it.
    pub reason: String,
    /// A new one in a few words.
    pub headline: String,
    /// What differs.
    pub differences: Vec<Difference>,
    /// What to think of, with a sentence each.
    pub hazards: Vec<(Hazard, String)>,
}

/// Resources that wait for the same.
#[derive(Debug, PartialEq, Eq)]
pub struct Deferred<'a> {
    /// What they wait for, in words.
    pub until: &'a str,
    /// The service whose image that is.
    pub service: Option<&'a str>,
    /// Which.
    pub addresses: Vec<&'a Address>,
}

impl<'a> Rows<'a> {
    /// Decides the rows of a plan.
    pub fn of(plan: &'a Plan, schemas: &dyn Schemas) -> Self {
        let names = Names::of(plan, schemas);
        let mut fates: BTreeMap<Fate, Vec<Row<'a>>> = BTreeMap::new();
        let mut deferred: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
        let mut unchanged = Vec::new();
        for change in &plan.changes {
            if let Some(until) = change.deferred.as_deref().filter(|_| change.blocked.is_none()) {
                deferred.entry(until).or_default().push(&change.address);
            } else if let Some(fate) = Fate::of(change) {
                fates.entry(fate).or_default().push(row(change, schemas, &names));
            } else {
                unchanged.push(change);
            }
        }
        let deferred = deferred.into_iter().map(|(until, addresses)| Deferred {
            until,
            service: until.rsplit_once("service.").map(|(_, service)| service),
            addresses,
        });
        let sections = fates.into_iter().map(|(fate, rows)| section(fate, rows));
        Self { sections: sections.collect(), deferred: deferred.collect(), unchanged }
    }

    /// The sections of resources and of images in the order of how much they matter.
    pub fn with<'r>(&'r self, images: &'r Images<'a>) -> impl Iterator<Item = Part<'r, 'a>> {
        let part = |fate, images: &'r [Image<'a>]| (!images.is_empty()).then_some(Part::Images(fate, images));
        let (first, rest) = self.sections.split_at(self.worth_telling_first().count());
        let (first, rest) = (first.iter().map(Part::Resources), rest.iter().map(Part::Resources));
        let (refused, deployed) = (part(ImageFate::Refused, &images.refused), part(ImageFate::Deployed, &images.moving));
        refused.into_iter().chain(first).chain(deployed).chain(rest)
    }

    /// What is in the way and what goes, as far as anything is shown below it: people read the end of what scrolled by.
    pub fn worth_repeating(&self) -> impl Iterator<Item = &Section<'a>> {
        let last = self.sections.last().map(|section| section.fate);
        self.worth_telling_first().filter(move |section| last > Some(section.fate))
    }

    /// What is in the way and what goes.
    pub fn worth_telling_first(&self) -> impl Iterator<Item = &Section<'a>> {
        self.sections.iter().filter(|section| section.fate <= Fate::Destroyed)
    }

    /// What need not be told first, as far as anything differs in it.
    pub fn worth_folding(&self) -> impl Iterator<Item = &Section<'a>> {
        let rest = self.sections.iter().filter(|section| section.fate > Fate::Destroyed);
        rest.filter(|section| section.rows.iter().any(|row| !row.differences.is_empty()))
    }
}

impl<'a> Section<'a> {
    /// The hazards of all rows, worst first, each with its sentence and those it is said of: what many have in common is told once.
    pub fn hazards(&self) -> Vec<(Hazard, &str, Vec<&'a Address>)> {
        let mut all: BTreeMap<(Hazard, &str), Vec<&Address>> = BTreeMap::new();
        for row in &self.rows {
            for (hazard, sentence) in &row.hazards {
                all.entry((*hazard, sentence)).or_default().push(&row.change.address);
            }
        }
        all.into_iter().map(|((hazard, sentence), addresses)| (hazard, sentence, addresses)).collect()
    }
}

impl Fate {
    fn of(change: &Change) -> Option<Self> {
        match change.action {
            _ if change.blocked.is_some() => Some(Self::Blocked),
            Action::NoOp => None,
            Action::Create => Some(Self::Created),
            Action::Update => Some(Self::Updated),
            Action::Replace { .. } | Action::Delete => Some(Self::Destroyed),
        }
    }
}

fn section(fate: Fate, mut rows: Vec<Row<'_>>) -> Section<'_> {
    if fate == Fate::Destroyed {
        // Lower is worse; rows without a hazard are last. The sort is stable, so addresses stay in order.
        rows.sort_by_key(|row| row.change.hazards.first().map_or(Hazard::ALL.len(), |hazard| *hazard as usize));
    }
    let shared = rows.first().map(|row| row.reason.clone());
    let shared = shared.filter(|reason| !reason.is_empty() && rows.len() > 1 && rows.iter().all(|row| row.reason == *reason));
    if shared.is_some() {
        for row in &mut rows {
            row.reason.clear();
        }
    }
    Section { fate, reason: shared, rows }
}

fn row<'a>(change: &'a Change, schemas: &dyn Schemas, names: &Names<'_>) -> Row<'a> {
    let schema = schemas.schema(change.kind);
    // What is blocked does not happen; its dangers would only hide what is in the way.
    let hazards = if change.blocked.is_some() { &[][..] } else { &change.hazards };
    Row {
        change,
        reason: words::reason(change),
        headline: match (change.action, schema) {
            (Action::Create, Some(schema)) => headline::headline(schema, &change.address, &change.after, names),
            _ => String::new(),
        },
        differences: Differ { names }.fields(schema, &change.fields),
        hazards: hazards.iter().map(|&hazard| (hazard, words::hazard(hazard, change, schema))).collect(),
    }
}
