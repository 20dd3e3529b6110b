//! A cloud in memory that refuses what AWS refuses.

use std::collections::BTreeSet;

use infra::graph::{Address, Attrs, Live, Outputs, State, Tags, references};
use infra::plan::{Rule, Since};
use serde_json::{Value, json};

use crate::schema::schema;
use crate::world::scope;

/// The attribute that a second call sets, with what it is before: a run may be killed in between.
fn late(kind: &str) -> Option<(&'static str, Value)> {
    match kind {
        "net" => Some(("names", json!(true))),
        "gate" => Some(("net", json!(""))),
        "table" => Some(("rooms", json!([]))),
        _ => None,
    }
}

/// Kinds that take their time to be made and to go.
const SLOW: &[&str] = &["post", "store", "crew", "bell"];

/// Why a call did nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stop {
    /// The run was killed before it.
    Killed,
    /// The cloud says no.
    Refused(String),
}

fn refused<T>(why: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Refused(why.into()))
}

#[derive(Clone, Debug)]
struct Thing {
    kind: &'static str,
    id: String,
    attrs: Attrs,
    tags: Tags,
    state: State,
    /// The attributes of every version so far.
    versions: Vec<Attrs>,
}

/// The cloud.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    things: Vec<Thing>,
    made: usize,
    /// Calls that are left before the run is killed; none for as many as it wants.
    pub(crate) calls_left: Option<usize>,
    /// Addresses of which one that works must be there after every call.
    pub(crate) keep: BTreeSet<Address>,
}

impl Thing {
    /// Names and numbers as AWS gives them: what is not ready has fewer.
    fn outputs(&self) -> Outputs {
        let ready = !matches!(self.state, State::Busy(_) | State::Failed(_));
        let there = schema(self.kind).outputs.iter().filter(|output| ready || output.since == Since::Created);
        let value = |name: &str| match name {
            "name" => self.attrs["name"].as_str().expect("a name is a text").to_owned(),
            "version" => self.versions.len().to_string(),
            _ => format!("{}/{name}", self.id),
        };
        there.map(|output| (output.name.to_owned(), value(output.name))).collect()
    }
}

impl Memory {
    /// Everything, as a sweep finds it.
    pub(crate) fn live(&self) -> Vec<Live> {
        let live = self.things.iter().map(|thing| Live {
            kind: thing.kind,
            id: thing.id.clone(),
            owner: scope().owner(&thing.tags),
            state: thing.state.clone(),
            attrs: thing.attrs.clone(),
            outputs: thing.outputs(),
            tags: thing.tags.clone(),
            neighbours: Vec::new(),
        });
        live.collect()
    }

    pub(crate) fn create(&mut self, kind: &'static str, attrs: &Attrs, tags: &Tags) -> Result<String, Stop> {
        self.call()?;
        let mut whole = Attrs::new();
        for row in schema(kind).attributes {
            let value = attrs.get(row.name).cloned().unwrap_or(json!(false));
            self.check(kind, row.name, &value)?;
            whole.insert(row.name.into(), value);
        }
        if let Some(name) = whole.get("name")
            && self.things.iter().any(|thing| thing.kind == kind && thing.attrs.get("name") == Some(name))
        {
            return refused(format!("there is a {kind} called {name} already"));
        }
        let net = if kind == "post" { self.net_of(&whole["room"]) } else { None };
        if kind == "post" && !self.things.iter().any(|thing| thing.kind == "gate" && thing.attrs.get("net") == net.as_ref()) {
            return refused("a post needs a gate in its net");
        }
        let set = late(kind).and_then(|(name, before)| Some((name, whole.insert(name.into(), before)?)));
        self.made += 1;
        let id = format!("{kind}/{}", self.made);
        let state = if SLOW.contains(&kind) { State::Busy("creating".into()) } else { State::Ready };
        let versions = vec![whole.clone()];
        self.things.push(Thing { kind, id: id.clone(), attrs: whole, tags: tags.clone(), state, versions });
        if let Some((name, value)) = set {
            self.call()?;
            self.check(kind, name, &value)?;
            self.thing(&id)?.attrs.insert(name.into(), value);
        }
        self.kept();
        Ok(id)
    }

    /// Waits for what is being made; gives what can be referred to by then.
    pub(crate) fn settle(&mut self, id: &str) -> Result<Outputs, Stop> {
        self.call()?;
        let thing = self.thing(id)?;
        if let State::Busy(_) = thing.state {
            thing.state = State::Ready;
        }
        let outputs = thing.outputs();
        self.kept();
        Ok(outputs)
    }

