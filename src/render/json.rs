//! A plan for programs, in Terraform's words and shapes, so that existing rules over plans need little change. The types
//! here are the format; `docs/plan.schema.json` is made from them.
//!
//! Unlike Terraform's, it never holds a sensitive value: a fingerprint stands in its place.

mod promotion;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Header;
use super::rows::conceal::{conceal, marks};
use crate::graph::{Attrs, DECLARED, REPLACES, Tags, is_unknown};
use crate::plan::{Action, Change, Effect, Plan, Reason, Schema, Schemas, Summary};
use promotion::Move;

/// The version of this format: the second part grows with additions, the first with what would break readers.
pub const FORMAT_VERSION: &str = "1.1";

/// A plan, in Terraform's words.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Plan", deny_unknown_fields)]
struct Document<'a> {
    /// The version of this format: the first number grows with what breaks readers, the second with additions.
    format_version: &'a str,
    /// A hash of what will be done and to what, without times or ordering.
    plan_id: String,
    /// The project.
    project: &'a str,
    /// The environment.
    environment: &'a str,
    /// The account.
    account: &'a str,
    /// The region.
    region: &'a str,
    /// When AWS was read, in UTC.
    observed_at: &'a str,
    /// How many resources there are of each fate. A blocked or deferred one counts as that alone.
    summary: Counts,
    /// Every resource, wanted or there, by address.
    resource_changes: Vec<ResourceChange>,
    /// The images that move, by service in the order of the spec.
    promotion: Vec<Move<'a>>,
    /// What reading AWS took.
    reads: Reads,
}

/// How many resources there are of each fate.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Counts {
    create: usize,
    update: usize,
    replace: usize,
    delete: usize,
    unchanged: usize,
    blocked: usize,
    deferred: usize,
}

/// What becomes of one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ResourceChange {
    /// Its name in the environment.
    pub(super) address: String,
    /// The AWS service and kind, such as `ec2.subnet`.
    pub(super) r#type: String,
    /// What changes.
    pub(super) change: Delta,
    /// Why.
    pub(super) action_reason: ActionReason,
    /// Dangers by name, such as `data-loss`.
    pub(super) hazards: Vec<String>,
    /// The addresses it waits for.
    pub(super) after: Vec<String>,
    /// Why it cannot be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) blocked: Option<Obstacle>,
    /// What it waits for before it can be planned, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deferred: Option<String>,
}

/// A change, in Terraform's shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Delta {
    /// One action, or the two of a replacement in their order. For a blocked change, what would have to be done.
    #[schemars(length(min = 1, max = 2))]
    pub(super) actions: Vec<Verb>,
    /// The attributes AWS has, tags among them; null where there is nothing. Sensitive values are fingerprints.
    pub(super) before: Option<Object>,
    /// The attributes it will have; null for a deletion. What is known after apply only is missing, and null in lists.
    pub(super) after: Option<Object>,
    /// In the shape of `after`: true where a value is known after apply only.
    pub(super) after_unknown: Marks,
    /// In the shape of `before`: true where a value is sensitive.
    pub(super) before_sensitive: Marks,
    /// In the shape of `after`: true where a value is sensitive.
    pub(super) after_sensitive: Marks,
    /// Paths of the attributes that force a replacement.
    pub(super) replace_paths: Vec<Vec<String>>,
}

pub(super) type Object = Map<String, Value>;

/// Where something is true: false for nowhere, or an object with the places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Marks {
    Nowhere(bool),
    At(Object),
}

/// A word of Terraform's for what is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verb {
    NoOp,
    Create,
    Update,
    Delete,
}

/// Why a resource changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ActionReason {
    /// It does not.
    AsDeclared,
    /// It is new in the spec, or has never been there.
    New,
    /// The spec says something else than when it was last applied.
    SpecChanged,
    /// Somebody changed it in AWS.
    ChangedInAws,
    /// Somebody deleted it in AWS.
    DeletedInAws,
    /// It is not in the spec any more.
    NotInSpec,
    /// It was left by a run that was cut short.
    LeftOver,
    /// AWS could not make it.
    NeverWorked,
    /// AWS is still at work on it.
    BusyInAws,
    /// What it refers to changes.
    ReferenceChanged,
    /// It was somebody else's, and is taken over.
    Adopted,
    /// Nobody can tell which side changed.
    Unknown,
}

/// Why a change cannot be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Obstacle {
    /// What is in the way.
    pub(super) why: String,
    /// What to do about it.
    pub(super) help: String,
}

/// What reading AWS took.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Reads {
    /// How many calls.
    calls: usize,
    /// The longest chain of calls of which each waited for the one before.
    depth: usize,
}

/// The JSON Schema of what [`plan`] gives.
pub fn schema() -> Value {
    // What is always written is required, though it may be null.
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Document<'_>>().to_value()
}

/// A plan as JSON.
///
/// # Panics
/// Never: a plan is plain data with texts as keys.
pub fn plan(header: &Header, plan: &Plan, schemas: &dyn Schemas) -> Value {
    let Summary { create, update, replace, delete, unchanged, blocked, deferred } = plan.summary();
    let changes = plan.changes.iter().map(|change| resource_change(change, schemas));
    let document = Document {
        format_version: FORMAT_VERSION,
        plan_id: plan.id(),
        project: &header.project,
        environment: &header.environment,
        account: &header.account,
        region: &header.region,
        observed_at: &header.observed_at,
        summary: Counts { create, update, replace, delete, unchanged, blocked, deferred },
        resource_changes: changes.collect(),
        promotion: header.promotion.iter().map(Move::of).collect(),
        reads: Reads { calls: header.calls, depth: header.depth },
    };
    serde_json::to_value(document).expect("a plan is plain data")
}

