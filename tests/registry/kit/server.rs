//! Registries: the `docker-registry` of Debian, each a process of its own with an empty folder.

use std::fmt::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use infra::registry::Credentials;

/// The user that [`Server::with_password`] knows.
pub(crate) const USER: &str = "shop";
pub(crate) const PASSWORD: &str = "correct horse";

/// `htpasswd -nbB shop 'correct horse'`.
const HTPASSWD: &str = "shop:$2y$05$IQtjIsZ7oddAcr5HzUQFC.qH47iTkzNKtVAZ8aV4LsC.NESz3kDaS";

/// A registry. It ends with the test.
pub(crate) struct Server {
    process: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// A registry that knows nobody.
    pub(crate) fn start() -> Self {
        Self::run("", &["docker-registry"])
    }

    /// A registry that lets [`USER`] in, and nobody else.
    pub(crate) fn with_password() -> Self {
        Self::run("auth: {htpasswd: {realm: test, path: FOLDER/htpasswd}}\n", &["docker-registry"])
    }

    /// A registry whose disk has room for 16 MiB: a file system of its own, which is gone with the process.
    pub(crate) fn with_a_small_disk() -> Self {
        let script = r#"mount -t tmpfs -o size=16m tmpfs "$1" && shift && exec "$@""#;
        let ways: [&[&str]; 3] = [
            &["unshare", "--mount"],
            &["unshare", "--user", "--map-root-user", "--mount"],
            &["sudo", "-n", "unshare", "--mount"],
        ];
        let works = |way: &&&[&str]| {
            let folder = tempfile::tempdir().unwrap();
            let tried =
                Command::new(way[0]).args(&way[1..]).args(["sh", "-c", script, "sh"]).arg(folder.path()).arg("true").output();
            tried.is_ok_and(|tried| tried.status.success())
        };
        let way = ways.iter().find(works).expect(
            "a small disk needs a file system of its own, and this machine lets nobody mount one: \
             run the tests as root, in a container with CAP_SYS_ADMIN, or allow user namespaces",
        );
        Self::run("", &[way, &["sh", "-c", script, "sh", "FOLDER/data", "docker-registry"][..]].concat())
    }

    fn run(more: &str, command: &[&str]) -> Self {
        assert!(
            Command::new("docker-registry").arg("--version").output().is_ok(),
            "docker-registry is not installed: run tests/registry/run, which installs it"
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        std::fs::write(folder.path().join("htpasswd"), HTPASSWD).unwrap();
        let log = folder.path().join("log");
        for _ in 0..5 {
            let port = port();
            let mut config =
                format!("version: 0.1\nlog: {{level: warn}}\nstorage: {{filesystem: {{rootdirectory: {path}/data}}}}\n");
            write!(config, "http: {{addr: \"127.0.0.1:{port}\"}}\n{}", more.replace("FOLDER", &path)).unwrap();
            std::fs::write(folder.path().join("config.yml"), config).unwrap();
            let mut process = Command::new(command[0])
                .args(command[1..].iter().map(|word| word.replace("FOLDER", &path)))
                .args(["serve", &format!("{path}/config.yml")])
                .stdout(Stdio::null())
                .stderr(std::fs::File::create(&log).unwrap())
                .spawn()
                .unwrap();
            if answers(&mut process, port) {
                return Self { process, folder, port };
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!("docker-registry does not start: {}", std::fs::read_to_string(&log).unwrap());
    }

    /// Its name, such as `127.0.0.1:34567`.
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where it keeps a blob.
    pub(crate) fn blob(&self, digest: &str) -> PathBuf {
        let hex = digest.trim_start_matches("sha256:");
        self.data().join("blobs/sha256").join(&hex[..2]).join(hex).join("data")
    }

    /// Uploads that were begun in a repository and did not come to their end.
    pub(crate) fn unfinished(&self, repository: &str) -> usize {
        let folder = self.data().join("repositories").join(repository).join("_uploads");
        std::fs::read_dir(folder).map_or(0, Iterator::count)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data/docker/registry/v2")
    }
}

/// A free port that nobody else here is given. Systems give out those from 32768 by themselves: of two that look for one there at
/// once, one could find the registry of the other, and take it for its own.
fn port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() * 131;
    loop {
        let next = first + u32::from(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = 16_000 + u16::try_from(next % 16_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Whether a registry comes to answer before it ends.
fn answers(process: &mut Child, port: u16) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) && process.try_wait().unwrap().is_none() {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// Who [`Server::with_password`] lets in.
pub(crate) fn known() -> Credentials {
    Credentials::Basic { user: USER.into(), password: PASSWORD.into() }
}
