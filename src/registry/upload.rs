//! Storing a blob: in pieces, each with its place, so that after a broken connection it goes on where the registry has got to.
//!
//! How ECR differs from the specification, all of it seen by others (aws/containers-roadmap#2831, dotnet/sdk-container-builds#472,
//! apple/containerization#790): it answers 201 to a piece; the `Range` of its answers stays at the end of the first piece; it does not
//! say how far an upload has got, but answers 404; and a piece at the wrong place is refused with 416 and a message that names the right
//! one. So what has been accepted is counted here, and a registry that says how far it is is believed only about the piece under way.

use bytes::Bytes;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap, LOCATION, RANGE};
use reqwest::{Method, Response, StatusCode, Url};
use tokio::sync::mpsc::Receiver;

use super::auth::Scope;
use super::client::Request;
use super::error::{Problem, RegistryError};
use super::manifest::Descriptor;
use super::pieces::Piece;
use super::repository::Repository;
use super::retry::{self, Attempts};

/// How an upload begins.
pub(super) enum Begun {
    /// The registry had the blob in another repository, and has it in this one now.
    Mounted,
    /// It waits for the bytes at this address.
    Open(Url),
}

/// Why an upload ended without the blob being stored.
pub(super) enum Stop {
    /// The registry does not know it any more, or has got something wrong: the blob has to be sent from its beginning.
    Lost,
    /// It is no use to try again.
    Failed(RegistryError),
}

impl From<RegistryError> for Stop {
    fn from(error: RegistryError) -> Self {
        Self::Failed(error)
    }
}

/// Whether a blob is there.
pub(super) async fn exists(destination: &Repository, blob: &Descriptor) -> Result<bool, RegistryError> {
    let request =
        destination.reading(Method::HEAD, &format!("blobs/{}", blob.digest), format!("looking for blob {}", blob.digest));
    match destination.client.send(&request).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Begins an upload; mounts the blob instead where the registry has it in the repository `from` and can do so.
pub(super) async fn begin(
    destination: &Repository,
    blob: &Descriptor,
    from: Option<&Repository>,
) -> Result<Begun, RegistryError> {
    let (query, scope) = match from {
        Some(from) => (format!("?mount={}&from={}", blob.digest, from.name), Scope::mount(&destination.name, &from.name)),
        None => (String::new(), Scope::push(&destination.name)),
    };
    let what = format!("beginning to push blob {}", blob.digest);
    let request = Request { scope, ..destination.writing(Method::POST, &format!("blobs/uploads/{query}"), what) };
    let answer = destination.client.send(&request).await?;
    if answer.status() == StatusCode::CREATED {
        return Ok(Begun::Mounted);
    }
    match located(destination, &answer, &request)? {
        Some(location) => Ok(Begun::Open(location)),
        None => Err(request.doing.failed(Problem::Refused, "the registry does not say where to send the blob")),
    }
}

fn located(destination: &Repository, answer: &Response, request: &Request) -> Result<Option<Url>, RegistryError> {
    let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    location.map(|location| destination.client.locate(location, &request.doing)).transpose()
}

/// A blob on its way to a registry.
pub(super) struct Upload<'a> {
    pub(super) destination: &'a Repository,
    pub(super) blob: &'a Descriptor,
    /// Where its next piece goes.
    pub(super) location: Url,
    /// How many bytes the registry has accepted.
    pub(super) accepted: u64,
    /// The most that any attempt at this blob has come to.
    pub(super) furthest: &'a mut u64,
    pub(super) attempts: &'a mut Attempts,
}

