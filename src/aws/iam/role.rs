//! Roles, with their inline policies, which cannot carry tags, and the managed ones attached to them.
//!
//! Roles live under the path `/infra/<project>/<environment>/`, so that policies about them can be narrow.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::Output;
use crate::plan::rule::{name, update};
use crate::resource;
use crate::values::policy::Policy;

resource! {
    /// What a service may do in AWS.
    Role<P> = "iam.role" {
        /// Unique in the account, whatever the path; at most 64 characters.
        name: String => name(),
        /// Who may assume it.
        trust: Policy => update(),
        /// Inline policies by name.
        policies: BTreeMap<String, Policy<P>> => update(),
        /// ARNs of attached managed policies.
        managed_policies: BTreeSet<String> => update(),
    }
    outputs: [Output::held("arn"), Output::plain("name")]
}
