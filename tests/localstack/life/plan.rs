//! A plan as programs read it.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::Ended;

/// What `infra plan --format json` printed.
#[derive(Clone)]
pub(super) struct Plan {
    json: Value,
    choices: Vec<String>,
}

impl Plan {
    pub(super) fn read(ended: &Ended, choices: &[&str]) -> Self {
        let json = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:#?}"));
        Self { json, choices: choices.iter().map(ToString::to_string).collect() }
    }

    /// The flags it was made with.
    pub(super) fn choices(&self) -> impl Iterator<Item = &str> {
        self.choices.iter().map(String::as_str)
    }

    pub(super) fn id(&self) -> String {
        self.json["plan_id"].as_str().unwrap().to_owned()
    }

    /// How many resources have that fate: a key of `summary`.
    pub(super) fn count(&self, fate: &str) -> u64 {
        self.json["summary"][fate].as_u64().unwrap_or_else(|| panic!("no {fate} in {}", self.json["summary"]))
    }

    /// `calls` or `depth` of what was read for it.
    pub(super) fn reads(&self, what: &str) -> u64 {
        self.json["reads"][what].as_u64().unwrap()
    }

    pub(super) fn hazards(&self) -> BTreeSet<&str> {
        self.changes().flat_map(|change| change["hazards"].as_array().unwrap()).filter_map(Value::as_str).collect()
    }

    /// All it would do, a line for each resource: what, to which, which attributes, and why.
    pub(super) fn says(&self) -> BTreeSet<String> {
        let done = self.changes().filter(|change| action(change) != "no-op");
        done.map(line).collect()
    }

    /// The addresses with that action: `create`, `update`, `delete`, `create+delete`, `delete+create`.
    pub(super) fn with(&self, wanted: &str) -> BTreeSet<&str> {
        let those = self.changes().filter(|change| action(change) == wanted);
        those.map(|change| change["address"].as_str().unwrap()).collect()
    }

    /// What is said of one address.
    pub(super) fn at(&self, address: &str) -> &Value {
        self.changes().find(|change| change["address"] == address).unwrap_or_else(|| panic!("{address} is not in the plan"))
    }

    fn changes(&self) -> impl Iterator<Item = &Value> {
        self.json["resource_changes"].as_array().unwrap().iter()
    }
}

/// What it would do and what it cannot: the whole is too much to read in a failed test.
impl fmt::Debug for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let odd = self.changes().filter(|change| change.get("blocked").or(change.get("deferred")).is_some());
        let odd = odd.map(|change| format!("{} {} {}", change["address"], change["blocked"]["why"], change["deferred"]));
        out.debug_list().entries(self.says()).entries(odd).finish()
    }
}

fn action(change: &Value) -> String {
    let words: Vec<&str> = change["change"]["actions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    words.join("+")
}

fn line(change: &Value) -> String {
    let text = |key: &str| change[key].as_str().unwrap_or_default();
    let fields = changed(&change["change"]);
    let fields = if fields.is_empty() { String::new() } else { format!(": {}", fields.join(" ")) };
    format!("{} {}{fields} ({})", action(change), text("address"), text("action_reason"))
}

/// The attributes that differ between what is there and what will be, by name.
fn changed(change: &Value) -> Vec<&str> {
    let (Some(before), Some(after)) = (change["before"].as_object(), change["after"].as_object()) else { return Vec::new() };
    let unknown = change["after_unknown"].as_object();
    let pending = |name: &&String| unknown.is_some_and(|unknown| unknown.contains_key(*name));
    let names = after.keys().chain(unknown.into_iter().flat_map(|unknown| unknown.keys()));
    let mut names: Vec<&str> =
        names.filter(|name| pending(name) || before.get(*name) != after.get(*name)).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names
}
