//! Why a resource differs: did the spec change, or did somebody change AWS?
//!
//! Without a state file the evidence is `infra:declared`, written with every create and update. It has two halves: a fingerprint
//! of the values a resource was given (references as addresses, so that ids do not matter), and one of who depended on it.
//! The first tells drift from a changed spec. Either tells a missing resource from a new one, by what its neighbours remember.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{FieldChange, Reason};
use super::schema::Schemas;
use crate::graph::{Address, Desired, Live, Owner, references};
use crate::values::name::fingerprint;

/// Lengths of the two halves, in hexadecimal digits.
const VALUES: usize = 10;
const DEPENDENTS: usize = 6;

/// What the desired graph says of each address, and what the tags of live resources remember.
pub(super) struct Evidence<'a> {
    desired: &'a BTreeMap<&'a Address, &'a Desired>,
    dependents: BTreeMap<&'a Address, BTreeSet<&'a Address>>,
    remembered: BTreeMap<&'a Address, &'a str>,
    dependencies: &'a BTreeMap<&'a Address, BTreeSet<Address>>,
    never_made: BTreeSet<&'a Address>,
    transient: BTreeSet<&'a Address>,
}

impl<'a> Evidence<'a> {
    pub(super) fn new(
        schemas: &dyn Schemas,
        desired: &'a BTreeMap<&'a Address, &'a Desired>,
        dependencies: &'a BTreeMap<&'a Address, BTreeSet<Address>>,
        live: &'a [Live],
    ) -> Self {
        let never_made = never_made(desired, dependencies, live);
        let is_transient = |desired: &Desired| schemas.schema(desired.kind).is_some_and(|schema| schema.transient);
        let transient: BTreeSet<&Address> =
            desired.iter().filter(|(_, desired)| is_transient(desired)).map(|(&address, _)| address).collect();
        let mut dependents: BTreeMap<&Address, BTreeSet<&Address>> = BTreeMap::new();
        // What comes and goes by itself is remembered by nobody.
        let lasts = |address: &&Address| !never_made.contains(*address) && !transient.contains(*address);
        for (address, targets) in dependencies.iter().filter(|(address, _)| lasts(address)) {
            for target in targets {
                dependents.entry(target).or_default().insert(address);
            }
        }
        let remembered = live.iter().filter_map(|live| match &live.owner {
            Owner::Ours { address, declared } if is_of(live, desired) => Some((address, declared.as_deref()?)),
            _ => None,
        });
        Self { desired, dependents, remembered: remembered.collect(), dependencies, never_made, transient }
    }

    /// What `infra:declared` is to say of a wanted resource.
    pub(super) fn declared(&self, address: &Address) -> String {
        let values = self.desired.get(address).map(|desired| (&desired.attrs, &desired.tags));
        let values = serde_json::to_vec(&values).expect("attributes are JSON already");
        let dependents = self.dependents.get(address).into_iter().flatten();
        let dependents: Vec<_> = dependents.map(|dependent| (self.desired[dependent].kind, dependent)).collect();
        let dependents = serde_json::to_vec(&dependents).expect("addresses are texts");
        format!("{}-{}", &fingerprint(&values)[..VALUES], &fingerprint(&dependents)[..DEPENDENTS])
    }

    /// Why a resource that is there differs.
    pub(super) fn of_difference(&self, address: &Address, declared: Option<&str>, fields: &[FieldChange]) -> Reason {
        let values = |text: &str| text.split('-').next().map(str::to_owned);
        match declared {
            _ if fields.is_empty() => Reason::AsDeclared,
            None => Reason::Unknown,
            Some(then) if values(then) != values(&self.declared(address)) => Reason::Spec,
            _ if fields.iter().all(|field| !references(&field.after).is_empty()) => Reason::Follows,
            Some(_) => Reason::Drift,
        }
    }

    /// Why a resource is not there: somebody deleted it if a neighbour remembers it.
    pub(super) fn of_absence(&self, address: &Address) -> Reason {
        if self.transient.contains(address) {
            return Reason::New;
        }
        let half = |text: &str, half: usize| text.split('-').nth(half).map(str::to_owned);
        let remembers = |neighbour: &Address, part: usize| {
            self.remembered.get(neighbour).is_some_and(|then| half(then, part) == half(&self.declared(neighbour), part))
        };
        let referring = self.dependents.get(address).into_iter().flatten().any(|holder| {
            self.desired[holder].references().any(|reference| reference.address == *address) && remembers(holder, 0)
        });
        let referred = self.dependencies[address].iter().any(|target| remembers(target, 1));
        if !self.never_made.contains(address) && (referring || referred) { Reason::Gone } else { Reason::New }
    }
}

/// Whether a live resource is of the kind that is wanted at its address.
fn is_of(live: &Live, desired: &BTreeMap<&Address, &Desired>) -> bool {
    live.address().and_then(|address| desired.get(address)).is_some_and(|desired| desired.kind == live.kind)
}

/// What is deferred and not there, with all that depends on it and is not there: nobody is to remember it, or it would seem to
/// have been deleted once its time has come.
fn never_made<'a>(
    desired: &BTreeMap<&'a Address, &'a Desired>,
    dependencies: &BTreeMap<&'a Address, BTreeSet<Address>>,
    live: &[Live],
) -> BTreeSet<&'a Address> {
    let there: BTreeSet<&Address> = live.iter().filter(|live| is_of(live, desired)).filter_map(Live::address).collect();
    let mut never = BTreeSet::new();
    loop {
        let before = never.len();
        for (&address, targets) in dependencies.iter().filter(|(address, _)| !there.contains(*address)) {
            if desired[address].deferred.is_some() || targets.iter().any(|target| never.contains(target)) {
                never.insert(address);
            }
        }
        if never.len() == before {
            break never;
        }
    }
}
