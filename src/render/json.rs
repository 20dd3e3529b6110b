//! A plan for programs, in Terraform's words and shapes, so that existing rules over plans need little change. The schema is
//! `docs/plan.schema.json`.
//!
//! Unlike Terraform's, it never holds a sensitive value: a fingerprint stands in its place.

use serde_json::{Map, Value, json};

use super::Header;
use super::rows::conceal::{conceal, marks};
use crate::graph::{Attrs, DECLARED, Reference, Tags};
use crate::plan::{Action, Change, Effect, Plan, Reason, Schema, Schemas};

/// The version of this format: the second part grows with additions, the first with what would break readers.
pub const FORMAT_VERSION: &str = "1.0";

/// A plan as JSON.
pub fn plan(header: &Header, plan: &Plan, schemas: &dyn Schemas) -> Value {
    let changes = plan.changes.iter().enumerate().map(|(index, change)| resource_change(plan, index, change, schemas));
    json!({
        "format_version": FORMAT_VERSION,
        "plan_id": plan.id(),
        "project": header.project,
        "environment": header.environment,
        "account": header.account,
        "region": header.region,
        "observed_at": header.observed_at,
        "summary": plan.summary(),
        "resource_changes": changes.collect::<Vec<_>>(),
        "promotion": [],
        "reads": { "calls": header.calls, "depth": header.depth },
    })
}

fn resource_change(plan: &Plan, index: usize, change: &Change, schemas: &dyn Schemas) -> Value {
    let schema = schemas.schema(change.kind);
    let before = change.live.as_ref().map(|live| side(live.attrs.clone(), &live.tags));
    let after = after(change);
    let replaced = change.fields.iter().filter(|field| field.effect == Effect::Replace);
    let mut shown = json!({
        "address": change.address,
        "type": change.kind,
        "change": {
            "actions": actions(change.action),
            "before": before.as_ref().map(|attrs| concealed(schema, attrs)),
            "after": after.as_ref().map(|attrs| known(&concealed(schema, attrs)).unwrap_or_default()),
            "after_unknown": after.as_ref().map_or_else(|| json!(false), |attrs| table(attrs, |_, value| unknown(value))),
            "before_sensitive": sensitive(schema, before.as_ref()),
            "after_sensitive": sensitive(schema, after.as_ref()),
            "replace_paths": replaced.map(|field| vec![&field.name]).collect::<Vec<_>>(),
        },
        "action_reason": reason(change.reason),
        "hazards": change.hazards.iter().map(|hazard| hazard.name()).collect::<Vec<_>>(),
        "after": waits_for(plan, index, change),
    });
    if let Some(blocked) = &change.blocked {
        shown["blocked"] = json!({ "why": blocked.why, "help": blocked.help });
    }
    if let Some(until) = &change.deferred {
        shown["deferred"] = json!(until);
    }
    shown
}

fn actions(action: Action) -> &'static [&'static str] {
    match action {
        Action::NoOp => &["no-op"],
        Action::Create => &["create"],
        Action::Update => &["update"],
        Action::Replace { delete_first: false } => &["create", "delete"],
        Action::Replace { delete_first: true } => &["delete", "create"],
        Action::Delete => &["delete"],
    }
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::AsDeclared => "as_declared",
        Reason::New => "new",
        Reason::Spec => "spec_changed",
        Reason::Drift => "changed_in_aws",
        Reason::Gone => "deleted_in_aws",
        Reason::Removed => "not_in_spec",
        Reason::Leftover => "left_over",
        Reason::Failed => "never_worked",
        Reason::Busy => "busy_in_aws",
        Reason::Follows => "reference_changed",
        Reason::Adopted => "adopted",
        Reason::Unknown => "unknown",
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

/// Attributes with their tags; the one that remembers what was declared changes with every apply and tells readers nothing.
fn side(mut attrs: Attrs, tags: &Tags) -> Attrs {
    let mut tags = tags.clone();
    tags.remove(DECLARED);
    attrs.insert("tags".into(), json!(tags));
    attrs
}

fn concealed(schema: Option<&Schema>, attrs: &Attrs) -> Value {
    table(attrs, |name, value| Some(conceal(schema.and_then(|schema| schema.attribute(name)), value, &|_| false)))
}

fn sensitive(schema: Option<&Schema>, attrs: Option<&Attrs>) -> Value {
    let Some(attrs) = attrs else { return Value::Bool(false) };
    table(attrs, |name, value| marks(schema.and_then(|schema| schema.attribute(name)), value))
}

fn table(attrs: &Attrs, of: impl Fn(&str, &Value) -> Option<Value>) -> Value {
    let entries = attrs.iter().filter_map(|(name, value)| Some((name.clone(), of(name, value)?)));
    Value::Object(entries.collect::<Map<_, _>>())
}

/// A value without what is known after apply only. In a list its place stays, as null.
fn known(value: &Value) -> Option<Value> {
    match value {
        Value::Object(_) if Reference::from_value(value).is_some() => None,
        Value::Object(object) => {
            Some(Value::Object(object.iter().filter_map(|(key, item)| Some((key.clone(), known(item)?))).collect()))
        }
        Value::Array(items) => Some(items.iter().map(|item| known(item).unwrap_or_default()).collect()),
        _ => Some(value.clone()),
    }
}

/// `true` in place of what is known after apply only; none where all is known.
fn unknown(value: &Value) -> Option<Value> {
    match value {
        Value::Object(_) if Reference::from_value(value).is_some() => Some(Value::Bool(true)),
        Value::Object(object) => {
            let inside: Map<_, _> = object.iter().filter_map(|(key, item)| Some((key.clone(), unknown(item)?))).collect();
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

/// The addresses whose steps come before this one's.
fn waits_for(plan: &Plan, index: usize, change: &Change) -> Vec<String> {
    if !change.waits_for.is_empty() {
        return change.waits_for.iter().map(ToString::to_string).collect();
    }
    let steps = plan.steps.iter().filter(|step| step.change == index);
    let before = steps.flat_map(|step| step.needs.iter().map(|need| plan.steps[need.step].change));
    let mut addresses: Vec<String> =
        before.filter(|&other| other != index).map(|other| plan.changes[other].address.to_string()).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}