/// One resource as plans and records have it.
pub(crate) fn resource_change(change: &Change, schemas: &dyn Schemas) -> ResourceChange {
    let schema = schemas.schema(change.kind);
    let before = change.live.as_ref().map(|live| side(live.attrs.clone(), &live.tags));
    let after = after(change);
    let replaced = change.fields.iter().filter(|field| field.effect == Effect::Replace);
    let blocked = change.blocked.as_ref();
    ResourceChange {
        address: change.address.to_string(),
        r#type: change.kind.to_owned(),
        change: Delta {
            actions: actions(change.action).to_vec(),
            before: before.as_ref().map(|attrs| concealed(schema, attrs)),
            after: after.as_ref().map(|attrs| entries(&concealed(schema, attrs), known)),
            after_unknown: after
                .as_ref()
                .map_or(Marks::Nowhere(false), |attrs| Marks::At(table(attrs, |_, value| unknown(value)))),
            before_sensitive: sensitive(schema, before.as_ref()),
            after_sensitive: sensitive(schema, after.as_ref()),
            replace_paths: replaced.map(|field| vec![field.name.clone()]).collect(),
        },
        action_reason: reason(change.reason),
        hazards: change.hazards.iter().map(|hazard| hazard.name().to_owned()).collect(),
        after: change.waits_for.iter().map(ToString::to_string).collect(),
        blocked: blocked.map(|blocked| Obstacle { why: blocked.why.clone(), help: blocked.help.clone() }),
        deferred: change.deferred.clone(),
    }
}

fn actions(action: Action) -> &'static [Verb] {
    match action {
        Action::NoOp => &[Verb::NoOp],
        Action::Create => &[Verb::Create],
        Action::Update => &[Verb::Update],
        Action::Replace { delete_first: false } => &[Verb::Create, Verb::Delete],
        Action::Replace { delete_first: true } => &[Verb::Delete, Verb::Create],
        Action::Delete => &[Verb::Delete],
    }
}

fn reason(reason: Reason) -> ActionReason {
    match reason {
        Reason::AsDeclared => ActionReason::AsDeclared,
        Reason::New => ActionReason::New,
        Reason::Spec => ActionReason::SpecChanged,
        Reason::Drift => ActionReason::ChangedInAws,
        Reason::Gone => ActionReason::DeletedInAws,
        Reason::Removed => ActionReason::NotInSpec,
        Reason::Leftover => ActionReason::LeftOver,
        Reason::Failed => ActionReason::NeverWorked,
        Reason::Busy => ActionReason::BusyInAws,
        Reason::Follows => ActionReason::ReferenceChanged,
        Reason::Adopted => ActionReason::Adopted,
        Reason::Unknown => ActionReason::Unknown,
    }
}

/// What a resource will be. One that stays keeps what the spec does not speak of, and what says the same in other words.
fn after(change: &Change) -> Option<Attrs> {
    match (change.action, &change.live) {
        (Action::Delete, _) | (Action::NoOp, None) => None,
        (Action::NoOp | Action::Update, Some(live)) => {
            let mut attrs = live.attrs.clone();
            let fields = change.fields.iter().filter(|field| field.name != "tags");
            attrs.extend(fields.map(|field| (field.name.clone(), field.after.clone())));
            let mut tags = live.tags.clone();
            tags.extend(change.tags.clone());
            Some(side(attrs, &tags))
        }
        _ => Some(side(change.after.clone(), &change.tags)),
    }
}

/// Attributes with their tags; those by which infra remembers what it declared and replaced tell readers nothing.
fn side(mut attrs: Attrs, tags: &Tags) -> Attrs {
    let mut tags = tags.clone();
    tags.remove(DECLARED);
    tags.remove(REPLACES);
    attrs.insert("tags".into(), json!(tags));
    attrs
}

fn concealed(schema: Option<&Schema>, attrs: &Attrs) -> Object {
    table(attrs, |name, value| Some(conceal(schema.and_then(|schema| schema.attribute(name)), value, &|_| false)))
}

fn sensitive(schema: Option<&Schema>, attrs: Option<&Attrs>) -> Marks {
    let marked = |attrs| table(attrs, |name, value| marks(schema.and_then(|schema| schema.attribute(name)), value));
    attrs.map_or(Marks::Nowhere(false), |attrs| Marks::At(marked(attrs)))
}

fn table(attrs: &Attrs, of: impl Fn(&str, &Value) -> Option<Value>) -> Object {
    attrs.iter().filter_map(|(name, value)| Some((name.clone(), of(name, value)?))).collect()
}

fn entries(object: &Object, of: fn(&Value) -> Option<Value>) -> Object {
    object.iter().filter_map(|(key, item)| Some((key.clone(), of(item)?))).collect()
}

/// A value without what is known after apply only. In a list its place stays, as null.
fn known(value: &Value) -> Option<Value> {
    match value {
        Value::Object(_) if is_unknown(value) => None,
        Value::Object(object) => Some(Value::Object(entries(object, known))),
        Value::Array(items) => Some(items.iter().map(|item| known(item).unwrap_or_default()).collect()),
        _ => Some(value.clone()),
    }
}

/// `true` in place of what is known after apply only; none where all is known.
fn unknown(value: &Value) -> Option<Value> {
    match value {
        Value::Object(_) if is_unknown(value) => Some(Value::Bool(true)),
        Value::Object(object) => {
            let inside = entries(object, unknown);
            (!inside.is_empty()).then_some(Value::Object(inside))
        }
        Value::Array(items) => {
            let inside: Vec<_> = items.iter().map(unknown).collect();
            let any = inside.iter().any(Option::is_some);
            any.then(|| inside.into_iter().map(|item| item.unwrap_or(Value::Bool(false))).collect())
        }
        _ => None,
    }
}
