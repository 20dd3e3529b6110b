//! What has moved between a plan and the one that is made now: exactly what an approval no longer covers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use crate::graph::{Address, Attrs, DECLARED, Live, State, Tags, is_unknown};
use crate::plan::{Action, Change, FieldChange, Plan, Reason};

/// One resource that is not as the plan has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Which.
    pub address: Address,
    /// What of it: an attribute with what it was and is, or a sentence.
    pub what: Vec<String>,
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, self.what.join("; "))
    }
}

/// Compares two sealed plans of one environment, the earlier first. Empty exactly when the earlier one still holds: what it would
/// do would be done now, to the same things, as they were.
pub fn moved(then: &Plan, now: &Plan) -> Vec<Moved> {
    let (before, after) = (by_resource(then), by_resource(now));
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let mut moved: Vec<Moved> = Vec::new();
    for key @ (address, ..) in keys {
        let what = match (before.get(key), after.get(key)) {
            (Some(then), Some(now)) => differences(then, now),
            (Some(then), None) => over(then),
            (None, Some(now)) if acts(now) => vec![format!("it was no part of the plan, and is to be {} now", verb(now))],
            (None, _) => Vec::new(),
        };
        if !what.is_empty() {
            moved.push(Moved { address: (*address).clone(), what });
        }
    }
    // The id covers all that is done; should the words above ever miss something, the plan is stale all the same.
    if moved.is_empty() && then.id() != now.id() {
        let address = then.changes.iter().chain(&now.changes).map(|change| change.address.clone()).next();
        moved.extend(address.map(|address| Moved { address, what: vec!["it is planned otherwise now".into()] }));
    }
    moved
}

/// Two copies of one resource are told apart by their ids.
type Key<'a> = (&'a Address, &'a str, Option<&'a str>);

fn by_resource(plan: &Plan) -> BTreeMap<Key<'_>, &Change> {
    let mut copies: BTreeMap<(&Address, &str), usize> = BTreeMap::new();
    for change in &plan.changes {
        *copies.entry((&change.address, change.kind)).or_default() += 1;
    }
    let key = |change: &'_ Change| copies[&(&change.address, change.kind)] > 1;
    let keyed = plan.changes.iter().map(|change| {
        let id = change.live.as_ref().map(|live| live.id.as_str()).filter(|_| key(change));
        ((&change.address, change.kind, id), change)
    });
    keyed.collect()
}

/// Whether anything is done to a resource, or would have to be. To wait for what an earlier run began changes nothing.
fn acts(change: &Change) -> bool {
    change.blocked.is_some() || change.is_step() && change.reason != Reason::Busy
}

/// What differs between what is done to a resource then and now. Nothing where nothing was to be done and nothing is.
fn differences(then: &Change, now: &Change) -> Vec<String> {
    if !acts(then) && !acts(now) {
        return Vec::new();
    }
    let mut what = existence(then.live.as_ref(), now.live.as_ref());
    let rests_on = rests_on(then, now);
    let counts = |path: &str| rests_on.as_ref().is_none_or(|paths| paths.contains(path));
    if what.is_empty() {
        what.extend(then.live.as_ref().zip(now.live.as_ref()).and_then(|(was, is)| state(&was.state, &is.state)));
        what.extend(values(&leaves(&then.before(), &tags(then)), &leaves(&now.before(), &tags(now)), &counts));
    }
    if what.is_empty() && then.action == now.action && then.blocked.is_some() == now.blocked.is_some() {
        // AWS is as it was, so it is the spec, or a flag, that asks for something else.
        let asked = values(&leaves(&then.after, &Tags::new()), &leaves(&now.after, &Tags::new()), &counts);
        what.extend(asked.into_iter().map(|words| format!("other than planned, {words}")));
    } else if what.is_empty() {
        what.push(format!("it was to be {}, and is to be {} now", verb(then), verb(now)));
    }
    if what.is_empty() {
        // Nobody agreed to a danger that has come since: somebody may have moved in, or out.
        let only = |a: &Change, b: &Change, words: &str| {
            let only = a.hazards.iter().filter(|hazard| !b.hazards.contains(hazard));
            only.map(|hazard| format!("{words} the hazard {}", hazard.name())).collect::<Vec<_>>()
        };
        what.extend(only(now, then, "it has come to have"));
        what.extend(only(then, now, "it no longer has"));
    }
    what
}

