//! A server that answers each request with whatever it is told to, byte for byte.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What was asked.
#[derive(Debug)]
pub struct Request {
    /// Such as `POST /v2/ HTTP/1.1`.
    pub line: String,
    head: String,
    /// As it came.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header, by its name in small letters; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let headers = self.head.lines().filter_map(|line| line.split_once(':'));
        headers.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
    }
}

/// An answer with its length, after which the connection stays open.
pub fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status} As it is\r\ncontent-length: {}\r\n", body.len()).into_bytes();
    for (name, value) in headers {
        // What cannot be sent in a header is not: a server could not either.
        let value: Vec<u8> = value.bytes().filter(|b| !b"\r\n\0".contains(b)).collect();
        bytes.extend([name.as_bytes(), b": ", &value, b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

/// Says what is answered.
pub type Answering = Arc<dyn Fn(&Request) -> Vec<u8> + Send + Sync>;

/// Answers until it is dropped.
///
/// # Errors
/// When a connection cannot be taken.
pub async fn serve(listener: TcpListener, answer: Answering) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = Arc::clone(&answer);
        tokio::spawn(async move {
            let _ = converse(stream, answer).await;
        });
    }
}

async fn converse(mut stream: TcpStream, answer: Answering) -> io::Result<()> {
    let mut read = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        };
        let text = String::from_utf8_lossy(&read[..end]).into_owned();
        let (line, head) = text.split_once("\r\n").unwrap_or((&text, ""));
        let mut request = Request { line: line.to_owned(), head: head.to_owned(), body: Vec::new() };
        let length: usize = request.header("content-length").parse().unwrap_or(0);
        while read.len() < end + 4 + length {
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        }
        request.body = read.drain(..end + 4 + length).skip(end + 4).collect();
        stream.write_all(&answer(&request)).await?;
    }
}
