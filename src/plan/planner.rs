//! The whole of planning: decide each resource in the order of its references, then what goes, then the steps.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Plan, Step};
use super::decide::Decider;
use super::defer;
use super::order;
use super::release;
use super::rests::Rests;
use super::schema::Schemas;
use super::select;
use crate::graph::{Address, Desired, Live, Scope};

/// What people ask of a plan beside the spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Only these addresses, all within them, and what those wait for. Empty: everything.
    pub only: Vec<Address>,
    /// Resources under our names that are somebody else's and are to be taken over.
    pub adopt: BTreeSet<Address>,
}

/// A graph that cannot be planned: a fault of the code that built it, not of the spec or of AWS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A kind that is not in the registry.
    #[error("{address} is of the unknown kind {kind}")]
    UnknownKind {
        /// The resource.
        address: Address,
        /// Its kind.
        kind: String,
    },
    /// Two wanted resources with one address.
    #[error("{0} is declared twice")]
    Twice(Address),
    /// A reference to what is not in the graph, or to an output that its kind does not have.
    #[error("{from} refers to {to}, which does not exist")]
    Dangling {
        /// Who refers.
        from: Address,
        /// To what.
        to: String,
    },
    /// References in a circle.
    #[error("resources wait for each other: {}", .0.join(" → "))]
    Cycle(Vec<String>),
    /// `--only` or `--adopt` names nothing.
    #[error("there is no {0} in this environment")]
    NoSuchAddress(Address),
}

/// Plans how `live` becomes `desired`. The order of neither matters.
///
/// # Errors
/// Only for graphs that make no sense; whatever AWS or people got wrong is in the plan as *blocked*.
pub fn plan(
    schemas: &dyn Schemas,
    scope: &Scope,
    desired: &[Desired],
    live: &[Live],
    options: &Options,
) -> Result<Plan, PlanError> {
    let mut wanted = BTreeMap::new();
    for resource in desired {
        if wanted.insert(&resource.address, resource).is_some() {
            return Err(PlanError::Twice(resource.address.clone()));
        }
    }
    check(schemas, &wanted, live)?;
    if let Some(unknown) = options.adopt.iter().find(|address| !wanted.contains_key(address)) {
        return Err(PlanError::NoSuchAddress(unknown.clone()));
    }
    let dependencies: BTreeMap<&Address, BTreeSet<Address>> =
        wanted.iter().map(|(&address, resource)| (address, resource.dependencies())).collect();
    let sorted = order::by_dependencies(&dependencies)?;

    let mut live: Vec<Live> = live.to_vec();
    live.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
    let mut decider = Decider::new(schemas, scope, &wanted, &dependencies, &live, options);
    for address in sorted {
        decider.want(wanted[address]);
    }
    let mut changes = decider.finish();
    changes.sort_by(|a, b| {
        (&a.address, a.kind, a.live.as_ref().map(|live| &live.id)).cmp(&(
            &b.address,
            b.kind,
            b.live.as_ref().map(|live| &live.id),
        ))
    });

    defer::spread(schemas, &wanted, &mut changes);
    release::release(schemas, &mut changes);
    let steps = order::steps(schemas, &changes, &wanted)?;
    name_waits(&mut changes, &steps);
    let plan = Plan::new(changes, steps);
    if options.only.is_empty() {
        return Ok(plan);
    }
    let rests = Rests::new(schemas, &wanted, &plan.changes);
    select::only(plan, &rests, &options.only)
}

/// Tells each change, by address, what its steps wait for.
fn name_waits(changes: &mut [Change], steps: &[Step]) {
    let mut waits: BTreeSet<(usize, Address)> = BTreeSet::new();
    for step in steps {
        let on = step.needs.iter().map(|need| &changes[steps[need.step].change].address);
        waits.extend(on.filter(|&on| *on != changes[step.change].address).map(|on| (step.change, on.clone())));
    }
    for (change, on) in waits {
        changes[change].waits_for.push(on);
    }
}

fn check(schemas: &dyn Schemas, wanted: &BTreeMap<&Address, &Desired>, live: &[Live]) -> Result<(), PlanError> {
    let unknown = |address: &Address, kind: &str| PlanError::UnknownKind { address: address.clone(), kind: kind.into() };
    for resource in live {
        if let Some(address) = resource.address() {
            schemas.schema(resource.kind).ok_or_else(|| unknown(address, resource.kind))?;
        }
    }
    for (&from, resource) in wanted {
        schemas.schema(resource.kind).ok_or_else(|| unknown(from, resource.kind))?;
        let dangling = |to: String| PlanError::Dangling { from: from.clone(), to };
        for reference in resource.references() {
            let to = format!("{}#{}", reference.address, reference.output);
            let target = wanted.get(&reference.address).ok_or_else(|| dangling(to.clone()))?;
            let known = schemas.schema(target.kind).and_then(|schema| schema.output(&reference.output));
            known.ok_or_else(|| dangling(to))?;
        }
        if let Some(missing) = resource.after.iter().find(|address| !wanted.contains_key(address)) {
            return Err(dangling(missing.to_string()));
        }
    }
    Ok(())
}
