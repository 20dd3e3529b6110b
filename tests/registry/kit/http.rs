//! As much of HTTP/1.1 as it takes to stand between a client and a registry.

use std::collections::BTreeMap;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The head of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
}

impl Head {
    /// Reads a head, byte by byte, so that no more is read than it.
    pub(crate) async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            text.push(stream.read_u8().await.ok()?);
        }
        let text = String::from_utf8(text).unwrap();
        let mut lines = text.lines();
        let mut first = lines.next()?.split(' ');
        let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
        let headers =
            lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        Some(Self { method, path, headers: headers.collect() })
    }

    pub(crate) fn length(&self) -> usize {
        self.headers.get("content-length").map_or(0, |length| length.parse().unwrap())
    }

    pub(crate) fn is(&self, method: &str, part_of_path: &str) -> bool {
        self.method == method && self.path.contains(part_of_path)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// An answer without a proxy or registry.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// An error as registries write it.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::new(status).body(serde_json::json!({"errors": [{"code": code, "message": message}]}).to_string())
    }

    /// Sends it, and ends the connection. The answer to `HEAD` has the length of a body, and none.
    pub(crate) async fn send(&self, stream: &mut TcpStream, head: &Head) {
        let mut text = format!("HTTP/1.1 {} X\r\nConnection: close\r\nContent-Length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        let _ = stream.write_all(text.as_bytes()).await;
        if head.method != "HEAD" {
            let _ = stream.write_all(&self.body).await;
        }
        let _ = stream.shutdown().await;
    }
}
