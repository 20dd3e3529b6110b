//! Images that must not run any more: a file each, in git beside the records of runs, so that everybody who plans knows of them.
//!
//! The type here is the format; `docs/rejection.schema.json` is made from it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Unreadable;
use super::name::EXTENSION;
use super::read::numbers;
use crate::bounded;
use crate::promote::Rejection;
use crate::values::image_digest::ImageDigest;
use crate::values::origin::Origin;

/// The version of this format: the second part grows with additions, the first with what would break readers.
const FORMAT_VERSION: &str = "1.0";

/// The folder among the records. No environment can be called that: their names have no underscore.
pub const FOLDER: &str = "rejected_images";

/// That somebody rejected an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RejectedImage {
    format_version: String,
    /// The image.
    pub digest: ImageDigest,
    /// Why.
    pub reason: String,
    /// Who rejected it, from where, and at which commit.
    pub origin: Origin,
    /// When, in UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
}

/// What became of a rejection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It stands in this file.
    New(PathBuf),
    /// This file had one before, which stays.
    Before(PathBuf),
}

impl RejectedImage {
    /// A rejection that nobody knows of yet.
    pub fn new(digest: ImageDigest, reason: String, origin: Origin, at: Timestamp) -> Self {
        Self { format_version: FORMAT_VERSION.into(), digest, reason, origin, at }
    }

    /// Writes it among the records. The first rejection of an image is the one that stays.
    ///
    /// # Errors
    /// When it cannot be written; readers see the whole file or none.
    pub fn keep(&self, records: &Path) -> io::Result<Kept> {
        let folder = records.join(FOLDER);
        fs::create_dir_all(&folder)?;
        let path = folder.join(name(&self.digest));
        // Two may reject the same image at the same moment.
        let fresh = path.with_extension(format!("{}.tmp", std::process::id()));
        let written = self.write(&fresh).and_then(|()| fs::hard_link(&fresh, &path));
        let _ = fs::remove_file(&fresh);
        match written {
            Ok(()) => Ok(Kept::New(path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Kept::Before(path)),
            Err(error) => Err(error),
        }
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(format!("{:#}\n", serde_json::to_value(self)?).as_bytes())?;
        file.sync_all()
    }

    /// Reads a file that [`keep`](Self::keep) has written.
    ///
    /// # Errors
    /// When it cannot be read, or is about another image than its name says.
    pub fn read(path: &Path) -> Result<Self, Unreadable> {
        let unreadable = |why| Unreadable { path: path.to_owned(), why };
        let text = bounded::read(path, bounded::REJECTION).map_err(|error| unreadable(format!("cannot be read: {error}")))?;
        let read = parse(&text).map_err(unreadable)?;
        if path.file_name().is_none_or(|found| found != name(&read.digest).as_str()) {
            return Err(unreadable(format!("is about {}, and is not named after it", read.digest)));
        }
        Ok(read)
    }

    /// The JSON Schema of these files.
    pub fn schema() -> Value {
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Self>().to_value()
    }
}

impl From<RejectedImage> for Rejection {
    fn from(rejected: RejectedImage) -> Self {
        Self { reason: rejected.reason, by: Some(rejected.origin.actor), at: Some(rejected.at) }
    }
}

/// All images that are rejected among these records. Where nothing was ever rejected there are none.
///
/// # Errors
/// When one of the files cannot be read: nobody knows then which image must not run, so none may.
pub fn rejections(records: &Path) -> Result<BTreeMap<ImageDigest, Rejection>, Unreadable> {
    let folder = records.join(FOLDER);
    let unreadable = |error: io::Error| Unreadable { path: folder.clone(), why: format!("cannot be read: {error}") };
    let files = match fs::read_dir(&folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut found = BTreeMap::new();
    for file in files {
        let path = file.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            let rejected = RejectedImage::read(&path)?;
            found.insert(rejected.digest.clone(), rejected.into());
        }
    }
    Ok(found)
}

fn name(digest: &ImageDigest) -> String {
    format!("{}.{EXTENSION}", digest.hex())
}

/// What a newer version adds is passed over: its image is rejected all the same.
fn parse(text: &str) -> Result<RejectedImage, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
    let version = value.get("format_version").and_then(Value::as_str).and_then(numbers);
    let Some((major, minor)) = version else { return Err("is no rejection: it has no `format_version`".into()) };
    let (ours, _) = numbers(FORMAT_VERSION).unwrap_or_default();
    if major != ours {
        return Err(format!("has the format {major}.{minor}, and this version of infra reads {ours}.x"));
    }
    RejectedImage::deserialize(&value).map_err(|error| format!("is no rejection: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tempfile::TempDir;

    use super::*;

    fn rejected(digit: char, reason: &str) -> RejectedImage {
        let digest = format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap();
        let origin = Origin { actor: "ana".into(), host: "desk".into(), ..Origin::default() };
        RejectedImage::new(digest, reason.into(), origin, "2026-11-20T09:00:00Z".parse().unwrap())
    }

    #[test]
    fn what_is_kept_is_read_and_the_first_stays() {
        let records = TempDir::new().unwrap();
        assert_eq!(rejections(records.path()).unwrap().len(), 0, "nothing was ever rejected");
        let first = rejected('a', "leaks memory");
        let path = records.path().join(FOLDER).join(format!("{}.json", "a".repeat(64)));
        assert_eq!(first.keep(records.path()).unwrap(), Kept::New(path.clone()));
        assert_eq!(rejected('a', "another").keep(records.path()).unwrap(), Kept::Before(path.clone()));
        assert_eq!(RejectedImage::read(&path).unwrap(), first);
        rejected('b', "too old").keep(records.path()).unwrap();
        let found = rejections(records.path()).unwrap();
        let said: Vec<String> = found.values().map(ToString::to_string).collect();
        assert_eq!(said, ["rejected by ana on 2026-11-20: leaks memory", "rejected by ana on 2026-11-20: too old"]);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 2, "nothing is left beside them");
    }

    #[test]
    fn what_cannot_be_read_lets_nothing_pass() {
        let records = TempDir::new().unwrap();
        let Kept::New(path) = rejected('a', "leaks memory").keep(records.path()).unwrap() else { panic!("it is new") };
        let good = fs::read_to_string(&path).unwrap();
        let why = |text: &str| {
            fs::write(&path, text).unwrap();
            rejections(records.path()).map(|found| found.len()).map_err(|unreadable| unreadable.why)
        };
        let changed = |key: &str, value: Value| {
            let mut changed: Value = serde_json::from_str(&good).unwrap();
            changed[key] = value;
            changed.to_string()
        };
        assert_eq!(why(&good), Ok(1));
        assert!(why("<<<<<<< HEAD").unwrap_err().starts_with("is not JSON"));
        assert!(why("{}").unwrap_err().contains("no `format_version`"));
        assert!(why(&changed("format_version", json!("2.0"))).unwrap_err().contains("reads 1.x"));
        assert!(why(&changed("digest", json!("sha256:b"))).unwrap_err().starts_with("is no rejection"));
        let other = format!("sha256:{}", "b".repeat(64));
        assert!(why(&changed("digest", json!(other))).unwrap_err().contains("not named after it"));
        assert_eq!(why(&changed("colour", json!("red"))), Ok(1), "a newer version says more");
        fs::write(path.with_file_name("README.md"), "not ours to judge").unwrap();
        fs::write(&path, &good).unwrap();
        assert_eq!(rejections(records.path()).unwrap().len(), 1);
        fs::create_dir(path.with_file_name("x.json")).unwrap();
        assert!(rejections(records.path()).is_err());
    }
}
