//! Which image each service is to run: asked for, in writing, promoted or put back; and whether it may.

mod known;
mod upstream;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::asked::Asked;
use super::context::{Busy, Context};
use super::error::Error;
use crate::aws::observe::Reader;
use crate::desired::{Copy, Running, registry, repository_name};
use crate::graph::Blocked;
use crate::plan::{Choices, Deploy};
use crate::promote::{Gate, Promotion, Rules, Source, digest, judge};
use crate::record::{previous, rejections};
use crate::registry::Reference;
use crate::spec::{Environment, Service};
use crate::values::image_digest::ImageDigest;

pub(super) use upstream::{Upstream, registries};

/// What becomes of the images.
#[derive(Debug, Default)]
pub(super) struct Images {
    /// See [`crate::desired::Facts::images`].
    pub(super) to_run: BTreeMap<String, String>,
    /// See [`crate::desired::Facts::copies`].
    pub(super) copies: Vec<Copy>,
    /// See [`crate::desired::Facts::refused`].
    pub(super) refused: BTreeMap<String, Blocked>,
    /// Those that move, in the order of the spec.
    pub(super) promotion: Vec<Promotion>,
}

/// What a service is to run, and why.
struct Candidate<'a> {
    name: &'a str,
    service: &'a Service,
    to: ImageDigest,
    source: Source,
    elsewhere: Option<&'a Reference>,
}

/// Chooses the image of each service.
pub(super) struct Choosing<'a> {
    pub(super) context: &'a Context,
    pub(super) environment: &'a Environment,
    pub(super) choices: &'a Choices,
    pub(super) reader: &'a Reader,
    /// Where people see what takes a moment.
    pub(super) busy: &'a Busy,
    pub(super) upstream: Option<&'a Upstream>,
    pub(super) asked: &'a BTreeMap<String, Asked>,
    pub(super) running: &'a BTreeMap<String, Running>,
}

