//! Images: what a tag or digest means in a repository of this account, now.

use aws_sdk_ecr::types::{DescribeImagesFilter, ImageDetail, ImageIdentifier, TagStatus};
use aws_smithy_types::DateTime;

use super::access::{Access, Grant, named, reads, source};
use super::client::Aws;
use super::error::{AwsError, Call};
use crate::values::image_digest::ImageDigest;

/// How many tags an error offers instead of one that is not there.
const OFFERED: usize = 5;

/// The ARNs of the environment's own repositories, as [`access`](super::access) writes them.
const ARN: &str = "ecr:{here}:repository/{project}-{environment}/*";

/// What looking images up takes, in the repositories of one environment.
///
/// The findings of enhanced scanning are Amazon Inspector's, which asks whether the caller may see them ("IAM permissions required
/// for enhanced scanning").
pub const LOOKING: &[Grant] = &[
    named(&["ecr:DescribeImages", "ecr:BatchGetImage", "ecr:DescribeImageScanFindings", "ecr:GetDownloadUrlForLayer"], &[ARN]),
    reads(&["inspector2:ListCoverage", "inspector2:ListFindings"]),
];

/// What calls about images take: looking them up, and giving one a tag.
pub const ACCESS: Access = Access { read: LOOKING, write: &[named(&["ecr:PutImage"], &[ARN])], delete: &[] };

/// What promoting takes in the environment that images come from: looking them up there, and pulling them.
pub const SOURCE: Access = Access::reading(&[source(
    &[
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:DescribeImageScanFindings",
        "ecr:DescribeImages",
        "ecr:GetDownloadUrlForLayer",
        "ecr:ListImageReferrers",
    ],
    &["ecr:{here}:repository/{project}-{source}/*"],
)]);

/// An image that a repository has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedImage {
    /// That of its manifest.
    pub digest: ImageDigest,
    /// Its tags, sorted.
    pub tags: Vec<String>,
    /// When it was pushed, in seconds since the epoch.
    pub pushed_at: Option<i64>,
    /// Its size in the repository, compressed, in bytes.
    pub size: u64,
}

/// The image that `reference`, a tag or a `sha256:` digest, means in a repository.
///
/// # Errors
/// As AWS answers; where the image is not there, with the newest tags that are.
pub async fn resolve(aws: &Aws, repository_name: &str, reference: &str) -> Result<ResolvedImage, AwsError> {
    let is_digest = reference.starts_with("sha256:");
    let id = ImageIdentifier::builder()
        .set_image_digest(is_digest.then(|| reference.into()))
        .set_image_tag((!is_digest).then(|| reference.into()))
        .build();
    let answer = aws.ecr.describe_images().repository_name(repository_name).image_ids(id).send().await;
    match answer.call("ecr:DescribeImages") {
        Ok(answer) => {
            answer.image_details().first().and_then(resolved).ok_or_else(|| {
                AwsError::unexpected("ecr:DescribeImages", format!("no digest for {reference} in {repository_name}"))
            })
        }
        Err(error) if error.is(&["ImageNotFoundException"]) => {
            let newest = newest_tags(aws, repository_name).await?;
            let offer = match newest.as_slice() {
                [] => "it has no tagged image yet".to_owned(),
                tags => format!("its newest tags are {}", tags.join(", ")),
            };
            Err(AwsError { message: format!("{repository_name} has no image {reference}; {offer}"), ..error })
        }
        Err(error) => Err(error),
    }
}

/// The tags pushed last, newest first. ECR does not sort, so all pages are read.
async fn newest_tags(aws: &Aws, repository_name: &str) -> Result<Vec<String>, AwsError> {
    let tagged = DescribeImagesFilter::builder().tag_status(TagStatus::Tagged).build();
    let mut pages = aws.ecr.describe_images().repository_name(repository_name).filter(tagged).into_paginator().items().send();
    let mut images = Vec::new();
    while let Some(image) = pages.next().await {
        images.push(image.call("ecr:DescribeImages")?);
    }
    images.sort_by_key(|image| std::cmp::Reverse(image.image_pushed_at().map(DateTime::secs)));
    Ok(images.iter().flat_map(ImageDetail::image_tags).take(OFFERED).cloned().collect())
}

fn resolved(image: &ImageDetail) -> Option<ResolvedImage> {
    let mut tags = image.image_tags().to_vec();
    tags.sort();
    Some(ResolvedImage {
        digest: image.image_digest()?.parse().ok()?,
        tags,
        pushed_at: image.image_pushed_at().map(DateTime::secs),
        size: image.image_size_in_bytes().and_then(|size| size.try_into().ok()).unwrap_or_default(),
    })
}
