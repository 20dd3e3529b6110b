//! The registry: one line a kind. Reading, planning, applying, the schema and the tests over all kinds follow from it.

use super::kind::{Kind, Of};
use crate::graph::Attrs;
use crate::plan::{Schema, Schemas};

/// Every kind of resource, in the order in which an environment is usually built.
pub static KINDS: &[&dyn Kind] = &[&Of::<super::ec2::vpc::Vpc>::NEW];

/// The tables of [`KINDS`], as the planner takes them.
#[derive(Clone, Copy, Debug)]
pub struct Registry;

impl Registry {
    /// The kind of that name.
    pub fn kind(self, name: &str) -> Option<&'static dyn Kind> {
        KINDS.iter().copied().find(|kind| kind.schema().kind == name)
    }
}

impl Schemas for Registry {
    fn schema(&self, kind: &str) -> Option<&'static Schema> {
        self.kind(kind).map(Kind::schema)
    }

    fn normalise(&self, kind: &str, attrs: Attrs) -> Attrs {
        match self.kind(kind) {
            Some(kind) => kind.normalise(attrs),
            None => attrs,
        }
    }
}
