//! What an image says of itself.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Deserialize;

use super::error::{Problem, RegistryError};
use super::manifest::{Content, Descriptor, Manifest, Platform};
use super::referrers;
use super::repository::Repository;
use super::walk::walk;
use crate::values::image_digest::ImageDigest;

/// The label with the commit that an image was built from (image specification, "Pre-Defined Annotation Keys").
const REVISION: &str = "org.opencontainers.image.revision";

/// The largest configuration that is read, in bytes.
const CONFIG_MAX: usize = 8 * 1024 * 1024;

/// What an image says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The media type of its manifest.
    pub media_type: String,
    /// Its size in the registry with all its platforms, compressed, in bytes; what platforms share is counted once.
    pub size: u64,
    /// The platforms it is built for, such as `linux/amd64`, sorted.
    pub platforms: Vec<String>,
    /// The labels of its configuration; of the first platform that has one, where there are several.
    pub labels: BTreeMap<String, String>,
    /// What refers to it: signatures, SBOMs.
    pub referrers: Vec<Referrer>,
}

/// Something that refers to an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// Its digest.
    pub digest: ImageDigest,
    /// What it is, such as `application/spdx+json`, or the tag that cosign has given it.
    pub kind: String,
}

impl About {
    /// The commit that the image says it was built from.
    pub fn commit(&self) -> Option<&str> {
        self.labels.get(REVISION).map(String::as_str).filter(|commit| !commit.is_empty())
    }
}

/// The part of an image's configuration that is of interest.
#[derive(Default, Deserialize)]
struct Configuration {
    #[serde(flatten)]
    platform: Option<Platform>,
    config: Option<Container>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    labels: Option<BTreeMap<String, String>>,
}

impl Repository {
    /// Reads what an image says of itself: manifests and small blobs only.
    ///
    /// # Errors
    /// As the registry answers, and where it is no image.
    pub async fn describe(&self, digest: &ImageDigest) -> Result<About, RegistryError> {
        let manifests = walk(self, digest, &HashSet::new()).await?;
        let Some(root) = manifests.last() else {
            return Err(self.doing(format!("describing {digest}")).failed(Problem::NotFound, "there is no such manifest"));
        };
        let mut platforms: BTreeSet<String> = named(root).into_iter().flatten().collect();
        let mut labels = BTreeMap::new();
        if let Some(config) = first_config(root, &manifests) {
            let configuration = self.configuration(config).await?;
            if !root.is_index() {
                platforms.extend(configuration.platform.and_then(|platform| platform.name()));
            }
            labels = configuration.config.and_then(|config| config.labels).unwrap_or_default();
        }
        let listed = referrers::of(self, digest).await?.into_iter();
        let listed = listed
            .map(|referrer| Referrer { kind: referrer.artifact_type.unwrap_or(referrer.media_type), digest: referrer.digest });
        let tagged = referrers::cosign(self, digest).await?.into_iter().map(|(kind, digest)| Referrer { digest, kind });
        Ok(About {
            media_type: root.media_type.clone(),
            size: size(&manifests),
            platforms: platforms.into_iter().collect(),
            labels,
            referrers: listed.chain(tagged).collect(),
        })
    }

    async fn configuration(&self, config: &Descriptor) -> Result<Configuration, RegistryError> {
        // Artifacts have configurations of other kinds.
        let is_image = config.media_type.contains("image.config") || config.media_type.contains("container.image");
        if !is_image {
            return Ok(Configuration::default());
        }
        let bytes = self.small_blob(config, CONFIG_MAX).await?;
        let doing = self.doing(format!("reading configuration {}", config.digest));
        serde_json::from_slice(&bytes).map_err(|error| doing.failed(Problem::Unsupported, format!("it cannot be read: {error}")))
    }
}

/// The platforms that an index names.
fn named(root: &Manifest) -> Option<impl Iterator<Item = String>> {
    match &root.content {
        Content::Index(children) => Some(children.iter().filter_map(|child| child.platform.as_ref()?.name())),
        Content::Image { .. } => None,
    }
}

/// The configuration of an image, or of the first in an index that runs anywhere.
fn first_config<'a>(root: &'a Manifest, manifests: &'a [Manifest]) -> Option<&'a Descriptor> {
    match &root.content {
        Content::Image { config, .. } => Some(config),
        Content::Index(children) => children
            .iter()
            .filter(|child| child.platform.as_ref().is_none_or(|platform| platform.name().is_some()))
            .filter_map(|child| manifests.iter().find(|manifest| manifest.digest == child.digest))
            .find_map(|child| match &child.content {
                Content::Image { config, .. } => Some(config.as_ref()),
                Content::Index(_) => None,
            }),
    }
}

/// The bytes of all manifests and blobs, each once.
fn size(manifests: &[Manifest]) -> u64 {
    let mut sizes: BTreeMap<&ImageDigest, u64> = BTreeMap::new();
    for manifest in manifests {
        sizes.insert(&manifest.digest, manifest.bytes.len() as u64);
        if let Content::Image { config, layers } = &manifest.content {
            sizes.extend(std::iter::once(config.as_ref()).chain(layers).map(|blob| (&blob.digest, blob.size)));
        }
    }
    sizes.values().fold(0, |sum, size| sum.saturating_add(*size))
}
