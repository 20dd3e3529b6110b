//! What becomes of each resource: kept, made, changed, replaced, dropped, blocked or deferred.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::change::{Action, Change, Effect, FieldChange, Reason};
use super::claims::Claims;
use super::holders::Holders;
use super::planner::Options;
use super::reason::Evidence;
use super::schema::{Schema, Schemas};
use super::{diff, hazard};
use crate::graph::{
    Address, Attrs, Blocked, DECLARED, Desired, Live, Outputs, Owner, REPLACES, Reference, Scope, State, Tags, substitute,
};
use crate::values::name::alternates;

/// Decides one resource after the other; each after all it refers to.
pub(super) struct Decider<'a> {
    schemas: &'a dyn Schemas,
    scope: &'a Scope,
    options: &'a Options,
    evidence: Evidence<'a>,
    wanted: &'a BTreeMap<&'a Address, &'a Desired>,
    live: &'a [Live],
    holders: Holders,
    claims: Claims,
    /// Live resources, by index, that a decision has taken.
    taken: BTreeSet<usize>,
    /// What references to a decided address resolve to by now.
    known: BTreeMap<Address, Outputs>,
    changes: Vec<Change>,
}

impl<'a> Decider<'a> {
    pub(super) fn new(
        schemas: &'a dyn Schemas,
        scope: &'a Scope,
        wanted: &'a BTreeMap<&'a Address, &'a Desired>,
        dependencies: &'a BTreeMap<&'a Address, BTreeSet<Address>>,
        live: &'a [Live],
        options: &'a Options,
    ) -> Self {
        let evidence = Evidence::new(schemas, wanted, dependencies, live);
        let holders = Holders::find(schemas, &live.iter().map(Some).collect::<Vec<_>>());
        Self {
            schemas,
            scope,
            options,
            evidence,
            wanted,
            live,
            claims: Claims::of(schemas, live, &holders),
            holders,
            taken: BTreeSet::new(),
            known: BTreeMap::new(),
            changes: Vec::new(),
        }
    }

    /// Decides what becomes of a wanted resource.
    pub(super) fn want(&mut self, desired: &Desired) {
        let schema = self.schema(desired.kind);
        let attrs = self.resolve(desired);
        let tags = self.tags(desired);
        let best = self.copies(desired).into_iter().map(|index| {
            let mut attrs = attrs.clone();
            let fields = diff::fields(schema, &mut attrs, &tags, &self.live[index]);
            (diff::weight(&self.live[index], &fields), index, attrs, fields)
        });
        let best = best.min_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        let change = match best {
            Some((_, index, attrs, fields)) => {
                self.taken.insert(index);
                self.meet(desired, schema, attrs, tags, index, fields)
            }
            None => self.make(desired, schema, attrs, tags),
        };
        self.remember(schema, &change);
        self.changes.push(change);
    }

    /// What is left over goes; then all changes are known.
    pub(super) fn finish(mut self) -> Vec<Change> {
        for index in 0..self.live.len() {
            if !self.taken.contains(&index) {
                let change = self.drop(index);
                self.changes.extend(change);
            }
        }
        self.changes
    }

