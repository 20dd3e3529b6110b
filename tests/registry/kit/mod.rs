//! Registries, images in them, and trouble between them and us.

pub(crate) mod double;
pub(crate) mod http;
pub(crate) mod images;
pub(crate) mod proxy;
pub(crate) mod server;

use std::sync::Mutex;
use std::time::Duration;

use infra::registry::{Client, Copied, Credentials, Patience, Progress, RegistryError, Repository, copy};
use infra::values::image_digest::ImageDigest;

/// As patient as the tool, and quicker about it.
pub(crate) const PATIENCE: Patience = Patience { attempts: 4, pause: Duration::from_millis(20) };

/// The repository `name` of the registry at `host`, as nobody.
pub(crate) fn repository(host: &str, name: &str) -> Repository {
    repository_as(host, name, Credentials::Anonymous)
}

/// The same as somebody.
pub(crate) fn repository_as(host: &str, name: &str, credentials: Credentials) -> Repository {
    Client::new(host, credentials, PATIENCE).unwrap().repository(name)
}

/// Copies without tags, and returns what was reported last.
pub(crate) async fn copied(
    source: &Repository,
    destination: &Repository,
    digest: &ImageDigest,
) -> Result<(Copied, Progress), RegistryError> {
    let last = Mutex::new(Progress::default());
    let copied = copy(source, destination, digest, &[], &|now| *last.lock().unwrap() = now).await?;
    let last = *last.lock().unwrap();
    assert_eq!((last.done, last.total, last.blobs), (copied.bytes, copied.bytes, copied.blobs), "all is reported in the end");
    Ok((copied, last))
}

/// As digests are written.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
