//! What cannot be copied, and how it is said.

use std::sync::{Arc, Mutex};

use infra::registry::{Credentials, Problem};

use crate::kit::http::{Answer, Head};
use crate::kit::images::{Layout, digest, pull, with};
use crate::kit::proxy::{Fault, Proxy};
use crate::kit::server::{Server, known};
use crate::kit::{copied, repository, repository_as};

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials() {
    let (one, two) = (Server::start(), Server::with_password());
    let layout = Layout::new();
    let image = layout.push(&layout.image("amd64", &[layout.layer(1000)]), &one.host(), "web", "v1");
    let source = repository(&one.host(), "web");
    let wrong = Credentials::Basic { user: "shop".into(), password: "battery staple".into() };
    for credentials in [Credentials::Anonymous, wrong] {
        let error = copied(&source, &repository_as(&two.host(), "web", credentials), &image).await.unwrap_err();
        assert_eq!((error.problem, error.status), (Problem::Denied, Some(401)), "{error}");
        let text = format!("{error} {error:?}");
        assert!(text.contains("check the credentials for this registry"), "{text}");
        assert!(!text.contains("staple") && !text.contains("Basic"), "{text}");
    }
    copied(&source, &repository_as(&two.host(), "web", known()), &image).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_blob() {
    let (one, two) = (Server::start(), Server::start());
    let layout = Layout::new();
    let layer = layout.layer(1000);
    let image = layout.push(&layout.image("amd64", std::slice::from_ref(&layer)), &one.host(), "web", "v1");
    std::fs::remove_file(one.blob(digest(&layer).as_str())).unwrap();

    let error = copied(&repository(&one.host(), "web"), &repository(&two.host(), "web"), &image).await.unwrap_err();
    assert_eq!(error.problem, Problem::NotFound);
    let begins = format!("{}/web: reading blob {}: 404 BLOB_UNKNOWN: ", one.host(), digest(&layer));
    assert!(error.to_string().starts_with(&begins), "{error}");
    assert!(repository(&two.host(), "web").resolve(image.as_str()).await.unwrap_err().is_not_found(), "no half of an image");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_image() {
    let server = Server::start();
    let layout = Layout::new();
    layout.push(&layout.image("amd64", &[layout.layer(10)]), &server.host(), "web", "v1");
    let error = repository(&server.host(), "web").resolve("v2").await.unwrap_err();
    assert!(
        error.is_not_found() && error.to_string().starts_with(&format!("{}/web: looking for v2: 404 ", server.host())),
        "{error}"
    );
}

/// A blob whose bytes have changed on the disk of the source.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_those_of_the_digest() {
    let (one, two) = (Server::start(), Server::start());
    let layout = Layout::new();
    let layer = layout.layer(100_000);
    let image = layout.push(&layout.image("amd64", std::slice::from_ref(&layer)), &one.host(), "web", "v1");
    let (source, destination) = (repository(&one.host(), "web"), repository(&two.host(), "web"));
    let file = one.blob(digest(&layer).as_str());
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[50_000] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let error = copied(&source, &destination, &image).await.unwrap_err();
    assert_eq!(error.problem, Problem::Corrupt, "{error}");
    assert!(error.message.starts_with("its bytes are those of sha256:"), "{error}");

    std::fs::write(&file, &bytes[..99_999]).unwrap();
    let error = copied(&source, &destination, &image).await.unwrap_err();
    assert_eq!(error.message, "it has 99999 bytes where its manifest says 100000");
    assert!(!two.blob(digest(&layer).as_str()).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_is_not_that_of_the_digest() {
    let server = Server::start();
    let layout = Layout::new();
    let image = layout.push(&layout.image("amd64", &[layout.layer(10)]), &server.host(), "web", "v1");
    let other = layout.bytes(&layout.image("arm64", &[layout.layer(10)]));
    let proxy = Proxy::failing(server.port(), 1, "GET", "/manifests/", Fault::Answer(Answer::new(200).body(other))).await;
    let error = repository(&proxy.host(), "web").describe(&image).await.unwrap_err();
    assert_eq!(error.problem, Problem::Corrupt, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_on_the_other_side() {
    let (one, two) = (Server::start(), Server::with_a_small_disk());
    let layout = Layout::new();
    let image = layout.push(&layout.image("amd64", &[layout.layer(40 << 20)]), &one.host(), "web", "v1");
    let small = layout.push(&layout.image("amd64", &[layout.layer(1 << 20)]), &one.host(), "web", "v2");
    let (source, destination) = (repository(&one.host(), "web"), repository(&two.host(), "web"));
    copied(&source, &destination, &small).await.unwrap();

    let error = copied(&source, &destination, &image).await.unwrap_err();
    assert_eq!((error.problem, error.status), (Problem::Failing, Some(500)), "{error}");
    // The registry's way to say `ENOSPC`.
    assert!(error.message.contains(r#""Err":28"#) && error.to_string().contains("whether its disk is full"), "{error}");
    pull(&one.host(), "web", &small);
}

/// The bytes of a blob are in a bucket: the registry says where, and is the only one to be told who we are.
#[tokio::test(flavor = "multi_thread")]
async fn credentials_stay_with_their_registry() {
    let (one, two, bucket) = (Server::with_password(), Server::start(), Server::start());
    let layout = Layout::new();
    let image = layout.image("amd64", &[layout.layer(1000)]);
    let digest = layout.push(&image, &bucket.host(), "web", "v1");
    let elsewhere = Proxy::before(bucket.port(), |_| None).await;
    let address = elsewhere.host();
    let bytes = layout.bytes(&image);
    let proxy = Proxy::before(one.port(), move |head| {
        // Before that, the registry asks who we are.
        head.header("authorization")?;
        match (head.is("GET", "/blobs/"), head.path.contains("/manifests/sha256:")) {
            (true, _) => Some(Fault::Answer(Answer::new(307).header("Location", format!("http://{address}{}", head.path)))),
            (_, true) => Some(Fault::Answer(Answer::new(200).body(bytes.clone()))),
            _ => None,
        }
    })
    .await;
    copied(&repository_as(&proxy.host(), "web", known()), &repository(&two.host(), "web"), &digest).await.unwrap();

    assert!(proxy.passed("GET", "/blobs/").iter().all(|passed| passed.head.header("authorization").is_some()));
    let there = elsewhere.passed("GET", "/blobs/");
    assert_eq!(there.len(), 2);
    assert!(there.iter().all(|passed| passed.head.header("authorization").is_none()));
    pull(&two.host(), "web", &digest);
}

/// Registries such as Docker Hub send us to a token server. Its tokens are for one thing each, and do not hold for long.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_fetched_for_what_is_to_be_done() {
    let (one, two) = (Server::start(), Server::start());
    let layout = Layout::new();
    let image = layout.push(&layout.image("amd64", &[layout.layer(1000)]), &one.host(), "web", "v1");
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = asked.clone();
    let tokens = Proxy::before(0, move |head| {
        let mut log = log.lock().unwrap();
        log.push(head.path.clone());
        let allowed = head.header("authorization") == Some("Basic c2hvcDpjb3JyZWN0IGhvcnNl");
        let token = format!(r#"{{"token": "t{}"}}"#, log.len());
        Some(Fault::Answer(if allowed {
            Answer::new(200).body(token)
        } else {
            Answer::error(401, "UNAUTHORIZED", "correct horse is wrong")
        }))
    })
    .await;
    let realm = format!("http://{}/token", tokens.host());
    // Each token is good for five requests.
    let uses: Mutex<std::collections::HashMap<String, u32>> = Mutex::default();
    let proxy = Proxy::before(two.port(), move |head: &Head| {
        let token = head.header("authorization").unwrap_or_default().to_owned();
        let mut uses = uses.lock().unwrap();
        let used = uses.entry(token.clone()).or_default();
        *used += 1;
        let holds = token.starts_with("Bearer t") && *used <= 5;
        let challenge = format!(r#"Bearer realm="{realm}",service="two",scope="repository:web:pull""#);
        (!holds).then(|| Fault::Answer(Answer::error(401, "UNAUTHORIZED", "who?").header("WWW-Authenticate", challenge)))
    })
    .await;
    copied(&repository(&one.host(), "web"), &repository_as(&proxy.host(), "web", known()), &image).await.unwrap();
    {
        let asked = asked.lock().unwrap();
        let push = asked.iter().filter(|path| path.as_str() == "/token?service=two&scope=repository%3Aweb%3Apull%2Cpush").count();
        let pull = asked.iter().filter(|path| path.as_str() == "/token?service=two&scope=repository%3Aweb%3Apull").count();
        assert!(push > 0 && pull > 0 && push + pull == asked.len(), "{asked:?}");
    }
    let nobody = Credentials::Basic { user: "shop".into(), password: "horse".into() };
    let error = repository_as(&proxy.host(), "web", nobody).resolve("v1").await.unwrap_err();
    assert_eq!(error.problem, Problem::Denied);
    assert!(
        error.to_string().contains("getting a token from 127.0.0.1: 401 UNAUTHORIZED: correct (concealed) is wrong"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_image_is_not_copied() {
    let server = Server::start();
    let layout = Layout::new();
    let image = layout.image("amd64", &[layout.layer(10)]);
    layout.push(&image, &server.host(), "web", "v1");
    let old = br#"{"schemaVersion": 1, "name": "web", "tag": "v1", "architecture": "amd64", "fsLayers": [], "history": []}"#;
    let old = layout.blob("application/vnd.docker.distribution.manifest.v1+prettyjws", old);
    let answer = Answer::new(200).body(layout.bytes(&old));
    let proxy = Proxy::failing(server.port(), 1, "GET", "/manifests/", Fault::Answer(answer)).await;
    let error = repository(&proxy.host(), "web").describe(&digest(&with(&old, "size", serde_json::json!(1)))).await.unwrap_err();
    assert_eq!(error.problem, Problem::Unsupported);
    assert!(error.to_string().contains("it is of Docker's schema 1"), "{error}");
}
