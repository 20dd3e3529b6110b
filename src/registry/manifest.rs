//! Manifests: their bytes, which are never changed, and what they say.

use std::collections::BTreeMap;
use std::fmt::Write;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::{Doing, Problem, RegistryError};
use crate::values::image_digest::ImageDigest;

/// The largest manifest that registries have to take (distribution specification, "Pushing Manifests").
pub(super) const MANIFEST_MAX: usize = 4 * 1024 * 1024;

pub(super) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// What we can read, for a request's `Accept`.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// In the middle of `application/vnd.docker.distribution.manifest.v1+prettyjws` and its sister.
const SCHEMA_1: &str = "docker.distribution.manifest.v1+";

/// What a manifest says of something else: how to find it and how large it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) media_type: String,
    pub(super) digest: ImageDigest,
    pub(super) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) platform: Option<Platform>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) annotations: Option<BTreeMap<String, String>>,
    /// Where the bytes are instead of in the registry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) urls: Vec<String>,
}

impl Descriptor {
    /// Whether it is a layer whose licence forbids to hand it on, as those of Windows were: it stays where it is.
    pub(super) fn is_foreign(&self) -> bool {
        !self.urls.is_empty() || self.media_type.contains(".nondistributable.") || self.media_type.contains(".foreign.")
    }
}

/// What an image is built for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Platform {
    pub(super) os: String,
    pub(super) architecture: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) variant: Option<String>,
}

impl Platform {
    /// Such as `linux/arm64/v8`; none for what runs nowhere, as the attestations that buildx puts into an index.
    pub(super) fn name(&self) -> Option<String> {
        let is_one = self.os != "unknown" && self.architecture != "unknown";
        let parts = [Some(&self.os), Some(&self.architecture), self.variant.as_ref()];
        is_one.then(|| parts.into_iter().flatten().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("/"))
    }
}

/// A manifest.
#[derive(Clone, Debug)]
pub(super) struct Manifest {
    pub(super) bytes: Bytes,
    pub(super) media_type: String,
    pub(super) digest: ImageDigest,
    pub(super) content: Content,
    /// The manifest that this one is about, for signatures and SBOMs.
    pub(super) subject: Option<ImageDigest>,
    artifact_type: Option<String>,
    annotations: Option<BTreeMap<String, String>>,
}

/// What a manifest names.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Other manifests, one for each platform.
    Index(Vec<Descriptor>),
    /// The configuration and layers of an image.
    Image { config: Box<Descriptor>, layers: Vec<Descriptor> },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    schema_version: Option<u32>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
    annotations: Option<BTreeMap<String, String>>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// Where it is of a kind that is not copied.
    pub(super) fn parse(bytes: Bytes, content_type: Option<&str>, doing: &Doing) -> Result<Self, RegistryError> {
        let unsupported = |why: String| doing.failed(Problem::Unsupported, why);
        let fields: Fields =
            serde_json::from_slice(&bytes).map_err(|error| unsupported(format!("the manifest cannot be read: {error}")))?;
        // Some registries answer with a type that says nothing.
        let announced = content_type.map(|value| value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase());
        let media_type = fields.media_type.or(announced.filter(|value| value.contains("vnd."))).unwrap_or_default();
        if fields.schema_version == Some(1) || media_type.contains(SCHEMA_1) {
            return Err(unsupported(
                "it is of Docker's schema 1, which has no digest of its own and which ECR does not take".into(),
            ));
        }
        let missing = |what: &str| unsupported(format!("the manifest has no {what}"));
        let content = match media_type.as_str() {
            OCI_INDEX | DOCKER_INDEX => Content::Index(fields.manifests.ok_or_else(|| missing("manifests"))?),
            OCI_IMAGE | DOCKER_IMAGE => Content::Image {
                config: Box::new(fields.config.ok_or_else(|| missing("config"))?),
                layers: fields.layers.ok_or_else(|| missing("layers"))?,
            },
            other => return Err(unsupported(format!("its media type `{other}` is neither an image nor an index of images"))),
        };
        Ok(Self {
            digest: digest_of(&bytes),
            media_type,
            content,
            subject: fields.subject.map(|subject| subject.digest),
            artifact_type: fields.artifact_type,
            annotations: fields.annotations,
            bytes,
        })
    }

    /// How an index names it among its referrers (distribution specification, "Listing Referrers").
    pub(super) fn as_referrer(&self) -> Descriptor {
        let config = match &self.content {
            Content::Image { config, .. } => Some(config.media_type.clone()),
            Content::Index(_) => None,
        };
        Descriptor {
            media_type: self.media_type.clone(),
            digest: self.digest.clone(),
            size: self.bytes.len() as u64,
            artifact_type: self.artifact_type.clone().or(config),
            platform: None,
            annotations: self.annotations.clone(),
            urls: Vec::new(),
        }
    }

    /// Whether this is an index.
    pub(super) fn is_index(&self) -> bool {
        matches!(self.content, Content::Index(_))
    }
}

