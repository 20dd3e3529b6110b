//! A first plain rendering.
use super::Header;
use crate::plan::{Plan, Schemas};
use std::fmt::Write as _;
/// A first plain rendering.
pub fn plan(h: &Header, plan: &Plan, _: &dyn Schemas, _page: ()) -> String {
    let mut s = format!("{h:?}\n");
    for c in &plan.changes {
        if c.action != crate::plan::Action::NoOp || c.blocked.is_some() || c.deferred.is_some() {
            let _ = writeln!(s, "{:?} {} {:?} {:?} {:?}", c.action, c.address, c.reason, c.blocked, c.deferred);
            for f in &c.fields {
                let _ = writeln!(s, "     {}: {} -> {}  {:?}", f.name, f.before, f.after, f.effect);
            }
        }
    }
    let _ = writeln!(s, "{:?}", plan.summary());
    s
}
