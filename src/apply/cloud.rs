//! The one seam to the world.

use std::fmt;

use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::graph::{Attrs, Created, Outputs, Tags, Target};
use crate::plan::Change;

/// The name of an output that is no value for references but what a step has said, for people: see [`Event::Said`](super::Event::Said).
pub const OUTPUT: &str = "output";

/// What the executor can do. Attributes hold no references any more when they come here.
pub trait Cloud: Send + Sync {
    /// Makes a resource; answers as soon as it has an id.
    fn create<'a>(&'a self, kind: &'a str, want: &'a Attrs, tags: &'a Tags) -> BoxFuture<'a, Result<Created, Failure>>;

    /// Waits until a resource is ready; gives all its outputs.
    fn settle<'a>(&'a self, kind: &'a str, created: Created) -> BoxFuture<'a, Result<Outputs, Failure>>;

    /// Changes a resource in place and waits until the change is made; gives the outputs that are new.
    fn update<'a>(
        &'a self,
        kind: &'a str,
        live: &'a Target,
        want: &'a Attrs,
        changed: &'a [String],
        tags: &'a Tags,
    ) -> BoxFuture<'a, Result<Outputs, Failure>>;

    /// Puts back what an update in place has made of a resource, or a part of that update: it becomes what it was when the change
    /// was planned. Gives whether there was anything to put back; once all is as it was, nothing is done. What has since been made
    /// or deleted is no matter of this.
    fn restore<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Result<bool, Failure>>;

    /// Deletes a resource.
    fn delete<'a>(&'a self, kind: &'a str, live: &'a Target) -> BoxFuture<'a, Result<(), Failure>>;

    /// Waits until a deleted resource is gone.
    fn gone<'a>(&'a self, kind: &'a str, live: &'a Target) -> BoxFuture<'a, Result<(), Failure>>;
}

/// A call that was refused, or a wait that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Failure {
    /// Service and action, such as `ec2:CreateVpc`.
    pub operation: String,
    /// The code of the answer.
    pub code: String,
    /// Its message.
    pub message: String,
    /// What the cloud's support asks for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.operation, self.code, self.message)?;
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}
