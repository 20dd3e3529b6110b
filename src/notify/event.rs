//! What is told: what is done to which environment, by whom, and how it goes.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::plan::Summary;
use crate::render::words::{count, took};
use crate::spec::{Outcome, VersionBy};
use crate::values::image_digest::ImageDigest;
use crate::values::origin::Origin;

/// How many lines of what was seen are told, and how many characters of each: whoever wants all has the record.
const SEEN: (usize, usize) = (10, 300);

/// Something that is done to an environment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// What is done.
    pub subject: Subject,
    /// How far it has come.
    pub outcome: Outcome,
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The plan that is carried out.
    pub plan_id: String,
    /// What the plan does, in numbers.
    pub summary: Summary,
    /// The services whose images change, in the order of the spec.
    pub services: Vec<Service>,
    /// Who does it, from where, and from which commit of the specs.
    pub origin: Origin,
    /// When it began, in UTC.
    pub started: Timestamp,
    /// When it ended, in UTC; none while it lasts.
    pub ended: Option<Timestamp>,
    /// What was seen when it failed or was undone, a line each, without secrets.
    pub seen: Vec<String>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A plan is made.
    Plan,
    /// The environment changes, and no image with it.
    Apply,
    /// Images change, and whatever else the plan has.
    Deployment,
    /// The environment, or parts of it, go.
    Destroy,
}

/// A service whose image changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// By its name in the spec.
    pub name: String,
    /// What ran; none where nothing did.
    pub from: Option<ImageDigest>,
    /// What is to run; none where nothing is.
    pub to: Option<ImageDigest>,
    /// The tags of the image that is to run.
    pub tags: Vec<String>,
    /// The commit it was built from, where the image says so.
    pub commit: Option<String>,
    /// The one of these that stands for all; none where nothing is to run.
    pub version: Option<String>,
}

impl Service {
    /// Chooses what of the image is its version.
    pub fn versioned(self, by: VersionBy) -> Self {
        let commit = || self.commit.clone().filter(|_| by == VersionBy::Commit);
        let tag = |digest| self.tags.iter().find(|tag| by != VersionBy::Digest && is_version(tag, digest)).cloned();
        let version = self.to.as_ref().map(|digest| commit().or_else(|| tag(digest)).unwrap_or_else(|| digest.to_string()));
        Self { version, ..self }
    }

    /// The service and its version, as short as people can tell them apart.
    fn short(&self) -> String {
        let (Some(version), Some(digest)) = (&self.version, &self.to) else { return self.name.clone() };
        let short = match version.as_str() {
            version if version == digest.as_str() => digest.short(),
            version if self.commit.as_deref() == Some(version) => version.get(..7).unwrap_or(version),
            tag => tag,
        };
        format!("{} {short}", self.name)
    }

    /// What becomes what, by digest.
    fn line(&self) -> String {
        let short = |digest: &Option<ImageDigest>| digest.as_ref().map_or("nothing".to_owned(), |it| it.short().to_owned());
        format!("{}: {} → {}", self.name, short(&self.from), short(&self.to))
    }
}

/// Whether a tag says more than its image does. `latest` says nothing, and Sentry takes no release of that name; the tags that
/// `infra` gives end in the digest.
fn is_version(tag: &str, digest: &ImageDigest) -> bool {
    let last = tag.rsplit('-').next().unwrap_or_default();
    tag != "latest" && (last.len() < 7 || !digest.short().starts_with(last))
}

impl Event {
    /// How long it took; none while it lasts.
    pub fn took(&self) -> Option<Duration> {
        self.ended?.duration_since(self.started).try_into().ok()
    }

    /// What has happened, in one line for people.
    pub fn title(&self) -> String {
        let (doing, done) = match self.subject {
            Subject::Plan => ("planning", "planned"),
            Subject::Apply => ("applying", "applied"),
            Subject::Deployment => ("deploying", "deployed"),
            Subject::Destroy => ("destroying", "destroyed"),
        };
        let (what, took) = (self.what(), self.took().map(took).unwrap_or_default());
        let happened = match self.outcome {
            Outcome::Started => format!("{doing} {what}"),
            Outcome::Planned | Outcome::Succeeded => format!("{done} {what} in {took}"),
            Outcome::Failed => format!("{doing} {what} failed after {took}"),
            Outcome::RolledBack => format!("{doing} {what} was rolled back after {took}"),
        };
        format!("{} {}: {happened}", self.project, self.environment)
    }

    /// What more there is to say, a line each.
    pub fn details(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.services.iter().map(Service::line).collect();
        let (most, longest) = SEEN;
        lines.extend(self.seen.iter().take(most).map(|line| cut(line, longest)));
        if self.seen.len() > most {
            lines.push(format!("and {} more", self.seen.len() - most));
        }
        let commit = self.origin.commit.as_ref().map(|commit| format!(", specs of {}", commit.get(..7).unwrap_or(commit)));
        let plan = self.plan_id.get(..8).unwrap_or(&self.plan_id);
        lines.push(format!("by {}{}, plan {plan}", self.origin.actor, commit.unwrap_or_default()));
        lines.extend(self.origin.run_url.clone());
        lines
    }

    fn what(&self) -> String {
        let Summary { create, update, replace, delete, .. } = self.summary;
        match self.subject {
            Subject::Deployment => self.services.iter().map(Service::short).collect::<Vec<_>>().join(", "),
            Subject::Destroy => count(delete, "resource", "resources"),
            Subject::Plan | Subject::Apply => count(create + update + replace + delete, "change", "changes"),
        }
    }
}

/// A text that is no longer than so many characters.
pub(super) fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}
