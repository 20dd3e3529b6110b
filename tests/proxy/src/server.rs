//! The server: one connection after another, each call on its way.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::{Answer, Call, Entry, Fault, Moment, Nothing, Script};

/// A proxy of one program. It goes when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    /// Such as `127.0.0.1:4566`.
    upstream: String,
    client: Client<HttpConnector, Full<Bytes>>,
    state: Mutex<State>,
    /// How many calls are with AWS.
    under_way: watch::Sender<usize>,
    cut: watch::Sender<bool>,
}

struct State {
    began: Instant,
    log: Vec<Entry>,
    script: Box<dyn Script>,
}

impl Proxy {
    /// Starts one on a port of its own, before an endpoint such as `http://127.0.0.1:4566`.
    ///
    /// # Panics
    /// Where there is no free port.
    pub async fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            upstream: upstream.trim_start_matches("http://").trim_end_matches('/').to_owned(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            state: Mutex::new(State { began: Instant::now(), log: Vec::new(), script: Box::new(Nothing) }),
            under_way: watch::Sender::new(0),
            cut: watch::Sender::new(false),
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { address, shared, serving }
    }

    /// Where the program is to call.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Counts anew, and does to calls what `script` says from now on.
    pub fn follow(&self, script: impl Script + 'static) {
        let mut state = self.shared.state();
        (state.began, state.script) = (Instant::now(), Box::new(script));
        state.log.clear();
        self.shared.cut.send_replace(false);
    }

    /// The calls since [`Proxy::follow`].
    pub fn log(&self) -> Vec<Entry> {
        self.shared.state().log.clone()
    }

    /// Ends when the script asks for the program to be cut off. Nothing goes out after that, so what AWS holds is decided.
    pub async fn cut(&self) {
        let mut cut = self.shared.cut.subscribe();
        let _ = cut.wait_for(|cut| *cut).await;
    }

    /// Ends when nothing is with AWS any more. A program that was killed may have left something there.
    pub async fn quiet(&self) {
        let mut under_way = self.shared.under_way.subscribe();
        let _ = under_way.wait_for(|calls| *calls == 0).await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a call in, and says what is to happen to it.
    fn arrived(&self, request: &Parts, body: Bytes) -> (Call, Fault) {
        let mut state = self.state();
        let call = Call::read(state.log.len() + 1, request, body);
        let started = state.began.elapsed();
        state.log.push(Entry { call: call.clone(), started, ended: None, status: None, reached: false });
        let fault = if *self.cut.borrow() { Fault::Cut(Moment::Before) } else { state.script.decide(&call) };
        (call, fault)
    }

    fn answered(&self, call: &Call, answer: &Answer) {
        let mut state = self.state();
        let now = state.began.elapsed();
        // Whoever counts anew has forgotten it.
        if let Some(entry) = state.log.get_mut(call.number - 1) {
            (entry.ended, entry.status) = (Some(now), Some(answer.status));
        }
    }

    /// Has AWS carry out a call, whatever becomes of the program.
    async fn carry_out(self: &Arc<Self>, call: &Call, request: Parts) -> Answer {
        self.under_way.send_modify(|calls| *calls += 1);
        if let Some(entry) = self.state().log.get_mut(call.number - 1) {
            entry.reached = true;
        }
        let (shared, call) = (Arc::clone(self), call.clone());
        let carried_out = tokio::spawn(async move {
            let answer = shared.forward(&call, request).await;
            shared.state().script.answered(&call, &answer);
            shared.under_way.send_modify(|calls| *calls -= 1);
            answer
        });
        carried_out.await.expect("it does not panic")
    }

    async fn forward(&self, call: &Call, request: Parts) -> Answer {
        let path = request.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut onward = Request::builder().method(request.method.clone()).uri(format!("http://{}{path}", self.upstream));
        for (name, value) in request.headers.iter().filter(|(name, _)| *name != CONNECTION && *name != HOST) {
            onward = onward.header(name, value);
        }
        // Registries say where to go on by the name they were called by.
        onward = onward.header(HOST, request.headers.get(HOST).cloned().expect("HTTP/1.1 names the host"));
        let onward = onward.body(Full::new(call.body.clone())).expect("it was a request before");
        let answer = match self.client.request(onward).await {
            Ok(answer) => {
                let (parts, body) = answer.into_parts();
                body.collect().await.map(|body| Answer::new(parts.status.as_u16(), parts.headers, body.to_bytes())).ok()
            }
            Err(_) => None,
        };
        answer.unwrap_or_else(|| call.refusal(502, "BadGateway", "the endpoint behind the proxy does not answer"))
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let handle = service_fn(|request| handle(Arc::clone(&shared), request));
            // A connection that breaks is the program's affair.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), handle).await;
        });
    }
}

/// The connection breaks without an answer.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the answer is lost on purpose")
    }
}

impl std::error::Error for Broken {}

async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Broken> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    let (call, fault) = shared.arrived(&parts, body);
    let answer = match fault {
        Fault::None => shared.carry_out(&call, parts).await,
        Fault::Cut(Moment::Before) => {
            shared.cut.send_replace(true);
            return held().await;
        }
        Fault::Cut(Moment::CarriedOut) => {
            shared.carry_out(&call, parts).await;
            shared.cut.send_replace(true);
            return held().await;
        }
        Fault::Cut(Moment::Answered) => {
            let answer = shared.carry_out(&call, parts).await;
            let shared = Arc::clone(&shared);
            // Once this has returned, the answer is written.
            tokio::spawn(async move {
                sleep(Duration::from_millis(2)).await;
                shared.cut.send_replace(true);
            });
            answer
        }
        Fault::Lost => {
            shared.carry_out(&call, parts).await;
            return Err(Broken);
        }
        Fault::Late(time) => {
            let answer = shared.carry_out(&call, parts).await;
            sleep(time).await;
            answer
        }
        Fault::Instead(answer) => answer,
        Fault::After(answer) => {
            shared.carry_out(&call, parts).await;
            answer
        }
    };
    shared.answered(&call, &answer);
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status.try_into().expect("a status of HTTP");
    *response.headers_mut() = answer.headers;
    Ok(response)
}

/// Waits until the program is gone.
async fn held<T>() -> Result<T, Broken> {
    std::future::pending::<Infallible>().await;
    Err(Broken)
}
