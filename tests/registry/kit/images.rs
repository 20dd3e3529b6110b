//! Images as build tools make them: written as an OCI layout, and pushed by `skopeo`.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;

use infra::values::image_digest::ImageDigest;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::hex;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// A folder with images (image specification, "Image Layout").
pub(crate) struct Layout {
    folder: tempfile::TempDir,
}

impl Layout {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
        std::fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).unwrap();
        Self { folder }
    }

    /// Some bytes, and how a manifest names them.
    pub(crate) fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        self.stream(media_type, bytes)
    }

    /// A layer of random bytes, however many: nothing that could be compressed, mounted or found by chance.
    pub(crate) fn layer(&self, size: u64) -> Value {
        self.stream(LAYER, std::fs::File::open("/dev/urandom").unwrap().take(size))
    }

    fn stream(&self, media_type: &str, mut bytes: impl Read) -> Value {
        let mut file = tempfile::NamedTempFile::new_in(self.folder.path()).unwrap();
        let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 20]);
        loop {
            let read = bytes.read(&mut buffer).unwrap();
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            file.write_all(&buffer[..read]).unwrap();
            size += read;
        }
        let hex = hex(&hash.finalize());
        file.persist(self.folder.path().join("blobs/sha256").join(&hex)).unwrap();
        json!({"mediaType": media_type, "digest": format!("sha256:{hex}"), "size": size})
    }

    /// An image with these layers.
    pub(crate) fn image(&self, architecture: &str, layers: &[Value]) -> Value {
        let config = json!({
            "os": "linux", "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": []},
            "config": {"Labels": {"org.opencontainers.image.revision": "0123abc", "for": architecture}},
        });
        let config = self.blob(CONFIG, config.to_string().as_bytes());
        self.manifest(json!({"config": config, "layers": layers}))
    }

    /// A manifest that says so, of an image.
    pub(crate) fn manifest(&self, mut says: Value) -> Value {
        says["schemaVersion"] = json!(2);
        says["mediaType"] = json!(IMAGE);
        self.blob(IMAGE, serde_json::to_string_pretty(&says).unwrap().as_bytes())
    }

    /// An index of these.
    pub(crate) fn index(&self, manifests: &[Value]) -> Value {
        let says = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
        // Unlike any tool would write it: its bytes have to stay all the same.
        self.blob(INDEX, format!("{}\n\n", serde_json::to_string_pretty(&says).unwrap()).as_bytes())
    }

    /// An index for two platforms with attestations, as buildx makes it.
    pub(crate) fn two_platforms(&self) -> Value {
        let shared = self.layer(300_000);
        let mut children = Vec::new();
        for architecture in ["amd64", "arm64"] {
            let image = self.image(architecture, &[shared.clone(), self.layer(50_000)]);
            let statement = self.blob("application/vnd.in-toto+json", format!(r#"{{"for": "{architecture}"}}"#).as_bytes());
            let config =
                self.blob(CONFIG, format!(r#"{{"os": "unknown", "architecture": "unknown", "x": "{architecture}"}}"#).as_bytes());
            let attestation = self.manifest(json!({"config": config, "layers": [statement]}));
            let about =
                json!({"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image["digest"]});
            children.push(with(&image, "platform", json!({"os": "linux", "architecture": architecture})));
            children.push(with(
                &with(&attestation, "platform", json!({"os": "unknown", "architecture": "unknown"})),
                "annotations",
                about,
            ));
        }
        self.index(&children)
    }

    /// An artifact about `subject`: a signature, an SBOM.
    pub(crate) fn artifact(&self, kind: &str, subject: &Value) -> Value {
        let empty = self.blob("application/vnd.oci.empty.v1+json", b"{}");
        let content = self.blob(kind, format!("{kind} of {}", subject["digest"]).as_bytes());
        self.manifest(json!({"artifactType": kind, "config": empty, "layers": [content], "subject": subject}))
    }

    /// Has `skopeo` push what `manifest` names.
    pub(crate) fn push(&self, manifest: &Value, host: &str, repository: &str, tag: &str) -> ImageDigest {
        let named = with(manifest, "annotations", json!({"org.opencontainers.image.ref.name": "it"}));
        let index = json!({"schemaVersion": 2, "manifests": [named]});
        std::fs::write(self.folder.path().join("index.json"), index.to_string()).unwrap();
        let source = format!("oci:{}:it", self.folder.path().display());
        let destination = format!("docker://{host}/{repository}:{tag}");
        skopeo(&["copy", "--all", "--preserve-digests", "--dest-tls-verify=false", &source, &destination]);
        digest(manifest)
    }

    /// Puts a manifest under a tag, for what `skopeo` does not push: an index of referrers.
    pub(crate) async fn put(&self, manifest: &Value, host: &str, repository: &str, tag: &str) {
        let request =
            reqwest::Client::builder().no_proxy().build().unwrap().put(format!("http://{host}/v2/{repository}/manifests/{tag}"));
        let request = request.header("Content-Type", manifest["mediaType"].as_str().unwrap()).body(self.bytes(manifest));
        request.send().await.unwrap().error_for_status().unwrap();
    }

    /// The bytes of a blob or manifest.
    pub(crate) fn bytes(&self, descriptor: &Value) -> Vec<u8> {
        let hex = descriptor["digest"].as_str().unwrap().trim_start_matches("sha256:");
        std::fs::read(self.path().join("blobs/sha256").join(hex)).unwrap()
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A descriptor that says one more thing.
pub(crate) fn with(descriptor: &Value, name: &str, value: Value) -> Value {
    let mut descriptor = descriptor.clone();
    descriptor[name] = value;
    descriptor
}

pub(crate) fn digest(descriptor: &Value) -> ImageDigest {
    descriptor["digest"].as_str().unwrap().parse().unwrap()
}

/// The manifest that a registry has, as `skopeo` sees it.
pub(crate) fn inspect(host: &str, repository: &str, tag_or_digest: &str) -> Vec<u8> {
    let between = if tag_or_digest.contains(':') { '@' } else { ':' };
    skopeo(&["inspect", "--raw", "--tls-verify=false", &format!("docker://{host}/{repository}{between}{tag_or_digest}")])
}

/// Has `skopeo` read a whole image, every blob of it, and check all digests.
pub(crate) fn pull(host: &str, repository: &str, digest: &ImageDigest) {
    let folder = tempfile::tempdir().unwrap();
    let source = format!("docker://{host}/{repository}@{digest}");
    let destination = format!("dir:{}", folder.path().display());
    skopeo(&["copy", "--all", "--preserve-digests", "--src-tls-verify=false", &source, &destination]);
}

fn skopeo(arguments: &[&str]) -> Vec<u8> {
    let done = Command::new("skopeo")
        .arg("--insecure-policy")
        .args(arguments)
        .output()
        .expect("skopeo is not installed: run tests/registry/run, which installs it");
    assert!(done.status.success(), "skopeo {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}
