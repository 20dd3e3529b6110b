//! A plan without its secrets.

use crate::graph::Attrs;
use crate::plan::{Change, FieldChange, Plan, Schema, Schemas};
use crate::render::rows::conceal::seal as seal_value;
use crate::render::rows::names::Names;

/// The same plan with every environment value, and whatever else kinds call sensitive, as a fingerprint. It has the same id and
/// is shown in the same words.
pub fn seal(plan: &Plan, schemas: &dyn Schemas) -> Plan {
    // The id or endpoint of a resource is no secret: it stands in the file anyway, and readers are told whose it is.
    let names = Names::of(plan, schemas);
    let open = |text: &str| names.knows(text);
    let changes = plan.changes.iter().map(|change| sealed(change, schemas.schema(change.kind), &open));
    Plan::restored(changes.collect(), plan.steps.clone(), plan.id())
}

fn sealed(change: &Change, schema: Option<&Schema>, open: &dyn Fn(&str) -> bool) -> Change {
    let attribute = |name: &str| schema.and_then(|schema| schema.attribute(name));
    let attrs = |attrs: &Attrs| -> Attrs {
        attrs.iter().map(|(name, value)| (name.clone(), seal_value(attribute(name), value, open))).collect()
    };
    let field = |field: &FieldChange| FieldChange {
        before: seal_value(attribute(&field.name), &field.before, open),
        after: seal_value(attribute(&field.name), &field.after, open),
        ..field.clone()
    };
    let mut sealed = Change { after: attrs(&change.after), fields: change.fields.iter().map(field).collect(), ..change.clone() };
    if let Some(live) = &mut sealed.live {
        live.attrs = attrs(&live.attrs);
    }
    sealed
}
