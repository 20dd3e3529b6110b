//! Copying an image: manifests byte for byte, so that its digest stays; of its blobs only what is missing.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use futures::stream::{self, StreamExt, TryStreamExt};
use reqwest::Url;
use tokio::sync::mpsc;

use super::download::download;
use super::error::RegistryError;
use super::manifest::{Content, Descriptor, Manifest};
use super::pieces::Budget;
use super::referrers;
use super::repository::Repository;
use super::tag::Tagged;
use super::upload::{self, Begun, Stop, Upload};
use super::walk::{REQUESTS, check_count, walk};
use crate::values::image_digest::ImageDigest;

/// Blobs on their way at once. More would not be faster: all go through one network.
const BLOBS: usize = 3;

/// How far a copy is. It may go back where a registry has lost what it had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that the destination has accepted.
    pub done: u64,
    /// Bytes that have to move: of the blobs that are neither there nor can be mounted.
    pub total: u64,
    /// Blobs that have to move.
    pub blobs: usize,
}

/// What a copy has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The digest of the image, at both ends.
    pub digest: ImageDigest,
    /// Bytes of blobs that were moved.
    pub bytes: u64,
    /// Blobs that were moved.
    pub blobs: usize,
    /// Blobs that the registry had in another repository.
    pub mounted: usize,
    /// Manifests that were not there before, signatures and SBOMs among them.
    pub manifests: usize,
    /// What became of each tag that was asked for, in their order.
    pub tags: Vec<Tagged>,
}

/// All that belongs to an image.
#[derive(Default)]
struct Whole {
    /// Its manifests, children first, and then what refers to any of them, and to that.
    manifests: Vec<Manifest>,
    /// The tags by which some of them are found, for what cosign writes.
    tags: Vec<(String, ImageDigest)>,
}

/// Copies an image and all that refers to it, and tags it. In the same repository it only tags it. What is there already is not sent
/// again, so a copy that was cut short goes on when it is run again. `progress` is called from one task, often and never slowly.
///
/// # Errors
/// As the registries answer. What was copied until then stays, without a tag.
pub async fn copy(
    source: &Repository,
    destination: &Repository,
    digest: &ImageDigest,
    tags: &[&str],
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Copied, RegistryError> {
    let mut copied =
        Copied { digest: digest.clone(), bytes: 0, blobs: 0, mounted: 0, manifests: 0, tags: Vec::with_capacity(tags.len()) };
    if !source.is(destination) {
        let whole = whole(source, digest).await?;
        let missing = missing(destination, &whole.manifests).await?;
        let wanted = whole.manifests.iter().filter(|manifest| missing.contains(&manifest.digest)).flat_map(blobs);
        let opened = open(source, destination, wanted).await?;
        copied.mounted = opened.mounted;
        copied.blobs = opened.to_move.len();
        copied.bytes = bytes(&opened.to_move);
        move_all(source, destination, opened.to_move, progress).await?;
        copied.manifests = missing.len();
        put_all(destination, &whole, &missing).await?;
    }
    // Read back rather than believed; its bytes are checked against the digest.
    let manifest = destination.manifest(digest.as_str()).await?;
    for tag in tags {
        copied.tags.push(destination.put_tag(&manifest, tag).await?);
    }
    Ok(copied)
}

async fn whole(source: &Repository, root: &ImageDigest) -> Result<Whole, RegistryError> {
    let mut whole = Whole::default();
    let mut known = HashSet::new();
    let mut next = vec![(root.clone(), None)];
    while !next.is_empty() {
        let mut new = Vec::new();
        for (digest, tag) in next {
            let manifests = walk(source, &digest, &known).await?;
            new.extend(manifests.iter().map(|manifest| manifest.digest.clone()));
            known.extend(new.iter().cloned());
            whole.manifests.extend(manifests);
            // There may always be something that refers to what was found last.
            check_count(source, root, whole.manifests.len())?;
            whole.tags.extend(tag.map(|tag| (tag, digest)));
        }
        // Made before they are polled, here and below: a stream that makes them as it goes is not `Send` (rust-lang/rust#100013).
        let found: Vec<_> = new.iter().map(|subject| refer_to(source, subject)).collect();
        let mut found = stream::iter(found).buffered(REQUESTS);
        next = Vec::new();
        let mut unknown = HashSet::new();
        while let Some(referrers) = found.try_next().await? {
            unknown.extend(referrers.iter().map(|(digest, _)| digest.clone()).filter(|digest| !known.contains(digest)));
            check_count(source, root, whole.manifests.len() + unknown.len())?;
            next.extend(referrers);
        }
    }
    Ok(whole)
}

/// What refers to a manifest, with the tags by which some of it is found.
async fn refer_to(source: &Repository, subject: &ImageDigest) -> Result<Vec<(ImageDigest, Option<String>)>, RegistryError> {
    let listed = referrers::of(source, subject).await?.into_iter().map(|referrer| (referrer.digest, None));
    let tagged = referrers::cosign(source, subject).await?.into_iter().map(|(tag, digest)| (digest, Some(tag)));
    Ok(listed.chain(tagged).collect())
}

/// Which of the manifests are not there. Of those that are, the registry has seen to it that all they name is there too.
async fn missing(destination: &Repository, manifests: &[Manifest]) -> Result<HashSet<ImageDigest>, RegistryError> {
    let look = async |manifest: &Manifest| {
        let there = destination.find(manifest.digest.as_str()).await?;
        Ok((there.is_none(), manifest.digest.clone()))
    };
    let looks: Vec<_> = manifests.iter().map(look).collect();
    let looked: Vec<(bool, ImageDigest)> = stream::iter(looks).buffer_unordered(REQUESTS).try_collect().await?;
    Ok(looked.into_iter().filter(|(missing, _)| *missing).map(|(_, digest)| digest).collect())
}

/// The blobs that a manifest names and that are in the registry.
fn blobs(manifest: &Manifest) -> Vec<&Descriptor> {
    match &manifest.content {
        Content::Index(_) => Vec::new(),
        Content::Image { config, layers } => {
            std::iter::once(config.as_ref()).chain(layers).filter(|blob| !blob.is_foreign()).collect()
        }
    }
}

struct Opened {
    mounted: usize,
    /// What has to move, and where to.
    to_move: Vec<(Descriptor, Url)>,
}

/// Begins to upload the blobs that are not there, or has them mounted.
async fn open<'a>(
    source: &Repository,
    destination: &Repository,
    wanted: impl Iterator<Item = &'a Descriptor>,
) -> Result<Opened, RegistryError> {
    let each: HashMap<&ImageDigest, &Descriptor> = wanted.map(|blob| (&blob.digest, blob)).collect();
    let from = source.client.is(&destination.client).then_some(source);
    let look = async |blob: &'a Descriptor| {
        if upload::exists(destination, blob).await? {
            return Ok(None);
        }
        upload::begin(destination, blob, from).await.map(|begun| Some((blob.clone(), begun)))
    };
    let looks: Vec<_> = each.into_values().map(look).collect();
    let begun: Vec<_> = stream::iter(looks).buffer_unordered(REQUESTS).try_collect().await?;
    let mut opened = Opened { mounted: 0, to_move: Vec::new() };
    for (blob, begun) in begun.into_iter().flatten() {
        match begun {
            Begun::Mounted => opened.mounted += 1,
            Begun::Open(location) => opened.to_move.push((blob, location)),
        }
    }
    // Large ones first: together with the last of them, many small ones can move.
    opened.to_move.sort_by(|(a, _), (b, _)| b.size.cmp(&a.size).then_with(|| a.digest.cmp(&b.digest)));
    Ok(opened)
}

