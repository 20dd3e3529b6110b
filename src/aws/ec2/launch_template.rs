//! Launch templates: what an instance of a service is, down to the container it runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::graph::{Actual, Phase, Tags};
use crate::plan::Output;
use crate::plan::rule::{name, update};
use crate::resource;

resource! {
    /// What every instance of a service is started from. A change makes a new version; instances change when their group does.
    LaunchTemplate<P> = "ec2.launch_template" {
        /// Unique in the account and region; 3 to 128 characters.
        name: String => name(),
        /// The machine image.
        image_id: String => update(),
        /// The instance type.
        instance_type: String => update(),
        /// The security groups.
        security_groups: BTreeSet<P::Text> => update(),
        /// The ARN of the instance profile.
        instance_profile: P::Text => update(),
        /// The root disk, encrypted, in GiB.
        disk_gib: u32 => update(),
        /// Whether instances get a public address.
        public_address: bool => update(),
        /// Whether the metadata service wants session tokens (IMDSv2).
        imdsv2_required: bool => update(),
        /// Whether CloudWatch gets figures every minute.
        detailed_monitoring: bool => update(),
        /// Tags of the instances and their disks.
        instance_tags: Tags => update(),
        /// What instances run, as written into their user data.
        container: Container<P> => update(),
    }
    outputs: [Output::held("id"), Output::plain("name"), Output::plain("version").moving()]
}

/// The container that an instance installs and runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub struct Container<P: Phase = Actual> {
    /// The image by digest: `<registry>/<repository>@sha256:…`.
    pub image: String,
    /// What it runs instead of the image's own command; empty for that.
    pub command: Vec<String>,
    /// The port it listens on, if any.
    pub port: Option<u16>,
    /// Its environment, by value.
    pub environment: BTreeMap<String, P::Text>,
    /// Its secrets: variable to where the instance fetches it, `ssm:/path`, or `secretsmanager:ARN-or-name` with `#key` for one
    /// key of a JSON secret.
    pub secrets: BTreeMap<String, P::Text>,
    /// The log group its output goes to.
    pub log_group: P::Text,
    /// The version of the script around all this; `edited` and a fingerprint where somebody changed it.
    pub script: String,
}
