//! The record of a run that is about to begin: who, what, and all steps still to come.

use jiff::Timestamp;

use super::{Agreement, FORMAT_VERSION, Outcome, Record, RunVerb, Step, StepOutcome, follow, images};
use crate::plan::{Change, Plan, Schemas, Verb};
use crate::render::Header;
use crate::render::json::resource_change;
use crate::values::origin::Origin;

/// What a plan does not know of the run that carries it out.
#[derive(Clone, Debug)]
pub struct Run {
    /// Who ran it, from where, and from which commit.
    pub origin: Origin,
    /// Whom AWS took them for.
    pub principal: Option<String>,
    /// How the plan came to be agreed to.
    pub agreement: Agreement,
    /// When it starts.
    pub started: Timestamp,
}

impl Record {
    /// The record of a run that has done nothing yet.
    pub fn begin(header: &Header, plan: &Plan, schemas: &dyn Schemas, run: Run) -> Self {
        let Run { origin, principal, agreement, started } = run;
        Self {
            format_version: FORMAT_VERSION.into(),
            verb: RunVerb::of(&header.choices),
            project: header.project.clone(),
            environment: header.environment.clone(),
            account: header.account.clone(),
            region: header.region.clone(),
            origin,
            principal,
            agreement,
            started,
            ended: None,
            outcome: Outcome::Running,
            stopped: None,
            exit_code: None,
            plan_id: plan.id(),
            summary: plan.summary(),
            images: images::changes(header, plan),
            deployment: None,
            resource_changes: changed(plan).map(|change| resource_change(change, schemas)).collect(),
            steps: plan.steps.iter().map(|step| pending(&plan.changes[step.change], step.verb)).collect(),
        }
    }
}

/// What stays as it is would only make records long.
fn changed(plan: &Plan) -> impl Iterator<Item = &Change> {
    plan.changes.iter().filter(|change| change.is_step())
}

fn pending(change: &Change, verb: Verb) -> Step {
    Step {
        address: change.address.clone(),
        r#type: change.kind.to_owned(),
        id: follow::id(change, verb),
        verb,
        outcome: StepOutcome::Pending,
        started: None,
        seconds: None,
        waited_for: None,
        output: None,
        failure: None,
    }
}