    fn schema(&self, kind: &str) -> &'static Schema {
        self.schemas.schema(kind).expect("checked before anything is decided")
    }

    /// Attributes with every reference replaced that is known by now.
    fn resolve(&self, desired: &Desired) -> Attrs {
        let known = |reference: &Reference| {
            self.known.get(&reference.address).and_then(|outputs| outputs.get(&reference.output)).cloned()
        };
        let attrs = desired.attrs.iter().map(|(name, value)| (name.clone(), substitute(value, &known)));
        self.schemas.normalise(desired.kind, attrs.collect())
    }

    /// The tags of the spec and those of ownership.
    fn tags(&self, desired: &Desired) -> Tags {
        let mut tags = desired.tags.clone();
        tags.extend(self.scope.tags(&desired.address));
        tags
    }

    /// Live resources that may be the wanted one: ours, or where there is none, one that is to be taken over.
    fn copies(&self, desired: &Desired) -> Vec<usize> {
        let free = |index: &usize| !self.taken.contains(index) && self.live[*index].state != State::Deleting;
        let live = || (0..self.live.len()).filter(free);
        let ours: Vec<usize> = live().filter(|&index| Self::is_ours(desired, &self.live[index])).collect();
        let adopted = self.options.adopt.contains(&desired.address) && ours.is_empty();
        if adopted { live().filter(|&index| self.is_namesake(desired, &self.live[index])).collect() } else { ours }
    }

    /// Whether a live resource says it is the wanted one. One that lost `infra:address` alone is known by the `Name` that goes
    /// with it.
    fn is_ours(desired: &Desired, live: &Live) -> bool {
        let name = || live.tags.get("Name").is_some_and(|name| desired.tags.get("Name") == Some(name));
        live.kind == desired.kind && (live.address() == Some(&desired.address) || live.owner == Owner::Nameless && name())
    }

    /// Whether somebody else's resource bears the name that the wanted one would get.
    fn is_namesake(&self, desired: &Desired, live: &Live) -> bool {
        let name = self.schema(desired.kind).name().map(|attribute| attribute.name);
        let same = |name: &str| desired.attrs.contains_key(name) && desired.attrs.get(name) == live.attrs.get(name);
        matches!(live.owner, Owner::Foreign(_)) && live.kind == desired.kind && name.is_some_and(same)
    }

    /// A wanted resource that is not there.
    fn make(&self, desired: &Desired, schema: &Schema, mut after: Attrs, tags: Tags) -> Change {
        let deferred = desired.deferred.clone();
        let owner = self.live.iter().find(|live| self.is_namesake(desired, live));
        let blocked = owner.map(|live| Blocked {
            why: format!("the name {} is taken by {}", live.id, owner_in_words(&live.owner)),
            help: format!("rename one of them, or take it over with `--adopt {}`", desired.address),
        });
        let blocked = blocked.or_else(|| desired.blocked.clone()).filter(|_| deferred.is_none());
        if blocked.is_none() {
            self.take_free_name(schema, desired, &mut after);
        }
        let action = if deferred.is_some() { Action::NoOp } else { Action::Create };
        let mut change = self.change(desired, action, self.evidence.of_absence(&desired.address), after, tags);
        (change.deferred, change.blocked) = (deferred, blocked);
        change.hazards = hazard::hazards(schema, &change);
        change
    }

    /// A wanted resource that is there.
    fn meet(
        &self,
        desired: &Desired,
        schema: &Schema,
        mut after: Attrs,
        tags: Tags,
        index: usize,
        fields: Vec<FieldChange>,
    ) -> Change {
        let live = &self.live[index];
        let (declared, foreign) = match &live.owner {
            Owner::Ours { declared, .. } => (declared.as_deref(), false),
            Owner::Nameless => (live.tags.get(DECLARED).map(String::as_str), false),
            Owner::Foreign(_) => (None, true),
        };
        let mut reason = self.evidence.of_difference(&desired.address, declared, &fields);
        if foreign {
            reason = Reason::Adopted;
        }
        let mut blocked = never(schema, live, &fields);
        let replaces = fields.iter().any(|field| field.effect == Effect::Replace);
        let action = match &live.state {
            State::Failed(_) if blocked.is_none() => {
                reason = Reason::Failed;
                // Nobody uses what never worked, unless it was given out before it failed.
                Action::Replace { delete_first: self.holders.of(index).is_empty() }
            }
            _ if replaces || blocked.is_some() => Action::Replace { delete_first: false },
            _ if !fields.is_empty() => Action::Update,
            State::Busy(_) => {
                reason = Reason::Busy;
                Action::Update
            }
            _ => Action::NoOp,
        };
        if matches!(action, Action::Replace { .. }) {
            blocked = blocked.or_else(|| self.claims.keep(index)).or_else(|| in_use(live));
        }
        if action == (Action::Replace { delete_first: false }) && blocked.is_none() {
            self.take_free_name(schema, desired, &mut after);
        }
        if action != Action::NoOp {
            blocked = blocked.or_else(|| self.claims.doubt(index));
        }
        if action != Action::NoOp && reason != Reason::Busy {
            blocked = blocked.or_else(|| desired.blocked.clone());
        }
        let mut change = self.change(desired, action, reason, after, tags);
        if matches!(action, Action::Replace { .. }) {
            change.tags.insert(REPLACES.into(), live.id.clone());
        }
        (change.live, change.fields, change.blocked) = (Some(live.clone()), fields, blocked);
        change.hazards = hazard::hazards(schema, &change);
        change
    }

    /// A live resource that nothing wants.
    fn drop(&self, index: usize) -> Option<Change> {
        let live = &self.live[index];
        let schema = self.schemas.schema(live.kind)?;
        let Owner::Ours { address, .. } = &live.owner else { return Self::nameless(schema, live) };
        let wanted = self.wanted.get(address).is_some_and(|wanted| wanted.kind == live.kind);
        let protected = schema.protection.filter(|name| live.attrs.get(*name) == Some(&Value::Bool(true)));
        let protected = protected.map(|name| Blocked {
            why: format!("{} is protected: {name} is on in AWS", live.id),
            help: format!("set `{name} = false` in the spec and apply that first"),
        });
        let blocked =
            protected.or_else(|| self.claims.keep(index)).or_else(|| in_use(live)).filter(|_| live.state != State::Deleting);
        let mut change = Change {
            address: address.clone(),
            kind: live.kind,
            action: Action::Delete,
            reason: if wanted { Reason::Leftover } else { Reason::Removed },
            blocked,
            deferred: None,
            live: Some(live.clone()),
            after: Attrs::new(),
            tags: Tags::new(),
            fields: Vec::new(),
            hazards: Vec::new(),
            waits_for: Vec::new(),
        };
        change.hazards = hazard::hazards(schema, &change);
        Some(change)
    }

    /// Something of ours that does not say what it is must not be lost sight of. One that is going already is waited for, like
    /// any other: until then it holds what it refers to.
    fn nameless(schema: &Schema, live: &Live) -> Option<Change> {
        let goes = live.state == State::Deleting;
        let blocked = Blocked {
            why: format!("{} carries the tags of this environment, but its `infra:address` is gone", live.id),
            help: "put the tag back, or remove the other `infra:` tags if it is not ours".into(),
        };
        let mut change = Change {
            address: Address::of(&["unnamed", &live.kind.replace('.', "-")]),
            kind: live.kind,
            action: if goes { Action::Delete } else { Action::NoOp },
            reason: if goes { Reason::Leftover } else { Reason::Unknown },
            blocked: Some(blocked).filter(|_| !goes),
            deferred: None,
            live: Some(live.clone()),
            after: Attrs::new(),
            tags: Tags::new(),
            fields: Vec::new(),
            hazards: Vec::new(),
            waits_for: Vec::new(),
        };
        change.hazards = hazard::hazards(schema, &change);
        (live.owner == Owner::Nameless).then_some(change)
    }

    fn change(&self, desired: &Desired, action: Action, reason: Reason, after: Attrs, mut tags: Tags) -> Change {
        tags.insert(DECLARED.into(), self.evidence.declared(&desired.address));
        Change {
            address: desired.address.clone(),
            kind: desired.kind,
            action,
            reason,
            blocked: None,
            deferred: None,
            live: None,
            after,
            tags,
            fields: Vec::new(),
            hazards: Vec::new(),
            waits_for: Vec::new(),
        }
    }

    /// The first of the alternate names that nobody has or is to get: two resources of a kind cannot share one, if only for a moment.
    fn take_free_name(&self, schema: &Schema, desired: &Desired, after: &mut Attrs) {
        let Some(attribute) = schema.name() else { return };
        let named = |attrs: &'a Attrs| attrs.get(attribute.name).and_then(Value::as_str);
        let Some(base) = desired.attrs.get(attribute.name).and_then(Value::as_str) else { return };
        // The name of one of ours that is going already is free by the time it is needed: its deletion is waited for.
        let free = |live: &Live| live.state == State::Deleting && live.address().is_some();
        let live = self.live.iter().filter(|live| live.kind == schema.kind && !free(live));
        let others = self.wanted.values().filter(|other| other.kind == schema.kind && other.address != desired.address);
        let given = self.changes.iter().filter(|change| change.kind == schema.kind);
        let mut taken: BTreeSet<&str> = live.filter_map(|live| named(&live.attrs)).collect();
        taken.extend(others.filter_map(|other| named(&other.attrs)));
        taken.extend(given.filter_map(|change| change.after.get(attribute.name).and_then(Value::as_str)));
        if let Some(free) = alternates(base).find(|name| !taken.contains(name.as_str())) {
            after.insert(attribute.name.into(), Value::String(free));
        }
    }

    /// What references to this resource resolve to from here on: nothing that the change will give another value.
    fn remember(&mut self, schema: &Schema, change: &Change) {
        let Some(live) = &change.live else { return };
        let stays = match change.action {
            Action::NoOp | Action::Update => true,
            Action::Replace { .. } => change.blocked.is_some(),
            Action::Create | Action::Delete => false,
        };
        let moved = change.fields.iter().any(|field| field.name != "tags");
        let outputs = live.outputs.iter().filter(|(name, _)| {
            let moves = schema.output(name).is_some_and(|output| output.moves);
            stays && !(moves && moved && change.action == Action::Update && change.blocked.is_none())
        });
        self.known.insert(change.address.clone(), outputs.map(|(name, value)| (name.clone(), value.clone())).collect());
    }
}

