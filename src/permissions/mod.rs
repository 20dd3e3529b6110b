//! The rights that `infra` needs: the least IAM policies for planning and for applying, and who may take the roles that have them.
//!
//! The kinds say what their calls need ([`Access`](crate::aws::access::Access)); this puts it together.

mod denied;
mod document;
mod keys;
mod least;
#[cfg(test)]
mod tests;
mod trust;

pub use denied::advice;
pub use document::{Document, INLINE_LIMIT, MANAGED_LIMIT, Statement, Values, json};
pub use least::{Place, Source, Verb, least};
pub use trust::{BadTrust, Trust, TrustPolicies};
