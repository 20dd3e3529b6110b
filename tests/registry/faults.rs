//! Broken connections and registries that are busy: copying goes on where it was.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use infra::registry::Problem;

use crate::kit::http::{Answer, Head};
use crate::kit::images::{Layout, digest, pull};
use crate::kit::proxy::{Fault, Proxy};
use crate::kit::server::Server;
use crate::kit::{copied, repository};

/// Larger than two pieces.
const LARGE: u64 = 23 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_download_goes_on_where_it_broke() {
    let (one, two) = (Server::start(), Server::start());
    let layout = Layout::new();
    let layer = layout.layer(LARGE);
    let image = layout.push(&layout.image("amd64", std::slice::from_ref(&layer)), &one.host(), "web", "v1");
    let layer = digest(&layer);
    let path = format!("/blobs/{layer}");
    let cuts = Mutex::new(vec![1_000_000, 7_000_000, 12_000_000]);
    let proxy = Proxy::before(one.port(), move |head| {
        if !head.is("GET", &path) {
            return None;
        }
        cuts.lock().unwrap().pop().map(Fault::CutDown)
    })
    .await;

    copied(&repository(&proxy.host(), "web"), &repository(&two.host(), "web"), &image).await.unwrap();

    let reads = proxy.passed("GET", layer.as_str());
    let from: Vec<Option<&str>> = reads.iter().map(|passed| passed.head.header("range")).collect();
    assert_eq!(from, [None, Some("bytes=12000000-"), Some("bytes=19000000-"), Some("bytes=20000000-")]);
    assert_eq!(reads.iter().map(|passed| passed.down.load(SeqCst) as u64).sum::<u64>(), LARGE, "no byte twice");
    assert_eq!(two.unfinished("web"), 0);
    pull(&two.host(), "web", &image);
}

/// Where the registry does not know ranges, it is read again from its beginning, and what is known is passed over.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_cannot_go_on_begins_anew() {
    let (one, two) = (Server::start(), Server::start());
    let layout = Layout::new();
    let layer = layout.layer(3_000_000);
    let image = layout.push(&layout.image("amd64", std::slice::from_ref(&layer)), &one.host(), "web", "v1");
    let (path, bytes) = (digest(&layer).to_string(), layout.bytes(&layer));
    let first = AtomicBool::new(true);
    let proxy = Proxy::before(one.port(), move |head| {
        let whole = Fault::Answer(Answer::new(200).body(bytes.clone()));
        head.is("GET", &path).then(|| if first.swap(false, SeqCst) { Fault::CutDown(1_000_000) } else { whole })
    })
    .await;
    copied(&repository(&proxy.host(), "web"), &repository(&two.host(), "web"), &image).await.unwrap();
    pull(&two.host(), "web", &image);
}

/// The piece never reached the registry, so it has lost nothing: only that piece is sent again.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_with_the_piece_that_was_lost() {
    let (one, two) = (Server::start(), Server::start());
    let layout = Layout::new();
    let image = layout.push(&layout.image("amd64", &[layout.layer(LARGE)]), &one.host(), "web", "v1");
    let seen = AtomicUsize::new(0);
    let proxy = Proxy::before(two.port(), move |head| {
        let second = head.is("PATCH", "") && seen.fetch_add(1, SeqCst) == 1;
        second.then_some(Fault::Lose)
    })
    .await;

    copied(&repository(&one.host(), "web"), &repository(&proxy.host(), "web"), &image).await.unwrap();

    let ranges: Vec<_> =
        proxy.passed("PATCH", "").iter().map(|passed| passed.head.header("content-range").unwrap().to_owned()).collect();
    assert_eq!(ranges, ["0-10485759", "10485760-20971519", "10485760-20971519"]);
    assert_eq!(two.unfinished("web"), 0);
    pull(&two.host(), "web", &image);
}

