//! What is known of the images that are to run, and where their bytes are.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::try_join_all;
use tokio::time::{Instant, sleep};

use super::super::error::Error;
use super::{Candidate, Choosing};
use crate::aws::observe::Reader;
use crate::desired::{registry, repository_name};
use crate::promote::{Gate, ImageFacts, Rules, Scan, Source};
use crate::values::image_digest::ImageDigest;

/// How long a scan that has begun is awaited: as long as by
/// [`aws ecr wait image-scan-complete`](https://docs.aws.amazon.com/cli/latest/reference/ecr/wait/image-scan-complete.html).
const SCAN: Duration = Duration::from_mins(5);

/// Between two looks at a scan.
const PAUSE: Duration = Duration::from_secs(5);

/// An image in a repository of the spec.
pub(super) type Key<'a> = (&'a str, &'a ImageDigest);

/// What is known of an image, and where its bytes are if the environment's own repository lacks them.
pub(super) type Known = (ImageFacts, Option<String>);

impl Candidate<'_> {
    pub(super) fn key(&self) -> Key<'_> {
        (&self.service.repository, &self.to)
    }
}

impl Choosing<'_> {
    /// Of each image.
    pub(super) async fn known<'c>(&self, candidates: &'c [Candidate<'_>]) -> Result<BTreeMap<Key<'c>, Known>, Error> {
        let each: BTreeMap<Key<'c>, &Candidate<'_>> = candidates.iter().map(|candidate| (candidate.key(), candidate)).collect();
        let known = each.into_iter().map(|(key, candidate)| async move { Ok::<_, Error>((key, self.find(candidate).await?)) });
        Ok(try_join_all(known).await?.into_iter().collect())
    }

    async fn find(&self, candidate: &Candidate<'_>) -> Result<Known, Error> {
        let (own, key) = (self.environment, &candidate.service.repository);
        let here = self.scanned(self.reader, &repository_name(own, key), candidate).await?;
        // What is scanned where it runs says more than what has just been copied.
        let may_be_there = matches!(candidate.source, Source::Environment(_) | Source::Spec);
        if let Some(upstream) = self.upstream.filter(|_| may_be_there)
            && let Some(service) = upstream.environment.service.get(candidate.name)
        {
            let repository = repository_name(&upstream.environment, &service.repository);
            let reader = upstream.reader.as_ref().unwrap_or(self.reader);
            if let Some(there) = self.scanned(reader, &repository, candidate).await? {
                let aws = &upstream.environment.aws;
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

    /// What a repository knows of an image. Where a gate asks for its scan, one that is under way is awaited, as it is whenever a
    /// pipeline deploys what it has just pushed.
    async fn scanned(&self, reader: &Reader, repository: &str, candidate: &Candidate<'_>) -> Result<Option<ImageFacts>, Error> {
        let rules = self.environment.promotion.as_ref().map(Rules::of).unwrap_or_default();
        let asks = rules.ask_for_scans(&candidate.source) && !self.choices.overrides.contains_key(Gate::Scan.name());
        let began = Instant::now();
        let mut pauses = [1, 1, 2].into_iter().map(Duration::from_secs);
        loop {
            let facts = reader.image_facts(repository, None, &candidate.to).await?;
            let scan = facts.as_ref().and_then(|facts| facts.scan.as_ref());
            if !asks || !scan.is_some_and(Scan::is_under_way) || began.elapsed() >= SCAN {
                return Ok(facts);
            }
            self.busy.say(format!("waiting for the scan of {repository}@{}", candidate.to.short()));
            sleep(pauses.next().unwrap_or(PAUSE)).await;
        }
    }
}
