//! What refers to an image: signatures, SBOMs and attestations.
//!
//! They are found in three ways: the referrers API of the distribution specification 1.1; the tag `sha256-<hex>`, an index that clients
//! keep where a registry has no such API; and the tags that cosign writes by default.

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LINK};
use reqwest::{Method, StatusCode};

use super::error::{Problem, RegistryError};
use super::manifest::{Content, Descriptor, MANIFEST_MAX, Manifest, OCI_INDEX};
use super::repository::Repository;
use super::walk::MANIFESTS_MAX;
use crate::values::image_digest::ImageDigest;

/// Signature, attestations and SBOM.
const COSIGN: [&str; 3] = ["sig", "att", "sbom"];

/// Pages of referrers that are read.
const PAGES: usize = 50;

/// What refers to a manifest.
pub(super) async fn of(repository: &Repository, subject: &ImageDigest) -> Result<Vec<Descriptor>, RegistryError> {
    match listed(repository, subject).await {
        // Registries without the API answer in many ways, some of them as if it was a matter of rights.
        Err(error)
            if matches!(error.problem, Problem::NotFound | Problem::Denied | Problem::Refused)
                || error.status == Some(StatusCode::NOT_IMPLEMENTED.as_u16()) =>
        {
            Ok(match repository.find_manifest(&tag(subject)).await?.map(|manifest| manifest.content) {
                Some(Content::Index(referrers)) => referrers,
                Some(Content::Image { .. }) | None => Vec::new(),
            })
        }
        answer => answer,
    }
}

async fn listed(repository: &Repository, subject: &ImageDigest) -> Result<Vec<Descriptor>, RegistryError> {
    let what = format!("listing what refers to {subject}");
    let mut request = repository.reading(Method::GET, &format!("referrers/{subject}"), what).header(ACCEPT, OCI_INDEX);
    let mut referrers = Vec::new();
    for _ in 0..PAGES {
        let (headers, body) = repository.client.read(&request, MANIFEST_MAX).await?;
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        match Manifest::parse(body, content_type, &request.doing).map(|manifest| manifest.content) {
            Ok(Content::Index(page)) => referrers.extend(page),
            // Something that answers everything, such as a page for people.
            Ok(Content::Image { .. }) | Err(_) => return Err(request.doing.failed(Problem::NotFound, "the answer is no index")),
        }
        match next_page(&headers).filter(|_| referrers.len() <= MANIFESTS_MAX) {
            Some(next) => request.url = repository.client.locate(next, &request.doing)?,
            None => break,
        }
    }
    // One more than there may be: whoever copies them refuses them.
    referrers.truncate(MANIFESTS_MAX + 1);
    Ok(referrers)
}

/// The address in `Link: </v2/…>; rel="next"`.
fn next_page(headers: &HeaderMap) -> Option<&str> {
    let link = headers.get(LINK)?.to_str().ok()?;
    let (address, relation) = link.strip_prefix('<')?.split_once('>')?;
    relation.contains("next").then_some(address)
}

/// The tag under which clients keep the referrers of a manifest where the registry does not.
fn tag(subject: &ImageDigest) -> String {
    subject.as_str().replacen(':', "-", 1)
}

/// The tags that cosign has written for a manifest, and what they name.
pub(super) async fn cosign(repository: &Repository, subject: &ImageDigest) -> Result<Vec<(String, ImageDigest)>, RegistryError> {
    let mut found = Vec::new();
    for kind in COSIGN {
        let tag = format!("{}.{kind}", tag(subject));
        if let Some(digest) = repository.find(&tag).await? {
            found.push((tag, digest));
        }
    }
    Ok(found)
}

/// Adds a manifest to the index under its subject's tag, for a registry that has not taken note of the subject by itself.
pub(super) async fn note(repository: &Repository, subject: &ImageDigest, referrer: &Manifest) -> Result<(), RegistryError> {
    let tag = tag(subject);
    let doing = repository.doing(format!("noting what refers to {subject}"));
    let unreadable =
        |error: serde_json::Error| doing.failed(Problem::Unsupported, format!("the index {tag} cannot be changed: {error}"));
    let mut index = match repository.find_manifest(&tag).await? {
        Some(manifest) => serde_json::from_slice(&manifest.bytes).map_err(unreadable)?,
        None => serde_json::json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}),
    };
    let entry = serde_json::to_value(referrer.as_referrer()).map_err(unreadable)?;
    let Some(entries) = index.get_mut("manifests").and_then(serde_json::Value::as_array_mut) else {
        return Err(doing.failed(Problem::Unsupported, format!("the tag {tag} is not an index of referrers")));
    };
    if entries.iter().any(|other| other.get("digest") == entry.get("digest")) {
        return Ok(());
    }
    entries.push(entry);
    let bytes = serde_json::to_vec(&index).map_err(unreadable)?;
    repository.put_manifest(&tag, &Manifest::parse(bytes.into(), Some(OCI_INDEX), &doing)?).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another() {
        let headers = |link: &str| HeaderMap::from_iter([(LINK, link.parse().unwrap())]);
        assert_eq!(next_page(&headers(r#"</v2/a/referrers/b?last=c>; rel="next""#)), Some("/v2/a/referrers/b?last=c"));
        assert_eq!(next_page(&headers(r#"</v2/a>; rel="prev""#)), None);
        assert_eq!(next_page(&HeaderMap::new()), None);
    }
}
