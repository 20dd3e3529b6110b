//! Carries a plan out on [`Memory`], in any order that its needs allow: they are all that a parallel executor knows.

use std::collections::{BTreeMap, BTreeSet};

use infra::graph::{Address, Attrs, Desired, Outputs, Reference, State, substitute};
use infra::plan::{Action, Change, Plan, Schemas, Since, Verb};

use crate::memory::{Memory, Stop};
use crate::schema::Invented;

/// A plan being carried out.
struct Run<'a> {
    plan: &'a Plan,
    cloud: &'a mut Memory,
    /// What has been called, and what is ready too, by step.
    called: BTreeSet<usize>,
    ready: BTreeSet<usize>,
    /// What references resolve to.
    outputs: BTreeMap<&'a Address, Outputs>,
    /// What was made for a step.
    made: BTreeMap<usize, String>,
}

/// Makes the calls of a plan; `lots` chooses among those whose turn has come.
pub(crate) fn apply(cloud: &mut Memory, plan: &Plan, desired: &[Desired], lots: &[usize]) -> Result<(), Stop> {
    assert!(plan.blocked().next().is_none(), "a plan with something blocked in it is never applied");
    let wanted = plan.changes.iter().filter(|change| matches!(change.action, Action::NoOp | Action::Update));
    let outputs = wanted.filter_map(|change| Some((&change.address, change.live.as_ref()?.outputs.clone()))).collect();
    let mut run = Run { plan, cloud, called: BTreeSet::new(), ready: BTreeSet::new(), outputs, made: BTreeMap::new() };
    for turn in 0.. {
        let halves = run.halves();
        let Some(&(step, half)) = halves.get(lots[turn % lots.len()] % halves.len().max(1)) else { break };
        match half {
            Since::Created => {
                run.check_dependencies(step, desired);
                run.call(step)?;
                run.called.insert(step);
            }
            Since::Ready => {
                run.wait(step)?;
                run.ready.insert(step);
            }
        }
    }
    assert_eq!(run.ready.len(), plan.steps.len(), "every step gets its turn");
    Ok(())
}

impl<'a> Run<'a> {
    /// Every call and every wait whose turn has come.
    fn halves(&self) -> Vec<(usize, Since)> {
        let may = |step: &usize| {
            let done = |until| if until == Since::Ready { &self.ready } else { &self.called };
            self.plan.steps[*step].needs.iter().all(|need| done(need.until).contains(&need.step))
        };
        let steps = || 0..self.plan.steps.len();
        let calls = steps().filter(|step| !self.called.contains(step)).filter(may).map(|step| (step, Since::Created));
        let waits = steps().filter(|step| self.called.contains(step) && !self.ready.contains(step));
        calls.chain(waits.map(|step| (step, Since::Ready))).collect()
    }

    fn change(&self, step: usize) -> &'a Change {
        &self.plan.changes[self.plan.steps[step].change]
    }

    fn call(&mut self, step: usize) -> Result<(), Stop> {
        let change = self.change(step);
        match self.plan.steps[step].verb {
            Verb::Create => {
                let attrs = self.resolved(change);
                let id = self.cloud.create(change.kind, &attrs, &change.tags)?;
                self.outputs.insert(&change.address, self.cloud.outputs(&id)?);
                self.made.insert(step, id);
            }
            Verb::Update => {
                let id = self.idle(change)?;
                let mut changed = self.resolved(change);
                changed.retain(|name, _| change.fields.iter().any(|field| field.name == *name));
                if !changed.is_empty() {
                    self.cloud.update(&id, &changed)?;
                }
                self.cloud.tag(&id, &change.tags)?;
                self.outputs.insert(&change.address, self.cloud.outputs(&id)?);
            }
            Verb::Await => {}
            Verb::Delete => {
                let id = self.idle(change)?;
                self.cloud.delete(&id)?;
            }
        }
        Ok(())
    }

    fn wait(&mut self, step: usize) -> Result<(), Stop> {
        let change = self.change(step);
        let live = || change.live.as_ref().expect("what is not made is there").id.clone();
        match self.plan.steps[step].verb {
            Verb::Delete => self.cloud.gone(&live()),
            Verb::Create | Verb::Update | Verb::Await => {
                let id = self.made.get(&step).cloned().unwrap_or_else(live);
                let outputs = self.cloud.settle(&id)?;
                self.outputs.insert(&change.address, outputs);
                Ok(())
            }
        }
    }

    /// AWS changes and deletes nothing that it is still at work on.
    fn idle(&mut self, change: &Change) -> Result<String, Stop> {
        let live = change.live.as_ref().expect("what is changed or goes is there");
        if let State::Busy(_) = live.state {
            self.cloud.settle(&live.id)?;
        }
        Ok(live.id.clone())
    }

    /// What a resource is to be, in the one form that means the same, as typed sets make it.
    fn resolved(&self, change: &Change) -> Attrs {
        let known = |reference: &Reference| self.outputs.get(&reference.address)?.get(&reference.output).cloned();
        let attrs = change.after.iter().map(|(name, value)| (name.clone(), substitute(value, &known)));
        Invented.normalise(change.kind, attrs.collect())
    }

    /// What a resource depends on has been made, also through what stays as it is; and is ready where it has to be.
    fn check_dependencies(&self, step: usize, desired: &[Desired]) {
        let change = self.change(step);
        let Some(found) = desired.iter().find(|desired| desired.address == change.address) else { return };
        if self.plan.steps[step].verb == Verb::Delete {
            return;
        }
        let (mut seen, mut open) = (BTreeSet::new(), vec![found]);
        while let Some(from) = open.pop() {
            for address in from.dependencies().into_iter().filter(|address| seen.insert(address.clone())) {
                let making =
                    |index: &usize| self.change(*index).address == address && self.plan.steps[*index].verb != Verb::Delete;
                match (0..self.plan.steps.len()).find(making) {
                    Some(index) if from.after.contains(&address) => {
                        assert!(self.ready.contains(&index), "{} before {address} is ready", change.address);
                    }
                    Some(index) => assert!(self.called.contains(&index), "{} before {address}", change.address),
                    None => open.extend(desired.iter().find(|desired| desired.address == address)),
                }
            }
        }
    }
}