    pub(crate) fn outputs(&mut self, id: &str) -> Result<Outputs, Stop> {
        Ok(self.thing(id)?.outputs())
    }

    pub(crate) fn update(&mut self, id: &str, changed: &Attrs) -> Result<(), Stop> {
        self.call()?;
        let thing = self.thing(id)?.clone();
        if thing.state != State::Ready {
            return refused(format!("{id} is {:?}", thing.state));
        }
        for (name, value) in changed {
            self.check(thing.kind, name, value)?;
            let row = schema(thing.kind).attribute(name).expect("checked");
            let before = &thing.attrs[name];
            let rule = if let Rule::Judge(judge) = row.rule { judge(before, value) } else { row.rule };
            if value != before && !matches!(rule, Rule::Update | Rule::Disrupt(_)) {
                return refused(format!("{name} of {id} cannot be changed: {rule:?}"));
            }
        }
        let thing = self.thing(id)?;
        thing.attrs.extend(changed.clone());
        thing.versions.push(thing.attrs.clone());
        Ok(())
    }

    pub(crate) fn tag(&mut self, id: &str, tags: &Tags) -> Result<(), Stop> {
        self.call()?;
        self.thing(id)?.tags.extend(tags.clone());
        Ok(())
    }

    pub(crate) fn delete(&mut self, id: &str) -> Result<(), Stop> {
        self.call()?;
        let thing = self.thing(id)?.clone();
        match thing.state {
            State::Deleting => return Ok(()),
            State::Busy(_) => return refused(format!("{id} is not ready yet")),
            State::Ready | State::Failed(_) => {}
        }
        if let Some(why) = self.in_the_way(&thing) {
            return refused(why);
        }
        if SLOW.contains(&thing.kind) {
            self.thing(id)?.state = State::Deleting;
        } else {
            self.things.retain(|thing| thing.id != id);
        }
        self.kept();
        Ok(())
    }

    /// Waits until a deleted one is gone.
    pub(crate) fn gone(&mut self, id: &str) -> Result<(), Stop> {
        self.call()?;
        self.things.retain(|thing| thing.id != id);
        Ok(())
    }

    /// Between two runs: what is busy comes to an end, good or bad; what is going may be gone.
    pub(crate) fn age(&mut self, lot: u64) {
        let even = |thing: &Thing| (lot >> (thing.id.bytes().last().unwrap_or_default() % 32)) & 1 == 0;
        self.things.retain(|thing| thing.state != State::Deleting || even(thing));
        for thing in &mut self.things {
            thing.state = match &thing.state {
                State::Busy(_) if even(thing) => State::Ready,
                State::Busy(_) if lot & 1 == 0 && !schema(thing.kind).stateful => State::Failed("failed".into()),
                state => state.clone(),
            };
        }
    }

    /// Somebody changes an attribute in the console: to what another of the kind has, or to something else of its sort.
    pub(crate) fn drift(&mut self, id: &str, name: &str) {
        let thing = self.thing(id).expect("it is there");
        let value = match &thing.attrs[name] {
            Value::Bool(value) => json!(!value),
            Value::Number(value) => json!(value.as_u64().expect("natural") + 10),
            Value::Array(items) if items.is_empty() => json!([{ "port": 99, "peer": { "range": "0" } }]),
            Value::Array(_) => json!([]),
            Value::Object(_) => json!({}),
            Value::String(_) | Value::Null => json!("somebody else's"),
        };
        thing.attrs.insert(name.into(), value);
    }

    /// Somebody changes the first attribute that can be.
    pub(crate) fn drift_any(&mut self, id: &str) {
        let kind = schema(self.thing(id).expect("it is there").kind);
        if let Some(row) = kind.attributes.iter().find(|row| matches!(row.rule, Rule::Update | Rule::Disrupt(_))) {
            self.drift(id, row.name);
        }
    }

    /// Stores grow by themselves.
    pub(crate) fn grow(&mut self) {
        for thing in self.things.iter_mut().filter(|thing| thing.kind == "store") {
            let size = thing.attrs["size"].as_u64().expect("a size");
            thing.attrs.insert("size".into(), json!(size + 1));
        }
    }

    /// Somebody deletes a thing where AWS lets them, or a gate though AWS does not. What is slow is still going afterwards.
    pub(crate) fn vandalise(&mut self, id: &str) {
        if id.starts_with("gate") {
            self.things.retain(|thing| thing.id != id);
        } else {
            // That AWS refuses is as well.
            let _ = self.delete(id);
        }
    }

    /// Somebody changes tags.
    pub(crate) fn retag(&mut self, id: &str, change: impl FnOnce(&mut Tags)) {
        change(&mut self.thing(id).expect("it is there").tags);
    }

