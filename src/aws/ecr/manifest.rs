//! What an image's manifest and configuration say of it. The documents are registries' and builders', so nothing in them is relied
//! upon to be there.

use serde::Deserialize;

/// The label by which builders name the commit.
/// <https://github.com/opencontainers/image-spec/blob/main/annotations.md>
const REVISION: &str = "org.opencontainers.image.revision";

/// A manifest of one image, or an index of several.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Manifest {
    /// The configuration of one image.
    pub(super) config: Option<Descriptor>,
    /// What an index lists.
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

/// What a manifest refers to.
#[derive(Debug, Deserialize)]
pub(super) struct Descriptor {
    /// Its digest.
    pub(super) digest: String,
    platform: Option<Platform>,
}

/// What an image is built for.
#[derive(Debug, Default, Deserialize)]
struct Platform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
}

/// The configuration of an image, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Config {
    #[serde(flatten)]
    platform: Platform,
    #[serde(default)]
    config: Container,
}

#[derive(Debug, Default, Deserialize)]
struct Container {
    #[serde(default, rename = "Labels")]
    labels: Option<std::collections::BTreeMap<String, String>>,
}

impl Manifest {
    /// The images of an index, without what builders attest of them, which they list as images for no platform.
    /// <https://docs.docker.com/build/metadata/attestations/attestation-storage/>
    pub(super) fn images(&self) -> impl Iterator<Item = &Descriptor> {
        self.manifests.iter().filter(|image| image.platform().as_deref() != Some("unknown/unknown"))
    }

    /// Whether it lists images and is none itself.
    pub(super) fn is_index(&self) -> bool {
        self.config.is_none()
    }
}

impl Descriptor {
    /// Such as `linux/amd64`; none where the index does not say it.
    pub(super) fn platform(&self) -> Option<String> {
        self.platform.as_ref().and_then(Platform::name)
    }
}

impl Config {
    /// Such as `linux/amd64`.
    pub(super) fn platform(&self) -> Option<String> {
        self.platform.name()
    }

    /// The commit that it was built from, as its builder says.
    pub(super) fn commit(&self) -> Option<String> {
        self.config.labels.as_ref()?.get(REVISION).filter(|commit| !commit.is_empty()).cloned()
    }
}

impl Platform {
    fn name(&self) -> Option<String> {
        let Self { os, architecture } = self;
        (!os.is_empty() && !architecture.is_empty()).then(|| format!("{os}/{architecture}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_lists_images_and_what_is_attested_of_them() {
        let index: Manifest = serde_json::from_str(
            r#"{"schemaVersion": 2, "manifests": [
                {"digest": "sha256:a", "size": 1, "platform": {"os": "linux", "architecture": "amd64"}},
                {"digest": "sha256:b", "size": 1, "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
                {"digest": "sha256:c", "size": 1, "platform": {"os": "unknown", "architecture": "unknown"}},
                {"digest": "sha256:d", "size": 1}]}"#,
        )
        .unwrap();
        let images: Vec<_> = index.images().map(|image| (image.digest.as_str(), image.platform())).collect();
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(
            images,
            [("sha256:a", named("linux/amd64")), ("sha256:b", named("linux/arm64")), ("sha256:d", None)],
            "what does not say its platform may be an image"
        );
        assert!(index.is_index());
    }

    #[test]
    fn a_configuration_says_what_it_likes() {
        let config = |text: &str| serde_json::from_str::<Config>(text).unwrap();
        let whole = config(
            r#"{"os": "linux", "architecture": "amd64", "config": {"Labels": {"org.opencontainers.image.revision": "abc"}}}"#,
        );
        assert_eq!((whole.platform().as_deref(), whole.commit().as_deref()), (Some("linux/amd64"), Some("abc")));
        for text in ["{}", r#"{"os": "linux", "config": {"Labels": null}}"#, r#"{"config": {"Labels": {"other": "x"}}}"#] {
            assert_eq!((config(text).platform(), config(text).commit()), (None, None), "{text}");
        }
    }
}
