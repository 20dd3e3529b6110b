//! All manifests that belong to an image, in an order in which registries take them: what a manifest names comes before it.

use std::collections::{HashMap, HashSet};

use futures::stream::{self, StreamExt, TryStreamExt};

use super::error::{Problem, RegistryError};
use super::manifest::{Content, MANIFEST_MAX, Manifest};
use super::repository::Repository;
use crate::values::image_digest::ImageDigest;

/// Requests for manifests at once.
pub(super) const REQUESTS: usize = 8;

/// More than any image has; what a registry says must not keep us for ever.
pub(super) const MANIFESTS_MAX: usize = 1000;

/// The same of their bytes, all of which are in memory: ten times what registries take of one.
const BYTES_MAX: usize = 10 * MANIFEST_MAX;

/// Reads the manifest `root` and all that it names. Those in `known` are left out, with all below them.
pub(super) async fn walk(
    repository: &Repository,
    root: &ImageDigest,
    known: &HashSet<ImageDigest>,
) -> Result<Vec<Manifest>, RegistryError> {
    let mut found: HashMap<ImageDigest, Manifest> = HashMap::new();
    let mut level = vec![root.clone()];
    let mut bytes = 0;
    while !level.is_empty() {
        level.retain(|digest| !known.contains(digest) && !found.contains_key(digest));
        level.sort();
        level.dedup();
        check_count(repository, root, found.len() + level.len())?;
        let reads: Vec<_> = level.iter().map(|digest| repository.manifest(digest.as_str())).collect();
        let mut reads = stream::iter(reads).buffer_unordered(REQUESTS);
        let mut read: Vec<Manifest> = Vec::new();
        while let Some(manifest) = reads.try_next().await? {
            bytes += manifest.bytes.len();
            if bytes > BYTES_MAX {
                return Err(too_much(repository, root, &format!("its manifests have more than {BYTES_MAX} bytes")));
            }
            read.push(manifest);
        }
        drop(reads);
        level = read.iter().flat_map(children).cloned().collect();
        found.extend(read.into_iter().map(|manifest| (manifest.digest.clone(), manifest)));
    }
    let mut ordered = Vec::new();
    take(root, &mut found, &mut ordered);
    Ok(ordered)
}

/// Refuses an image with more manifests than any has.
pub(super) fn check_count(repository: &Repository, root: &ImageDigest, count: usize) -> Result<(), RegistryError> {
    let enough = || too_much(repository, root, &format!("it names more than {MANIFESTS_MAX} manifests"));
    if count > MANIFESTS_MAX { Err(enough()) } else { Ok(()) }
}

fn too_much(repository: &Repository, root: &ImageDigest, why: &str) -> RegistryError {
    repository.doing(format!("reading manifest {root}")).failed(Problem::Unsupported, why)
}

fn children(manifest: &Manifest) -> impl Iterator<Item = &ImageDigest> {
    let children = match &manifest.content {
        Content::Index(children) => children.as_slice(),
        Content::Image { .. } => &[],
    };
    children.iter().map(|child| &child.digest)
}

/// Moves a manifest over, after all that it names. A manifest cannot name itself, however indirectly: it would have to hold its own digest.
fn take(digest: &ImageDigest, found: &mut HashMap<ImageDigest, Manifest>, ordered: &mut Vec<Manifest>) {
    if let Some(manifest) = found.remove(digest) {
        for child in children(&manifest) {
            take(child, found, ordered);
        }
        ordered.push(manifest);
    }
}
