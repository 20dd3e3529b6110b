//! What an image says of itself.

use infra::registry::Problem;
use serde_json::json;

use crate::kit::http::Answer;
use crate::kit::images::{LAYER, Layout, digest, with};
use crate::kit::proxy::{Fault, Proxy};
use crate::kit::repository;
use crate::kit::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn an_index_by_its_platforms_and_the_labels_of_the_first() {
    let server = Server::start();
    let layout = Layout::new();
    let index = layout.two_platforms();
    let digest = layout.push(&index, &server.host(), "web", "v1");

    let about = repository(&server.host(), "web").describe(&digest).await.unwrap();
    assert_eq!(about.media_type, "application/vnd.oci.image.index.v1+json");
    assert_eq!(about.platforms, ["linux/amd64", "linux/arm64"], "attestations run nowhere");
    assert_eq!((about.commit(), about.labels["for"].as_str()), (Some("0123abc"), "amd64"));
    assert!((400_000..420_000).contains(&about.size), "{}: the shared layer counts once", about.size);
    assert!(about.referrers.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_by_its_configuration() {
    let server = Server::start();
    let layout = Layout::new();
    let digest = layout.push(&layout.image("arm64", &[layout.layer(1000)]), &server.host(), "web", "v1");
    let about = repository(&server.host(), "web").describe(&digest).await.unwrap();
    assert_eq!((about.platforms.as_slice(), about.commit()), (&["linux/arm64".to_owned()][..], Some("0123abc")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_without_labels_has_no_commit() {
    let server = Server::start();
    let layout = Layout::new();
    let config =
        layout.blob("application/vnd.oci.image.config.v1+json", br#"{"os": "linux", "architecture": "amd64", "rootfs": {}}"#);
    let image = layout.manifest(json!({"config": config, "layers": [layout.layer(10)]}));
    let digest = layout.push(&image, &server.host(), "web", "v1");
    let about = repository(&server.host(), "web").describe(&digest).await.unwrap();
    assert_eq!((about.commit(), about.platforms.len()), (None, 1));
}

/// Somebody else decides how large a configuration is.
#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_out_of_all_proportion_is_not_read() {
    let server = Server::start();
    let layout = Layout::new();
    let config = layout.layer(9 << 20);
    let config = with(&config, "mediaType", json!("application/vnd.oci.image.config.v1+json"));
    let image = layout.manifest(json!({"config": config, "layers": []}));
    let pushed = layout.image("amd64", &[layout.layer(10), with(&config, "mediaType", json!(LAYER))]);
    layout.push(&pushed, &server.host(), "web", "v1");
    let proxy =
        Proxy::failing(server.port(), 1, "GET", "/manifests/", Fault::Answer(Answer::new(200).body(layout.bytes(&image)))).await;
    let error = repository(&proxy.host(), "web").describe(&digest(&image)).await.unwrap_err();
    assert_eq!(error.problem, Problem::Unsupported, "{error}");
    assert!(error.message.contains("longer than 8388608 bytes"), "{error}");
}
