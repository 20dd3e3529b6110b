//! A plan as a value: what changes, why, and in which steps.

use std::borrow::Cow;
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::hazard::Hazard;
use super::id;
use super::schema::Since;
use crate::graph::{Address, Attrs, Blocked, Live, Tags};

/// What is to be done to an environment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Every resource, wanted or there, by address; one that stays as it is has no steps.
    pub changes: Vec<Change>,
    /// What is done, each step after all that it waits for.
    pub steps: Vec<Step>,
    /// See [`Plan::id`].
    id: String,
}

/// What becomes of one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which.
    pub address: Address,
    /// Its kind.
    pub kind: &'static str,
    /// What is done to it; for a blocked one, what would have to be done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// Why it cannot be done, and the way out.
    pub blocked: Option<Blocked>,
    /// What it waits for, in words.
    pub deferred: Option<String>,
    /// What AWS has.
    pub live: Option<Live>,
    /// The attributes it will have, references included; empty for a deletion.
    pub after: Attrs,
    /// The tags it must carry, ownership included; empty for a deletion.
    pub tags: Tags,
    /// What differs, in the order of the kind's table.
    pub fields: Vec<FieldChange>,
    /// What people should think of before they say yes.
    pub hazards: Vec<Hazard>,
    /// The other resources that its steps wait for.
    pub waits_for: Vec<Address>,
}

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    NoOp,
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// Another takes its place.
    Replace {
        /// The old one goes first: it never worked.
        delete_first: bool,
    },
    /// It goes.
    Delete,
}

/// Why a resource changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is as it should be.
    AsDeclared,
    /// It is new in the spec, or has never been there.
    New,
    /// The spec says something else than when it was last applied.
    Spec,
    /// The spec is the same: somebody changed AWS.
    Drift,
    /// The spec is the same: somebody deleted it in AWS.
    Gone,
    /// It is not in the spec any more.
    Removed,
    /// A second copy, left by a run that was cut short.
    Leftover,
    /// It never worked.
    Failed,
    /// AWS is still at work on it.
    Busy,
    /// What it refers to is replaced or changed.
    Follows,
    /// It was somebody else's, and is taken over.
    Adopted,
    /// It was there before `infra:declared` was: nobody can tell which side moved.
    Unknown,
}

/// One attribute that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldChange {
    /// Its name in the kind's table, or `tags`.
    pub name: String,
    /// What AWS has.
    pub before: Value,
    /// What it will be; contains references where that is known after apply.
    pub after: Value,
    /// What it takes.
    pub effect: Effect,
}

/// What the change of an attribute takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing more than a call.
    Update,
    /// A call, and people notice; why.
    Disrupt(Cow<'static, str>),
    /// Another resource.
    Replace,
    /// It cannot be; the way out.
    Fixed(Cow<'static, str>),
}

/// One call, and the wait for what it set off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Index of the change it belongs to.
    pub change: usize,
    /// What is done.
    pub verb: Verb,
    /// What it waits for.
    pub needs: Vec<Need>,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Makes the resource.
    Create,
    /// Changes it in place.
    Update,
    /// Waits for AWS to finish what an earlier run began.
    Await,
    /// Deletes it.
    Delete,
}

/// One thing that a step waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// Index of the step, always an earlier one.
    pub step: usize,
    /// How far that step must be.
    pub until: Since,
}

/// How many resources there are of each fate. A blocked or deferred one counts as that alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names of section 6 of the plan format")]
pub struct Summary {
    pub create: usize,
    pub update: usize,
    pub replace: usize,
    pub delete: usize,
    pub unchanged: usize,
    pub blocked: usize,
    pub deferred: usize,
}

impl Plan {
    /// A plan of these changes and steps.
    pub fn new(changes: Vec<Change>, steps: Vec<Step>) -> Self {
        let id = id::of(&changes);
        Self { changes, steps, id }
    }

    /// The plan as one for this place: the same done elsewhere is another plan, with another id.
    pub fn at(self, place: &[&str]) -> Self {
        let id = id::at(&self.id, place);
        Self { id, ..self }
    }

    /// A plan that was given its id before its secrets were sealed.
    pub(crate) fn restored(changes: Vec<Change>, steps: Vec<Step>, id: String) -> Self {
        Self { changes, steps, id }
    }

    /// A hash of what will be done, and to what: the same plan made twice, by anybody, has one id, so that an approval lasts.
    pub fn id(&self) -> String {
        self.id.clone()
    }

    /// Whether there is nothing to do. What is deferred is nothing to do; what is blocked is not.
    pub fn is_noop(&self) -> bool {
        self.steps.is_empty() && self.blocked().next().is_none()
    }

    /// The changes that cannot be made.
    pub fn blocked(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.blocked.is_some())
    }

    /// The hazards of all that would be done, worst first.
    pub fn hazards(&self) -> BTreeSet<Hazard> {
        let done = self.changes.iter().filter(|change| change.blocked.is_none());
        done.flat_map(|change| change.hazards.iter().copied()).collect()
    }

    /// The count of each fate.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for change in &self.changes {
            let count = match (change, change.action) {
                (Change { blocked: Some(_), .. }, _) => &mut summary.blocked,
                (Change { deferred: Some(_), .. }, _) => &mut summary.deferred,
                (_, Action::NoOp) => &mut summary.unchanged,
                (_, Action::Create) => &mut summary.create,
                (_, Action::Update) => &mut summary.update,
                (_, Action::Replace { .. }) => &mut summary.replace,
                (_, Action::Delete) => &mut summary.delete,
            };
            *count += 1;
        }
        summary
    }
}

impl Change {
    /// The attributes AWS has; empty where there is nothing.
    pub fn before(&self) -> Attrs {
        self.live.as_ref().map(|live| live.attrs.clone()).unwrap_or_default()
    }

    /// What AWS has of an attribute, null where the resource is to be made, and what it will be; none where it stays or goes.
    pub(super) fn values(&self, attribute: &str) -> Option<(&Value, &Value)> {
        match self.action {
            Action::Create => Some((&Value::Null, self.after.get(attribute)?)),
            Action::Update | Action::Replace { .. } => {
                let field = self.fields.iter().find(|field| field.name == attribute)?;
                Some((&field.before, &field.after))
            }
            Action::NoOp | Action::Delete => None,
        }
    }

    /// Whether this change takes a step.
    pub fn is_step(&self) -> bool {
        self.action != Action::NoOp && self.blocked.is_none() && self.deferred.is_none()
    }

    /// The steps it takes, in order of their calls.
    pub fn verbs(&self) -> &'static [Verb] {
        match self.action {
            _ if !self.is_step() => &[],
            Action::NoOp => &[],
            Action::Create => &[Verb::Create],
            Action::Update if self.reason == Reason::Busy => &[Verb::Await],
            Action::Update => &[Verb::Update],
            Action::Replace { .. } => &[Verb::Create, Verb::Delete],
            // It lets go of what holds it before it goes.
            Action::Delete if !self.fields.is_empty() => &[Verb::Update, Verb::Delete],
            Action::Delete => &[Verb::Delete],
        }
    }
}
