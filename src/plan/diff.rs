//! One resource: what is wanted against one live copy, attribute by attribute.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::change::{Effect, FieldChange};
use super::schema::{Rule, Schema};
use crate::graph::{Attrs, Live, State, Tags, references};
use crate::values::name::alternates;

/// What differs between `want`, in which what can be known has been resolved, and `live`; in the order of the table.
///
/// A name in use that is an alternate of the wanted one is written back into `want`: it is the right name.
pub(super) fn fields(schema: &Schema, want: &mut Attrs, tags: &Tags, live: &Live) -> Vec<FieldChange> {
    let mut fields = Vec::new();
    for attribute in schema.attributes {
        let Some(wanted) = want.get_mut(attribute.name) else { continue };
        let before = live.attrs.get(attribute.name).unwrap_or(&Value::Null);
        if matches!(attribute.rule, Rule::Name) && is_alternate(wanted, before) {
            *wanted = before.clone();
        }
        let pending = !references(wanted).is_empty();
        if !pending && (attribute.same)(wanted, before) {
            continue;
        }
        let effect = effect(attribute.rule, before, wanted);
        fields.push(FieldChange { name: attribute.name.into(), before: before.clone(), after: wanted.clone(), effect });
    }
    fields.extend(tags_changed(tags, &live.tags));
    fields
}

/// Whether what is there can become what is wanted, in place.
pub fn becomes(schema: &Schema, want: &Attrs, live: &Attrs) -> bool {
    schema.attributes.iter().all(|attribute| {
        let Some(want) = want.get(attribute.name).filter(|want| !want.is_null()) else { return true };
        let live = live.get(attribute.name).unwrap_or(&Value::Null);
        (attribute.same)(want, live) || matches!(effect(attribute.rule, live, want), Effect::Update | Effect::Disrupt(_))
    })
}

/// What a rule says of this change.
fn effect(rule: Rule, before: &Value, after: &Value) -> Effect {
    match rule {
        Rule::Update => Effect::Update,
        Rule::Disrupt(why) => Effect::Disrupt(why.into()),
        Rule::Replace | Rule::Name => Effect::Replace,
        Rule::Fixed(way_out) => Effect::Fixed(way_out.into()),
        Rule::Judge(judge) => effect(judge(before, after), before, after),
    }
}

fn is_alternate(wanted: &Value, live: &Value) -> bool {
    match (wanted.as_str(), live.as_str()) {
        (Some(wanted), Some(live)) => alternates(wanted).any(|name| name == live),
        _ => false,
    }
}

/// Tags that are missing or say something else. Others that people put there are theirs.
fn tags_changed(want: &Tags, live: &Tags) -> Option<FieldChange> {
    let wrong: BTreeMap<_, _> = want.iter().filter(|(key, value)| live.get(*key) != Some(value)).collect();
    let had: BTreeMap<_, _> = live.iter().filter(|(key, _)| wrong.contains_key(key)).collect();
    (!wrong.is_empty()).then(|| FieldChange {
        name: "tags".into(),
        before: json!(had),
        after: json!(wrong),
        effect: Effect::Update,
    })
}

/// How much it takes to make a live copy the wanted one, for choosing among copies: less is better, and what never worked is worst.
pub(super) fn weight(live: &Live, fields: &[FieldChange]) -> (u8, usize) {
    let worst = fields.iter().map(|field| match field.effect {
        Effect::Update => 1,
        Effect::Disrupt(_) => 2,
        Effect::Replace => 3,
        Effect::Fixed(_) => 4,
    });
    let worst = if matches!(live.state, State::Failed(_)) { Some(5) } else { worst.max() };
    (worst.unwrap_or(0), fields.len())
}