impl Choosing<'_> {
    /// What moves, and what is known of it.
    pub(super) async fn choose(&self) -> Result<Images, Error> {
        let candidates = self.candidates()?;
        self.check_any(&candidates)?;
        let known = self.known(&candidates).await?;
        let rejected = if candidates.is_empty() { BTreeMap::new() } else { rejections(&self.context.records)? };
        let rules = self.environment.promotion.as_ref().map(Rules::of).unwrap_or_default();
        let overrides = self.overrides()?;
        let mut images = Images::default();
        for candidate in &candidates {
            let repository = &candidate.service.repository;
            let (mut facts, copied_from) = known[&candidate.key()].clone();
            if let (Source::Environment(_), Some(seen)) =
                (&candidate.source, self.upstream.and_then(|upstream| upstream.seen.get(candidate.name)))
            {
                (facts.runs_since, facts.ails) = (seen.since, seen.ails(&candidate.to));
            }
            facts.rejected = rejected.get(&candidate.to).cloned().or(facts.rejected);
            let verdicts = judge(&rules, &facts, &candidate.source, Timestamp::now(), &overrides);
            let promotion = Promotion {
                service: candidate.name.to_owned(),
                from: self.runs(candidate.name),
                to: candidate.to.clone(),
                source: candidate.source.clone(),
                copied_from: copied_from.clone(),
                image: facts,
                verdicts,
            };
            images.to_run.insert(candidate.name.to_owned(), self.own(repository, &candidate.to));
            let copy = copied_from.map(|source| Copy { repository: repository.clone(), digest: candidate.to.clone(), source });
            images.copies.extend(copy.filter(|copy| !images.copies.contains(copy)));
            images.refused.extend(self.refusal(&promotion).map(|refusal| (candidate.name.to_owned(), refusal)));
            images.promotion.push(promotion);
        }
        Ok(images)
    }

    /// The services whose image is to become another. What somebody asked for goes before what is written, and that before what
    /// another environment runs.
    fn candidates(&self) -> Result<Vec<Candidate<'_>>, Error> {
        let mut candidates = Vec::new();
        for (name, service) in self.environment.service.iter() {
            let running = self.runs(name);
            let (to, source, elsewhere) = if let Some(asked) = self.asked.get(name) {
                (asked.digest.clone(), Source::Asked(asked.written.clone()), asked.elsewhere.as_ref())
            } else if self.choices.deploy == Deploy::Back {
                let Some((to, record)) = self.before(name, running.as_ref())? else { continue };
                (to, Source::Record(record), None)
            } else if let Some(written) = &service.image {
                (written.clone(), Source::Spec, None)
            } else if let Some((upstream, to)) =
                self.upstream.and_then(|upstream| Some((upstream, upstream.seen.get(name)?.digest()?)))
            {
                (to, Source::Environment(upstream.environment.environment.clone()), None)
            } else {
                continue;
            };
            if running.as_ref() != Some(&to) {
                candidates.push(Candidate { name, service, to, source, elsewhere });
            }
        }
        Ok(candidates)
    }

    /// Whoever asks for images alone is told where there are none to be had.
    fn check_any(&self, candidates: &[Candidate<'_>]) -> Result<(), Error> {
        let name = &self.environment.environment;
        let nothing = self.upstream.filter(|upstream| upstream.seen.values().all(|seen| seen.digest().is_none()));
        let (message, help) = match &self.choices.deploy {
            Deploy::Back if candidates.is_empty() => (
                format!("no record in {} says what ran before what runs now", self.context.records.join(name).display()),
                format!(
                    "`infra history --env {name}` lists them; `infra apply --env {name} --image SERVICE=REFERENCE` deploys any image"
                ),
            ),
            Deploy::Alone { .. } if let Some(upstream) = nothing => {
                let from = &upstream.environment.environment;
                (
                    format!("nothing runs in {from} yet, so there is nothing to promote"),
                    format!("`infra status --env {from}` shows what is there"),
                )
            }
            _ => return Ok(()),
        };
        Err(Error::Usage { message, help })
    }

    /// What ran before what runs, as the records have it.
    fn before(&self, service: &str, running: Option<&ImageDigest>) -> Result<Option<(ImageDigest, String)>, Error> {
        let folder = self.context.records.join(&self.environment.environment);
        let read = crate::record::read(&folder).map_err(|source| Error::History { folder, source })?;
        Ok(running.and_then(|running| previous(&read.entries, service, running)))
    }

    fn runs(&self, service: &str) -> Option<ImageDigest> {
        digest(self.running.get(service)?.image.as_deref()?)
    }

    /// An image in the environment's own repository.
    fn own(&self, repository: &str, digest: &ImageDigest) -> String {
        let aws = &self.environment.aws;
        format!("{}/{}@{digest}", registry(&aws.account, &aws.region), repository_name(self.environment, repository))
    }

    /// Why an image may not be deployed, and the ways out.
    fn refusal(&self, promotion: &Promotion) -> Option<Blocked> {
        let refused: Vec<_> = promotion.refused().collect();
        let whys: Vec<&str> = refused.iter().map(|verdict| verdict.why.as_str()).collect();
        let gates: BTreeSet<Gate> = refused.iter().map(|verdict| verdict.gate).collect();
        // Where images come along with everything else, everything else can go without them.
        let may_stay = matches!(promotion.source, Source::Environment(_)) && self.choices.deploy == Deploy::AsSpec;
        let without = if may_stay { "; `--no-promotion` leaves all images as they are" } else { "" };
        let help = if gates.iter().all(|gate| gate.can_be_overridden()) {
            let overrides: Vec<String> = gates.iter().map(|gate| format!("--override {gate}")).collect();
            format!("`{} --reason \"…\"` lets it pass, and is recorded{without}", overrides.join(" "))
        } else {
            format!("deploy another image{without}")
        };
        let why = format!("{} may not run here: {}", promotion.to.short(), whys.join("; "));
        (!refused.is_empty()).then_some(Blocked { why, help })
    }

    fn overrides(&self) -> Result<BTreeMap<Gate, String>, Error> {
        let named = |name: &str| Gate::named(name).filter(|gate| gate.can_be_overridden());
        let overrides = self.choices.overrides.iter().map(|(name, reason)| match named(name) {
            Some(gate) => Ok((gate, reason.clone())),
            None => Err(Error::Usage { message: format!("no gate that can be overridden is called `{name}`"), help: gates() }),
        });
        overrides.collect()
    }
}

/// The gates that people can override.
fn gates() -> String {
    let names: Vec<&str> = Gate::ALL.into_iter().filter(|gate| gate.can_be_overridden()).map(Gate::name).collect();
    format!("those are {}", names.join(", "))
}
