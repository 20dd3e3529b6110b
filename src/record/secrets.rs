//! AWS's own words may quote what they refuse; what is sensitive in that is struck out.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::apply::{Event, Outcome};
use crate::plan::{Plan, Schemas};
use crate::render::conceal;
use crate::values::strike::Strike;

/// Shorter values are words like `true` and `prod`, which stand in names and messages without betraying anything.
const SHORTEST: usize = 8;

/// The sensitive values of a plan.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Strike);

impl Secrets {
    /// All values that attributes of the plan hold under concealment: those AWS has, and those it will have.
    pub fn of(plan: &Plan, schemas: &dyn Schemas) -> Self {
        let found = RefCell::new(BTreeSet::new());
        // Concealing asks of every text whether it may stay.
        let note = |text: &str| {
            // What is left of an address before a reference: the scheme stands in every address.
            let text = text.split_once("://").filter(|(_, rest)| rest.chars().count() < SHORTEST).map_or(text, |(_, rest)| rest);
            if text.chars().count() >= SHORTEST {
                found.borrow_mut().insert(text.to_owned());
            }
            false
        };
        for change in &plan.changes {
            let live = change.live.as_ref();
            for (name, value) in live.iter().flat_map(|live| &live.attrs).chain(&change.after) {
                let attribute = schemas.schema(change.kind).and_then(|schema| schema.attribute(name));
                conceal(attribute, value, &note);
            }
        }
        let mut found = found.into_inner();
        // Names and endpoints of resources are no secrets, and messages need them.
        for output in plan.changes.iter().filter_map(|change| change.live.as_ref()).flat_map(|live| live.outputs.values()) {
            found.remove(output);
        }
        Self(Strike::of(found))
    }

    /// Tells an event without these values.
    pub fn struck_out(&self, event: Event<'_>, tell: &mut dyn FnMut(&Event<'_>)) {
        match event {
            Event::Ended { change, verb, outcome, took } => {
                let mut outcome = outcome.clone();
                self.strike_out_of(&mut outcome);
                tell(&Event::Ended { change, verb, outcome: &outcome, took });
            }
            Event::Notice { change, verb, text } => tell(&Event::Notice { change, verb, text: &self.strike_out(text) }),
            Event::Said { change, verb, text } => tell(&Event::Said { change, verb, text: &self.strike_out(text) }),
            event => tell(&event),
        }
    }

    /// Strikes these values out of AWS's message.
    pub fn strike_out_of(&self, outcome: &mut Outcome) {
        if let Outcome::Failed(failure) = outcome {
            failure.message = self.strike_out(&failure.message);
        }
    }

    /// A text without these values.
    pub fn strike_out(&self, text: &str) -> String {
        self.0.out_of(text)
    }
}
