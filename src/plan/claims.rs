//! Who says what it is: more than one resource may carry the tags of one address, and not all of them need be ours.
//!
//! A run that is cut while it replaces something leaves two, of which the newer names the older in [`REPLACES`]. Where an answer got
//! lost, a create was sent again and has left a twin that nobody uses. Both are finished. Anything else was tagged by hand, and which
//! of them is ours nobody can tell from here: nothing is done to either.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Effect;
use super::diff;
use super::holders::Holders;
use super::schema::Schemas;
use crate::graph::{Address, Blocked, Live, Owner, REPLACES, State, Tags};

/// Live resources, by index, whose tags are not to be trusted where something would be lost.
pub(super) struct Claims {
    doubted: BTreeMap<usize, Blocked>,
    unmade: BTreeMap<usize, Blocked>,
}

impl Claims {
    pub(super) fn of(schemas: &dyn Schemas, live: &[Live], holders: &Holders) -> Self {
        let mut claims: BTreeMap<(&Address, &str), Vec<usize>> = BTreeMap::new();
        let mut unmade = BTreeMap::new();
        for (index, live) in live.iter().enumerate().filter(|(_, live)| live.state != State::Deleting) {
            if let Owner::Ours { address, declared } = &live.owner {
                claims.entry((address, live.kind)).or_default().push(index);
                if declared.is_none() {
                    unmade.insert(index, by_hand(live));
                }
            }
        }
        claims.retain(|_, rivals| rivals.len() > 1 && !is_chain(live, rivals) && !are_twins(schemas, live, rivals, holders));
        let doubted = claims.into_iter().flat_map(|((address, _), rivals)| {
            let doubt = rival_claims(address, &rivals.iter().map(|&index| live[index].id.as_str()).collect::<Vec<_>>());
            rivals.into_iter().map(move |index| (index, doubt.clone()))
        });
        Self { doubted: doubted.collect(), unmade }
    }

    /// Why nothing at all may be done to a live resource: others say they are what it says it is.
    pub(super) fn doubt(&self, index: usize) -> Option<Blocked> {
        self.doubted.get(&index).cloned()
    }

    /// Why a live resource may not go: that, or that nothing shows that it was made by infra.
    pub(super) fn keep(&self, index: usize) -> Option<Blocked> {
        self.doubt(index).or_else(|| self.unmade.get(&index).cloned())
    }
}

fn by_hand(live: &Live) -> Blocked {
    Blocked {
        why: format!(
            "{} carries the tags of this environment, but `infra:declared` is not among them: infra did not make it",
            live.id
        ),
        help: "remove its other `infra:` tags if it is not ours; if it is, and may go, set `infra:declared` to any value".into(),
    }
}

fn rival_claims(address: &Address, ids: &[&str]) -> Blocked {
    let (last, first) = ids.split_last().expect("there are two at least");
    Blocked {
        why: format!("{} and {last} claim to be {address}, and infra cannot tell which of them it made", first.join(", ")),
        help: "remove the `infra:` tags from what is not ours, then plan again".into(),
    }
}

/// Whether each but one took the place of another of them. Runs that were cut twice may have left two that took the same one's place,
/// each for a declaration of its own; with one and the same, the tags of one were copied.
fn is_chain(live: &[Live], rivals: &[usize]) -> bool {
    let ids: BTreeSet<&str> = rivals.iter().map(|&index| live[index].id.as_str()).collect();
    let replaced = rivals.iter().filter_map(|&index| {
        let id = live[index].tags.get(REPLACES).filter(|id| ids.contains(id.as_str()))?;
        Some((id, declared(&live[index])))
    });
    replaced.collect::<BTreeSet<_>>().len() + 1 == rivals.len()
}

fn declared(live: &Live) -> Option<&str> {
    match &live.owner {
        Owner::Ours { declared, .. } => declared.as_deref(),
        Owner::Foreign(_) | Owner::Nameless => None,
    }
}

/// Whether they are what one create makes that is sent twice: made for the same declaration, alike in all that stays as it was made, and
/// not more than one of them in use.
fn are_twins(schemas: &dyn Schemas, live: &[Live], rivals: &[usize], holders: &Holders) -> bool {
    let first = &live[rivals[0]];
    let Some(schema) = schemas.schema(first.kind) else { return false };
    let alike = |other: &Live| {
        let differences = diff::fields(schema, &mut first.attrs.clone(), &Tags::new(), other);
        declared(other).is_some()
            && declared(other) == declared(first)
            && !differences.iter().any(|field| matches!(field.effect, Effect::Replace | Effect::Fixed(_)))
    };
    let in_use = |index: &&usize| !holders.of(**index).is_empty() || !live[**index].neighbours.is_empty();
    rivals.iter().all(|&index| alike(&live[index])) && rivals.iter().filter(in_use).count() <= 1
}
