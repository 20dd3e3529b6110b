//! Signs, titles and counts, which every way of drawing a plan has in common.

use super::{Fate, Row, Rows, Section};
use crate::plan::{Action, Change, Hazard, Plan, Summary};
use crate::render::Header;
use crate::render::style::Role;

/// `OpenTofu`'s sign for what is done to a resource, and `x` for what is in the way; with its look.
pub fn sign(change: &Change) -> (Role, &'static str) {
    match change.action {
        _ if change.blocked.is_some() => (Role::Blocked, "x"),
        Action::NoOp => (Role::Plain, ""),
        Action::Create => (Role::Create, "+"),
        Action::Update => (Role::Update, "~"),
        Action::Replace { delete_first: false } => (Role::Delete, "+/-"),
        Action::Replace { delete_first: true } => (Role::Delete, "-/+"),
        Action::Delete => (Role::Delete, "-"),
    }
}

/// How many resources there are of each fate, for those that there are, in words: `(3, "to update")`.
pub fn counts(summary: Summary) -> Vec<(usize, &'static str)> {
    let Summary { create, update, replace, delete, unchanged, blocked, deferred } = summary;
    let all = [
        (create, "to create"),
        (update, "to update"),
        (replace, "to replace"),
        (delete, "to delete"),
        (blocked, "blocked"),
        (deferred, "deferred"),
        (unchanged, "unchanged"),
    ];
    all.into_iter().filter(|&(count, _)| count > 0).collect()
}

/// [`counts`] as the end of a sentence.
pub fn counted(summary: Summary) -> String {
    let some: Vec<String> = counts(summary).into_iter().map(|(count, what)| format!("{count} {what}")).collect();
    if some.is_empty() { "no resources".into() } else { some.join(", ") }
}

/// How many changes have each hazard, in words; how many are replaced is said by [`counts`].
pub fn hazards(plan: &Plan) -> Option<String> {
    let changes = || plan.changes.iter().filter(|change| change.blocked.is_none());
    let count = |hazard: &Hazard| changes().filter(|change| change.hazards.contains(hazard)).count();
    let hazards = plan.hazards().into_iter().filter(|hazard| *hazard != Hazard::Replacement);
    let counts: Vec<String> = hazards.map(|hazard| format!("{} {}", count(&hazard), hazard.name())).collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}

impl Section<'_> {
    /// What happens to its resources.
    pub fn title(&self) -> &'static str {
        let deletes = self.rows.iter().filter(|row| row.change.action == Action::Delete).count();
        match self.fate {
            Fate::Blocked => "Blocked: nothing can be applied before this is resolved",
            Fate::Destroyed if deletes == self.rows.len() => "To be deleted",
            Fate::Destroyed if deletes == 0 => "To be replaced",
            Fate::Destroyed => "To be deleted or replaced",
            Fate::Updated => "To be updated",
            Fate::Created => "To be created",
        }
    }

    /// [`Section::title`] without what is added to it.
    pub fn name(&self) -> &'static str {
        let title = self.title();
        title.split_once(':').map_or(title, |(name, _)| name)
    }

    /// What a replacement means, which is said once beside its sign: rows with each sign, and the sentence.
    pub fn legend(&self) -> Vec<(&Row<'_>, &str)> {
        let mut told: Vec<(&Row<'_>, &str)> = Vec::new();
        for row in &self.rows {
            let sentence = row.hazards.iter().find(|(hazard, _)| *hazard == Hazard::Replacement);
            let (_, sentence) = match sentence {
                Some(sentence) if told.iter().all(|(other, _)| sign(other.change) != sign(row.change)) => sentence,
                _ => continue,
            };
            told.push((row, sentence));
        }
        told
    }
}

impl Row<'_> {
    /// What AWS calls a resource that is to go: so people find it.
    pub fn id(&self) -> Option<&str> {
        let goes = matches!(self.change.action, Action::Delete | Action::Replace { .. });
        self.change.live.as_ref().filter(|_| goes).map(|live| live.id.as_str())
    }

    /// What is to be said of it where there is room for a few words only: what is new, what goes, or what differs in it.
    pub fn what(&self) -> String {
        if self.differences.is_empty() {
            return self.id().unwrap_or(&self.headline).to_owned();
        }
        let names: Vec<&str> = self.differences.iter().map(|difference| difference.name.as_str()).collect();
        names.join(", ")
    }

    /// Its hazards, except for what the section says once.
    pub fn dangers(&self) -> impl Iterator<Item = &(Hazard, String)> {
        self.hazards.iter().filter(|(hazard, _)| *hazard != Hazard::Replacement)
    }
}

impl Rows<'_> {
    /// The command that makes what is deferred, once its images are there.
    pub fn to_go_on(&self, header: &Header) -> Option<String> {
        let services = self.deferred.iter().filter_map(|waiting| waiting.service);
        let images: Vec<String> = services.map(|service| format!(" --image {service}=TAG")).collect();
        (!images.is_empty()).then(|| format!("infra apply --env {}{}", header.environment, images.concat()))
    }
}
