//! Image repositories, and what tags in them mean.

use infra::aws::ecr::Keep;
use infra::aws::ecr::repository::Repository;
use infra::aws::images::resolve;

use crate::around::image;
use crate::kit::Sandbox;

pub(crate) fn repository() -> Repository {
    Repository { name: "shop-test/web".into(), immutable_tags: true, scan_on_push: true, keep_images: Keep::Newest(20) }
}

#[tokio::test]
async fn repository_round_trip() {
    let movable = Repository { immutable_tags: false, ..repository() };
    let unscanned = Repository { scan_on_push: false, ..movable.clone() };
    let all = Repository { keep_images: Keep::Newest(0), ..repository() };
    Sandbox::new().await.round_trip(repository(), [movable, unscanned, all, repository()]).await;
}

#[tokio::test]
async fn a_repository_that_never_had_a_policy_keeps_all() {
    let all = Repository { keep_images: Keep::Newest(0), ..repository() };
    Sandbox::new().await.round_trip(all, []).await;
}

#[tokio::test]
async fn somebody_elses_lifecycle_policy_is_seen_and_put_right() {
    const POLICY: &str = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed",
        "countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}"#;
    let sandbox = Sandbox::new().await;
    sandbox.make("repository.web", repository()).await;
    let put = sandbox.aws.ecr.put_lifecycle_policy().repository_name("shop-test/web").lifecycle_policy_text(POLICY);
    put.send().await.unwrap();
    let changed = sandbox.put_right("repository.web", repository()).await;
    assert_eq!(changed.into_iter().collect::<Vec<_>>(), ["keep_images"]);
}

#[tokio::test]
async fn a_repository_goes_with_its_images() {
    let sandbox = Sandbox::new().await;
    let made = sandbox.make("repository.web", repository()).await;
    image(&sandbox.aws, "shop-test/web", "v1").await;
    sandbox.discard::<Repository>(&made).await;
    assert!(sandbox.list::<Repository>().await.is_empty());
}

#[tokio::test]
async fn images_are_found_by_tag_and_by_digest() {
    let sandbox = Sandbox::new().await;
    sandbox.make("repository.web", repository()).await;
    let digest = image(&sandbox.aws, "shop-test/web", "v1").await;
    let by_tag = resolve(&sandbox.aws, "shop-test/web", "v1").await.unwrap();
    assert_eq!((by_tag.digest.as_str(), by_tag.tags.as_slice()), (digest.as_str(), ["v1".to_owned()].as_slice()));
    assert!(by_tag.pushed_at.is_some() && by_tag.size > 0, "{by_tag:?}");
    assert_eq!(resolve(&sandbox.aws, "shop-test/web", &digest).await.unwrap(), by_tag);
}

#[tokio::test]
async fn an_image_that_is_not_there_is_answered_with_those_that_are() {
    let sandbox = Sandbox::new().await;
    sandbox.make("repository.web", repository()).await;
    let error = resolve(&sandbox.aws, "shop-test/web", "v9").await.unwrap_err();
    assert_eq!(error.message, "shop-test/web has no image v9; it has no tagged image yet");
    image(&sandbox.aws, "shop-test/web", "v1").await;
    let error = resolve(&sandbox.aws, "shop-test/web", "v9").await.unwrap_err();
    assert_eq!(error.message, "shop-test/web has no image v9; its newest tags are v1");
    let error = resolve(&sandbox.aws, "shop-test/other", "v1").await.unwrap_err();
    assert_eq!(error.code, "RepositoryNotFoundException");
}
