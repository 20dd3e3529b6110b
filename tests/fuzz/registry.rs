//! Whatever a registry answers, the client says what it found or why it found nothing.
//!
//! What it answers stands in one text, so that one spoils all of it alike: parts with a name, such as `== manifest`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use infra::registry::{Client, Credentials, Patience, Repository, copy};
use infra::values::image_digest::ImageDigest;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use crate::server::{Request, answer, serve};

/// A registry, and a client that has never met it.
pub struct Registry {
    answers: Arc<Mutex<Answers>>,
    host: String,
    runtime: tokio::runtime::Runtime,
}

/// What it says, part by part.
#[derive(Default)]
struct Answers(BTreeMap<String, String>);

impl Answers {
    /// Digests cannot be known before the text is spoiled, so parts name each other as `DIGEST(config)` and `SIZE(config)`.
    fn read(text: &str) -> Self {
        let mut parts: BTreeMap<String, String> = BTreeMap::new();
        for part in text.split("== ").skip(1) {
            let (name, body) = part.split_once('\n').unwrap_or((part, ""));
            parts.insert(name.trim().to_owned(), body.to_owned());
        }
        // Those that name others come after them.
        for name in ["config", "layer", "image", "manifest", "referrers"] {
            let Some(body) = parts.get(name).cloned() else { continue };
            for (key, value) in [("DIGEST", digest(&body)), ("SIZE", body.len().to_string())] {
                let token = format!("{key}({name})");
                for other in parts.values_mut() {
                    *other = other.replace(&token, &value);
                }
            }
        }
        Self(parts)
    }

    fn part(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn answer(&self, request: &Request) -> Vec<u8> {
        let path = request.line.split(' ').nth(1).unwrap_or_default();
        let header = |name| self.part(name).trim();
        let challenge = header("challenge").replace("HOST", request.header("host"));
        let (status, body) = match path {
            _ if path.starts_with("/token") => (200, self.part("token")),
            _ if !challenge.is_empty() && request.header("authorization").is_empty() => {
                return answer(401, &[("www-authenticate", &challenge)], self.part("error").as_bytes());
            }
            _ if path.contains("/uploads/") => (header("upload").parse().unwrap_or(202), ""),
            _ if path.contains("/copy/") => (404, self.part("error")),
            _ if path.contains("/referrers/") => (200, self.part("referrers")),
            _ => {
                let wanted = path.rsplit('/').next().unwrap_or_default();
                let found = ["manifest", "image", "config", "layer"].into_iter().map(|name| self.part(name));
                let found = found.into_iter().find(|body| digest(body) == wanted);
                let tag = (wanted == "v1").then(|| self.part("manifest"));
                found.or(tag).map_or((header("status").parse().unwrap_or(404), self.part("error")), |body| (200, body))
            }
        };
        let headers = [
            ("content-type", header("type")),
            ("docker-content-digest", header("digest")),
            ("link", header("link")),
            ("location", header("location")),
            ("range", header("range")),
            ("retry-after", header("retry")),
        ];
        let headers: Vec<_> = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        // Nobody answers with a body to a question without one.
        let body = if request.line.starts_with("HEAD") { "" } else { body };
        answer(if (200..=599).contains(&status) { status } else { 500 }, &headers, body.as_bytes())
    }
}

fn digest(body: &str) -> String {
    let hash = Sha256::digest(body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    format!("sha256:{hash}")
}

impl Registry {
    /// Begins to answer, on a port of its own.
    pub fn start() -> Self {
        // Where nothing is under way, the clock goes on: pauses that the registry asks for take no time.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        let answers = Arc::new(Mutex::new(Answers::default()));
        let shared = Arc::clone(&answers);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let host = listener.local_addr().expect("it is bound").to_string();
        let locked = move |request: &Request| shared.lock().unwrap_or_else(PoisonError::into_inner).answer(request);
        runtime.spawn(serve(listener, Arc::new(locked)));
        Self { answers, host, runtime }
    }

    /// Asks for everything. True where it was all found.
    pub fn ask(&self, text: &str) -> bool {
        let answers = Answers::read(text);
        let root: ImageDigest = digest(answers.part("manifest")).parse().expect("a digest");
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = answers;
        self.runtime.block_on(async {
            let resolved = self.repository("team/web").resolve("v1").await;
            let about = self.repository("team/web").describe(&root).await;
            let (from, to) = (self.repository("team/web"), self.repository("team/copy"));
            let copied = tokio::time::timeout(Duration::from_hours(1), copy(&from, &to, &root, &["v1"], &|_| ())).await;
            let copied = copied.expect("it ends");
            let errors = [resolved.as_ref().err(), about.as_ref().err(), copied.as_ref().err()];
            for error in errors.into_iter().flatten() {
                let said = error.to_string();
                assert!(!said.chars().any(char::is_control) && said.len() < 8000, "{said:?}");
                assert!(!said.contains("hunter2"), "{said}");
            }
            resolved.is_ok() && about.is_ok()
        })
    }

    fn repository(&self, name: &str) -> Repository {
        let credentials = Credentials::Basic { user: "ana".into(), password: "hunter2".into() };
        let patience = Patience { attempts: 2, pause: Duration::from_millis(1) };
        Client::new(&self.host, credentials, patience).expect("a host").repository(name)
    }
}
