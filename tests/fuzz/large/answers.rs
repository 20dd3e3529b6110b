//! Answers of registries and of AWS that never end, or hardly do.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use infra::aws::observe::{Ask, ObserveError, Reader};
use infra::graph::Scope;
use infra::registry::{Client, Credentials, Patience, Repository, copy};
use infra::values::image_digest::ImageDigest;
use sha2::{Digest as _, Sha256};

use super::{Input, input};
use crate::aws::{Instead, Observer, PORT};

const MIB: usize = 1 << 20;

/// What is answered to a path: a head without its length, and a body that is said over and over.
type Answering = dyn Fn(&str) -> (String, Body) + Send + Sync;

enum Body {
    Once(Arc<Vec<u8>>),
    Endless(&'static str),
}

/// Answers, one thread for each connection, until the process ends.
fn serve(listener: TcpListener, answer: Arc<Answering>) {
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = Arc::clone(&answer);
            // Whoever has read enough hangs up.
            std::thread::spawn(move || drop(converse(stream, &*answer)));
        }
    });
}

fn converse(mut stream: TcpStream, answer: &Answering) -> io::Result<()> {
    let mut asked = Vec::new();
    let mut piece = [0; 4096];
    while !asked.windows(4).any(|four| four == b"\r\n\r\n") {
        let read = stream.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        asked.extend(&piece[..read]);
    }
    let path = String::from_utf8_lossy(&asked).split(' ').nth(1).unwrap_or_default().to_owned();
    let (head, body) = answer(&path);
    match body {
        Body::Once(body) => {
            let head = format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes())?;
            if !asked.starts_with(b"HEAD") {
                stream.write_all(&body)?;
            }
        }
        Body::Endless(text) => {
            stream.write_all(format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").as_bytes())?;
            let piece = text.repeat(64 * 1024 / text.len());
            loop {
                stream.write_all(piece.as_bytes())?;
            }
        }
    }
    Ok(())
}

fn digest(body: &[u8]) -> String {
    let hash = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    format!("sha256:{hash}")
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

fn index<'a>(digests: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let each = digests.map(|digest| format!(r#"{{"mediaType":"{IMAGE}","digest":"{digest}","size":2}}"#));
    format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#, each.collect::<Vec<_>>().join(",")).into_bytes()
}

/// An image whose manifest has so many bytes at least.
fn image(number: usize, bytes: usize) -> Vec<u8> {
    let config = format!(r#"{{"mediaType":"x","digest":"{}","size":2}}"#, digest(b"{}"));
    let filling = "x".repeat(bytes);
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{IMAGE}","config":{config},"layers":[],"annotations":{{"{number}":"{filling}"}}}}"#
    )
    .into_bytes()
}

/// The digest of one that nobody has.
fn nobodys(number: usize) -> String {
    format!("sha256:{number:064x}")
}

