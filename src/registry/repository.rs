//! A repository: reading manifests and small blobs by digest, and putting manifests.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName};

use super::auth::Scope;
use super::client::{Client, Request};
use super::error::{Doing, Problem, RegistryError};
use super::manifest::{self, Descriptor, MANIFEST_MAX, Manifest, digest_of};
use crate::values::image_digest::ImageDigest;

/// The digest of what was asked for or stored.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// The subject that the registry has taken note of, when a manifest with one is put.
const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");

/// A repository in a registry. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Repository {
    pub(super) client: Client,
    pub(super) name: String,
}

impl Repository {
    /// The registry that it is in.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Its name in the registry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether both are the same repository, whoever asks.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.client.is(&other.client) && self.name == other.name
    }

    /// The digest that a tag names now; of a digest, whether it is there.
    ///
    /// # Errors
    /// As the registry answers.
    pub async fn resolve(&self, tag_or_digest: &str) -> Result<ImageDigest, RegistryError> {
        let request = self.reading(Method::HEAD, &format!("manifests/{tag_or_digest}"), format!("looking for {tag_or_digest}"));
        let answer = self.client.send(&request.header(ACCEPT, manifest::ACCEPT)).await?;
        match digest_in(answer.headers()) {
            Some(digest) => Ok(digest),
            None => Ok(self.manifest(tag_or_digest).await?.digest),
        }
    }

    /// The same, or nothing where it is not there.
    pub(super) async fn find(&self, tag_or_digest: &str) -> Result<Option<ImageDigest>, RegistryError> {
        if_there(self.resolve(tag_or_digest).await)
    }

    /// A manifest, by tag or digest. By digest, its bytes are those that the digest names.
    pub(super) async fn manifest(&self, tag_or_digest: &str) -> Result<Manifest, RegistryError> {
        let request =
            self.reading(Method::GET, &format!("manifests/{tag_or_digest}"), format!("reading manifest {tag_or_digest}"));
        let request = request.header(ACCEPT, manifest::ACCEPT);
        let (headers, bytes) = self.client.read(&request, MANIFEST_MAX).await?;
        let wanted = if tag_or_digest.starts_with("sha256:") { tag_or_digest.parse().ok() } else { digest_in(&headers) };
        verify(&bytes, wanted.as_ref(), &request.doing)?;
        Manifest::parse(bytes, headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()), &request.doing)
    }

    /// The same, or nothing where it is not there.
    pub(super) async fn find_manifest(&self, tag_or_digest: &str) -> Result<Option<Manifest>, RegistryError> {
        if_there(self.manifest(tag_or_digest).await)
    }

    /// Stores a manifest as it is. True where the registry has taken note of its subject.
    pub(super) async fn put_manifest(&self, tag_or_digest: &str, manifest: &Manifest) -> Result<bool, RegistryError> {
        let request = self
            .writing(Method::PUT, &format!("manifests/{tag_or_digest}"), format!("pushing manifest {tag_or_digest}"))
            .header(CONTENT_TYPE, &manifest.media_type);
        let request = Request { body: manifest.bytes.clone(), ..request };
        let answer = self.client.send(&request).await?;
        if let Some(stored) = digest_in(answer.headers()).filter(|stored| *stored != manifest.digest) {
            let why = format!("the registry has stored {stored} instead of {}", manifest.digest);
            return Err(request.doing.failed(Problem::Corrupt, why));
        }
        Ok(answer.headers().contains_key(SUBJECT))
    }

    /// A small blob, whole, in memory.
    pub(super) async fn small_blob(&self, blob: &Descriptor, max: usize) -> Result<Bytes, RegistryError> {
        let request = self.reading(Method::GET, &format!("blobs/{}", blob.digest), format!("reading blob {}", blob.digest));
        let (_, bytes) = self.client.read(&request, max).await?;
        verify(&bytes, Some(&blob.digest), &request.doing)?;
        Ok(bytes)
    }

    /// A request that reads. `path` is below the repository's own.
    pub(super) fn reading(&self, method: Method, path: &str, what: String) -> Request {
        self.request(method, path, Scope::pull(&self.name), what)
    }

    /// A request that writes.
    pub(super) fn writing(&self, method: Method, path: &str, what: String) -> Request {
        self.request(method, path, Scope::push(&self.name), what)
    }

    fn request(&self, method: Method, path: &str, scope: Scope, what: String) -> Request {
        let url = self.client.url(&format!("/v2/{}/{path}", self.name));
        Request { method, url, headers: HeaderMap::new(), body: Bytes::new(), scope, doing: self.doing(what) }
    }

    pub(super) fn doing(&self, what: String) -> Doing {
        Doing { host: self.client.host().to_owned(), repository: Some(self.name.clone()), what }
    }
}

fn digest_in(headers: &HeaderMap) -> Option<ImageDigest> {
    headers.get(CONTENT_DIGEST)?.to_str().ok()?.parse().ok()
}

fn verify(bytes: &[u8], wanted: Option<&ImageDigest>, doing: &Doing) -> Result<(), RegistryError> {
    match wanted.filter(|wanted| **wanted != digest_of(bytes)) {
        Some(wanted) => Err(doing.failed(Problem::Corrupt, format!("the bytes of the answer are not those of {wanted}"))),
        None => Ok(()),
    }
}

fn if_there<T>(answer: Result<T, RegistryError>) -> Result<Option<T>, RegistryError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
