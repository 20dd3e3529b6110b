//! What a plan is called: the same plan made twice, by anybody, has one id, so that an approval of it lasts.

use serde_json::{Map, Value, json};

use super::change::{Action, Change, FieldChange, Reason};
use crate::graph::{DECLARED, REPLACES, is_unknown};
use crate::values::name::fingerprint;

/// Hexadecimal digits of an id: 128 bits, so that nobody can make two plans with one id, have one approved and apply the other.
const DIGITS: usize = 32;

/// A hash of what will be done, and to what: no times, no order, no reasons, and nothing of what stays or has to wait.
pub(super) fn of(changes: &[Change]) -> String {
    let changes = changes.iter().filter(|change| change.is_step() || change.blocked.is_some());
    // To wait for what an earlier run began changes nothing.
    let mut done: Vec<String> =
        changes.filter(|change| change.reason != Reason::Busy).map(|change| done(change).to_string()).collect();
    done.sort();
    fingerprint(done.join("\n").as_bytes())[..DIGITS].to_owned()
}

/// The id of what is done in a place, such as an account and a region: approved for one, it is not approved for another.
pub(super) fn at(id: &str, place: &[&str]) -> String {
    fingerprint(json!([place, id]).to_string().as_bytes())[..DIGITS].to_owned()
}

fn done(change: &Change) -> Value {
    // What a field was is part of it: to remove one rule of a set is not to remove two.
    let fields: Map<_, _> = change.fields.iter().filter_map(|field| Some((field.name.clone(), difference(field)?))).collect();
    // What an update leaves alone may have moved meanwhile, such as the image that runs: that takes nothing from an approval.
    let all = (change.action != Action::Update).then(|| {
        let mut tags = change.tags.clone();
        // It also remembers neighbours to which nothing is done.
        tags.remove(DECLARED);
        tags.remove(REPLACES);
        (&change.after, tags)
    });
    json!({
        "address": change.address,
        "kind": change.kind,
        "action": change.action,
        "blocked": change.blocked.is_some(),
        // They follow from the change, except for what neighbours add: nobody agreed to a danger that has come since.
        "hazards": change.hazards,
        "live": change.live.as_ref().map(|live| &live.id),
        "after": all,
        "fields": fields,
    })
}

fn difference(field: &FieldChange) -> Option<Value> {
    between(&field.before, &field.after)
}

/// What differs between two values, key by key; nothing where they are equal.
fn between(before: &Value, after: &Value) -> Option<Value> {
    match (before, after) {
        _ if before == after => None,
        // Where it comes to refer to what is only made, what it referred to stands with that, and a version is just a count.
        _ if is_unknown(after) => Some(after.clone()),
        (Value::Object(was), Value::Object(will)) => {
            let of = |table: &Map<String, Value>, key: &str| table.get(key).cloned().unwrap_or_default();
            let keys = was.keys().chain(will.keys());
            let differing = keys.filter_map(|key| Some((key.clone(), between(&of(was, key), &of(will, key))?)));
            Some(Value::Object(differing.collect()))
        }
        _ => Some(json!([before, after])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Address, Attrs, Tags};
    use crate::plan::Effect;

    fn change(address: &str, action: Action) -> Change {
        Change {
            address: Address::of(&[address]),
            kind: "k",
            action,
            reason: Reason::New,
            blocked: None,
            deferred: None,
            live: None,
            after: Attrs::from([("size".into(), json!(1))]),
            tags: Tags::new(),
            fields: Vec::new(),
            hazards: Vec::new(),
            waits_for: Vec::new(),
        }
    }

    /// An update of a container, of which only the environment is meant to change.
    fn update(image: &str, before: &str, after: &str) -> Change {
        let container = |value: &str| json!({ "image": image, "environment": { "DEBUG": value } });
        let field =
            FieldChange { name: "container".into(), before: container(before), after: container(after), effect: Effect::Update };
        let after = Attrs::from([("container".into(), container(after))]);
        Change { after, fields: vec![field], ..change("a", Action::Update) }
    }

    #[test]
    fn what_an_update_leaves_alone_is_no_part_of_it() {
        let approved = of(&[update("web@1", "0", "1")]);
        assert_eq!(approved, of(&[update("web@2", "0", "1")]), "a deployment does not void it");
        assert_ne!(approved, of(&[update("web@1", "0", "2")]));
        assert_ne!(approved, of(&[update("web@1", "3", "1")]), "what it was is part of it");
    }

    #[test]
    fn order_reasons_and_what_stays_are_no_part_of_it() {
        let (a, b) = (change("a", Action::Create), change("b", Action::Create));
        let mut gone = a.clone();
        gone.reason = Reason::Gone;
        gone.tags.insert(DECLARED.into(), "of other neighbours".into());
        let one = of(&[a, b.clone(), change("c", Action::NoOp)]);
        assert_eq!(one, of(&[b, gone]));
    }

    #[test]
    fn the_place_is() {
        assert_eq!(at("plan", &["account", "region"]), at("plan", &["account", "region"]));
        assert_ne!(at("plan", &["account", "region"]), at("plan", &["another", "region"]));
        assert_ne!(at("plan", &["ab", "c"]), at("plan", &["a", "bc"]));
    }

    #[test]
    fn what_is_done_and_to_what_is() {
        let plain = change("a", Action::Create);
        let mut larger = plain.clone();
        larger.after.insert("size".into(), json!(2));
        let others = [vec![], vec![larger], vec![change("b", Action::Create)], vec![change("a", Action::Update)]];
        for other in others {
            assert_ne!(of(std::slice::from_ref(&plain)), of(&other));
        }
    }
}
