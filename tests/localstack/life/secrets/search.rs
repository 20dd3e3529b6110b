//! Looking for secrets, whole, in part and in other forms, in everything that was said, sent or left.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// How much of a secret betrays it: messages are cut off.
const PART: usize = 10;

/// What a secret is called, and the forms by which it is recognised.
pub(super) struct Canary(pub(super) &'static str, Vec<String>);

impl Canary {
    /// A secret as it is given: by the longest run of letters and digits in it, which every encoding but base64 and hex leaves alone.
    pub(super) fn of(name: &'static str, secret: &str) -> Self {
        let runs = secret.split(|c: char| !c.is_ascii_alphanumeric());
        let core = runs.max_by_key(|run| run.len()).unwrap();
        assert!(core.len() >= 2 * PART, "{name} is too short to be recognised: {core}");
        Self::random(name, core)
    }

    /// One that is random from end to end: by its beginning, its middle and its end, each as it is, in base64 and in hex.
    pub(super) fn random(name: &'static str, secret: &str) -> Self {
        let starts = [0, (secret.len() - PART) / 2, secret.len() - PART];
        Self(name, starts.into_iter().flat_map(|start| forms(&secret[start..start + PART])).collect())
    }

    /// One whose parts everybody knows.
    pub(super) fn whole(name: &'static str, secret: &str) -> Self {
        Self(name, forms(secret))
    }
}

/// A text, and what of its base64 stays the same whatever stands around it; and in hex.
fn forms(text: &str) -> Vec<String> {
    let encoded = (0..3).map(|before| {
        let around = BASE64_STANDARD.encode(format!("{}{text}", "x".repeat(before)));
        let (from, to) = ((before * 8).div_ceil(6), (before + text.len()) * 8 / 6);
        around[from..to].to_owned()
    });
    let hex = hex(text);
    encoded.chain([text.to_owned(), hex.to_uppercase(), hex]).collect()
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Texts, each with where it was found.
#[derive(Default)]
pub(super) struct Texts(Vec<(String, String)>);

impl Texts {
    pub(super) fn one(at: &str, text: impl Into<String>) -> Self {
        Self(vec![(at.to_owned(), text.into())])
    }

    pub(super) fn add(&mut self, at: impl Into<String>, text: impl Into<String>) {
        self.0.push((at.into(), text.into()));
    }

    /// Everything below a folder, names included.
    pub(super) fn add_files(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            self.add("the name of a file", path.display().to_string());
            if path.is_dir() {
                self.add_files(&path);
            } else {
                self.add(path.display().to_string(), String::from_utf8_lossy(&fs::read(&path).unwrap()));
            }
        }
    }

    /// How many begin like this.
    pub(super) fn count(&self, at: &str) -> usize {
        self.0.iter().filter(|(there, _)| there.starts_with(at)).count()
    }

    /// Those that begin like this, out of the others.
    pub(super) fn split(&mut self, at: &str) -> Self {
        let (these, others) = std::mem::take(&mut self.0).into_iter().partition(|(there, _)| there.starts_with(at));
        self.0 = others;
        Self(these)
    }

    /// Whether some text has this in it.
    pub(super) fn one_has(&self, what: &str) -> bool {
        self.0.iter().any(|(_, text)| text.contains(what))
    }

    /// Where each of these secrets is told, and after what.
    pub(super) fn leaks(&self, secrets: &[Canary]) -> Vec<String> {
        let mut leaks = Vec::new();
        for secret in secrets {
            for (at, text) in &self.0 {
                if let Some(start) = secret.1.iter().find_map(|form| text.find(form.as_str())) {
                    let before: String = text[..start].chars().rev().take(200).collect();
                    leaks.push(format!("{} in {at}, after …{}", secret.0, before.chars().rev().collect::<String>()));
                }
            }
        }
        leaks
    }
}

/// Each of the secrets is in all of the texts beside which its name stands, and each stands beside some.
pub(super) fn each_is_found<'a>(there: &[(Texts, &[&str])], secrets: impl IntoIterator<Item = &'a Canary>) {
    for secret in secrets {
        let mut belongs = there.iter().filter(|(_, names)| names.contains(&secret.0)).peekable();
        assert!(belongs.peek().is_some(), "{} is looked for nowhere", secret.0);
        for (texts, _) in belongs {
            assert!(!texts.leaks(std::slice::from_ref(secret)).is_empty(), "{} is not where it belongs", secret.0);
        }
    }
}

#[test]
fn the_search_sees_through_encodings_and_cuts() {
    const SECRET: &str = "pre/R7kd02mQxV5tWz81LbNc+post==";
    let canary = || [Canary::of("it", SECRET)];
    let found = |text: String| Texts::one("there", text).leaks(&canary()).len() == 1;
    for before in ["", "a", "ab", "abc"] {
        let text = format!("{before}{SECRET}");
        assert!(found(text.clone()) && found(BASE64_STANDARD.encode(&text)), "{text}");
        assert!(found(hex(&text).to_uppercase()) && found(hex(&text)), "{text}");
    }
    assert!(found(SECRET[..15].to_owned()) && found(SECRET[14..].to_owned()), "half of it");
    assert!(!found(SECRET[..12].to_owned()) && !found(BASE64_STANDARD.encode("pre/another+post==")));
}
