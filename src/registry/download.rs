//! Reading a blob in pieces. After a broken connection it goes on where it stopped, and the bytes are hashed as they arrive.

use bytes::Bytes;
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Method, Response, StatusCode};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::Sender;

use super::client::Request;
use super::error::{Problem, RegistryError};
use super::manifest::{Descriptor, finish};
use super::pieces::{Budget, Filling, Piece};
use super::repository::Repository;

/// A blob on its way from a registry.
struct Download<'a> {
    request: Request,
    blob: &'a Descriptor,
    budget: &'a Budget,
    pieces: Sender<Piece>,
    filling: Option<Filling>,
    hash: Sha256,
    read: u64,
}

/// Reads a blob into `pieces`. The last piece is handed on only when the digest is right, so nobody completes a blob that is not.
///
/// # Errors
/// As the registry answers, once it is no use to try again; where the bytes are not those that the digest names.
pub(super) async fn download(
    source: &Repository,
    blob: &Descriptor,
    budget: &Budget,
    pieces: Sender<Piece>,
) -> Result<(), RegistryError> {
    let request = source.reading(Method::GET, &format!("blobs/{}", blob.digest), format!("reading blob {}", blob.digest));
    let mut this = Download { request, blob, budget, pieces, filling: None, hash: Sha256::new(), read: 0 };
    let mut attempts = source.client.attempts();
    loop {
        let before = this.read;
        let answer = source.client.send(&this.request_for_the_rest()).await?;
        let Some(broken) = this.take(answer).await? else {
            return Ok(());
        };
        if this.read > before {
            attempts.got_further();
        }
        if !attempts.again(None).await {
            return Err(broken);
        }
        tracing::debug!(error = %broken, at = this.read, "going on with the blob");
    }
}

impl Download<'_> {
    fn request_for_the_rest(&self) -> Request {
        match self.read {
            0 => self.request.clone(),
            read => self.request.clone().header(RANGE, &format!("bytes={read}-")),
        }
    }

    fn corrupt(&self, why: String) -> RegistryError {
        self.request.doing.failed(Problem::Corrupt, why)
    }

    /// Takes what an answer brings: all that is left, or as much as came before the connection broke, and how it did.
    async fn take(&mut self, mut answer: Response) -> Result<Option<RegistryError>, RegistryError> {
        let mut skip = if answer.status() == StatusCode::PARTIAL_CONTENT {
            let range = answer.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok()).unwrap_or_default();
            if !range.starts_with(&format!("bytes {}-", self.read)) {
                return Err(
                    self.corrupt(format!("asked for the bytes from {} on, the registry answers with `{range}`", self.read))
                );
            }
            0
        } else {
            if let Some(length) = answer.content_length().filter(|length| *length != self.blob.size) {
                return Err(self.corrupt(format!("it has {length} bytes where its manifest says {}", self.blob.size)));
            }
            // It does not know ranges, and begins anew.
            self.read
        };
        if self.blob.size == 0 {
            let piece = self.budget.piece(0).await;
            return self.hand_on(piece).await.map(|()| None);
        }
        loop {
            let mut frame = match answer.chunk().await {
                Ok(Some(frame)) => frame,
                Ok(None) if self.read == self.blob.size => return Ok(None),
                Ok(None) => return Ok(Some(self.request.doing.failed(Problem::NotReached, "the answer ended too early"))),
                Err(error) => return Ok(Some(self.request.doing.not_reached(error))),
            };
            let known = usize::try_from(skip).unwrap_or(usize::MAX).min(frame.len());
            skip -= known as u64;
            self.add(frame.split_off(known)).await?;
            if self.read == self.blob.size {
                return Ok(None);
            }
        }
    }

    /// Takes new bytes.
    async fn add(&mut self, mut arrived: Bytes) -> Result<(), RegistryError> {
        while !arrived.is_empty() {
            let left = self.blob.size - self.read;
            if left == 0 {
                return Err(self.corrupt(format!("it has more bytes than the {} that its manifest says", self.blob.size)));
            }
            let mut filling = match self.filling.take() {
                Some(filling) => filling,
                None => self.budget.piece(left).await,
            };
            let taken = filling.take(&mut arrived);
            self.hash.update(&taken);
            self.read += taken.len() as u64;
            if filling.is_full() {
                self.hand_on(filling).await?;
            } else {
                self.filling = Some(filling);
            }
        }
        Ok(())
    }

    async fn hand_on(&mut self, filling: Filling) -> Result<(), RegistryError> {
        if self.read == self.blob.size {
            let digest = finish(self.hash.clone());
            if digest != self.blob.digest {
                return Err(self.corrupt(format!("its bytes are those of {digest}")));
            }
        }
        // Where nobody takes it any more, this is about to be dropped.
        let _ = self.pieces.send(filling.done()).await;
        Ok(())
    }
}