/// Debian's `docker-registry` 2.8 forgets an upload of which a piece has come in part (distribution/distribution#3755): it is the only
/// blob that is sent from its beginning.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_the_registry_forgets_begins_anew() {
    let (one, two) = (Server::start(), Server::start());
    let layout = Layout::new();
    let layers = [layout.layer(LARGE), layout.layer(12 << 20)];
    let image = layout.push(&layout.image("amd64", &layers), &one.host(), "web", "v1");
    let cut = AtomicBool::new(false);
    let proxy = Proxy::before(two.port(), move |head| {
        let now = head.is("PATCH", "")
            && head.header("content-range").is_some_and(|range| range.starts_with("10485760-"))
            && !cut.swap(true, SeqCst);
        now.then_some(Fault::CutUp(3_000_000))
    })
    .await;

    copied(&repository(&one.host(), "web"), &repository(&proxy.host(), "web"), &image).await.unwrap();

    let ranges = proxy.passed("PATCH", "").into_iter().map(|passed| passed.head.headers["content-range"].clone());
    assert_eq!(ranges.filter(|range| range == "0-10485759").count(), 3, "this layer twice, the other one once");
    pull(&two.host(), "web", &image);
}

/// The registry has stored the blob, and the answer is lost: it is not sent again.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_not_a_failure() {
    let (one, two) = (Server::start(), Server::start());
    let layout = Layout::new();
    let image = layout.push(&layout.image("amd64", &[layout.layer(1000)]), &one.host(), "web", "v1");
    let proxy = Proxy::failing(two.port(), 2, "PUT", "/blobs/uploads/", Fault::LoseAnswer).await;
    copied(&repository(&one.host(), "web"), &repository(&proxy.host(), "web"), &image).await.unwrap();
    assert_eq!(proxy.passed("PUT", "/blobs/uploads/").len(), 2);
    pull(&two.host(), "web", &image);
}

/// Of every path the first request is answered with 429 and the second with 503; blobs that begin at once share one.
#[tokio::test(flavor = "multi_thread")]
async fn a_busy_registry_is_waited_for() {
    let (one, two) = (Server::start(), Server::start());
    let layout = Layout::new();
    let image = layout.push(&layout.image("amd64", &[layout.layer(LARGE)]), &one.host(), "web", "v1");
    let busy = || {
        let seen: Mutex<HashMap<String, u32>> = Mutex::default();
        move |head: &Head| {
            let mut seen = seen.lock().unwrap();
            let times = seen.entry(format!("{} {}", head.method, head.path)).or_default();
            *times += 1;
            let busy = match *times {
                1 => Answer::error(429, "TOOMANYREQUESTS", "slow down").header("Retry-After", "0"),
                2 => Answer::new(503),
                _ => return None,
            };
            Some(Fault::Answer(busy))
        }
    };
    let (source, destination) = (Proxy::before(one.port(), busy()).await, Proxy::before(two.port(), busy()).await);
    copied(&repository(&source.host(), "web"), &repository(&destination.host(), "web"), &image).await.unwrap();
    pull(&two.host(), "web", &image);
}

#[tokio::test(flavor = "multi_thread")]
async fn patience_ends() {
    let (one, two) = (Server::start(), Server::start());
    let layout = Layout::new();
    let image = layout.push(&layout.image("amd64", &[layout.layer(1000)]), &one.host(), "web", "v1");
    let source = repository(&one.host(), "web");

    let proxy =
        Proxy::failing(two.port(), usize::MAX, "PUT", "/blobs/", Fault::Answer(Answer::new(503).body("maintenance"))).await;
    let error = copied(&source, &repository(&proxy.host(), "web"), &image).await.unwrap_err();
    assert_eq!((error.problem, error.status, error.message.as_str()), (Problem::Failing, Some(503), "maintenance"));

    let proxy = Proxy::failing(one.port(), usize::MAX, "GET", "/blobs/", Fault::CutDown(0)).await;
    let error = copied(&repository(&proxy.host(), "web"), &repository(&two.host(), "web"), &image).await.unwrap_err();
    assert_eq!(error.problem, Problem::NotReached, "{error}");

    let gone = { Server::start().host() };
    let error = repository(&gone, "web").resolve("v1").await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("{gone}/web: looking for v1: ")), "{error}");
    assert_eq!(error.problem, Problem::NotReached);
}