    /// Somebody makes a thing.
    pub(crate) fn plant(&mut self, kind: &'static str, attrs: &Attrs, tags: &Tags) -> Result<String, Stop> {
        let id = self.create(kind, attrs, tags)?;
        self.settle(&id).map(|_| id)
    }

    /// Why AWS would not delete a thing now.
    fn in_the_way(&self, thing: &Thing) -> Option<String> {
        let table = schema(thing.kind);
        if table.protection.is_some_and(|name| thing.attrs[name] == json!(true)) {
            return Some(format!("{} is protected", thing.id));
        }
        let outputs = thing.outputs();
        let held: Vec<&String> =
            table.outputs.iter().filter(|output| output.held).filter_map(|output| outputs.get(output.name)).collect();
        for other in self.things.iter().filter(|other| other.id != thing.id) {
            for (name, value) in other.attrs.iter().chain(self.through(other)) {
                let by_name = schema(other.kind).attribute(name).is_some_and(|row| row.names == Some(thing.kind));
                let names = texts(value).any(|text| held.contains(&&text) || by_name && Some(&text) == outputs.get("name"));
                if names {
                    return Some(format!("{} is in use: {name} of {}", thing.id, other.id));
                }
            }
            if thing.kind == "gate"
                && other.kind == "post"
                && self.net_of(&other.attrs["room"]).as_ref() == thing.attrs.get("net")
            {
                return Some(format!("{} still needs {}", other.id, thing.id));
            }
        }
        None
    }

    /// What a crew uses through the version of the mould it was made from.
    fn through(&self, crew: &Thing) -> impl Iterator<Item = (&String, &Value)> {
        let text = |name: &str| crew.attrs.get(name).and_then(Value::as_str);
        let mould = text("mould").and_then(|id| self.things.iter().find(|thing| format!("{}/id", thing.id) == id));
        let version = text("version").and_then(|version| version.parse::<usize>().ok());
        let used = mould.zip(version).and_then(|(mould, version)| mould.versions.get(version - 1));
        used.into_iter().flatten().filter(|(name, _)| *name == "guards")
    }

    fn net_of(&self, room: &Value) -> Option<Value> {
        let room = room.as_str()?.strip_suffix("/id")?;
        self.things.iter().find(|thing| thing.id == room).and_then(|thing| thing.attrs.get("net").cloned())
    }

    /// Refuses a value that names what is not there, or not ready.
    fn check(&self, kind: &str, name: &str, value: &Value) -> Result<(), Stop> {
        let Some(row) = schema(kind).attribute(name) else { return refused(format!("a {kind} has no {name}")) };
        if let Some(reference) = references(value).first() {
            return refused(format!("{name} of {kind} is unresolved: {reference:?}"));
        }
        if kind == "gate" && value != "" && self.things.iter().any(|thing| thing.kind == kind && thing.attrs[name] == *value) {
            return refused(format!("{value} has a gate already"));
        }
        for text in texts(value) {
            let going = |thing: &&Thing| thing.state != State::Deleting;
            let there = match row.names {
                Some(named) => {
                    self.things.iter().filter(going).any(|thing| thing.kind == named && thing.attrs["name"] == text.as_str())
                }
                None if text.contains('/') => {
                    self.things.iter().filter(going).any(|thing| thing.outputs().values().any(|output| *output == text))
                }
                None => true,
            };
            if !there {
                return refused(format!("{name} of {kind}: {text} does not exist, or is not ready"));
            }
        }
        Ok(())
    }

    fn thing(&mut self, id: &str) -> Result<&mut Thing, Stop> {
        self.things.iter_mut().find(|thing| thing.id == id).ok_or_else(|| Stop::Refused(format!("there is no {id}")))
    }

    fn call(&mut self) -> Result<(), Stop> {
        match &mut self.calls_left {
            Some(0) => Err(Stop::Killed),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// What is to stay is there, and works.
    fn kept(&self) {
        for address in &self.keep {
            let works = |thing: &Thing| {
                thing.state == State::Ready && scope().tags(address).iter().all(|(key, tag)| thing.tags.get(key) == Some(tag))
            };
            assert!(self.things.iter().any(works), "{address} is missing in between");
        }
    }
}

fn texts(value: &Value) -> Box<dyn Iterator<Item = String> + '_> {
    match value {
        Value::String(text) => Box::new(std::iter::once(text.clone())),
        Value::Array(items) => Box::new(items.iter().flat_map(texts)),
        Value::Object(object) => Box::new(object.values().flat_map(texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Box::new(std::iter::empty()),
    }
}
