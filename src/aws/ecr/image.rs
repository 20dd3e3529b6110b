//! Images of a repository: what is known of one, and the tag by which one is rejected.

use aws_sdk_ecr::types::{ImageDetail, ImageIdentifier};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::super::client::Aws;
use super::super::error::{AwsError, Call, IfThere};
use super::super::read::{both, each};
use super::blob::blob;
use super::manifest::{Config, Descriptor, Manifest};
use super::scan::scan;
use crate::promote::{ImageFacts, Rejection, Scan};
use crate::values::image_digest::ImageDigest;
use crate::values::name::fingerprint;

/// How the tag of a rejected image begins. The rest tells images apart, since a tag that may not move can be given once only.
const REJECTED: &str = "rejected";

/// Every form a manifest has in ECR. Without them ECR may put a manifest of another form in the place of the one asked for.
const MANIFESTS: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// The images of one repository.
#[derive(Clone, Copy)]
pub(super) struct Images<'a> {
    pub(super) aws: &'a Aws,
    pub(super) repository_name: &'a str,
    /// The account that has it, if not the one of the credentials.
    pub(super) registry_id: Option<&'a str>,
}

/// A manifest as it was pushed.
struct Pushed {
    bytes: String,
    media_type: Option<String>,
}

/// What a repository knows of an image; none where it does not have it. What cannot be found out is missing: gates say no to that.
///
/// Enhanced scans of another account's images cannot be read (<https://github.com/aws/containers-roadmap/issues/2541>), so `aws`
/// should be clients of the account that has the repository.
///
/// # Errors
/// As AWS answers.
pub async fn facts(
    aws: &Aws,
    repository_name: &str,
    registry_id: Option<&str>,
    digest: &ImageDigest,
) -> Result<Option<ImageFacts>, AwsError> {
    let images = Images { aws, repository_name, registry_id };
    let found = both(images.detail(digest.as_str()), images.manifest(digest.as_str())).await?;
    let (Some(detail), Some(pushed)) = found else { return Ok(None) };
    let manifest: Manifest = serde_json::from_str(&pushed.bytes).unwrap_or_default();
    let (scan, (platforms, commit)) = if manifest.is_index() {
        both(images.scan_of(&manifest), images.described_by_index(&manifest)).await?
    } else {
        both(scan(&images, digest.as_str()), images.described(&manifest)).await?
    };
    let mut tags = detail.image_tags().to_vec();
    tags.sort();
    Ok(Some(ImageFacts {
        rejected: tags.iter().find(|tag| tag.starts_with(REJECTED)).map(|tag| rejection(tag, repository_name)),
        tags,
        pushed_at: detail.image_pushed_at().and_then(timestamp),
        size: detail.image_size_in_bytes().and_then(|size| size.try_into().ok()),
        scan,
        commit,
        platforms,
        ..ImageFacts::default()
    }))
}

/// Gives an image the tag that tells everybody that it is rejected. Gives the tag; none where the repository does not have the
/// image.
///
/// # Errors
/// As AWS answers.
pub async fn tag_as_rejected(aws: &Aws, repository_name: &str, digest: &ImageDigest) -> Result<Option<String>, AwsError> {
    let images = Images { aws, repository_name, registry_id: None };
    let Some(pushed) = images.manifest(digest.as_str()).await? else { return Ok(None) };
    let tag = format!("{REJECTED}-{}", digest.short());
    let put = aws.ecr.put_image().repository_name(repository_name).image_tag(&tag).image_digest(digest.as_str());
    let put = put.image_manifest(pushed.bytes).set_image_manifest_media_type(pushed.media_type);
    match put.send().await.call("ecr:PutImage") {
        Err(error) if !error.is(&["ImageAlreadyExistsException"]) => Err(error),
        _ => Ok(Some(tag)),
    }
}

impl Images<'_> {
    async fn detail(&self, digest: &str) -> Result<Option<ImageDetail>, AwsError> {
        let describe = self.aws.ecr.describe_images().repository_name(self.repository_name).image_ids(id(digest));
        let answer = describe.set_registry_id(self.registry_id.map(str::to_owned)).send().await;
        let answer = answer.call("ecr:DescribeImages").if_there()?;
        Ok(answer.and_then(|answer| answer.image_details.unwrap_or_default().pop()))
    }

    async fn manifest(&self, digest: &str) -> Result<Option<Pushed>, AwsError> {
        const CALL: &str = "ecr:BatchGetImage";
        let get = self.aws.ecr.batch_get_image().repository_name(self.repository_name).image_ids(id(digest));
        let get = get.set_registry_id(self.registry_id.map(str::to_owned));
        let get = get.set_accepted_media_types(Some(MANIFESTS.map(str::to_owned).into()));
        let Some(answer) = get.send().await.call(CALL).if_there()? else { return Ok(None) };
        let Some(image) = answer.images.unwrap_or_default().pop() else { return Ok(None) };
        let bytes = image.image_manifest.unwrap_or_default();
        // What is judged, and tagged, must be what was asked for.
        if format!("sha256:{}", fingerprint(bytes.as_bytes())) != digest {
            let message = format!("the manifest of {digest} in {} has another digest", self.repository_name);
            return Err(AwsError::unexpected(CALL, message));
        }
        Ok(Some(Pushed { bytes, media_type: image.image_manifest_media_type }))
    }

    /// The scans of all images of an index as one: ECR does not scan an index itself.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-troubleshooting.html>
    async fn scan_of(&self, index: &Manifest) -> Result<Option<Scan>, AwsError> {
        let scans = each(index.images(), |image| async move {
            let name = image.platform().unwrap_or_else(|| image.digest.clone());
            Ok((name, scan(self, &image.digest).await?))
        });
        Ok(Scan::worst(scans.await?))
    }

    /// The platforms of an index, and the commit that its first image names: builders build all from one.
    async fn described_by_index(&self, index: &Manifest) -> Result<(Vec<String>, Option<String>), AwsError> {
        let mut platforms: Vec<String> = index.images().filter_map(Descriptor::platform).collect();
        platforms.sort();
        platforms.dedup();
        let Some(first) = index.images().next() else { return Ok((platforms, None)) };
        let Some(pushed) = self.manifest(&first.digest).await? else { return Ok((platforms, None)) };
        let (_, commit) = self.described(&serde_json::from_str(&pushed.bytes).unwrap_or_default()).await?;
        Ok((platforms, commit))
    }

    /// The platform and the commit in an image's configuration; a configuration that cannot be had says nothing.
    async fn described(&self, manifest: &Manifest) -> Result<(Vec<String>, Option<String>), AwsError> {
        let Some(config) = &manifest.config else { return Ok((Vec::new(), None)) };
        let bytes = blob(self, &config.digest).await?.unwrap_or_default();
        let config: Config = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok((config.platform().into_iter().collect(), config.commit()))
    }
}

fn id(digest: &str) -> ImageIdentifier {
    ImageIdentifier::builder().image_digest(digest).build()
}

fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(time.secs()).ok()
}

fn rejection(tag: &str, repository_name: &str) -> Rejection {
    Rejection { reason: format!("it has the tag `{tag}` in {repository_name}"), by: None, at: None }
}
