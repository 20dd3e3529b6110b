//! What a registry answers when it refuses: where, what was tried, the registry's own code and message, and what to do next.

use std::fmt;

use reqwest::StatusCode;
use serde::Deserialize;

use crate::values::strike::Strike;

/// How much of what a registry says is passed on, in characters.
const MESSAGE_MAX: usize = 300;

/// How much of an answer is read to find its message, in bytes.
pub(super) const ANSWER_MAX: usize = 64 * 1024;

/// Something that a registry did not do. It holds no secret, and is short whatever the registry says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RegistryError {
    /// The registry, such as `ghcr.io`.
    pub host: String,
    /// The repository in it, where one is concerned.
    pub repository: Option<String>,
    /// What was tried, such as `pushing blob sha256:0123456789ab`.
    pub doing: String,
    /// What kind of trouble it is.
    pub problem: Problem,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The registry's code, such as `MANIFEST_UNKNOWN`.
    pub code: Option<Box<str>>,
    /// The registry's message, or ours.
    pub message: String,
}

/// What kind of trouble it is; says what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The registry could not be reached, or the connection broke again and again.
    NotReached,
    /// The registry wants other credentials, or those given may not do this.
    Denied,
    /// The repository, manifest or blob is not there.
    NotFound,
    /// A tag that cannot be changed names another image.
    TagTaken,
    /// The registry asked to be asked less often, again and again.
    TooMany,
    /// The registry has trouble of its own, such as a full disk.
    Failing,
    /// The bytes are not those that the digest names.
    Corrupt,
    /// It is a kind of image that is not copied.
    Unsupported,
    /// Any other refusal.
    Refused,
}

impl Problem {
    /// What to do next.
    fn advice(self) -> Option<&'static str> {
        match self {
            Self::NotReached => Some("check the network and the name of the registry, then run it again: what was copied stays"),
            Self::Denied => Some("check the credentials for this registry, for example with `docker login`, and what they allow"),
            Self::NotFound => Some("check the name; a registry may also say so where the credentials do not allow to see it"),
            Self::TagTaken => Some("choose another tag"),
            Self::TooMany => Some("wait, or sign in: anonymous users may ask less often"),
            Self::Failing => {
                Some("see the registry's own log, and whether its disk is full; then run it again: what was copied stays")
            }
            Self::Corrupt => Some("push the image anew at its source"),
            Self::Unsupported => Some("build and push the image with a present-day tool"),
            Self::Refused => None,
        }
    }

    fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Denied,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::TOO_MANY_REQUESTS => Self::TooMany,
            status if status.is_server_error() => Self::Failing,
            _ => Self::Refused,
        }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if let Some(repository) = &self.repository {
            write!(f, "/{repository}")?;
        }
        write!(f, ": {}: ", self.doing)?;
        if let Some(status) = self.status {
            write!(f, "{status} ")?;
        }
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)?;
        match self.problem.advice() {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl RegistryError {
    /// Whether the thing is not there.
    pub fn is_not_found(&self) -> bool {
        self.problem == Problem::NotFound
    }

    /// Whether asking again may help.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self.problem, Problem::NotReached | Problem::TooMany | Problem::Failing)
    }
}

/// Where and at what: the part of an error that is known before anything goes wrong.
#[derive(Clone, Debug)]
pub(super) struct Doing {
    pub(super) host: String,
    pub(super) repository: Option<String>,
    pub(super) what: String,
}

impl Doing {
    /// An error of ours.
    pub(super) fn failed(&self, problem: Problem, message: impl Into<String>) -> RegistryError {
        RegistryError {
            host: self.host.clone(),
            repository: self.repository.clone(),
            doing: self.what.clone(),
            problem,
            status: None,
            code: None,
            message: plain(&message.into()),
        }
    }

    /// The connection could not be made, or broke. Without the address, which may carry a signature.
    pub(super) fn not_reached(&self, error: reqwest::Error) -> RegistryError {
        let error = error.without_url();
        let mut parts: Vec<String> = Vec::new();
        let mut next: Option<&dyn std::error::Error> = Some(&error);
        while let Some(cause) = next {
            let text = cause.to_string();
            if !parts.iter().any(|part| part.contains(&text)) {
                parts.push(text);
            }
            next = cause.source();
        }
        self.failed(Problem::NotReached, parts.join(": "))
    }

    /// The registry said no, in words that are told without what is to be struck out of them.
    pub(super) fn refused(&self, status: StatusCode, body: &[u8], strike: &Strike) -> RegistryError {
        let first = serde_json::from_slice::<Answer>(body).ok().and_then(|answer| answer.errors.into_iter().next());
        let (code, message) = match first {
            Some(Item { code, message, detail }) => {
                let detail = detail.filter(|detail| !detail.is_null() && *detail != serde_json::json!({}));
                let detail = detail.map(|detail| detail.as_str().map_or_else(|| detail.to_string(), str::to_owned));
                let said: Vec<String> = message.into_iter().chain(detail).collect();
                (code, said.join(": "))
            }
            None => (None, String::from_utf8_lossy(body).into_owned()),
        };
        let message = plain(&strike.out_of(&message));
        let message =
            if message.is_empty() { status.canonical_reason().unwrap_or("no reason given").to_owned() } else { message };
        RegistryError {
            status: Some(status.as_u16()),
            code: code.map(|code| plain(&strike.out_of(&code))).filter(|code| !code.is_empty()).map(Into::into),
            message,
            ..self.failed(Problem::of(status), "")
        }
    }
}

/// The body of an error, as the distribution specification has it.
#[derive(Deserialize)]
struct Answer {
    errors: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    code: Option<String>,
    message: Option<String>,
    detail: Option<serde_json::Value>,
}

/// On one line, without control characters, and of bounded length.
fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let text = words.join(" ");
    match text.char_indices().nth(MESSAGE_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doing() -> Doing {
        Doing { host: "ghcr.io".into(), repository: Some("team/web".into()), what: "reading manifest v1".into() }
    }

    #[test]
    fn the_registrys_own_words_and_what_to_do_next() {
        let body = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":"unknown tag=v1"}]}"#;
        assert_eq!(
            doing().refused(StatusCode::NOT_FOUND, body, &Strike::default()).to_string(),
            "ghcr.io/team/web: reading manifest v1: 404 MANIFEST_UNKNOWN: manifest unknown: unknown tag=v1; \
             check the name; a registry may also say so where the credentials do not allow to see it"
        );
        let error = doing().refused(StatusCode::BAD_GATEWAY, b"<html>\n <b>Bad</b>\x1b[2J gateway", &Strike::default());
        assert_eq!((error.problem, error.message.as_str()), (Problem::Failing, "<html> <b>Bad</b> [2J gateway"));
        assert_eq!(doing().refused(StatusCode::BAD_REQUEST, b"", &Strike::default()).message, "Bad Request");
    }

    #[test]
    fn however_much_a_registry_says_the_error_is_short() {
        let error = doing().refused(StatusCode::BAD_REQUEST, "ü ".repeat(5000).as_bytes(), &Strike::default());
        assert_eq!(error.message.chars().count(), MESSAGE_MAX + 1);
    }

    #[test]
    fn what_is_cut_off_is_struck_out_before() {
        let body = format!("{}hunter2hunter2", "x".repeat(MESSAGE_MAX - 7));
        let error = doing().refused(StatusCode::BAD_REQUEST, body.as_bytes(), &Strike::of(["hunter2hunter2"]));
        assert!(error.message.ends_with("x(concea…"), "{}", error.message);
    }
}
