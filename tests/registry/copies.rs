//! Copies between two registries, of all the shapes that images have.

use infra::registry::{Client, Credentials, Tagged, copy};
use serde_json::json;

use crate::kit::http::Answer;
use crate::kit::images::{Layout, digest, inspect, pull, with};
use crate::kit::proxy::{Fault, Proxy};
use crate::kit::server::{Server, known};
use crate::kit::{PATIENCE, copied, repository, repository_as};

#[tokio::test(flavor = "multi_thread")]
async fn a_single_manifest() {
    let (one, two) = (Server::start(), Server::start());
    let layout = Layout::new();
    // More than two pieces, and a layer that is there twice.
    let (large, small) = (layout.layer(23 << 20), layout.layer(1));
    let image = layout.image("amd64", &[small.clone(), large.clone(), small]);
    let digest = layout.push(&image, &one.host(), "team/web", "v1");

    let (source, destination) = (repository(&one.host(), "team/web"), repository(&two.host(), "shop-test/web"));
    assert_eq!(source.resolve("v1").await.unwrap(), digest);
    let done = copy(&source, &destination, &digest, &["test-20261121-0123456789ab", "latest"], &|_| {}).await.unwrap();

    assert_eq!((done.blobs, done.manifests, done.mounted), (3, 1, 0));
    assert_eq!(done.tags, [Tagged::New, Tagged::New]);
    assert_eq!(destination.resolve("latest").await.unwrap(), digest);
    for (host, name, tag) in [(one.host(), "team/web", "v1"), (two.host(), "shop-test/web", "latest")] {
        assert_eq!(inspect(&host, name, tag), layout.bytes(&image), "the manifest at {host}");
    }
    pull(&two.host(), "shop-test/web", &digest);
    assert_eq!(two.unfinished("shop-test/web"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_with_attestations() {
    let (one, two) = (Server::start(), Server::start());
    let layout = Layout::new();
    let index = layout.two_platforms();
    let digest = layout.push(&index, &one.host(), "web", "v1");

    let (source, destination) = (repository(&one.host(), "web"), repository(&two.host(), "web"));
    let (done, _) = copied(&source, &destination, &digest).await.unwrap();

    assert_eq!(done.manifests, 5, "two images, two attestations, the index");
    assert_eq!(done.blobs, 9, "a layer that both share, two of their own, two statements, four configurations");
    assert_eq!(inspect(&two.host(), "web", digest.as_str()), layout.bytes(&index));
    pull(&two.host(), "web", &digest);
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_and_sboms_come_along() {
    let (one, two) = (Server::start(), Server::start());
    let layout = Layout::new();
    let image = layout.image("amd64", &[layout.layer(1000)]);
    let digest = layout.push(&image, &one.host(), "web", "v1");
    let tag = digest.as_str().replace(':', "-");
    // As cosign writes it, and as the specification has it for registries without the API; the SBOM is signed itself.
    let signature = layout.image("none", &[layout.blob("application/vnd.dev.cosign.simplesigning.v1+json", b"signed")]);
    layout.push(&signature, &one.host(), "web", &format!("{tag}.sig"));
    let sbom = layout.artifact("application/spdx+json", &image);
    let sbom_signature = layout.artifact("application/vnd.dev.sigstore.bundle.v0.3+json", &sbom);
    for (subject, referrer) in [(&image, &sbom), (&sbom, &sbom_signature)] {
        let named = with(referrer, "artifactType", json!("application/spdx+json"));
        layout.push(referrer, &one.host(), "web", "pushed");
        let tag = subject["digest"].as_str().unwrap().replace(':', "-");
        layout.put(&layout.index(&[named]), &one.host(), "web", &tag).await;
    }

    let (source, destination) = (repository(&one.host(), "web"), repository(&two.host(), "web"));
    copied(&source, &destination, &digest).await.unwrap();

    assert_eq!(inspect(&two.host(), "web", &format!("{tag}.sig")), layout.bytes(&signature));
    for referrer in [&sbom, &sbom_signature] {
        let referrer_digest = self::digest(referrer);
        assert_eq!(inspect(&two.host(), "web", referrer_digest.as_str()), layout.bytes(referrer));
    }
    let about = destination.describe(&digest).await.unwrap();
    let kinds: Vec<&str> = about.referrers.iter().map(|referrer| referrer.kind.as_str()).collect();
    assert_eq!(kinds, ["application/spdx+json", &format!("{tag}.sig")]);
    let signed = destination.describe(&self::digest(&sbom)).await.unwrap();
    assert_eq!(signed.referrers.len(), 1);

    // One that comes later comes with the next copy, beside what is there.
    let later = layout.artifact("application/vnd.in-toto+json", &image);
    let listed = [&sbom, &later].map(|referrer| with(referrer, "artifactType", json!("x/y")));
    layout.push(&later, &one.host(), "web", "pushed");
    layout.put(&layout.index(&listed), &one.host(), "web", &tag).await;
    let (again, _) = copied(&source, &destination, &digest).await.unwrap();
    assert_eq!(again.manifests, 1);
    assert_eq!(destination.describe(&digest).await.unwrap().referrers.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_uploaded_that_is_there() {
    let (one, two) = (Server::start(), Server::with_password());
    let layout = Layout::new();
    let base = layout.layer(2 << 20);
    let first = layout.push(&layout.image("amd64", &[base.clone(), layout.layer(1000)]), &one.host(), "web", "v1");
    let second = layout.push(&layout.image("amd64", &[base, layout.layer(2000)]), &one.host(), "web", "v2");
    let proxy = Proxy::before(two.port(), |_| None).await;

    let (source, destination) = (repository(&one.host(), "web"), repository_as(&proxy.host(), "web", known()));
    copied(&source, &destination, &first).await.unwrap();
    let (done, progress) = copied(&source, &destination, &second).await.unwrap();
    assert_eq!((done.blobs, progress.total), (1, 2000), "one layer: the base and the configuration are there");

    let before = (proxy.passed("POST", "").len(), proxy.passed("PUT", "").len());
    let (again, _) = copied(&source, &destination, &second).await.unwrap();
    assert_eq!((again.blobs, again.bytes, again.manifests), (0, 0, 0));
    assert_eq!((proxy.passed("POST", "").len(), proxy.passed("PUT", "").len()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn within_a_registry_layers_are_mounted() {
    let server = Server::start();
    let layout = Layout::new();
    let digest = layout.push(&layout.two_platforms(), &server.host(), "shop-staging/web", "v1");
    let proxy = Proxy::before(server.port(), |_| None).await;

    let client = |name| repository(&proxy.host(), name);
    let (done, progress) = copied(&client("shop-staging/web"), &client("shop-prod/web"), &digest).await.unwrap();

    assert_eq!((done.blobs, done.mounted, progress.total), (0, 9, 0));
    assert_eq!(proxy.passed("PATCH", "").len() + proxy.passed("PUT", "/blobs/").len(), 0);
    assert!(proxy.passed("GET", "/blobs/").is_empty(), "nothing was downloaded");
    pull(&server.host(), "shop-prod/web", &digest);
}

/// ECR mounts only where the account allows it, and answers as the specification has it: by beginning an upload.
#[tokio::test(flavor = "multi_thread")]
async fn where_a_registry_does_not_mount_it_is_uploaded() {
    let server = Server::start();
    let layout = Layout::new();
    let digest = layout.push(&layout.image("amd64", &[layout.layer(5000)]), &server.host(), "shop-staging/web", "v1");
    let unmountable = Answer::new(202).header("Location", "/v2/shop-prod/web/blobs/uploads/lost-in-the-meantime");
    let proxy = Proxy::failing(server.port(), 2, "POST", "mount=", Fault::Answer(unmountable)).await;
    let (done, _) = copied(&repository(&proxy.host(), "shop-staging/web"), &repository(&proxy.host(), "shop-prod/web"), &digest)
        .await
        .unwrap();
    assert_eq!((done.blobs, done.mounted), (2, 0));
    pull(&server.host(), "shop-prod/web", &digest);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_same_repository_only_a_tag_is_set() {
    let server = Server::start();
    let layout = Layout::new();
    let digest = layout.push(&layout.two_platforms(), &server.host(), "web", "v1");
    let proxy = Proxy::before(server.port(), |_| None).await;

    let web = repository(&proxy.host(), "web");
    let done = copy(&web, &web, &digest, &["v2"], &|_| {}).await.unwrap();

    assert_eq!((done.blobs, done.manifests, done.tags.as_slice()), (0, 0, &[Tagged::New][..]));
    assert_eq!(proxy.passed("", "/blobs/").len(), 0);
    assert_eq!(proxy.passed("PUT", "").len(), 1);
    assert_eq!(web.resolve("v2").await.unwrap(), digest);
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_that_are_elsewhere_stay_there() {
    let (one, two) = (Server::start(), Server::start());
    let layout = Layout::new();
    let foreign = json!({
        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "size": 1_000_000,
        "digest": format!("sha256:{}", "ab".repeat(32)), "urls": ["https://layers.example.com/base"],
    });
    let image = layout.image("amd64", &[foreign, layout.layer(1000)]);
    let digest = layout.push(&image, &one.host(), "web", "v1");

    let (done, _) = copied(&repository(&one.host(), "web"), &repository(&two.host(), "web"), &digest).await.unwrap();
    assert_eq!(done.blobs, 2);
    assert_eq!(inspect(&two.host(), "web", digest.as_str()), layout.bytes(&image));
}

/// As LocalStack's registries are: the name is in the requests, and in the addresses that the registry answers with.
#[tokio::test(flavor = "multi_thread")]
async fn a_registry_reached_at_another_address_is_told_its_name() {
    let (one, two) = (Server::start(), Server::start());
    let layout = Layout::new();
    let digest = layout.push(&layout.image("amd64", &[layout.layer(11 << 20)]), &one.host(), "web", "v1");
    let proxy = Proxy::before(two.port(), |_| None).await;
    let name = "123456789012.dkr.ecr.eu-west-1.example.com:4566";
    let client = Client::at(&format!("http://{}", proxy.host()), name, Credentials::Anonymous, PATIENCE).unwrap();

    copied(&repository(&one.host(), "web"), &client.repository("web"), &digest).await.unwrap();
    let pieces = proxy.passed("PATCH", "");
    assert_eq!(pieces.len(), 1);
    assert_eq!(pieces[0].head.header("host"), Some(name));
    pull(&two.host(), "web", &digest);
}