/// Why a live resource can never become the wanted one: data would be lost on the way.
fn never(schema: &Schema, live: &Live, fields: &[FieldChange]) -> Option<Blocked> {
    if let State::Failed(word) = &live.state
        && schema.stateful
    {
        return Some(Blocked {
            why: format!("{} is {word}, and nothing that may hold data is replaced", live.id),
            help: "delete it in AWS if it holds nothing that is needed, then plan again".into(),
        });
    }
    let (field, way_out) = fields.iter().find_map(|field| match &field.effect {
        Effect::Fixed(way_out) => Some((field, way_out.as_ref())),
        Effect::Replace if schema.stateful => Some((field, "make another one beside it under another name, and move the data")),
        _ => None,
    })?;
    Some(Blocked { why: format!("{} cannot be changed where data would be lost", field.name), help: way_out.into() })
}

/// How many of those who use a resource are named.
const USERS: usize = 8;

/// Why a live resource cannot go: AWS would refuse, because of somebody who is not ours to send away.
fn in_use(live: &Live) -> Option<Blocked> {
    let users: Vec<&str> = live.neighbours.iter().filter(|one| one.holds).map(|one| one.what.as_str()).collect();
    let (named, more) = users.split_at(users.len().min(USERS));
    let (last, first) = named.split_last()?;
    let who = match (first, more.len()) {
        ([], _) => (*last).to_owned(),
        (_, 0) => format!("{} and {last}", first.join(", ")),
        (_, more) => format!("{}, {last} and {more} more", first.join(", ")),
    };
    let are = if users.len() == 1 { "is" } else { "are" };
    Some(Blocked {
        why: format!("{} is used by {who}, which {are} not ours", live.id),
        help: "have it moved or deleted by whoever owns it, then plan again; infra leaves alone what is not its own".into(),
    })
}

fn owner_in_words(owner: &Owner) -> &str {
    match owner {
        Owner::Foreign(who) => who,
        Owner::Ours { .. } | Owner::Nameless => "this environment",
    }
}
