//! A registry in memory, for what Debian's `docker-registry` 2.8 does not do: it forgets an upload when a piece has come in part.
//!
//! It takes uploads as the distribution specification 1.1 has it ("Pushing a blob in chunks"), or as ECR does, and refuses what they
//! refuse: a piece at another place than the end of what there is, and a blob whose bytes are not those of its digest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

use super::hex;
use super::http::{Answer, Head};

/// Whose ways it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ways {
    /// The specification's.
    Specification,
    /// ECR's: 201 to a piece, a `Range` that stays at the end of the first piece, 404 when asked how far an upload is, and the right place
    /// in the message of a 416 (aws/containers-roadmap#2831, dotnet/sdk-container-builds#472, apple/containerization#790).
    Ecr,
}

#[derive(Default)]
struct State {
    uploads: HashMap<String, Vec<u8>>,
    stored: HashMap<String, Vec<u8>>,
    types: HashMap<String, String>,
    begun: usize,
    /// Bytes of pieces that arrived.
    arrived: usize,
    /// Connections break when so many bytes have arrived, the last first.
    cuts: Vec<usize>,
    /// The upload under way is forgotten when so many bytes have arrived.
    forgets: Option<usize>,
}

/// The registry. It ends with the test.
pub(crate) struct Double {
    port: u16,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Double {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Double {
    /// Starts it. Connections break when so many bytes of pieces have arrived in all; what came until then is kept.
    pub(crate) async fn start(ways: Ways, cuts: &[usize], forgets: Option<usize>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { cuts: cuts.iter().rev().copied().collect(), forgets, ..State::default() }));
        let kept = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let state = kept.clone();
                tokio::spawn(async move {
                    if let Some(head) = Head::read(&mut client).await
                        && let Some(answer) = answer(ways, &state, &head, &mut client).await
                    {
                        answer.send(&mut client, &head).await;
                    }
                });
            }
        });
        Self { port, state, task }
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// How many uploads were begun.
    pub(crate) fn begun(&self) -> usize {
        self.state.lock().unwrap().begun
    }

    /// Bytes of pieces that arrived, those that were refused included.
    pub(crate) fn arrived(&self) -> usize {
        self.state.lock().unwrap().arrived
    }
}

/// The answer to a request; none where the connection breaks.
async fn answer(ways: Ways, state: &Mutex<State>, head: &Head, client: &mut TcpStream) -> Option<Answer> {
    let (path, query) = head.path.split_once('?').unwrap_or((&head.path, ""));
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let is_upload = path.contains("/blobs/uploads/");
    match head.method.as_str() {
        "POST" => {
            let mut state = state.lock().unwrap();
            state.begun += 1;
            let id = state.begun.to_string();
            state.uploads.insert(id.clone(), Vec::new());
            Some(Answer::new(202).header("Location", format!("{path}{id}")))
        }
        "PATCH" | "PUT" if is_upload => {
            if let Some(refusal) = misplaced(ways, state, head, &name) {
                drain(client, head.length()).await;
                return Some(refusal);
            }
            take(state, &name, head.length(), client).await?;
            Some(if head.method == "PUT" { complete(state, &name, query) } else { accepted(ways, state, &name, path) })
        }
        "PUT" => {
            let mut body = vec![0; head.length()];
            client.read_exact(&mut body).await.ok()?;
            let digest = digest(&body);
            let mut state = state.lock().unwrap();
            state.types.insert(digest.clone(), head.header("content-type").unwrap_or_default().to_owned());
            state.stored.insert(digest.clone(), body);
            Some(Answer::new(201).header("Docker-Content-Digest", digest))
        }
        "GET" if is_upload && ways == Ways::Ecr => Some(Answer::error(404, "BLOB_UPLOAD_UNKNOWN", "unknown")),
        "GET" if is_upload => Some(match state.lock().unwrap().uploads.get(&name) {
            Some(upload) => {
                Answer::new(204).header("Range", format!("0-{}", upload.len().saturating_sub(1))).header("Location", path)
            }
            None => Answer::error(404, "BLOB_UPLOAD_UNKNOWN", "unknown"),
        }),
        _ => {
            let state = state.lock().unwrap();
            Some(match state.stored.get(&name) {
                Some(body) => {
                    let answer = Answer::new(200).header("Docker-Content-Digest", name.clone()).body(body.clone());
                    answer.header("Content-Type", state.types.get(&name).cloned().unwrap_or_default())
                }
                None => Answer::error(404, "MANIFEST_UNKNOWN", "unknown"),
            })
        }
    }
}

/// The refusal of a piece that does not begin where the upload ends, or of one of an upload that nobody knows.
fn misplaced(ways: Ways, state: &Mutex<State>, head: &Head, id: &str) -> Option<Answer> {
    let state = state.lock().unwrap();
    let Some(has) = state.uploads.get(id).map(Vec::len) else {
        return Some(Answer::error(404, "BLOB_UPLOAD_UNKNOWN", "unknown"));
    };
    let Some(range) = head.header("content-range") else {
        return (has > 0 && head.length() > 0).then(|| Answer::error(400, "BLOB_UPLOAD_INVALID", "a piece without a range"));
    };
    let (first, last) = range.split_once('-').unwrap();
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    assert_eq!(last + 1 - first, head.length(), "the range of a piece is as long as the piece");
    if first == has {
        return None;
    }
    Some(match ways {
        Ways::Specification => Answer::new(416).header("Range", format!("0-{}", has.saturating_sub(1))),
        Ways::Ecr => {
            Answer::error(416, "BLOB_UPLOAD_INVALID", &format!("First byte of the layer part is {first} instead of {has}"))
        }
    })
}

/// Adds what arrives to an upload; none where the connection is to break.
async fn take(state: &Mutex<State>, id: &str, length: usize, client: &mut TcpStream) -> Option<()> {
    let mut left = length;
    let mut buffer = vec![0; 64 * 1024];
    while left > 0 {
        let room = buffer.len().min(left);
        let read = client.read(&mut buffer[..room]).await.ok().filter(|read| *read > 0)?;
        left -= read;
        let mut state = state.lock().unwrap();
        state.arrived += read;
        state.uploads.get_mut(id)?.extend_from_slice(&buffer[..read]);
        if state.forgets.is_some_and(|at| state.arrived >= at) {
            state.forgets = None;
            state.uploads.remove(id);
            return None;
        }
        if state.cuts.last().is_some_and(|cut| state.arrived >= *cut) {
            state.cuts.pop();
            return None;
        }
    }
    Some(())
}

fn accepted(ways: Ways, state: &Mutex<State>, id: &str, path: &str) -> Answer {
    let has = state.lock().unwrap().uploads[id].len();
    let (status, end) = match ways {
        Ways::Specification => (202, has),
        Ways::Ecr => (201, has.min(10 * 1024 * 1024)),
    };
    Answer::new(status).header("Range", format!("0-{}", end - 1)).header("Location", path)
}

fn complete(state: &Mutex<State>, id: &str, query: &str) -> Answer {
    let mut state = state.lock().unwrap();
    let bytes = state.uploads.remove(id).unwrap_or_default();
    let wanted = query.rsplit("digest=").next().unwrap_or_default().replace("%3A", ":");
    if digest(&bytes) != wanted {
        return Answer::error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    state.stored.insert(wanted, bytes);
    Answer::new(201)
}

async fn drain(client: &mut TcpStream, length: usize) {
    let mut rest = vec![0; length];
    let _ = client.read_exact(&mut rest).await;
}

fn digest(bytes: &[u8]) -> String {
    let hex = hex(&Sha256::digest(bytes));
    format!("sha256:{hex}")
}
