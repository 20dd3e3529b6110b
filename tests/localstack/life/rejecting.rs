//! Images that must not run any more.

use std::path::Path;

use infra::aws::ecr::facts;
use infra::record::{RejectedImage, rejections};
use infra::values::image_digest::ImageDigest;

use super::Stage;
use super::record::valid_as;
use crate::around::image;

impl Stage {
    /// The repositories alone, with an image in the first of them.
    async fn with_repositories() -> (Self, ImageDigest) {
        let stage = Self::new("dev").await;
        for repository in ["techhub-dev/web", "techhub-dev/api"] {
            stage.aws().ecr.create_repository().repository_name(repository).send().await.unwrap();
        }
        let digest = image(stage.aws(), "techhub-dev/web", "v1").await.parse().unwrap();
        (stage, digest)
    }

    fn rejection(&self, digest: &ImageDigest) -> std::path::PathBuf {
        self.records().join("rejected_images").join(format!("{}.json", digest.hex()))
    }
}

#[tokio::test]
async fn a_rejection_is_a_file_and_a_tag() {
    let (stage, digest) = Stage::with_repositories().await;
    let reject = ["image", "reject", digest.as_str(), "--reason", "leaks memory", "--env", "dev"];
    let ended = stage.run(&reject).await;
    assert_eq!((ended.code, ended.out.as_str()), (0, ""), "{ended:#?}");
    let (path, tag) = (stage.rejection(&digest), format!("rejected-{}", digest.short()));
    let told = format!(
        "{digest} is rejected; commit {}, and no plan takes it any more\ndev: it has the tag {tag} in techhub-dev/web\n",
        path.display()
    );
    assert_eq!(ended.err, told);
    valid_as("rejection", &path).await;
    let rejected = RejectedImage::read(&path).unwrap();
    assert_eq!((rejected.reason.as_str(), rejected.origin.actor.as_str()), ("leaks memory", "ana"));
    let facts = facts(stage.aws(), "techhub-dev/web", None, &digest).await.unwrap().unwrap();
    assert_eq!(facts.tags, [tag, "v1".to_owned()]);
    assert!(facts.rejected.is_some());

    // The first reason stays, and nothing is done twice.
    let again = stage.run(&["image", "reject", digest.as_str(), "--reason", "another", "--env", "dev"]).await;
    assert_eq!(again.code, 0, "{again:#?}");
    assert!(again.err.contains("stays as it was rejected by ana on 2"), "{again:#?}");
    assert!(again.err.contains(": leaks memory\n") && !again.err.contains("another"), "{again:#?}");
    assert_eq!(rejections(&stage.records()).unwrap().len(), 1);
    assert_eq!(RejectedImage::read(&path).unwrap(), rejected);

    // Runs and rejections lie side by side and do not meet.
    let history = stage.run(&["history", "show", "20"]).await;
    assert!(history.err.contains("no run `20` is recorded"), "{history:#?}");
}

#[tokio::test]
async fn without_an_environment_aws_is_not_asked() {
    let (stage, digest) = Stage::with_repositories().await;
    stage.count_anew().await;
    let reference = format!("techhub-dev/web@{digest}");
    let ended = stage.run(&["image", "reject", &reference, "--reason", "leaks memory"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(rejections(&stage.records()).unwrap().contains_key(&digest));
    assert_eq!(stage.sandbox.calls().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_wrong_is_found_before_anything_is_written() {
    let (stage, digest) = Stage::with_repositories().await;
    let reject = |environment: &'static str| ["image", "reject", digest.as_str(), "--reason", "x", "--env", environment];
    let ended = stage.run(&reject("dve")).await;
    assert_eq!(ended.code, 1, "{ended:#?}");
    assert!(!stage.records().exists());

    // An image that a repository does not have is rejected all the same: it may come some day.
    let absent = format!("sha256:{}", "0".repeat(64));
    let ended = stage.run(&["image", "reject", &absent, "--reason", "x", "--env", "dev"]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(ended.err.ends_with("dev: no repository has it\n"), "{ended:#?}");
}

#[tokio::test]
async fn where_the_tag_fails_the_file_stands() {
    let (stage, digest) = Stage::with_repositories().await;
    let fail = serde_json::json!({ "service": "ecr", "operation": "PutImage", "code": "InvalidParameterException" });
    stage.sandbox.control("fail", &fail).await;
    let reject = ["image", "reject", digest.as_str(), "--reason", "leaks memory", "--env", "dev"];
    let ended = stage.run(&reject).await;
    assert_eq!(ended.code, 3, "{ended:#?}");
    assert!(ended.err.contains("ecr:PutImage: InvalidParameterException"), "{ended:#?}");
    assert!(Path::new(&stage.rejection(&digest)).exists());
    let ended = stage.run(&reject).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(ended.err.contains("dev: it has the tag rejected-"), "{ended:#?}");
}
