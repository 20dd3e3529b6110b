//! Ids and ARNs as the addresses of what they belong to.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Address, Outputs, Reference};
use crate::plan::{Plan, Schemas};

/// What the live resources of a plan are called in AWS.
#[derive(Default)]
pub(crate) struct Names<'a> {
    of: BTreeMap<&'a str, (&'a Address, &'a str)>,
    /// All outputs by address, those that others may have too included.
    outputs: BTreeMap<&'a Address, &'a Outputs>,
}

impl<'a> Names<'a> {
    /// Reads them off the outputs that are unique beyond their kind.
    pub(crate) fn of(plan: &'a Plan, schemas: &dyn Schemas) -> Self {
        let (mut of, mut outputs) = (BTreeMap::new(), BTreeMap::new());
        for change in &plan.changes {
            let (Some(live), Some(schema)) = (&change.live, schemas.schema(change.kind)) else { continue };
            outputs.insert(&change.address, &live.outputs);
            for output in schema.outputs.iter().filter(|output| output.held) {
                if let Some(value) = live.outputs.get(output.name).filter(|value| !value.is_empty()) {
                    of.insert(value.as_str(), (&change.address, output.name));
                }
            }
        }
        Self { of, outputs }
    }

    /// Whether a value is the id, ARN or endpoint of a resource of the plan.
    pub(crate) fn knows(&self, value: &str) -> bool {
        self.of.contains_key(value)
    }

    /// Whether a live value is what a reference has referred to so far.
    pub(super) fn is(&self, value: &str, reference: &Reference) -> bool {
        self.of.get(value).is_some_and(|(address, output)| **address == reference.address && *output == reference.output)
    }

    /// What a reference has referred to so far.
    pub(super) fn so_far(&self, reference: &Reference) -> Option<String> {
        self.outputs.get(&reference.address)?.get(&reference.output).cloned()
    }

    /// A value by the address it belongs to; one that begins with an ARN keeps what follows it.
    pub(super) fn words(&self, value: &str) -> Option<String> {
        if let Some((address, output)) = self.of.get(value) {
            return Some(if ["id", "arn"].contains(output) { address.to_string() } else { format!("{output} of {address}") });
        }
        let ends = value.match_indices([':', '/']).map(|(at, _)| at).collect::<Vec<_>>();
        let (end, (address, _)) = ends
            .into_iter()
            .rev()
            .find_map(|end| Some((end, self.of.get(&value[..end]).filter(|_| value.starts_with("arn:"))?)))?;
        Some(format!("{address}{}", &value[end..]))
    }
}

/// What is not known before the resource it comes from is there.
pub(super) fn unknown(reference: &Reference) -> String {
    format!("({} of {}, known after apply)", reference.output, reference.address)
}

/// A text that is not known before all that stands in it is there.
pub(super) fn in_a_text(references: &[Reference]) -> String {
    let parts: BTreeSet<String> =
        references.iter().map(|reference| format!("{} of {}", reference.output, reference.address)).collect();
    format!("(with {}, known after apply)", Vec::from_iter(parts).join(", "))
}
