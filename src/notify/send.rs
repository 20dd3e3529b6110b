//! Sending, within bounds, to whoever may be slow, down or of another opinion.

use std::error::Error as _;

use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use tokio::time::{sleep, timeout};

use super::event::cut;
use super::key::Key;
use super::notifier::Bounds;
use super::receiver::Request;

/// How often one request is sent at most.
const ATTEMPTS: u32 = 3;

/// How many characters of an answer are worth repeating.
const ANSWER: usize = 200;

/// Why a request was not taken, and whether it may be another time.
struct Refusal {
    why: String,
    passes: bool,
}

/// A client that follows no redirects: they lead keys to strangers, and make of a `POST` a `GET`.
pub(super) fn client(bounds: &Bounds) -> Result<Client, String> {
    let client = Client::builder().connect_timeout(bounds.connect).redirect(Policy::none());
    let client = client.user_agent(concat!("infra/", env!("CARGO_PKG_VERSION"))).build();
    client.map_err(why)
}

/// Sends requests one after the other, all within the bound. Answers are quoted without `key`.
///
/// # Errors
/// Why the first that was not taken was not.
pub(super) async fn deliver(client: &Client, bounds: &Bounds, key: &Key, requests: &[Request]) -> Result<(), String> {
    let mut last = None;
    let all = async {
        for request in requests {
            insist(client, bounds, key, request, &mut last).await?;
        }
        Ok(())
    };
    let answered = timeout(bounds.whole, all).await;
    answered.unwrap_or_else(|_| Err(last.unwrap_or_else(|| format!("no answer within {:?}", bounds.whole))))
}

/// Sends a request until it is taken, or refused for good. What kept it from being taken so far is left in `last`.
async fn insist(client: &Client, bounds: &Bounds, key: &Key, request: &Request, last: &mut Option<String>) -> Result<(), String> {
    let mut attempt = 1;
    loop {
        match send(client, key, request).await {
            Ok(()) => {
                *last = None;
                return Ok(());
            }
            Err(Refusal { why, passes: true }) if attempt < ATTEMPTS => *last = Some(why),
            Err(Refusal { why, .. }) => return Err(why),
        }
        sleep(bounds.pause * attempt).await;
        attempt += 1;
    }
}

async fn send(client: &Client, key: &Key, request: &Request) -> Result<(), Refusal> {
    let mut call = client.post(request.url.as_str()).header("Content-Type", "application/json").body(request.body.to_string());
    if let Some((name, value)) = &request.header {
        let for_good = |_| Refusal { why: "the key has characters that no header takes".into(), passes: false };
        let mut value = HeaderValue::from_str(value.expose()).map_err(for_good)?;
        value.set_sensitive(true);
        call = call.header(*name, value);
    }
    let answer = call.send().await.map_err(|error| Refusal { why: key.struck_out(&why(error)), passes: true })?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let passes = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    let said = answer.text().await.unwrap_or_default();
    // Before it is cut off: of half a key nobody can tell what it is.
    let said = key.struck_out(&said);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let colon = if said.is_empty() { "" } else { ": " };
    Err(Refusal { why: format!("{status}{colon}{}", cut(&said, ANSWER)), passes })
}

/// Every cause; without the address, which may be a secret.
fn why(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut parts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        parts.push(cause.to_string());
        next = cause.source();
    }
    parts.dedup();
    parts.join(": ")
}
