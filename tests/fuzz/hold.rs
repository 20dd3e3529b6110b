//! What holds of every file that people may hand to `infra`, whatever stands in it. What is read is also shown: that must not fail either.
//! `fuzz/` holds the same against what libFuzzer comes up with.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use infra::aws::kinds::Registry;
use infra::record::{self, Entry, RejectedImage};
use infra::registry::{Credentials, Reference};
use infra::render::{Page, diagnostic, history, html, json, markdown, text};
use infra::saved::{Saved, moved, seal};
use infra::spec::{self, Problem, Source};
use infra::values::name::fingerprint;
use tempfile::TempDir;

const PAGE: Page = Page { width: 100, colour: false };

/// A folder of one's own, made once.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.expect("a folder can be made")
});

/// Puts a text into a file that nobody else uses at the same time.
fn kept<T>(name: &str, bytes: &[u8], read: impl FnOnce(&Path) -> T) -> T {
    let folder = FOLDER.path().join(format!("{:?}", std::thread::current().id()));
    fs::create_dir_all(&folder).expect("a folder can be made");
    let file = folder.join(name);
    fs::write(&file, bytes).expect("a file can be written");
    let read = read(&file);
    fs::remove_file(&file).expect("it is there");
    read
}

/// Nothing that is shown talks to the terminal.
fn shown(text: &str) {
    let said = text
        .chars()
        .find(|c| c.is_control() && !"\n\t".contains(*c) || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
    assert_eq!(said, None, "a terminal would be talked to: {text:?}");
}

/// Problems point into files, and can be drawn.
fn drawn(problems: &[Problem], sources: &[Source], folder: &Path) {
    for place in problems.iter().flat_map(|problem| &problem.labels).map(|label| &label.place) {
        let source = place.file.of(sources).expect("a file that was read");
        assert!(source.text.get(place.span.clone()).is_some(), "{place:?} is no part of {:?}", source.text);
    }
    shown(&diagnostic::text(problems, sources, false, folder));
}

/// A spec is refused with problems that can be shown, or is one.
pub fn spec(bytes: &[u8]) {
    kept("dev.toml", bytes, |file| {
        let folder = file.parent().expect("a folder");
        match spec::load(folder, None) {
            Ok(loaded) => drawn(&loaded.warnings, &loaded.sources, folder),
            Err(problems) => {
                assert!(!problems.list.is_empty(), "it says why");
                drawn(&problems.list, &problems.sources, folder);
            }
        }
    });
    if let Ok(text) = str::from_utf8(bytes) {
        let digest = format!("sha256:{}", "1".repeat(64)).parse().expect("a digest");
        if let Ok(edited) = spec::with_images(text, [("web", &digest)]) {
            toml::from_str::<toml::Table>(&edited).expect("what is written is TOML where what was read is");
        }
    }
}

/// A plan file is refused, or is to the last byte what `infra plan --out` writes, white space between values apart.
pub fn plan(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Saved::from_text(&text, &Registry) {
        Ok(saved) => {
            let written = saved.to_text();
            assert_eq!(compact(&text), compact(&written), "what was read is what was written");
            all_ways(&saved);
        }
        Err(error) => shown(&error.to_string()),
    }
    // Whoever writes such a file on purpose can seal it as well.
    if let Some(saved) = sealed_anew(&text).and_then(|text| Saved::from_text(&text, &Registry).ok()) {
        all_ways(&saved);
    }
}

/// The same with a checksum that is right.
fn sealed_anew(text: &str) -> Option<String> {
    let mut file: serde_json::Value = serde_json::from_str(text).ok()?;
    file.as_object_mut()?.remove("checksum");
    let checksum = format!("sha256:{}", fingerprint(file.to_string().as_bytes()));
    file["checksum"] = checksum.into();
    Some(format!("{file:#}\n"))
}

fn all_ways(saved: &Saved) {
    let Saved { header, plan } = saved;
    shown(&text::plan(header, plan, &Registry, PAGE));
    json::plan(header, plan, &Registry);
    markdown::plan(header, plan, &Registry);
    html::plan(header, plan, &Registry);
    moved(plan, &seal(plan, &Registry));
}

/// JSON without the white space between its values.
pub fn compact(text: &str) -> String {
    let (mut within, mut escaped) = (false, false);
    let keeps = |c: &char| {
        let keeps = within || !" \t\r\n".contains(*c);
        within ^= *c == '"' && !escaped;
        escaped = within && *c == '\\' && !escaped;
        keeps
    };
    text.chars().filter(keeps).collect()
}

/// A record is among those that cannot be read, or is one that can be shown.
pub fn record(bytes: &[u8]) {
    kept("20261121T000000Z-apply-x.json", bytes, |file| {
        let found = record::read(file.parent().expect("a folder")).expect("the folder can be read");
        assert_eq!(found.entries.len() + found.unreadable.len(), 1);
        // It is told like every error, which takes out what would be said to a terminal.
        found.unreadable.iter().for_each(|unreadable| drop(unreadable.to_string()));
        for entry in &found.entries {
            shown(&history::one(entry, PAGE));
            shown(&history::table(std::slice::from_ref(entry), PAGE));
            history::json("dev", std::slice::from_ref(entry));
            followed(entry);
        }
    });
}

fn followed(entry: &Entry) {
    let entries = std::slice::from_ref(entry);
    record::find(entries, &entry.record.plan_id);
    for (service, image) in &entry.record.images {
        image.to.iter().for_each(|running| drop(record::previous(entries, service, running)));
    }
}

/// A rejection is refused, or says why.
pub fn rejection(bytes: &[u8]) {
    let name = format!("{}.json", "a".repeat(64));
    kept(&name, bytes, |file| match RejectedImage::read(file) {
        Ok(rejected) => drop(infra::promote::Rejection::from(rejected).to_string()),
        Err(unreadable) => shown(&unreadable.to_string()),
    });
}

/// An image is named in one way only, however it was written.
pub fn reference(text: &str) {
    match text.parse::<Reference>() {
        Ok(reference) => assert_eq!(reference.to_string().parse().as_ref(), Ok(&reference)),
        Err(error) => drop(error.to_string()),
    }
}

/// Docker's file has credentials, or none, or says why it cannot be read; none of it is a secret.
pub fn docker(bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    kept("config.json", bytes, |file| {
        for host in ["registry.example.com:5000", "registry-1.docker.io"] {
            match runtime.block_on(Credentials::from_docker(&[file.to_owned()], host)) {
                Ok(credentials) => shown(&format!("{credentials:?}")),
                Err(error) => shown(&error.to_string()),
            }
        }
    });
}
