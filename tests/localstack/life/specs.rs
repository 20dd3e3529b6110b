//! A folder of specs that a test may change.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use toml::{Table, Value};

/// The specs of `environments/`, for one account.
pub(super) struct Specs {
    folder: TempDir,
}

impl Specs {
    pub(super) fn for_account(account: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("environments");
        for file in fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            let text = fs::read_to_string(file.path()).unwrap();
            let text = text.replace("account = \"123456789012\"", &format!("account = \"{account}\""));
            // Nobody waits for minutes here.
            let text = text.replace("bake = \"5m\"", "bake = \"1s\"");
            fs::write(folder.path().join(file.file_name()), text).unwrap();
        }
        Self { folder }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Merges `change`, a piece of TOML, into an environment as it first was: `""` is the spec without any change. The value
    /// `"absent"` removes a key.
    pub(super) fn change(&self, environment: &str, change: &str) {
        let read = |name: &str| -> Table { fs::read_to_string(self.folder.path().join(name)).unwrap().parse().unwrap() };
        let file = format!("{environment}.toml");
        let first = format!("{file}.first");
        if !self.folder.path().join(&first).exists() {
            fs::copy(self.folder.path().join(&file), self.folder.path().join(&first)).unwrap();
        }
        // One table, since a file that extends another can add to it and not take away.
        let mut own = read(&first);
        own.remove("extends");
        let mut spec = read("base.toml");
        merge(&mut spec, own);
        merge(&mut spec, change.parse().unwrap());
        fs::write(self.folder.path().join(&file), spec.to_string()).unwrap();
    }
}

fn merge(into: &mut Table, change: Table) {
    for (key, value) in change {
        match (into.get_mut(&key), value) {
            (_, Value::String(word)) if word == "absent" => drop(into.remove(&key)),
            (Some(Value::Table(table)), Value::Table(change)) => merge(table, change),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}
