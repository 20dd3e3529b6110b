//! What a tool is asked to do, whichever it is.

use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::Error;

/// Work on one environment, in the order in which its life goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Work {
    /// Everything but what waits for an image.
    FromNothing,
    /// What runs the images.
    Deployment,
    /// A plan with nothing to do.
    PlanNothing,
    /// A plan with one change: what processor load a service is scaled by.
    PlanChange,
    /// That change.
    Change,
    /// Everything goes.
    Destroy,
}

impl Work {
    pub(crate) const ALL: [Self; 6] =
        [Self::FromNothing, Self::Deployment, Self::PlanNothing, Self::PlanChange, Self::Change, Self::Destroy];

    /// Whether it leaves AWS as it is, so that it can be done again.
    pub(crate) const fn is_plan(self) -> bool {
        matches!(self, Self::PlanNothing | Self::PlanChange)
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::FromNothing => "apply from empty",
            Self::Deployment => "apply, first images",
            Self::PlanNothing => "plan, nothing to do",
            Self::PlanChange => "plan, one change",
            Self::Change => "apply, one change",
            Self::Destroy => "destroy",
        }
    }
}

/// A tool with environments in an account.
pub(crate) trait Tool: Send + Sync {
    fn name(&self) -> &'static str;

    /// The program that does it, ready to start. It writes nothing to the terminal.
    fn command(&self, environment: &str, work: Work) -> Result<Command, Error>;

    /// How many steps of the plan for it have to come one after another; none where the tool does not say.
    fn steps(&self, _environment: &str, _work: Work) -> Result<Option<usize>, Error> {
        Ok(None)
    }
}