/// A registry that has these manifests, the first of them as its only tag, and answers as it is told to all else.
fn registry(manifests: Vec<Vec<u8>>, other: impl Fn(&str) -> Option<(String, Body)> + Send + Sync + 'static) -> String {
    let manifests: Vec<(String, Arc<Vec<u8>>)> = manifests.into_iter().map(|body| (digest(&body), Arc::new(body))).collect();
    let by_digest: BTreeMap<String, Arc<Vec<u8>>> = manifests.iter().cloned().collect();
    let first = manifests.first().map(|(_, body)| Arc::clone(body));
    let answer = move |path: &str| {
        let wanted = path.rsplit('/').next().unwrap_or_default();
        let known = by_digest.get(wanted).or(first.as_ref().filter(|_| wanted == "v1"));
        let known = known.filter(|_| path.contains("/manifests/"));
        match (other(path), known) {
            (Some(answer), _) => answer,
            (None, Some(body)) => ("200 OK".into(), Body::Once(Arc::clone(body))),
            (None, None) => ("404 Not Found".into(), Body::Once(Arc::default())),
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    serve(listener, Arc::new(answer));
    host
}

fn repository(host: &str, name: &str) -> Repository {
    let patience = Patience { attempts: 2, pause: Duration::from_millis(1) };
    Client::new(host, Credentials::Basic { user: "ana".into(), password: "hunter2".into() }, patience).unwrap().repository(name)
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// What is said of a copy of the manifest that stands first.
fn copied(host: &str, root: &str) -> String {
    let (from, to) = (repository(host, "web"), repository(&registry(Vec::new(), |_| None), "web"));
    wait(copy(&from, &to, &root.parse().unwrap(), &["v1"], &|_| ())).unwrap_err().to_string()
}

pub(super) fn of_registries() -> Vec<Input> {
    let endless = |head: &'static str| move |_: &str| Some((head.to_owned(), Body::Endless("{\"a\":[")));
    let refused = |what: &str, said: &str| assert!(said.contains(what), "{said}");
    let manifest = move || {
        let host = registry(Vec::new(), endless("200 OK"));
        refused("longer than 4194304 bytes", &wait(repository(&host, "web").resolve("v1")).unwrap_err().to_string());
    };
    let errors = move || {
        let host = registry(Vec::new(), endless("500 Broken"));
        refused("500", &wait(repository(&host, "web").resolve("v1")).unwrap_err().to_string());
    };
    let token = move || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let challenge = format!("401 No\r\nwww-authenticate: Bearer realm=\"http://{host}/token\"");
        let answer = move |path: &str| match path {
            _ if path.starts_with("/token") => ("200 OK".to_owned(), Body::Endless("{\"token\":\"")),
            _ => (challenge.clone(), Body::Once(Arc::default())),
        };
        serve(listener, Arc::new(answer));
        refused("longer than", &wait(repository(&host, "web").resolve("v1")).unwrap_err().to_string());
    };
    let many = move || {
        let digests: Vec<String> = (0..1001).map(nobodys).collect();
        let root = index(digests.iter().map(String::as_str));
        let name = digest(&root);
        refused("more than 1000 manifests", &copied(&registry(vec![root], |_| None), &name));
    };
    let long = move || {
        let images: Vec<Vec<u8>> = (0..11).map(|number| image(number, 4 * MIB - 1000)).collect();
        let digests: Vec<String> = images.iter().map(|image| digest(image)).collect();
        let root = index(digests.iter().map(String::as_str));
        let name = digest(&root);
        let host = registry(std::iter::once(root).chain(images).collect(), |_| None);
        refused("more than 41943040 bytes", &copied(&host, &name));
        let root: ImageDigest = name.parse().unwrap();
        refused("more than 41943040 bytes", &wait(repository(&host, "web").describe(&root)).unwrap_err().to_string());
    };
    let referrers = move || {
        let images: Vec<Vec<u8>> = (0..20).map(|number| image(number, 10)).collect();
        let digests: Vec<String> = images.iter().map(|image| digest(image)).collect();
        let root = index(digests.iter().map(String::as_str));
        let name = digest(&root);
        // As many as one answer holds, and always more to come.
        let page: Vec<String> = (0..25_000).map(nobodys).collect();
        let page = Arc::new(index(page.iter().map(String::as_str)));
        assert!(page.len() < 4 * MIB && page.len() > 3 * MIB, "{}", page.len());
        let head = "200 OK\r\nlink: </v2/web/referrers/next>; rel=\"next\"";
        let host = registry(std::iter::once(root).chain(images).collect(), move |path| {
            path.contains("/referrers/").then(|| (head.to_owned(), Body::Once(Arc::clone(&page))))
        });
        refused("more than 1000 manifests", &copied(&host, &name));
    };
    vec![
        input("a manifest that never ends", manifest),
        input("an error that never ends", errors),
        input("a token that never ends", token),
        input("an index of very many", many),
        input("manifests of 44 MiB", long),
        input("referrers without end", referrers),
    ]
}

pub(super) fn of_aws() -> Vec<Input> {
    let port: u16 = std::env::var(PORT).unwrap().parse().unwrap();
    let environments = || Path::new(env!("CARGO_MANIFEST_DIR")).join("environments");
    let told = |observer: &Observer, to: &str, length: usize, head: &str, part: &str, tail: &str| {
        let body = format!("{head}{}{tail}", part.repeat(length / part.len())).into_bytes();
        // Whether that many things without a name are taken or refused, they do not stay.
        let _ = observer.observe(vec![Instead { to: to.into(), status: None, body }]);
    };
    // Each is asked about, some at once.
    let many = move || {
        let observer = Observer::start(port, &environments());
        let (head, tail) = ("<DescribeVpcsResponse><vpcSet>", "</vpcSet></DescribeVpcsResponse>");
        told(&observer, "ec2 DescribeVpcs", MIB / 32, head, "<item/>", tail);
    };
    let long = move || {
        let observer = Observer::start(port, &environments());
        told(&observer, "ec2 DescribeVpcs", 8 * MIB, "", "<a>", "");
        told(&observer, "ssm GetParameters", 8 * MIB, "{\"Parameters\":[", "{},", "{}]}");
        told(&observer, "ssm GetParameters", 8 * MIB, "{\"Parameters\":", "[", "");
    };
    let endless = move || {
        let answer = |_: &str| ("200 OK\r\ncontent-type: text/xml".to_owned(), Body::Endless("<item><a>b</a></item>"));
        serve(TcpListener::bind(("127.0.0.1", port)).unwrap(), Arc::new(answer));
        let scope = Scope { project: "shop".into(), environment: "dev".into() };
        let reader = wait(Reader::connect("123456789012", "us-east-1"));
        let Err(ObserveError::Aws(errors)) = wait(reader.observe(&scope, &Ask::default())) else { panic!("it ends") };
        assert!(errors.iter().all(|error| error.message.contains("longer than 16 MiB")), "{errors:?}");
    };
    vec![
        input("thousands of networks", many),
        input("long answers of AWS", long),
        input("answers of AWS that never end", endless),
    ]
}
