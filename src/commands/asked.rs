//! The images that people ask for by `--image`, by digest.

use std::collections::BTreeMap;

use futures::future::try_join_all;

use super::error::Error;
use crate::aws::observe::Reader;
use crate::desired::{registry, repository_name};
use crate::registry::Reference;
use crate::spec::Environment;
use crate::values::image_digest::ImageDigest;

/// An image that somebody asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Its digest.
    pub(super) digest: ImageDigest,
    /// What they wrote.
    pub(super) written: String,
    /// Where it is, if not in the environment's own repository.
    pub(super) elsewhere: Option<Reference>,
}

/// Finds out what is meant, by service.
pub(super) async fn ask(
    reader: &Reader,
    environment: &Environment,
    images: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Asked>, Error> {
    let registry = registry(&environment.aws.account, &environment.aws.region);
    let found = images.iter().map(|(service, written)| {
        let registry = &registry;
        async move {
            let repository = environment.service.get(service).map(|service| repository_name(environment, &service.repository));
            let repository = repository.unwrap_or_default();
            let (digest, elsewhere) = if let Some(reference) = in_repository(written, registry, &repository) {
                (reader.image(&repository, reference).await?.digest, None)
            } else {
                let reference: Reference = written.parse().map_err(|error| Error::Usage {
                    message: format!("`--image {service}=…`: {error}"),
                    help: format!(
                        "write a tag or digest of {registry}/{repository}, or a reference like `docker.io/library/nginx:1.27`"
                    ),
                })?;
                (reader.digest_elsewhere(&reference).await?, Some(reference))
            };
            Ok::<_, Error>((service.clone(), Asked { digest, written: written.clone(), elsewhere }))
        }
    });
    Ok(try_join_all(found).await?.into_iter().collect())
}

/// The tag or digest in a reference, which may be written with its registry and repository; none where those are not the service's own.
fn in_repository<'a>(reference: &'a str, registry: &str, repository: &str) -> Option<&'a str> {
    let split = reference.split_once('@').or_else(|| {
        let colon = reference.rfind(':').filter(|_| !reference.starts_with("sha256:"))?;
        Some((&reference[..colon], &reference[colon + 1..]))
    });
    match split {
        // A tag has no slash; what has one is a repository without a tag.
        None => Some(reference).filter(|reference| !reference.contains('/')),
        Some((path, last)) => (path == repository || path == format!("{registry}/{repository}")).then_some(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_may_be_short_or_whole() {
        let (registry, repository) = ("123456789012.dkr.ecr.us-east-1.amazonaws.com", "shop-dev/web");
        let part = |reference| in_repository(reference, registry, repository);
        assert_eq!(part("v1"), Some("v1"));
        assert_eq!(part("sha256:abc"), Some("sha256:abc"));
        assert_eq!(part("shop-dev/web:v1"), Some("v1"));
        assert_eq!(part("123456789012.dkr.ecr.us-east-1.amazonaws.com/shop-dev/web@sha256:abc"), Some("sha256:abc"));
        assert_eq!(part("nginx:latest"), None);
        assert_eq!(part("localhost:5000/shop-dev/web:v1"), None);
    }
}
