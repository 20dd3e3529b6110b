//! Image repositories.

use super::builder::Builder;
use super::facts::Copy;
use crate::aws::ecr::copy::Image;
use crate::aws::ecr::repository::Repository;
use crate::graph::{Address, Input, Wanted};
use crate::spec;
use crate::values::image_digest::ImageDigest;

pub(super) fn build(builder: &mut Builder<'_>, name: &str, repository: spec::Repository) {
    let wanted = Repository {
        name: builder.repository(name),
        immutable_tags: repository.immutable_tags,
        scan_on_push: repository.scan_on_push,
        keep_images: repository.keep_images.into(),
    };
    builder.add::<Repository>(address(name), &wanted);
}

/// Bringing an image into a repository: wanted for as long as it is not there, and gone from the graph from then on.
pub(super) fn build_copy(builder: &mut Builder<'_>, copy: &Copy) {
    let wanted = Image::<Wanted> {
        repository: Input::output(&address(&copy.repository), "name"),
        digest: copy.digest.to_string(),
        source: copy.source.clone(),
    };
    builder.add::<Image>(image_address(&copy.repository, &copy.digest), &wanted);
}

/// The address of an image in a repository.
pub(super) fn image_address(repository: &str, digest: &ImageDigest) -> Address {
    Address::of(&["repository", repository, digest.short()])
}

/// The address of a repository.
pub(super) fn address(name: &str) -> Address {
    Address::of(&["repository", name])
}

/// The name in ECR: `<project>-<environment>/<name>`. ECR's limit of 256 characters is far away.
pub fn name(environment: &spec::Environment, name: &str) -> String {
    format!("{}/{name}", environment.prefix())
}
