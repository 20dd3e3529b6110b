//! What a plan is called: the same plan made twice, by anybody, has one id, so that an approval of it lasts.

use serde_json::{Value, json};

use super::change::{Change, Plan, Reason};
use crate::graph::DECLARED;
use crate::values::name::fingerprint;

/// Hexadecimal digits of an id: 128 bits, so that nobody can make two plans with one id, have one approved and apply the other.
const DIGITS: usize = 32;

impl Plan {
    /// A hash of what will be done, and to what: no times, no order, no reasons, and nothing of what stays or has to wait.
    pub fn id(&self) -> String {
        let changes = self.changes.iter().filter(|change| change.is_step() || change.blocked.is_some());
        // To wait for what an earlier run began changes nothing.
        let mut done: Vec<String> =
            changes.filter(|change| change.reason != Reason::Busy).map(|change| done(change).to_string()).collect();
        done.sort();
        fingerprint(done.join("\n").as_bytes())[..DIGITS].to_owned()
    }
}

fn done(change: &Change) -> Value {
    let mut tags = change.tags.clone();
    // It also remembers neighbours to which nothing is done.
    tags.remove(DECLARED);
    // What a field was is part of it: to remove one rule of a set is not to remove two.
    let fields: Vec<_> = change.fields.iter().map(|field| (&field.name, &field.before, &field.after)).collect();
    let live = change.live.as_ref().map(|live| &live.id);
    json!({
        "address": change.address,
        "kind": change.kind,
        "action": format!("{:?}", change.action),
        "blocked": change.blocked.is_some(),
        "live": live,
        "after": change.after,
        "tags": tags,
        "fields": fields,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Address, Attrs, Tags};
    use crate::plan::Action;

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

    fn id(changes: Vec<Change>) -> String {
        Plan { changes, steps: Vec::new() }.id()
    }

    #[test]
    fn order_reasons_and_what_stays_are_no_part_of_it() {
        let (a, b) = (change("a", Action::Create), change("b", Action::Create));
        let mut gone = a.clone();
        gone.reason = Reason::Gone;
        gone.tags.insert(DECLARED.into(), "of other neighbours".into());
        let one = id(vec![a, b.clone(), change("c", Action::NoOp)]);
        assert_eq!(one, id(vec![b, gone]));
    }

    #[test]
    fn what_is_done_and_to_what_is() {
        let plain = change("a", Action::Create);
        let mut larger = plain.clone();
        larger.after.insert("size".into(), json!(2));
        let others = [vec![], vec![larger], vec![change("b", Action::Create)], vec![change("a", Action::Update)]];
        for other in others {
            assert_ne!(id(vec![plain.clone()]), id(other));
        }
    }
}
