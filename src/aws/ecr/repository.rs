//! Image repositories, with their lifecycle policy, which cannot carry tags.

use crate::plan::rule::{name, update};
use crate::plan::{Output, Schema};
use crate::resource;

resource! {
    /// Where images of an environment lie.
    Repository = "ecr.repository" {
        /// Unique in the account and region: `<project>-<environment>/<repository>`.
        name: String => name(),
        /// Whether a tag stays with the image it was first given to.
        immutable_tags: bool => update(),
        /// Whether images are scanned for vulnerabilities when they are pushed.
        scan_on_push: bool => update(),
        /// How many images are kept, the newest; 0 for all.
        keep_images: u32 => update(),
    }
    outputs: [Output::held("arn"), Output::plain("name"), Output::plain("uri")],
    Schema::STATEFUL
}
