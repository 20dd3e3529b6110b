//! Reading records back, old ones and those of newer versions alike.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::Value;

use super::name::EXTENSION;
use super::{FORMAT_VERSION, Outcome, Record};
use crate::bounded;

/// A record, and the file it stands in.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub record: Record,
    /// Whether its run lives, here and now.
    pub lives: bool,
}

/// The records of an environment.
#[derive(Debug, Default)]
pub struct Folder {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// A file among records that is none, or none that can be read.
#[derive(Debug, thiserror::Error)]
#[error("{} {why}", path.display())]
pub struct Unreadable {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub why: String,
}

impl Entry {
    /// Whether its run was killed before it could say how it ended.
    pub fn was_cut_short(&self) -> bool {
        self.record.outcome == Outcome::Running && !self.lives
    }

    /// The name of its file without the extension.
    pub fn stem(&self) -> &str {
        self.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
    }
}

/// Reads the records in one folder. A folder that is not there has none.
///
/// # Errors
/// When the folder cannot be read. Files that cannot are in the answer.
pub fn read(folder: &Path) -> io::Result<Folder> {
    let mut found = Folder::default();
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
    };
    for file in files {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != EXTENSION) {
            continue;
        }
        match entry(&path) {
            Ok((record, lives)) => found.entries.push(Entry { path, record, lives }),
            Err(why) => found.unreadable.push(Unreadable { path, why }),
        }
    }
    found.entries.sort_by(|a, b| (b.record.started, &b.path).cmp(&(a.record.started, &a.path)));
    found.unreadable.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn entry(path: &Path) -> Result<(Record, bool), String> {
    let unreadable = |error| format!("cannot be read: {error}");
    let file = File::open(path).map_err(unreadable)?;
    let text = bounded::text(&file, bounded::RECORD).map_err(unreadable)?;
    // Its writer holds it as long as it lives, and the system lets go of it.
    let lives = matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock));
    Ok((parse(&text)?, lives))
}

/// A record from its text.
fn parse(text: &str) -> Result<Record, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
    let version = value.get("format_version").and_then(Value::as_str).and_then(numbers);
    let Some((major, minor)) = version else { return Err("is no record: it has no `format_version`".into()) };
    let ours = numbers(FORMAT_VERSION).unwrap_or_default();
    if major != ours.0 {
        return Err(format!("has the format {major}.{minor}, and this version of infra reads {}.x", ours.0));
    }
    let newer = minor > ours.1;
    let record = Record::deserialize(&value).map_err(|error| {
        if newer { format!("has the format {major}.{minor} of a newer infra: {error}") } else { format!("is no record: {error}") }
    })?;
    // What a newer version adds may be passed over; in a record of this one it is a mistake.
    match unknown(&value, &serde_json::to_value(&record).unwrap_or_default()) {
        Some(field) if !newer => Err(format!("is no record: it has the unknown field `{field}`")),
        _ => Ok(record),
    }
}

pub(super) fn numbers(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The first field of `file` that `known` does not have.
fn unknown(file: &Value, known: &Value) -> Option<String> {
    match (file, known) {
        (Value::Object(file), Value::Object(known)) => {
            file.iter().filter(|(_, value)| !value.is_null()).find_map(|(key, value)| {
                let Some(known) = known.get(key) else { return Some(key.clone()) };
                unknown(value, known).map(|inner| format!("{key}.{inner}"))
            })
        }
        (Value::Array(file), Value::Array(known)) => file.iter().zip(known).find_map(|(file, known)| unknown(file, known)),
        _ => None,
    }
}
