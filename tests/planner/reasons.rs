//! What a plan says of why: each case changes one thing and looks at every reason.

use std::collections::BTreeSet;

use infra::graph::{Address, DECLARED, Desired, Live};
use infra::plan::{Action, Change, Effect, Options, Reason, Rule};
use proptest::sample::Index;

use crate::memory::Memory;
use crate::planned;
use crate::schema::schema;

fn changes(cloud: &Memory, desired: &[Desired]) -> Vec<Change> {
    planned(cloud, desired, &Options::default()).changes
}

/// The spec became another.
pub(crate) fn spec_changes(cloud: &Memory, before: &[Desired], after: &[Desired]) {
    for change in changes(cloud, after) {
        let find = |all: &[Desired]| all.iter().find(|d| d.address == change.address && d.kind == change.kind).cloned();
        let same = |a: &Desired, b: &Desired| (&a.attrs, &a.tags) == (&b.attrs, &b.tags);
        let right: &[Reason] = match (find(before), find(after), change.action) {
            (_, None, _) => &[Reason::Removed],
            (None, Some(_), _) => &[Reason::New],
            // It was deferred, and may still be.
            (Some(_), Some(_), _) if change.live.is_none() => &[Reason::New],
            (Some(_), Some(_), Action::NoOp) if change.deferred.is_none() => &[Reason::AsDeclared],
            (Some(a), Some(b), _) if same(&a, &b) => &[Reason::Follows, Reason::AsDeclared],
            (Some(_), Some(_), _) => &[Reason::Spec],
        };
        assert!(right.contains(&change.reason), "{change:#?} is not {right:?}");
    }
}

/// Somebody changed one attribute, or a tag.
pub(crate) fn drifts(cloud: &Memory, desired: &[Desired], chosen: Index) {
    let live = cloud.live();
    let fields = live.iter().flat_map(|live| {
        let managed = desired.iter().find(|d| Some(&d.address) == live.address()).map(|d| d.attrs.keys()).into_iter().flatten();
        let rows = managed.filter_map(|name| schema(live.kind).attribute(name));
        rows.filter(|row| matches!(row.rule, Rule::Update | Rule::Disrupt(_)))
            .map(move |row| (live, row.name))
            .chain([(live, "Name")])
    });
    let fields: Vec<(&Live, &str)> = fields.collect();
    if fields.is_empty() {
        return;
    }
    let (live, name) = fields[chosen.index(fields.len())];
    let mut moved = cloud.clone();
    moved.grow();
    assert!(planned(&moved, desired, &Options::default()).is_noop(), "what may grow by itself is changed back");
    let mut moved = cloud.clone();
    if name == "Name" {
        moved.retag(&live.id, |tags| drop(tags.insert(name.into(), "other".into())));
    } else {
        moved.drift(&live.id, name);
    }
    for change in changes(&moved, desired) {
        let drifted = change.live.as_ref().is_some_and(|found| found.id == live.id);
        let right = if drifted { Reason::Drift } else { Reason::AsDeclared };
        let follows = !drifted && change.reason == Reason::Follows && live.kind == "mould" && change.kind == "crew";
        let absent = change.live.is_none() && change.deferred.is_some();
        assert!(change.reason == right || follows || absent, "{change:#?} is not {right:?}");
        let field = change.fields.first().map(|field| (field.name.as_str(), &field.effect));
        if drifted {
            let name = if name == "Name" { "tags" } else { name };
            assert!(matches!(field, Some((found, Effect::Update | Effect::Disrupt(_))) if found == name), "{change:#?}");
        }
    }
    moved.retag(&live.id, |tags| drop(tags.remove(DECLARED)));
    let unknown = changes(&moved, desired);
    assert!(
        unknown
            .iter()
            .any(|change| change.live.as_ref().is_some_and(|found| found.id == live.id) && change.reason == Reason::Unknown)
    );
}

/// Somebody deleted one that nobody holds. That it was there is known where a neighbour is still there.
pub(crate) fn goes_missing(cloud: &Memory, desired: &[Desired], chosen: Index) {
    let mut moved = cloud.clone();
    let all = cloud.live();
    let Some(live) = all.get(chosen.index(all.len().max(1))) else { return };
    if moved.delete(&live.id).and_then(|()| moved.gone(&live.id)).is_err() {
        return;
    }
    let gone = live.address().expect("ours");
    let there: BTreeSet<&Address> = all.iter().filter_map(Live::address).filter(|address| *address != gone).collect();
    let neighbours = desired.iter().flat_map(|d| d.dependencies().into_iter().map(|target| (d.address.clone(), target)));
    let remembered =
        neighbours.into_iter().any(|(from, to)| (from == *gone && there.contains(&to)) || (to == *gone && there.contains(&from)));
    let right = if remembered { Reason::Gone } else { Reason::New };
    for change in changes(&moved, desired).iter().filter(|change| change.address == *gone) {
        assert_eq!((change.action, change.reason), (Action::Create, right), "{change:#?}");
    }
}
