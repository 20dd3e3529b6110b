//! Image repositories, with their lifecycle policy, which cannot carry tags.

use aws_sdk_ecr::types::{ImageScanningConfiguration, ImageTagMutability, Repository as AwsRepository};

use super::super::access::{Access, named, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call, IfThere};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::{both, each};
use super::{Keep, from_aws, to_aws};
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::rule::{name, update};
use crate::plan::{Output, Schema};
use crate::resource;

resource! {
    /// Where images of an environment lie.
    Repository = "ecr.repository" {
        /// Unique in the account and region: `<project>-<environment>/<repository>`.
        name: String => name().headline(),
        /// Whether a tag stays with the image it was first given to.
        immutable_tags: bool => update().headline(),
        /// Whether images are scanned for vulnerabilities when they are pushed.
        scan_on_push: bool => update(),
        /// How many images are kept, the newest; 0 for all.
        keep_images: Keep => update().headline(),
    }
    outputs: [Output::held("arn"), Output::plain("name"), Output::plain("uri")],
    hourly: false,
    Schema::STATEFUL
}

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
pub(crate) const ARN: &str = "ecr:{here}:repository/{project}-{environment}/*";

impl Resource for Repository {
    const ACCESS: Access = Access {
        read: &[reads(&["ecr:DescribeRepositories"]), named(&["ecr:ListTagsForResource", "ecr:GetLifecyclePolicy"], &[ARN])],
        write: &[named(
            &[
                "ecr:CreateRepository",
                "ecr:TagResource",
                "ecr:PutImageTagMutability",
                "ecr:PutImageScanningConfiguration",
                "ecr:PutLifecyclePolicy",
                "ecr:DeleteLifecyclePolicy",
            ],
            &[ARN],
        )],
        delete: &[named(&["ecr:DeleteRepository"], &[ARN])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let prefix = format!("{}/", scope.prefix().trim_end_matches('-'));
        let mut pages = aws.ecr.describe_repositories().into_paginator().items().send();
        let mut repositories = Vec::new();
        while let Some(repository) = pages.next().await {
            let repository = repository.call("ecr:DescribeRepositories")?;
            if repository.repository_name().is_some_and(|name| name.starts_with(&prefix)) {
                repositories.push(repository);
            }
        }
        let found = each(repositories, |repository| async move {
            let (arn, name) = (repository.repository_arn().unwrap_or_default(), repository.repository_name().unwrap_or_default());
            let (tags, keep_images) = both(tags(aws, arn), keep(aws, name)).await?;
            Ok(tags.map(|tags| found(&repository, keep_images, tags)))
        });
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = aws
            .ecr
            .create_repository()
            .repository_name(&want.name)
            .image_tag_mutability(mutability(want))
            .image_scanning_configuration(scanning(want))
            .set_tags(Some(to_aws(tags)?))
            .send()
            .await
            .call("ecr:CreateRepository")?;
        if want.keep_images != Keep::Newest(0) {
            set_keep(aws, want).await?;
        }
        let repository = answer.repository().ok_or_else(|| AwsError::unexpected("ecr:CreateRepository", "no repository"))?;
        Ok(Created { id: want.name.clone(), outputs: outputs_of(repository) })
    }

    async fn update(aws: &Aws, live: &At<Self>, want: &Self, changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        if changed.any(&["immutable_tags"]) {
            aws.ecr
                .put_image_tag_mutability()
                .repository_name(&live.id)
                .image_tag_mutability(mutability(want))
                .send()
                .await
                .call("ecr:PutImageTagMutability")?;
        }
        if changed.any(&["scan_on_push"]) {
            aws.ecr
                .put_image_scanning_configuration()
                .repository_name(&live.id)
                .image_scanning_configuration(scanning(want))
                .send()
                .await
                .call("ecr:PutImageScanningConfiguration")?;
        }
        if changed.any(&["keep_images"]) {
            set_keep(aws, want).await?;
        }
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        let arn = live.outputs.get("arn").map(String::as_str).unwrap_or_default();
        aws.ecr.tag_resource().resource_arn(arn).set_tags(Some(to_aws(tags)?)).send().await.call("ecr:TagResource").map(drop)
    }

    /// Together with its images, which the planner has had allowed by name.
    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        let answer = aws.ecr.delete_repository().repository_name(&live.id).force(true).send().await;
        answer.call("ecr:DeleteRepository").if_there().map(drop)
    }
}

fn found(repository: &AwsRepository, keep_images: Keep, tags: Tags) -> Found<Repository> {
    let name = repository.repository_name().unwrap_or_default().to_owned();
    Found {
        id: name.clone(),
        state: State::Ready,
        attrs: Repository {
            name,
            // With exclusions, some tags move: that is not what `true` promises.
            immutable_tags: repository.image_tag_mutability() == Some(&ImageTagMutability::Immutable),
            scan_on_push: repository.image_scanning_configuration().is_some_and(ImageScanningConfiguration::scan_on_push),
            keep_images,
        },
        outputs: outputs_of(repository),
        tags,
    }
}

fn outputs_of(repository: &AwsRepository) -> Outputs {
    outputs([("arn", repository.repository_arn()), ("name", repository.repository_name()), ("uri", repository.repository_uri())])
}

async fn tags(aws: &Aws, arn: &str) -> Result<Option<Tags>, AwsError> {
    let answer = aws.ecr.list_tags_for_resource().resource_arn(arn).send().await;
    Ok(answer.call("ecr:ListTagsForResource").if_there()?.map(|answer| from_aws(answer.tags())))
}

async fn keep(aws: &Aws, name: &str) -> Result<Keep, AwsError> {
    let answer = aws.ecr.get_lifecycle_policy().repository_name(name).send().await;
    let policy = answer.call("ecr:GetLifecyclePolicy").if_there()?;
    let text = policy.as_ref().and_then(|policy| policy.lifecycle_policy_text());
    Ok(text.map_or(Keep::Newest(0), Keep::from_policy))
}

async fn set_keep(aws: &Aws, want: &Repository) -> Result<(), AwsError> {
    if let Some(policy) = want.keep_images.to_policy() {
        let put = aws.ecr.put_lifecycle_policy().repository_name(&want.name).lifecycle_policy_text(policy);
        return put.send().await.call("ecr:PutLifecyclePolicy").map(drop);
    }
    let delete = aws.ecr.delete_lifecycle_policy().repository_name(&want.name).send().await;
    delete.call("ecr:DeleteLifecyclePolicy").if_there().map(drop)
}

fn mutability(want: &Repository) -> ImageTagMutability {
    if want.immutable_tags { ImageTagMutability::Immutable } else { ImageTagMutability::Mutable }
}

fn scanning(want: &Repository) -> ImageScanningConfiguration {
    ImageScanningConfiguration::builder().scan_on_push(want.scan_on_push).build()
}
