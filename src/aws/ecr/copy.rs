//! Images that are brought into a repository, byte for byte, from wherever they are.
//!
//! An image is wanted for as long as its repository lacks it, and never looked for by the sweep: who has the digest has the image.
//! It is owned through its repository, which also lets it expire one day.

use jiff::Timestamp;

use super::super::access::{Access, named, reads};
use super::super::client::Aws;
use super::super::error::AwsError;
use super::super::kind::{At, Changed, Created, Found, Resource};
use super::super::registries;
use super::repository;
use crate::apply::notice;
use crate::graph::{Outputs, Scope, Tags};
use crate::plan::Schema;
use crate::plan::rule::replace;
use crate::registry::{self, Reference};
use crate::resource;
use crate::values::image_digest::ImageDigest;
use crate::values::size::size;

resource! {
    /// An image that is copied into a repository.
    Image<P> = "ecr.image" {
        /// The repository's name.
        repository: P::Text => replace(),
        /// The digest, which stays.
        digest: String => replace(),
        /// Where it is copied from, as a whole reference by digest.
        source: String => replace().headline(),
    }
    outputs: [],
    hourly: false, Schema::TRANSIENT
}

impl Resource for Image {
    const ACCESS: Access = Access {
        read: &[],
        write: &[
            reads(&["ecr:GetAuthorizationToken"]),
            named(
                &[
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:CompleteLayerUpload",
                    "ecr:GetDownloadUrlForLayer",
                    "ecr:InitiateLayerUpload",
                    "ecr:ListImageReferrers",
                    "ecr:PutImage",
                    "ecr:UploadLayerPart",
                ],
                &[repository::ARN],
            ),
        ],
        delete: &[],
    };

    async fn list(_aws: &Aws, _scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        Ok(Vec::new())
    }

    /// The tag says which environment has it since when: tags of a repository may be immutable, so it must be one of its own.
    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let unexpected = |what: &dyn std::fmt::Display| AwsError::unexpected("ecr:PutImage", what.to_string());
        let digest: ImageDigest = want.digest.parse().map_err(|error| unexpected(&error))?;
        let from: Reference = want.source.parse().map_err(|error| unexpected(&error))?;
        let environment = Scope::of(tags).map(|scope| scope.environment).unwrap_or_default();
        let tag = format!("{environment}-{}-{}", Timestamp::now().strftime("%Y-%m-%d"), digest.short());
        let from = registries::repository(aws, &from).await?;
        let to = registries::own(aws).await?.repository(&want.repository);
        let progress = |progress: registry::Progress| {
            if progress.total > 0 {
                notice::tell(&format!("{} of {}", size(progress.done), size(progress.total)));
            }
        };
        registry::copy(&from, &to, &digest, &[&tag], &progress).await.map_err(|error| registries::refused(&error))?;
        Ok(Created { id: format!("{}@{digest}", want.repository), outputs: Outputs::new() })
    }

    async fn update(_aws: &Aws, _live: &At<Self>, _want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        Ok(Outputs::new())
    }

    async fn tag(_aws: &Aws, _live: &At<Self>, _tags: &Tags) -> Result<(), AwsError> {
        Ok(())
    }

    async fn delete(_aws: &Aws, _live: &At<Self>) -> Result<(), AwsError> {
        Ok(())
    }
}
