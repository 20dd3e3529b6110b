//! Asking a deployed service what people would ask it.

use std::time::Duration;

use reqwest::{Client, redirect};

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Asks once. Redirects are followed; any answer of 2xx or 3xx is good.
///
/// # Errors
/// What was answered instead, in words.
pub(super) async fn probe(url: &str) -> Result<(), String> {
    let client = Client::builder().timeout(LIMIT).redirect(redirect::Policy::limited(5)).build();
    let client = client.map_err(|error| format!("{url} cannot be asked: {error}"))?;
    let answer = client.get(url).send().await.map_err(|error| format!("{url} does not answer: {}", root(&error)))?;
    let status = answer.status();
    if status.is_success() || status.is_redirection() { Ok(()) } else { Err(format!("{url} answers {status}")) }
}

/// The innermost cause, which says most.
fn root(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), root)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that gives this answer to whatever it is asked first.
    async fn server(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/health/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        address
    }

    #[tokio::test]
    async fn what_answers_well_is_well() {
        assert_eq!(probe(&server("HTTP/1.1 204 No Content\r\n\r\n").await).await, Ok(()));
        let url = server("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(probe(&url).await, Err(format!("{url} answers 503 Service Unavailable")));
        let nobody = probe("http://127.0.0.1:1/").await.unwrap_err();
        assert!(nobody.starts_with("http://127.0.0.1:1/ does not answer: "), "{nobody}");
    }
}
