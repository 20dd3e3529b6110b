//! Tags, where they may be changed and where they may not.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use infra::registry::{Problem, Tagged};

use crate::kit::http::Answer;
use crate::kit::images::Layout;
use crate::kit::proxy::{Fault, Proxy};
use crate::kit::repository;
use crate::kit::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_new_or_moves_or_is_there() {
    let server = Server::start();
    let layout = Layout::new();
    let first = layout.push(&layout.image("amd64", &[layout.layer(10)]), &server.host(), "web", "v1");
    let second = layout.push(&layout.image("amd64", &[layout.layer(20)]), &server.host(), "web", "v2");
    let web = repository(&server.host(), "web");
    assert_eq!(web.tag(&first, "now").await.unwrap(), Tagged::New);
    assert_eq!(web.tag(&first, "now").await.unwrap(), Tagged::Already);
    assert_eq!(web.tag(&second, "now").await.unwrap(), Tagged::MovedFrom(first));
    assert_eq!(web.resolve("now").await.unwrap(), second);

    let error = web.tag(&second, "not a tag").await.unwrap_err();
    assert_eq!(error.problem, Problem::Refused, "{error}");
}

/// ECR's answer where tags cannot be changed (moby/buildkit#3776); it refuses the same image as well (aws/containers-roadmap#2380).
#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_cannot_be_changed() {
    let server = Server::start();
    let layout = Layout::new();
    let first = layout.push(&layout.image("amd64", &[layout.layer(10)]), &server.host(), "web", "v1");
    let second = layout.push(&layout.image("amd64", &[layout.layer(20)]), &server.host(), "web", "v2");
    let said = "The image tag 'v1' already exists in the 'web' repository and cannot be overwritten because the repository is immutable.";
    let immutable = Fault::Answer(Answer::error(400, "TAG_INVALID", said));
    let proxy = Proxy::failing(server.port(), usize::MAX, "PUT", "/manifests/v1", immutable).await;
    let web = repository(&proxy.host(), "web");

    assert_eq!(web.tag(&first, "v1").await.unwrap(), Tagged::Already);
    let error = web.tag(&second, "v1").await.unwrap_err();
    assert_eq!(error.problem, Problem::TagTaken);
    let text = error.to_string();
    assert!(text.contains(&format!("tagging {second} as v1: 400 TAG_INVALID: the tag names {first}")), "{text}");
    assert!(text.ends_with("; choose another tag"), "{text}");
}

/// Between looking and writing, somebody else has written the same.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_was_faster_with_the_same() {
    let server = Server::start();
    let layout = Layout::new();
    let digest = layout.push(&layout.image("amd64", &[layout.layer(10)]), &server.host(), "web", "v1");
    let looked = AtomicUsize::new(0);
    let proxy = Proxy::before(server.port(), move |head| {
        if head.is("HEAD", "/manifests/v1") && looked.fetch_add(1, SeqCst) < 2 {
            return Some(Fault::Answer(Answer::new(404)));
        }
        head.is("PUT", "/manifests/v1").then(|| Fault::Answer(Answer::error(400, "TAG_INVALID", "immutable")))
    })
    .await;
    assert_eq!(repository(&proxy.host(), "web").tag(&digest, "v1").await.unwrap(), Tagged::Already);
}
