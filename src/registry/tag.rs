//! Tags: giving an image another name, where names may be given once only.

use super::error::{Problem, RegistryError};
use super::manifest::Manifest;
use super::reference::is_tag;
use super::repository::Repository;
use crate::values::image_digest::ImageDigest;

/// What became of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tagged {
    /// It named the image already.
    Already,
    /// It is new.
    New,
    /// It has named this image, which is still there by its digest.
    MovedFrom(ImageDigest),
}

impl Repository {
    /// Gives an image of this repository a tag.
    ///
    /// # Errors
    /// With [`Problem::TagTaken`] where the tag names another image and the repository's tags cannot be changed; else as the registry
    /// answers.
    pub async fn tag(&self, digest: &ImageDigest, tag: &str) -> Result<Tagged, RegistryError> {
        // Nothing is read or written where there is nothing to do: ECR refuses even the same image under a tag that cannot be changed.
        if self.tagged(tag).await?.as_ref() == Some(digest) {
            return Ok(Tagged::Already);
        }
        let manifest = self.manifest(digest.as_str()).await?;
        self.put_tag(&manifest, tag).await
    }

    /// The same for a manifest at hand, which the repository has.
    pub(super) async fn put_tag(&self, manifest: &Manifest, tag: &str) -> Result<Tagged, RegistryError> {
        let before = self.tagged(tag).await?;
        if before.as_ref() == Some(&manifest.digest) {
            return Ok(Tagged::Already);
        }
        match self.put_manifest(tag, manifest).await {
            Ok(_) => Ok(before.map_or(Tagged::New, Tagged::MovedFrom)),
            Err(error) if is_immutable(&error) => match self.tagged(tag).await? {
                // Somebody else was faster, with the same.
                Some(now) if now == manifest.digest => Ok(Tagged::Already),
                Some(now) => Err(RegistryError {
                    doing: format!("tagging {} as {tag}", manifest.digest),
                    problem: Problem::TagTaken,
                    message: format!("the tag names {now}, and tags of this repository cannot be changed ({})", error.message),
                    ..error
                }),
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    async fn tagged(&self, tag: &str) -> Result<Option<ImageDigest>, RegistryError> {
        if is_tag(tag) {
            return self.find(tag).await;
        }
        let doing = self.doing(format!("tagging as `{tag}`"));
        Err(doing.failed(Problem::Refused, "a tag is up to 128 letters, digits, `_`, `.` and `-`"))
    }
}

/// ECR answers `TAG_INVALID`, "The image tag '…' already exists in the '…' repository and cannot be overwritten because the repository is
/// immutable." (moby/buildkit#3776); others have no code of their own for it, but the word.
fn is_immutable(error: &RegistryError) -> bool {
    error.code.as_deref() == Some("TAG_INVALID") || error.message.to_ascii_lowercase().contains("immutable")
}
