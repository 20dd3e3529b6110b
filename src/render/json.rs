//! A first plain rendering.
use super::Header;
use crate::plan::{Plan, Schemas};
/// A first plain rendering.
pub fn plan(_: &Header, plan: &Plan, _: &dyn Schemas) -> serde_json::Value {
    serde_json::json!(format!("{plan:?}"))
}