impl Upload<'_> {
    /// Sends the pieces of a blob as they come, and has the registry store it. `accepted` is told how far it is.
    pub(super) async fn run(mut self, mut pieces: Receiver<Piece>, mut accepted: impl FnMut(u64)) -> Result<(), Stop> {
        while let Some(piece) = pieces.recv().await {
            let end = self.accepted + piece.bytes.len() as u64;
            self.piece(&piece.bytes, end == self.blob.size).await?;
            self.accepted = end;
            accepted(end);
            if end > *self.furthest {
                *self.furthest = end;
                self.attempts.got_further();
            }
        }
        Ok(())
    }

    /// Sends one piece until the registry has it.
    async fn piece(&mut self, piece: &Bytes, last: bool) -> Result<(), Stop> {
        // How much of it the registry has.
        let mut has = 0;
        loop {
            let request = self.request(piece.slice(has..), self.accepted + has as u64, last);
            let (error, asked, lost) = match self.destination.client.send_once(&request).await {
                Ok(answer) if answer.status().is_success() => {
                    if let Some(location) = located(self.destination, &answer, &request)? {
                        self.location = location;
                    }
                    return Ok(());
                }
                Ok(answer) => {
                    let (status, headers) = (answer.status(), answer.headers().clone());
                    let error = self.destination.client.refusal(answer, &request.doing).await;
                    let position =
                        if status == StatusCode::RANGE_NOT_SATISFIABLE { position(&headers, &error.message) } else { None };
                    let within = position.and_then(|position| self.within(position, piece));
                    has = within.unwrap_or(has);
                    let lost = within.is_none() && is_lost(status, &error);
                    if !(lost || within.is_some() || error.may_pass()) {
                        return Err(error.into());
                    }
                    (error, retry::asked_for(&headers), lost)
                }
                Err(error) if error.may_pass() => (error, None, false),
                Err(error) => return Err(error.into()),
            };
            if !self.attempts.again(asked).await {
                return Err(error.into());
            }
            tracing::debug!(%error, at = self.accepted, lost, "going on with the upload");
            if lost {
                return Err(Stop::Lost);
            }
            // What broke may have been the answer only.
            if last && exists(self.destination, self.blob).await? {
                return Ok(());
            }
            if error.may_pass() {
                has = self.ask(piece).await.unwrap_or(has);
            }
        }
    }

    fn request(&self, body: Bytes, from: u64, last: bool) -> Request {
        let what = format!("pushing blob {}", self.blob.digest);
        let method = if last { Method::PUT } else { Method::PATCH };
        let mut request = self.destination.writing(method, "", what).header(CONTENT_TYPE, "application/octet-stream");
        request.url = self.location.clone();
        if last {
            request.url.query_pairs_mut().append_pair("digest", self.blob.digest.as_str());
        }
        // A blob in one piece has no need of it, and some registries do not expect it there.
        if !(body.is_empty() || last && from == 0) {
            request = request.header(CONTENT_RANGE, &format!("{from}-{}", from + body.len() as u64 - 1));
        }
        Request { body, ..request }
    }

    /// How much of the piece under way the registry has, where it says so.
    async fn ask(&mut self, piece: &Bytes) -> Option<usize> {
        let what = format!("asking how far blob {} is", self.blob.digest);
        let request = Request { url: self.location.clone(), ..self.destination.writing(Method::GET, "", what) };
        let answer = self.destination.client.send_once(&request).await.ok().filter(|answer| answer.status().is_success())?;
        let has = position(answer.headers(), "").and_then(|position| self.within(position, piece))?;
        if let Ok(Some(location)) = located(self.destination, &answer, &request) {
            self.location = location;
        }
        Some(has)
    }

    /// How much of the piece under way a registry has that is at `position`; nothing where that lies elsewhere.
    fn within(&self, position: u64, piece: &Bytes) -> Option<usize> {
        let has = usize::try_from(position.checked_sub(self.accepted)?).ok()?;
        (has <= piece.len()).then_some(has)
    }
}

/// Whether the blob has to be sent from its beginning. A digest that does not agree is one of these: the bytes were checked before.
fn is_lost(status: StatusCode, error: &RegistryError) -> bool {
    let codes = ["BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID", "DIGEST_INVALID", "SIZE_INVALID", "RANGE_INVALID"];
    let code = error.code.as_deref().unwrap_or_default();
    // A 404 may also say that there is no such repository.
    status == StatusCode::RANGE_NOT_SATISFIABLE
        || codes.contains(&code)
        || status == StatusCode::NOT_FOUND && code != "NAME_UNKNOWN"
}

/// How many bytes of an upload a registry has: from `Range: 0-99`, or from ECR's "First byte of the layer part is 0 instead of 100".
fn position(headers: &HeaderMap, message: &str) -> Option<u64> {
    if let Some((_, after)) = message.split_once(" instead of ") {
        return after.trim_matches(|c: char| !c.is_ascii_digit()).parse().ok();
    }
    let range = headers.get(RANGE)?.to_str().ok()?.trim_start_matches("bytes=");
    let end: u64 = range.strip_prefix("0-")?.parse().ok()?;
    // `0-0` is how registries say that they have nothing; the one that has one byte is sent it again, and refuses.
    if end == 0 { Some(0) } else { end.checked_add(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_registry_is() {
        let headers = |range: &str| HeaderMap::from_iter([(RANGE, range.parse().unwrap())]);
        assert_eq!(position(&headers("0-99"), ""), Some(100));
        assert_eq!(position(&headers("bytes=0-99"), ""), Some(100));
        assert_eq!(position(&headers("0-0"), ""), Some(0));
        assert_eq!(position(&headers("50-99"), ""), None);
        assert_eq!(position(&headers("0-18446744073709551615"), ""), None, "no blob is so long");
        assert_eq!(position(&HeaderMap::new(), "First byte of the layer part is 0 instead of 11304960"), Some(11_304_960));
        assert_eq!(position(&HeaderMap::new(), "no such range"), None);
    }
}