/// The values, by path, that the changes of a resource rest on: those that an update touches, for whatever else differs was left
/// alone and stays so. None where it is made, replaced or deleted, which rests on everything.
fn rests_on(then: &Change, now: &Change) -> Option<BTreeSet<String>> {
    let touched = |change: &Change| match change.action {
        Action::NoOp => Some(BTreeSet::new()),
        Action::Update => Some(change.fields.iter().flat_map(touched).collect()),
        Action::Create | Action::Replace { .. } | Action::Delete => None,
    };
    Some(touched(then)?.into_iter().chain(touched(now)?).collect())
}

/// The paths at which an attribute will be another.
fn touched(field: &FieldChange) -> Vec<String> {
    let attrs = |value: &Value| leaves(&Attrs::from([(field.name.clone(), value.clone())]), &Tags::new());
    let (before, after) = (attrs(&field.before), attrs(&field.after));
    let paths = before.keys().chain(after.keys()).collect::<BTreeSet<_>>();
    // What will be known after apply only comes in place of whatever is there: see `Plan::id`.
    let pending = |path: &String| after.get(path).is_some_and(is_unknown);
    paths.into_iter().filter(|path| before.get(*path) != after.get(*path) && !pending(path)).cloned().collect()
}

/// Every value by its path; what has no keys of its own is one. `infra:declared` follows from the rest and tells nothing.
fn leaves(attrs: &Attrs, tags: &Tags) -> Leaves {
    fn walk(path: String, value: &Value, found: &mut Leaves) {
        match value {
            Value::Object(table) if !table.is_empty() && !table.keys().any(|key| key.starts_with('$')) => {
                for (key, value) in table {
                    walk(format!("{path}.{key}"), value, found);
                }
            }
            Value::Null => {}
            _ => drop(found.insert(path, value.clone())),
        }
    }
    let mut found = Leaves::new();
    for (name, value) in attrs {
        walk(name.clone(), value, &mut found);
    }
    for (key, value) in tags.iter().filter(|(key, _)| *key != DECLARED) {
        walk(format!("tags.{key}"), &value.clone().into(), &mut found);
    }
    found
}

/// The tags AWS has, where they count: what goes may carry any.
fn tags(change: &Change) -> Tags {
    let live = change.live.as_ref().filter(|_| matches!(change.action, Action::Update | Action::NoOp));
    live.map(|live| live.tags.clone()).unwrap_or_default()
}

type Leaves = BTreeMap<String, Value>;

fn existence(was: Option<&Live>, is: Option<&Live>) -> Vec<String> {
    match (was, is) {
        (None, Some(is)) => vec![format!("it was not there, and {} is there now", is.id)],
        (Some(was), None) => vec![format!("{} was there, and is gone", was.id)],
        (Some(was), Some(is)) if was.id != is.id => vec![format!("it was {}, and is {} now", was.id, is.id)],
        _ => Vec::new(),
    }
}

fn state(was: &State, is: &State) -> Option<String> {
    let word = |state: &State| match state {
        State::Ready => "ready".to_owned(),
        State::Busy(word) | State::Failed(word) => word.clone(),
        State::Deleting => "being deleted".into(),
    };
    let alike = std::mem::discriminant(was) == std::mem::discriminant(is);
    (!alike).then(|| format!("it was {}, and is {} now", word(was), word(is)))
}

fn values(was: &Leaves, is: &Leaves, counts: &dyn Fn(&str) -> bool) -> Vec<String> {
    let paths: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let moved = paths.into_iter().filter(|path| counts(path) && was.get(*path) != is.get(*path));
    moved.map(|path| format!("{path} was {}, and is {} now", short(was.get(path)), short(is.get(path)))).collect()
}

/// A value, cut where it is long.
fn short(value: Option<&Value>) -> String {
    const LONGEST: usize = 120;
    let text = match value {
        None => "not set".into(),
        Some(Value::String(text)) => format!("{text:?}"),
        Some(Value::Object(table)) if table.len() == 1 => {
            table.values().map(|value| value.as_str().unwrap_or_default()).collect()
        }
        Some(other) => other.to_string(),
    };
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST).chain(['…']).collect() }
}

/// A change of which there is nothing left: no longer in the spec and gone, or done already.
fn over(then: &Change) -> Vec<String> {
    let there = if then.live.is_some() { "it is gone from AWS" } else { "nobody asks for it any more" };
    if acts(then) { vec![format!("it was to be {}, and {there}", verb(then))] } else { Vec::new() }
}

fn verb(change: &Change) -> &'static str {
    match change.action {
        _ if change.blocked.is_some() => "blocked",
        _ if change.deferred.is_some() => "deferred",
        Action::NoOp => "left as it is",
        Action::Create => "created",
        Action::Update => "updated",
        Action::Replace { .. } => "replaced",
        Action::Delete => "deleted",
    }
}
