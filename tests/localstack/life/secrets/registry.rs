//! A registry of somebody else, as far as images are read from it: it lets in whoever gets a token for a password, sends readers of
//! blobs to signed addresses elsewhere, and repeats carelessly what it was told. It serves as that storage, and as a proxy that
//! lets nobody through, too.

use std::sync::{Arc, Mutex};

use infra::values::name::fingerprint;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a token server gives for a password.
pub(super) const TOKEN: &str = "Tk/W4nG8sYc2LhP6vJ9bXd3R+token==";
/// What lets a reader into the storage.
pub(super) const SIGNATURE: &str = "Hq5ZtB1wKf7MxD0rNy6U8jSa";

const CONFIG: &str = r#"{"architecture":"amd64","os":"linux"}"#;
const LAYER: &str = "what the image is made of";

#[derive(Clone)]
pub(super) struct Registry {
    pub(super) host: String,
    /// Where blobs are; here without one.
    storage: Option<String>,
    /// What it was asked, and by whom: whole requests.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    pub(super) async fn start(storage: Option<&Self>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let registry = Self { host, storage: storage.map(|storage| storage.host.clone()), asked: Arc::default() };
        let serving = registry.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, serving.clone()));
            }
        });
        registry
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Notes a request; gives whether there was one like it before.
    fn note(&self, request: &str) -> bool {
        let mut asked = self.asked.lock().unwrap();
        let known = asked.iter().any(|before| before.lines().next() == request.lines().next());
        asked.push(request.to_owned());
        known
    }

    fn answer(&self, request: &str) -> (u16, String, String) {
        let again = self.note(request);
        let header = |name: &str| request.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        let (host, authorization) = (&self.host, header("authorization: "));
        let target = request.split(' ').nth(1).unwrap();
        let path = target.split('?').next().unwrap();
        let refusal = |message: String| json!({ "errors": [{ "code": "DENIED", "message": message }] }).to_string();
        if request.starts_with("CONNECT ") {
            return (407, String::new(), refusal(format!("{} will not do", header("proxy-authorization: "))));
        }
        if path == "/token" && target.contains("closed") {
            return (403, String::new(), refusal(format!("{} said {authorization}", "x".repeat(250))));
        }
        if path == "/token" {
            return (200, String::new(), json!({ "token": TOKEN }).to_string());
        }
        if path.starts_with("/signed/") && !again {
            return (503, "Retry-After: 0\r\n".into(), format!("come back to http://{host}{target}"));
        }
        if !path.starts_with("/signed/") && authorization != format!("Bearer {TOKEN}") {
            return (
                401,
                format!("WWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"{host}\"\r\n"),
                String::new(),
            );
        }
        if let Some((_, digest)) = path.split_once("/manifests/sha256:").filter(|_| request.starts_with("GET") && !again) {
            return (429, "Retry-After: 0\r\n".into(), refusal(format!("{authorization} asks too often for {digest}")));
        }
        if let Some(storage) = self.storage.as_ref().filter(|_| path.contains("/blobs/")) {
            return (307, format!("Location: http://{storage}/signed{path}?sig={SIGNATURE}\r\n"), String::new());
        }
        content(path).map_or_else(|| (404, String::new(), String::new()), |(headers, body)| (200, headers, body))
    }
}

/// A blob, or the manifest of `v1` or `v2`.
fn content(path: &str) -> Option<(String, String)> {
    let digest = |text: &str| format!("sha256:{}", fingerprint(text.as_bytes()));
    if let Some(blob) = [CONFIG, LAYER].into_iter().find(|blob| path.ends_with(&digest(blob))) {
        return Some((String::new(), blob.to_owned()));
    }
    let described = |kind: &str, text: &str| json!({ "mediaType": format!("application/vnd.oci.image.{kind}"), "digest": digest(text), "size": text.len() });
    let manifest = |tag: &str| {
        json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "annotations": { "tag": tag },
            "config": described("config.v1+json", CONFIG), "layers": [described("layer.v1.tar", LAYER)] })
        .to_string()
    };
    let asked = |tag: &&str| path.ends_with(&format!("/manifests/{tag}")) || path.ends_with(&digest(&manifest(tag)));
    let manifest = manifest(["v1", "v2"].into_iter().find(asked)?);
    let headers = "Content-Type: application/vnd.oci.image.manifest.v1+json\r\nDocker-Content-Digest: ";
    Some((format!("{headers}{}\r\n", digest(&manifest)), manifest))
}

/// Answers one request.
async fn serve(mut stream: TcpStream, registry: Registry) {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        if text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length) {
            break;
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let request = String::from_utf8(bytes).unwrap();
    let (status, headers, body) = registry.answer(&request);
    let length = body.len();
    let body = if request.starts_with("HEAD") { "" } else { &body };
    let text = format!("HTTP/1.1 {status} S\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}");
    let _ = stream.write_all(text.as_bytes()).await;
}
