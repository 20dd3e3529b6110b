//! Whether a spec has the right shape: its keys, their types, and the bounds of single values.
//!
//! serde stops at the first mistake. This walk holds the tree against the schema of the same types, reports every
//! mistake, and hands on a sound tree in which mistakes are left out or stood in for, so that the rules across
//! fields can look at the rest in the same run.

mod format;
mod retype;
mod runtime;
mod stand_in;

use std::collections::HashSet;

use serde_json::Value as Json;

use super::conceal::speaks_of_secrets;
use super::problem::{Place, Problem};
use super::schema::STRICT;
use super::suggest;
use super::tree::{Entry, Node, Table, Value};

/// A tree that decodes, and what had to be done for that.
pub(super) struct Shaped {
    /// The spec without its mistakes.
    pub(super) sound: Node,
    /// The mistakes.
    pub(super) problems: Vec<Problem>,
    /// Where they were made: nothing further is to be said of the values there.
    pub(super) blamed: HashSet<Place>,
}

/// Holds a whole environment against the schema.
pub(super) fn shape(tree: &Node) -> Shaped {
    let mut walk = Walk { problems: Vec::new(), blamed: HashSet::new() };
    let mut sound = walk.value(&STRICT, tree, &[]).unwrap_or_else(|| stand_in::of(&STRICT, &tree.place));
    runtime::check(&mut sound, &mut walk.problems);
    walk.blamed.extend(walk.problems.iter().filter_map(Problem::place).cloned());
    Shaped { sound, problems: walk.problems, blamed: walk.blamed }
}

