//! A case: what the account holds, what people did to it, and what is wanted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use infra::graph::{Address, Neighbour, Owner, State};
use infra::promote::Promotion;
use infra::spec::{self, Environment};
use serde::Deserialize;
use serde_json::Value;

use crate::world::{World, scope};

/// `case.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// What happened, in a sentence; for readers of the folder.
    pub(crate) about: String,
    /// The command that does to an account what `edit` does in memory.
    #[serde(default, rename = "by_hand")]
    _by_hand: String,
    /// The folder of the spec that the account was made from; empty where it was made from nothing.
    #[serde(default = "base")]
    before: String,
    /// The folder of the spec that is planned; the case's own `after` if it has one, otherwise `before`.
    after: Option<String>,
    /// Nothing is wanted.
    #[serde(default)]
    pub(crate) destroy: bool,
    /// Like `--adopt`.
    #[serde(default)]
    pub(crate) adopt: Vec<String>,
    /// Like `--image`, by digest.
    #[serde(default)]
    pub(crate) images: BTreeMap<String, String>,
    /// Like `--override`, with reasons.
    #[serde(default)]
    pub(crate) overrides: BTreeMap<String, String>,
    /// The images that move, and what is known of them: `promotion.json` beside the case.
    #[serde(skip)]
    pub(crate) promotion: Vec<Promotion>,
    #[serde(default)]
    edit: Vec<Edit>,
}

fn base() -> String {
    "base".into()
}

/// What somebody did by hand.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    address: Address,
    /// It is gone.
    #[serde(default)]
    delete: bool,
    /// There is another like it, with this id.
    copy: Option<String>,
    /// It belongs to somebody else: it lost all tags.
    #[serde(default)]
    disown: bool,
    /// AWS has not finished it; its word for that.
    busy: Option<String>,
    /// AWS could not make it; its word for that.
    failed: Option<String>,
    /// Attributes, by their path, that have another value.
    #[serde(default)]
    set: BTreeMap<String, Value>,
    /// Sets that have more elements.
    #[serde(default)]
    add: BTreeMap<String, Vec<Value>>,
    /// Tags that are gone.
    #[serde(default)]
    untag: Vec<String>,
    /// Others use it.
    #[serde(default)]
    neighbours: Vec<Other>,
}

/// Somebody who is not ours.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    /// What it is, in words.
    what: String,
    /// Whether AWS deletes nothing that it uses.
    holds: bool,
}

impl Case {
    pub(crate) fn read(folder: &Path) -> Self {
        let text = std::fs::read_to_string(folder.join("case.toml")).expect("a case has a case.toml");
        let case: Self = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let promotion = std::fs::read_to_string(folder.join("promotion.json")).unwrap_or_else(|_| "[]".into());
        let promotion = serde_json::from_str(&promotion).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        Self { promotion, ..case }
    }

    /// The image that each service is to run, by digest.
    pub(crate) fn wanted(&self) -> Vec<(String, String)> {
        let mut wanted = self.images.clone();
        wanted.extend(self.promotion.iter().map(|promotion| (promotion.service.clone(), promotion.to.to_string())));
        wanted.into_iter().collect()
    }

    /// The account as people left it.
    pub(crate) fn world(&self, folder: &Path) -> World {
        let mut world = World::default();
        if !self.before.is_empty() {
            let environment = environment(&cases(folder).join(&self.before));
            let plan = crate::planned(&world, &environment, &[], &[], false);
            assert!(plan.blocked().next().is_none(), "the account cannot be made");
            world.apply(&scope(&environment), &plan);
        }
        for edit in &self.edit {
            edit.make(&mut world);
        }
        world
    }

    /// The spec that is planned.
    pub(crate) fn environment(&self, folder: &Path) -> Environment {
        let own = folder.join("after");
        let path: PathBuf = match &self.after {
            Some(path) => cases(folder).join(path),
            None if own.is_dir() => own,
            None => cases(folder).join(&self.before),
        };
        environment(&path)
    }
}

/// The folder that a case stands in.
fn cases(folder: &Path) -> &Path {
    folder.parent().expect("a case stands in a folder")
}

/// The environment `dev` of a folder of specs.
fn environment(folder: &Path) -> Environment {
    match spec::load(folder, None) {
        Ok(loaded) => loaded.environment("dev").expect("every case is about dev").clone(),
        Err(problems) => panic!("{}", infra::render::diagnostic::text(&problems.list, &problems.sources, false, folder)),
    }
}

impl Edit {
    fn make(&self, world: &mut World) {
        if self.delete {
            let before = world.live.len();
            world.live.retain(|live| live.address() != Some(&self.address));
            assert!(world.live.len() < before, "{} was not there", self.address);
            return;
        }
        if let Some(id) = &self.copy {
            let mut copy = world.at(&self.address).clone();
            copy.id.clone_from(id);
            copy.outputs.insert("id".into(), id.clone());
            world.live.push(copy);
            return;
        }
        let live = world.at(&self.address);
        for (path, value) in &self.set {
            let (first, rest) = path.split_once('.').unwrap_or((path, ""));
            let place = live.attrs.get_mut(first).unwrap_or_else(|| panic!("no attribute {first}"));
            let pointer = if rest.is_empty() { String::new() } else { format!("/{}", rest.replace('.', "/")) };
            *place.pointer_mut(&pointer).unwrap_or_else(|| panic!("no {path}")) = value.clone();
        }
        for (name, values) in &self.add {
            live.attrs.get_mut(name).and_then(Value::as_array_mut).expect("a set").extend(values.clone());
        }
        for tag in &self.untag {
            assert!(live.tags.remove(tag).is_some(), "there was no tag {tag}");
        }
        live.neighbours.extend(self.neighbours.iter().cloned().map(|Other { what, holds }| Neighbour { what, holds }));
        if let Some(word) = &self.busy {
            live.state = State::Busy(word.clone());
        }
        if let Some(word) = &self.failed {
            live.state = State::Failed(word.clone());
        }
        if self.disown {
            live.tags.clear();
            live.owner = Owner::Foreign("somebody else; it carries no tags of ours".into());
        }
    }
}
