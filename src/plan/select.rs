//! `--only`: a part of a plan, with all that the part waits for.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Need, Plan, Step};
use super::planner::PlanError;
use crate::graph::Address;

/// The part of `plan` that lies within one of `scopes`, and what its steps wait for.
pub(super) fn only(plan: Plan, scopes: &[Address]) -> Result<Plan, PlanError> {
    for scope in scopes {
        if !plan.changes.iter().any(|change| change.address.is_within(scope)) {
            return Err(PlanError::NoSuchAddress(scope.clone()));
        }
    }
    let chosen = |change: usize| scopes.iter().any(|scope| plan.changes[change].address.is_within(scope));
    let mut changes: BTreeSet<usize> = (0..plan.changes.len()).filter(|&change| chosen(change)).collect();
    // A step brings what it needs, and its change whole: a replacement is not left half done.
    let keep = loop {
        let mut keep: BTreeSet<usize> =
            (0..plan.steps.len()).filter(|&step| changes.contains(&plan.steps[step].change)).collect();
        for step in (0..plan.steps.len()).rev().filter(|step| keep.contains(step)).collect::<Vec<_>>() {
            keep.extend(plan.steps[step].needs.iter().map(|need| need.step));
        }
        let before = changes.len();
        changes.extend(keep.iter().map(|&step| plan.steps[step].change));
        if changes.len() == before {
            break keep;
        }
    };

    let step_at: BTreeMap<usize, usize> = keep.iter().enumerate().map(|(place, &step)| (step, place)).collect();
    let change_at: BTreeMap<usize, usize> = changes.iter().enumerate().map(|(place, &change)| (change, place)).collect();
    let steps = keep.iter().map(|&index| {
        let step = &plan.steps[index];
        let needs = step.needs.iter().map(|need| Need { step: step_at[&need.step], until: need.until }).collect();
        Step { change: change_at[&step.change], verb: step.verb, needs }
    });
    let steps = steps.collect();
    let kept = plan.changes.into_iter().enumerate().filter(|(index, _)| changes.contains(index));
    Ok(Plan { steps, changes: kept.map(|(_, change)| change).collect() })
}