/// The digest of some bytes.
pub(super) fn digest_of(bytes: &[u8]) -> ImageDigest {
    finish(Sha256::new_with_prefix(bytes))
}

/// The digest of what was hashed.
pub(super) fn finish(hash: Sha256) -> ImageDigest {
    let mut text = "sha256:".to_owned();
    for byte in hash.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.parse().expect("64 hexadecimal digits, since SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, content_type: Option<&str>) -> Result<Manifest, String> {
        let doing = Doing { host: "h".into(), repository: None, what: "reading".into() };
        Manifest::parse(Bytes::copy_from_slice(text.as_bytes()), content_type, &doing).map_err(|error| error.message)
    }

    fn descriptor(media_type: &str) -> String {
        format!(r#"{{"mediaType": "{media_type}", "digest": "sha256:{}", "size": 2}}"#, "ab".repeat(32))
    }

    #[test]
    fn its_kind_is_what_it_says_or_what_the_registry_says() {
        let image = format!(r#""config": {}, "layers": []"#, descriptor("c"));
        assert!(
            !parse(&format!("{{{image}}}"), Some("application/vnd.oci.image.manifest.v1+json; charset=utf-8"))
                .unwrap()
                .is_index()
        );
        let own = format!(r#"{{"schemaVersion": 2, "mediaType": "{DOCKER_IMAGE}", {image}}}"#);
        assert_eq!(parse(&own, Some("application/json")).unwrap().media_type, DOCKER_IMAGE);
        assert!(parse(&format!(r#"{{"mediaType": "{OCI_INDEX}", "manifests": []}}"#), None).unwrap().is_index());
    }

    #[test]
    fn what_is_not_copied_says_so() {
        for (text, said) in [
            (r#"{"schemaVersion": 1, "name": "a", "fsLayers": []}"#, "schema 1"),
            (r#"{"mediaType": "application/vnd.docker.distribution.manifest.v1+prettyjws"}"#, "schema 1"),
            (r#"{"mediaType": "application/vnd.cncf.helm"}"#, "`application/vnd.cncf.helm` is neither"),
            ("{}", "`` is neither"),
            ("<html>", "cannot be read"),
            (r#"{"mediaType": "application/vnd.oci.image.manifest.v1+json"}"#, "no config"),
            (
                r#"{"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [{"mediaType": "x", "digest": "sha512:00", "size": 1}]}"#,
                "not an image digest",
            ),
        ] {
            let message = parse(text, None).unwrap_err();
            assert!(message.contains(said), "{text}: {message}");
        }
    }

    #[test]
    fn digests_are_sha_256() {
        // The empty JSON object of OCI artifacts, whose digest stands in the image specification.
        assert_eq!(digest_of(b"{}").as_str(), "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    }

    #[test]
    fn platforms_as_docker_writes_them() {
        let platform = |os: &str, architecture: &str, variant: Option<&str>| {
            Platform { os: os.into(), architecture: architecture.into(), variant: variant.map(str::to_owned) }.name()
        };
        assert_eq!(platform("linux", "amd64", None).as_deref(), Some("linux/amd64"));
        assert_eq!(platform("linux", "arm", Some("v7")).as_deref(), Some("linux/arm/v7"));
        assert_eq!(platform("unknown", "unknown", None), None);
    }
}
