//! `--only`: a part of a plan, with all that the part waits for.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Need, Plan, Step};
use super::planner::PlanError;
use super::rests::Rests;
use crate::graph::Address;

/// The part of `plan` that lies within one of `scopes`, and what its steps wait for, be it blocked.
pub(super) fn only(plan: Plan, rests: &Rests<'_>, scopes: &[Address]) -> Result<Plan, PlanError> {
    for scope in scopes {
        if !plan.changes.iter().any(|change| change.address.is_within(scope)) {
            return Err(PlanError::NoSuchAddress(scope.clone()));
        }
    }
    let changes = chosen(&plan, rests, scopes);
    // Every step of a change is kept, so that a replacement is not left half done.
    let keep: Vec<usize> = (0..plan.steps.len()).filter(|&step| changes.contains(&plan.steps[step].change)).collect();

    let step_at: BTreeMap<usize, usize> = keep.iter().enumerate().map(|(place, &step)| (step, place)).collect();
    let change_at: BTreeMap<usize, usize> = changes.iter().enumerate().map(|(place, &change)| (change, place)).collect();
    let steps = keep.iter().map(|&index| {
        let step = &plan.steps[index];
        let needs = step.needs.iter().map(|need| Need { step: step_at[&need.step], until: need.until }).collect();
        Step { change: change_at[&step.change], verb: step.verb, needs }
    });
    let steps = steps.collect();
    let kept = plan.changes.into_iter().enumerate().filter(|(index, _)| changes.contains(index));
    Ok(Plan::new(kept.map(|(_, change)| change).collect(), steps))
}

/// The changes within `scopes`, those whose steps their steps need, and what is blocked and would be in the way.
fn chosen(plan: &Plan, rests: &Rests<'_>, scopes: &[Address]) -> BTreeSet<usize> {
    let within = |change: &usize| scopes.iter().any(|scope| plan.changes[*change].address.is_within(scope));
    let mut chosen = BTreeSet::new();
    let mut open: Vec<usize> = (0..plan.changes.len()).filter(within).collect();
    while let Some(index) = open.pop() {
        if !chosen.insert(index) {
            continue;
        }
        let steps = plan.steps.iter().filter(|step| step.change == index);
        open.extend(steps.flat_map(|step| &step.needs).map(|need| plan.steps[need.step].change));
        let change = &plan.changes[index];
        if change.is_step() {
            open.extend(rests.on(index, change).into_iter().filter(|&on| plan.changes[on].blocked.is_some()));
        }
    }
    chosen
}
