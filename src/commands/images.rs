//! Which image each service is to run: asked for, in writing, promoted or put back; what is known of it; and whether it may.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;
use jiff::Timestamp;

use super::asked::Asked;
use super::context::Context;
use super::error::Error;
use super::prepare::scope;
use crate::aws::observe::Reader;
use crate::aws::registries::{Elsewhere, Registries};
use crate::desired::{Copy, Running, registry, repository_name};
use crate::graph::Blocked;
use crate::plan::{Choices, Deploy};
use crate::promote::{Gate, ImageFacts, Promotion, Rules, Seen, Source, digest, judge};
use crate::record::{previous, rejections};
use crate::registry::Reference;
use crate::spec::{Environment, Service};
use crate::values::image_digest::ImageDigest;

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

/// The environment that images come from, and what runs there.
#[derive(Debug)]
pub(super) struct From {
    environment: Environment,
    reader: Option<Reader>,
    seen: BTreeMap<String, Seen>,
}

/// What a service is to run, and why.
struct Candidate<'a> {
    name: &'a str,
    service: &'a Service,
    to: ImageDigest,
    source: Source,
    elsewhere: Option<&'a Reference>,
}

/// The environment that images come from, if they come from one.
pub(super) fn source(context: &Context, environment: &Environment, choices: &Choices) -> Result<Option<Environment>, Error> {
    let written = environment.promotion.as_ref().map(|promotion| promotion.from.as_str());
    let name = match &choices.deploy {
        _ if choices.destroy => None,
        Deploy::AsSpec => written,
        Deploy::Alone { from } => Some(from.as_deref().or(written).ok_or_else(|| Error::Usage {
            message: format!("{} does not say where its images come from", environment.environment),
            help: "name the environment with `--from`, or write `[promotion] from = \"…\"` into the spec".into(),
        })?),
        Deploy::Without | Deploy::Back => None,
    };
    name.map(|name| super::prepare::environment(context, name)).transpose()
}

/// How to enter registries, that of the source included.
pub(super) fn registries(context: &Context, environment: &Environment, source: Option<&Environment>) -> Registries {
    let place = |environment: &Environment| (environment.aws.account.clone(), environment.aws.region.clone());
    let elsewhere = source.filter(|source| place(source) != place(environment)).map(|source| {
        let (account, region) = place(source);
        Elsewhere { account, region, role: source.aws.role.clone() }
    });
    Registries { docker_configs: context.docker_configs(), source: elsewhere }
}

/// An image in a repository of the spec.
type Key<'a> = (&'a str, &'a ImageDigest);

/// What is known of an image, and where its bytes are if the environment's own repository lacks them.
type Known = (ImageFacts, Option<String>);

impl Candidate<'_> {
    fn key(&self) -> Key<'_> {
        (&self.service.repository, &self.to)
    }
}

/// Looks at what runs in the environment that images come from.
pub(super) async fn look(source: Option<Environment>, registries: &Registries, reader: &Reader) -> Result<Option<From>, Error> {
    let Some(environment) = source else { return Ok(None) };
    let elsewhere = match &registries.source {
        Some(elsewhere) => Some(Reader::elsewhere(elsewhere).await),
        None => None,
    };
    let seen = elsewhere.as_ref().unwrap_or(reader).running(&scope(&environment)).await?;
    Ok(Some(From { environment, reader: elsewhere, seen }))
}

/// Chooses the image of each service.
pub(super) struct Choosing<'a> {
    pub(super) context: &'a Context,
    pub(super) environment: &'a Environment,
    pub(super) choices: &'a Choices,
    pub(super) reader: &'a Reader,
    pub(super) from: Option<&'a From>,
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
                (&candidate.source, self.from.and_then(|from| from.seen.get(candidate.name)))
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
            } else if let Some((from, to)) = self.from.and_then(|from| Some((from, from.seen.get(name)?.digest()?))) {
                (to, Source::Environment(from.environment.environment.clone()), None)
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
        let nothing = self.from.filter(|from| from.seen.values().all(|seen| seen.digest().is_none()));
        let (message, help) = match &self.choices.deploy {
            Deploy::Back if candidates.is_empty() => (
                format!("no record in {} says what ran before what runs now", self.context.records.join(name).display()),
                format!(
                    "`infra history --env {name}` lists them; `infra apply --env {name} --image SERVICE=REFERENCE` deploys any image"
                ),
            ),
            Deploy::Alone { .. } if let Some(from) = nothing => {
                let from = &from.environment.environment;
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

    /// What is known of each image, and where its bytes are if the environment's own repository lacks them.
    async fn known<'c>(&self, candidates: &'c [Candidate<'_>]) -> Result<BTreeMap<Key<'c>, Known>, Error> {
        let each: BTreeMap<Key<'c>, &Candidate<'_>> = candidates.iter().map(|candidate| (candidate.key(), candidate)).collect();
        let known = each.into_iter().map(|(key, candidate)| async move { Ok::<_, Error>((key, self.find(candidate).await?)) });
        Ok(try_join_all(known).await?.into_iter().collect())
    }

    async fn find(&self, candidate: &Candidate<'_>) -> Result<Known, Error> {
        let (own, key) = (self.environment, &candidate.service.repository);
        let here = self.reader.image_facts(&repository_name(own, key), None, &candidate.to).await?;
        // What is scanned where it runs says more than what has just been copied.
        let may_be_there = matches!(candidate.source, Source::Environment(_) | Source::Spec);
        if let Some(from) = self.from.filter(|_| may_be_there)
            && let Some(service) = from.environment.service.get(candidate.name)
        {
            let repository = repository_name(&from.environment, &service.repository);
            if let Some(there) = from.reader.as_ref().unwrap_or(self.reader).image_facts(&repository, None, &candidate.to).await?
            {
                let aws = &from.environment.aws;
                let source = format!("{}/{repository}@{}", registry(&aws.account, &aws.region), candidate.to);
                return Ok((there, here.is_none().then_some(source)));
            }
        }
        match (here, candidate.elsewhere) {
            (Some(here), _) => Ok((here, None)),
            (None, Some(reference)) => Ok((
                self.reader.image_elsewhere(reference, &candidate.to).await?,
                Some(reference.at(candidate.to.clone()).to_string()),
            )),
            (None, None) => Err(Error::Usage {
                message: format!(
                    "service.{} is to run {}, and {} has no such image",
                    candidate.name,
                    candidate.to,
                    repository_name(own, key)
                ),
                help: match &candidate.source {
                    Source::Record(record) => format!(
                        "the record {record} names it, and the repository has let it expire; deploy another with `--image`"
                    ),
                    _ => "push it there, or name an image that is there: `aws ecr describe-images` lists them".into(),
                },
            }),
        }
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
