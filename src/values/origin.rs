//! Who runs this, from where, and from which commit: what a lease and a record say of their run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a run comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Origin {
    /// Who set it off, as CI or the machine calls them.
    pub actor: String,
    /// The machine it runs on.
    pub host: String,
    /// The git commit of the specs; `-dirty` after it where files differ from that commit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub commit: Option<String>,
    /// The page of the CI run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run_url: Option<String>,
}
