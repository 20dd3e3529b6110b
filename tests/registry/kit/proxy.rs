//! A proxy before a registry that makes trouble, and remembers what passed.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::http::{Answer, Head};

/// What happens to a request instead of passing.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// It is answered so, and never reaches the registry.
    Answer(Answer),
    /// The connection breaks when so many bytes of its body have passed.
    CutUp(usize),
    /// The connection breaks when all of it has been read and nothing has passed.
    Lose,
    /// The connection breaks when so many bytes of the answer's body have passed.
    CutDown(usize),
    /// The registry does it; the connection breaks before the answer.
    LoseAnswer,
}

/// A request that came by, and how many bytes of the answer's body passed.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    pub(crate) head: Head,
    pub(crate) down: Arc<AtomicUsize>,
}

type Rule = dyn Fn(&Head) -> Option<Fault> + Send + Sync;

/// A proxy. It ends with the test.
pub(crate) struct Proxy {
    port: u16,
    passed: Arc<Mutex<Vec<Passed>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// A proxy before the registry at a port of this machine.
    pub(crate) async fn before(port: u16, rule: impl Fn(&Head) -> Option<Fault> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let passed = Arc::new(Mutex::new(Vec::new()));
        let (rule, log): (Arc<Rule>, _) = (Arc::new(rule), passed.clone());
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, port, rule.clone(), log.clone()));
            }
        });
        Self { port: own, passed, task }
    }

    /// One that does what `fault` says the first `times` that a request is `method` and has `part` in its path.
    pub(crate) async fn failing(port: u16, times: usize, method: &'static str, part: &'static str, fault: Fault) -> Self {
        let left = Mutex::new(times);
        Self::before(port, move |head| {
            let mut left = left.lock().unwrap();
            if *left == 0 || !head.is(method, part) {
                return None;
            }
            *left -= 1;
            Some(fault.clone())
        })
        .await
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The requests that came by, in their order.
    pub(crate) fn passed(&self, method: &str, part: &str) -> Vec<Passed> {
        self.passed.lock().unwrap().iter().filter(|passed| passed.head.is(method, part)).cloned().collect()
    }
}

/// One request a connection: the registry is asked to close it, and so does the client.
async fn pass(mut client: TcpStream, port: u16, rule: Arc<Rule>, log: Arc<Mutex<Vec<Passed>>>) {
    let Some(head) = Head::read(&mut client).await else { return };
    let fault = rule(&head);
    let length = head.length();
    // Before the client can know of it, so that who looks after an answer finds it.
    let down = Arc::new(AtomicUsize::new(0));
    log.lock().unwrap().push(Passed { head: head.clone(), down: down.clone() });
    match fault {
        Some(Fault::Answer(answer)) => {
            relay(&mut client, None, length, &AtomicUsize::new(0)).await;
            answer.send(&mut client, &head).await;
        }
        Some(Fault::Lose) => {
            relay(&mut client, None, length, &AtomicUsize::new(0)).await;
        }
        fault => {
            let mut registry = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let mut text = format!("{} {} HTTP/1.1\r\nConnection: close\r\n", head.method, head.path);
            for (name, value) in head.headers.iter().filter(|(name, _)| *name != "connection") {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
            text.push_str("\r\n");
            registry.write_all(text.as_bytes()).await.unwrap();
            let passes = if let Some(Fault::CutUp(bytes)) = fault { bytes } else { length };
            relay(&mut client, Some(&mut registry), passes, &AtomicUsize::new(0)).await;
            if !matches!(fault, Some(Fault::CutUp(_))) {
                let Some(answer) = head_of(&mut registry).await else { return };
                if !matches!(fault, Some(Fault::LoseAnswer)) {
                    client.write_all(&answer).await.ok();
                    let passes = if let Some(Fault::CutDown(bytes)) = fault { bytes } else { usize::MAX };
                    relay(&mut registry, Some(&mut client), passes, &down).await;
                }
            }
        }
    }
}

/// The head of an answer.
async fn head_of(registry: &mut TcpStream) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(registry.read_u8().await.ok()?);
    }
    Some(text)
}

/// Moves so many bytes, or fewer where the stream ends, and counts them.
async fn relay(from: &mut TcpStream, mut to: Option<&mut TcpStream>, bytes: usize, count: &AtomicUsize) {
    let mut left = bytes;
    let mut buffer = vec![0; 64 * 1024];
    while left > 0 {
        let room = buffer.len().min(left);
        let Ok(read @ 1..) = from.read(&mut buffer[..room]).await else { break };
        left -= read;
        count.fetch_add(read, SeqCst);
        if let Some(to) = to.as_deref_mut()
            && to.write_all(&buffer[..read]).await.is_err()
        {
            break;
        }
    }
}
