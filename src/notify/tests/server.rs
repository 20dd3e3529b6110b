//! A receiver on this machine that takes notes, and answers as it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// It is answered: status, further header lines, body.
    With(u16, &'static str, String),
    /// It is never answered.
    Never,
    /// The connection is closed instead.
    Close,
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

pub(crate) struct Server {
    port: u16,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self::With(status, "", String::new())
    }
}

impl Server {
    /// Answers the first request with the first of `answers`, and so on; all after the last as that.
    pub(crate) async fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::default();
        let server = Self { port, taken: Arc::clone(&taken) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answers.clone(), Arc::clone(&taken)));
            }
        });
        server
    }

    /// An address here.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What has come so far, in order.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    /// Waits until so many requests have come.
    pub(crate) async fn has_taken(&self, count: usize) {
        for _ in 0..2_000 {
            if self.taken().len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no {count} requests came: {:#?}", self.taken());
    }
}

async fn serve(mut stream: TcpStream, answers: Vec<Answer>, taken: Arc<Mutex<Vec<Taken>>>) {
    while let Some(request) = read(&mut stream).await {
        let answer = {
            let mut taken = taken.lock().unwrap();
            taken.push(request);
            answers.get(taken.len() - 1).or(answers.last()).cloned().unwrap()
        };
        let (status, headers, body) = match answer {
            Answer::With(status, headers, body) => (status, headers, body),
            Answer::Never => std::future::pending().await,
            Answer::Close => return,
        };
        let length = body.len();
        let text = format!("HTTP/1.1 {status} Status\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The next request of a connection; none where it ends.
async fn read(stream: &mut TcpStream) -> Option<Taken> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ').map(str::to_owned);
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: BTreeMap<String, String> = lines.filter_map(header).collect();
    let length: usize = headers["content-length"].parse().unwrap();
    while bytes.len() < end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = serde_json::from_slice(&bytes[end + 4..]).unwrap();
    Some(Taken { method: words.next()?, path: words.next()?, headers, body })
}
