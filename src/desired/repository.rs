//! Image repositories.

use super::builder::Builder;
use crate::aws::ecr::repository::Repository;
use crate::graph::Address;
use crate::spec;

pub(super) fn build(builder: &mut Builder<'_>, name: &str, repository: spec::Repository) {
    let wanted = Repository {
        name: builder.repository(name),
        immutable_tags: repository.immutable_tags,
        scan_on_push: repository.scan_on_push,
        keep_images: repository.keep_images.into(),
    };
    builder.add::<Repository>(address(name), &wanted);
}

/// The address of a repository.
pub(super) fn address(name: &str) -> Address {
    Address::of(&["repository", name])
}

/// The name in ECR: `<project>-<environment>/<name>`. ECR's limit of 256 characters is far away.
pub fn name(environment: &spec::Environment, name: &str) -> String {
    format!("{}/{name}", environment.prefix())
}
