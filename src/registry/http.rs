//! The HTTP client, and reading answers whose length somebody else decides.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::redirect::Policy;
use reqwest::{Response, Url};
use tokio::time::{Instant, timeout_at};

use super::error::{Doing, Problem, RegistryError};
use super::reference::is_loopback;

const CONNECT: Duration = Duration::from_secs(15);

/// How long a registry may say nothing. Long, because it checks a whole layer before it says that it has it, and because sending a piece
/// counts as well: it takes so long at 90 kB/s.
const SILENCE: Duration = Duration::from_mins(2);

/// How long the answer takes at most that is read whole: a registry that says a byte every minute says nothing.
const WHOLE: Duration = Duration::from_mins(5);

/// Registries answer requests for blobs with the address of a bucket.
const REDIRECTS: usize = 5;

/// A client that follows redirects, but never from TLS to the clear. Credentials do not go along to another host: reqwest drops them.
pub(super) fn client(base: &Url) -> Result<reqwest::Client, reqwest::Error> {
    let policy = Policy::custom(|attempt| {
        let from_tls = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
        if attempt.previous().len() > REDIRECTS {
            attempt.error("too many redirects")
        } else if from_tls && attempt.url().scheme() != "https" {
            attempt.error("redirected from https to http")
        } else {
            attempt.follow()
        }
    });
    let builder = reqwest::Client::builder()
        .user_agent(concat!("infra/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .redirect(policy);
    // A proxy is for the way out; this machine is reached without.
    let builder = if base.host_str().is_some_and(is_loopback) { builder.no_proxy() } else { builder };
    builder.build()
}

/// The body of an answer, unless it is longer than `max` bytes.
pub(super) async fn read(mut response: Response, max: usize, doing: &Doing) -> Result<Bytes, RegistryError> {
    let too_long = || doing.failed(Problem::Unsupported, format!("the answer is longer than {max} bytes"));
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > max) {
        return Err(too_long());
    }
    let mut body = BytesMut::with_capacity(announced.unwrap_or_default());
    let end = Instant::now() + WHOLE;
    let too_slow = || doing.failed(Problem::Unsupported, format!("the answer was not there after {} s", WHOLE.as_secs()));
    while let Some(frame) =
        timeout_at(end, response.chunk()).await.map_err(|_| too_slow())?.map_err(|error| doing.not_reached(error))?
    {
        if body.len() + frame.len() > max {
            return Err(too_long());
        }
        body.extend_from_slice(&frame);
    }
    Ok(body.freeze())
}

/// The beginning of an answer that says why something is refused; what cannot be read of it is left.
pub(super) async fn read_beginning(mut response: Response, max: usize) -> Vec<u8> {
    let mut body = Vec::new();
    let end = Instant::now() + WHOLE;
    while let Ok(Ok(Some(frame))) = timeout_at(end, response.chunk()).await {
        body.extend_from_slice(&frame[..frame.len().min(max - body.len())]);
        if body.len() == max {
            break;
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use reqwest::Body;

    use super::*;

    fn doing() -> Doing {
        Doing { host: "registry.example.com".into(), repository: None, what: "reading".into() }
    }

    /// An answer that goes on and on: so many bytes at once, with such a pause before them.
    fn endless(bytes: usize, pause: Duration) -> Response {
        let body = stream::unfold((), move |()| async move {
            tokio::time::sleep(pause).await;
            Some((Ok::<_, std::io::Error>(Bytes::from(vec![b'a'; bytes])), ()))
        });
        http::Response::new(Body::wrap_stream(body)).into()
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_ends_is_read_for_five_minutes() {
        let start = Instant::now();
        let error = read(endless(1, Duration::from_secs(70)), 1000, &doing()).await.unwrap_err();
        assert!(error.message.contains("was not there after 300 s"), "{error}");
        assert_eq!(start.elapsed(), WHOLE);
        assert_eq!(read_beginning(endless(1, Duration::from_secs(70)), 1000).await, b"aaaa");
        assert_eq!(start.elapsed(), 2 * WHOLE);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_long_is_read_to_its_bound() {
        let start = Instant::now();
        let error = read(endless(100, Duration::from_secs(1)), 1000, &doing()).await.unwrap_err();
        assert!(error.message.contains("longer than 1000 bytes"), "{error}");
        assert_eq!(read_beginning(endless(300, Duration::from_secs(1)), 1000).await.len(), 1000);
        assert_eq!(start.elapsed().as_secs(), 11 + 4);
    }
}