/// What a schema says, where it only refers to a definition.
fn resolve(schema: &'static Json) -> &'static Json {
    let definition = schema["$ref"].as_str().and_then(|path| STRICT.pointer(path.strip_prefix('#')?));
    definition.unwrap_or(schema)
}

/// The values a string may have, if the schema lists them: as `enum`, or one by one where they are described.
fn choices(schema: &'static Json) -> Option<Vec<&'static str>> {
    let listed = schema["enum"].as_array().map(|values| values.iter().filter_map(Json::as_str).collect());
    listed.or_else(|| Some(schema["oneOf"].as_array()?.iter().filter_map(|one| one["const"].as_str()).collect()))
}

struct Walk {
    problems: Vec<Problem>,
    /// Where something stands in for what is missing.
    blamed: HashSet<Place>,
}

impl Walk {
    /// A sound copy of a value; `None` if there is nothing sound in it, which has then been reported.
    fn value(&mut self, schema: &'static Json, node: &Node, path: &[&str]) -> Option<Node> {
        let schema = resolve(schema);
        if let Some(choices) = choices(schema) {
            return self.choice(&choices, node, path);
        }
        if let Some(format) = schema["format"].as_str().filter(|format| format::is_secret(format)) {
            // Nothing may repeat what could be a secret, so it never reaches the general messages.
            let fault = format::check(format, node.text().unwrap_or_default());
            return self.verdict(fault, node);
        }
        match (schema["type"].as_str(), &node.value) {
            (Some("object"), Value::Table(table)) => Some(self.table(schema, table, node, path)),
            (Some("array"), Value::Array(items)) => Some(self.items(schema, items, node, path)),
            (Some("string"), Value::String(text)) => {
                let fault = schema["format"].as_str().and_then(|format| format::check(format, text));
                self.verdict(fault, node)
            }
            (Some("integer" | "number"), Value::Integer(number)) => {
                #[expect(clippy::cast_precision_loss, reason = "every bound is far below where precision is lost")]
                let number = *number as f64;
                self.bounded(schema, number, node, path)
            }
            (Some("number"), Value::Float(text)) => self.bounded(schema, text.parse().unwrap_or(f64::NAN), node, path),
            (Some("boolean"), Value::Boolean(_)) => Some(node.clone()),
            _ => self.wrong_type(schema, node, path),
        }
    }

    fn table(&mut self, schema: &'static Json, table: &Table, node: &Node, path: &[&str]) -> Node {
        let known = schema["properties"].as_object();
        let others = Some(&schema["additionalProperties"]).filter(|others| others.is_object());
        let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let mut sound: Vec<Entry> = Vec::new();
        let mut misspelt = Vec::new();
        for entry in table {
            let path = [path, &[entry.key.as_str()]].concat();
            let Some(schema) = known.and_then(|known| known.get(&entry.key)).or(others) else {
                let keys = known.into_iter().flat_map(|known| known.keys().map(String::as_str));
                misspelt.extend(suggest::closest(&entry.key, keys.clone()));
                self.unknown(entry, keys, &path);
                continue;
            };
            // A table that was written wrong was still meant to be there.
            let meant = known.is_none() || resolve(schema)["type"] == "object";
            let needed = meant || required.contains(&entry.key.as_str());
            let value = self.value(schema, &entry.node, &path);
            if let Some(node) = value.or_else(|| needed.then(|| stand_in::of(schema, &entry.node.place))) {
                sound.push(Entry { node, ..entry.clone() });
            }
        }
        for key in required.into_iter().filter(|key| table.get(key).is_none()) {
            let schema = &schema["properties"][key];
            self.blamed.insert(node.place.clone());
            if !misspelt.contains(&key) {
                // The first line of a file may say anything; its name is what a reader recognises it by.
                let name = path.is_empty().then(|| table.get("environment")).flatten();
                self.missing(key, schema, name.map_or(&node.place, |entry| &entry.place), path);
            }
            sound.push(Entry { key: key.to_owned(), place: node.place.clone(), node: stand_in::of(schema, &node.place) });
        }
        Node { place: node.place.clone(), value: Value::Table(sound.into_iter().collect()) }
    }

    fn items(&mut self, schema: &'static Json, items: &[Node], node: &Node, path: &[&str]) -> Node {
        let sound = items.iter().filter_map(|item| self.value(&schema["items"], item, path)).collect();
        Node { place: node.place.clone(), value: Value::Array(sound) }
    }

    fn choice(&mut self, choices: &[&'static str], node: &Node, path: &[&str]) -> Option<Node> {
        let all = || suggest::list(choices.iter().copied(), "or");
        let Some(text) = node.text() else {
            self.problems.push(mismatch("string", node, path).help(format!("write {}", all())));
            return None;
        };
        if choices.contains(&text) {
            return Some(node.clone());
        }
        let problem = Problem::error(format!("`{}` cannot be `{text}`", last(path))).at(node.place.clone());
        let help = suggest::closest(text, choices.iter().copied())
            .map_or_else(|| format!("write {}", all()), |choice| format!("did you mean `{choice}`?"));
        self.problems.push(problem.help(help));
        None
    }

    fn bounded(&mut self, schema: &Json, number: f64, node: &Node, path: &[&str]) -> Option<Node> {
        let least = schema["minimum"].as_f64().unwrap_or(f64::MIN);
        let most = schema["maximum"].as_f64().unwrap_or(f64::MAX);
        // Written this way round, it refuses `nan` too.
        if (least..=most).contains(&number) {
            return Some(node.clone());
        }
        let message = format!("`{}` must be from {least} to {most}", last(path));
        self.problems.push(Problem::error(message).at(node.place.clone()));
        None
    }

    fn verdict(&mut self, fault: Option<format::Fault>, node: &Node) -> Option<Node> {
        let Some(fault) = fault else { return Some(node.clone()) };
        self.problems.push(Problem::error(fault.message).at(node.place.clone()).help(fault.help));
        None
    }

    /// Reports a value of another type. A number where text is meant goes on as that text, if it can be read as such.
    fn wrong_type(&mut self, schema: &Json, node: &Node, path: &[&str]) -> Option<Node> {
        let expected = schema["type"].as_str().unwrap_or_default();
        let text = retype::text(&node.value).filter(|_| expected == "string");
        let fault = text.as_ref().and_then(|text| format::check(schema["format"].as_str()?, text));
        let sound = text.filter(|_| fault.is_none());
        let help = match fault {
            // Any help would repeat it.
            _ if speaks_of_secrets(last(path)) => None,
            Some(fault) => Some(fault.help),
            None => retype::help(expected, &node.value),
        };
        let problem = mismatch(expected, node, path);
        self.problems.push(Problem { help, ..problem });
        Some(Node { place: node.place.clone(), value: Value::String(sound?) })
    }

    fn unknown<'a>(&mut self, entry: &Entry, keys: impl Iterator<Item = &'a str> + Clone, path: &[&str]) {
        let [table @ .., key] = path else { return };
        let inside = if table.is_empty() { String::new() } else { format!(" in `{}`", table.join(".")) };
        let help = suggest::choice(key, keys, "its keys are ", "and");
        self.problems.push(Problem::error(format!("unknown key `{key}`{inside}")).at(entry.place.clone()).help(help));
    }

    fn missing(&mut self, key: &str, schema: &'static Json, place: &Place, path: &[&str]) {
        let table = if path.is_empty() { "the environment".to_owned() } else { format!("`{}`", path.join(".")) };
        let example = match resolve(schema)["type"].as_str() {
            Some("object") => format!("add a table `[{}]`", [path, &[key]].concat().join(".")),
            _ => format!("add {}", stand_in::written(key, schema)),
        };
        let meaning = schema["description"].as_str().or_else(|| resolve(schema)["description"].as_str()).unwrap_or_default();
        let meaning = meaning.replace('\n', " ");
        self.problems
            .push(Problem::error(format!("{table} needs `{key}`")).at(place.clone()).help(format!("{example}\n{meaning}")));
    }
}

fn last<'a>(path: &[&'a str]) -> &'a str {
    path.last().copied().unwrap_or("the spec")
}

fn mismatch(expected: &str, node: &Node, path: &[&str]) -> Problem {
    let (wanted, found) = (retype::wanted(expected), retype::found(&node.value));
    Problem::error(format!("`{}` must be {wanted}, not {found}", last(path))).at(node.place.clone())
}