/// How long all of them are together. What manifests say of that, nobody has checked yet.
fn bytes(to_move: &[(Descriptor, Url)]) -> u64 {
    to_move.iter().fold(0, |sum, (blob, _)| sum.saturating_add(blob.size))
}

async fn move_all(
    source: &Repository,
    destination: &Repository,
    to_move: Vec<(Descriptor, Url)>,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<(), RegistryError> {
    let total = bytes(&to_move);
    let state = Mutex::new(Progress { done: 0, total, blobs: to_move.len() });
    let report = |change: &dyn Fn(&mut Progress)| {
        let now = {
            let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            change(&mut state);
            *state
        };
        progress(now);
    };
    report(&|_| {});
    let budget = Budget::new();
    let move_it = async |(blob, location): (Descriptor, Url)| {
        let mut before = 0;
        let accepted = |now: u64| {
            report(&|state| state.done = state.done + now - before);
            before = now;
        };
        move_one(source, destination, &blob, location, &budget, accepted).await
    };
    let moves: Vec<_> = to_move.into_iter().map(move_it).collect();
    stream::iter(moves).buffer_unordered(BLOBS).try_collect().await
}

/// Moves a blob; from its beginning again where the registry has lost it.
async fn move_one(
    source: &Repository,
    destination: &Repository,
    blob: &Descriptor,
    location: Url,
    budget: &Budget,
    mut accepted: impl FnMut(u64),
) -> Result<(), RegistryError> {
    let mut attempts = destination.client.attempts();
    let mut furthest = 0;
    let mut location = Some(location);
    loop {
        let open = match location.take() {
            Some(open) => open,
            None => match upload::begin(destination, blob, None).await? {
                Begun::Open(open) => open,
                Begun::Mounted => return Ok(()),
            },
        };
        let upload = Upload { destination, blob, location: open, accepted: 0, furthest: &mut furthest, attempts: &mut attempts };
        let (sender, receiver) = mpsc::channel(1);
        let read = async { download(source, blob, budget, sender).await.map_err(Stop::Failed) };
        match futures::try_join!(read, upload.run(receiver, &mut accepted)) {
            Ok(_) => return Ok(()),
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::Lost) => accepted(0),
        }
    }
}

/// Puts the manifests that are missing in their order, and makes those found that are found through others.
async fn put_all(destination: &Repository, whole: &Whole, missing: &HashSet<ImageDigest>) -> Result<(), RegistryError> {
    for manifest in &whole.manifests {
        let digest = &manifest.digest;
        let noted = if missing.contains(digest) {
            destination.put_manifest(digest.as_str(), manifest).await?
        } else {
            // A run before this one may have come no further than to put it.
            match &manifest.subject {
                Some(subject) => referrers::of(destination, subject).await?.iter().any(|referrer| referrer.digest == *digest),
                None => true,
            }
        };
        if let Some(subject) = manifest.subject.as_ref().filter(|_| !noted) {
            referrers::note(destination, subject, manifest).await?;
        }
    }
    for (tag, digest) in &whole.tags {
        destination.tag(digest, tag).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever copies may do so in a task of its own. Never called: it only has to compile.
    fn _is_send(repository: &Repository, digest: &ImageDigest) {
        fn send(_: impl Send) {}
        send(copy(repository, repository, digest, &[], &|_| {}));
        send(repository.describe(digest));
    }
}
