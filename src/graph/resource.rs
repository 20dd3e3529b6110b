//! The two sides of a plan: what the spec asks for, and what AWS has.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Address, Reference, references};

/// The attributes of a resource, erased to JSON so that the planner and the renderers know no kind.
pub type Attrs = BTreeMap<String, Value>;

/// What AWS assigned to a resource: its id, ARN, endpoint; by the names that references use.
pub type Outputs = BTreeMap<String, String>;

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// A resource the spec asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// Its name in the environment.
    pub address: Address,
    /// The AWS service and kind, such as `ec2.subnet`.
    pub kind: &'static str,
    /// The attributes that are managed; what is not here is not compared.
    pub attrs: Attrs,
    /// The tags it must carry, ownership apart.
    pub tags: Tags,
    /// What must be ready before it though no attribute refers to it.
    pub after: Vec<Address>,
    /// What it waits for, in words, when it cannot be made yet.
    pub deferred: Option<String>,
    /// Why it may be neither made nor changed; as it is, it may stay.
    pub blocked: Option<Blocked>,
}

/// Why a change cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blocked {
    /// What is in the way.
    pub why: String,
    /// What to do about it.
    pub help: String,
}

impl Desired {
    /// Every reference of this resource to another.
    pub fn references(&self) -> impl Iterator<Item = Reference> + '_ {
        self.attrs.values().flat_map(references)
    }

    /// Every resource that must be there before this one, each once.
    pub fn dependencies(&self) -> BTreeSet<Address> {
        self.references().map(|reference| reference.address).chain(self.after.iter().cloned()).collect()
    }
}

/// A resource that AWS has.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// The AWS service and kind.
    pub kind: &'static str,
    /// What AWS calls it: an id, a name or an ARN. Unique within its kind.
    pub id: String,
    /// Whose it is.
    pub owner: Owner,
    /// How it is.
    pub state: State,
    /// All attributes that the kind reads.
    pub attrs: Attrs,
    /// What references to it resolve to. Missing while AWS has not assigned it yet.
    pub outputs: Outputs,
    /// All its tags.
    pub tags: Tags,
    /// What is not ours and uses it.
    pub neighbours: Vec<Neighbour>,
}

/// Something that is not ours and uses a resource of ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Neighbour {
    /// What it is, in words.
    pub what: String,
    /// Whether AWS refuses to delete the resource as long as this is there.
    pub holds: bool,
}

/// Whose a live resource is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// It carries the ownership tags of this environment.
    Ours {
        /// What `infra:address` says.
        address: Address,
        /// What `infra:declared` says: the fingerprint of the values it was last given.
        declared: Option<String>,
    },
    /// It carries some of our tags and not the one that says what it is.
    Nameless,
    /// It bears a name of ours and belongs to somebody else; in words.
    Foreign(String),
}

/// How a live resource is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it will stay.
    Ready,
    /// AWS is still at work on it; AWS's word for it.
    Busy(String),
    /// It never worked and never will: it can only be replaced; AWS's word for it.
    Failed(String),
    /// It is going away.
    Deleting,
}

impl Owner {
    /// The address, where it is ours.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Ours { address, .. } => Some(address),
            Self::Nameless | Self::Foreign(_) => None,
        }
    }
}

impl Live {
    /// Its address, where it is ours.
    pub fn address(&self) -> Option<&Address> {
        self.owner.address()
    }
}

/// What a create call gave: enough to refer to the resource and to find it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Created {
    /// What AWS calls it.
    pub id: String,
    /// The outputs known by now.
    pub outputs: Outputs,
}

/// A live resource that is to be changed or deleted, as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// What AWS calls it.
    pub id: String,
    /// Its attributes.
    pub attrs: Attrs,
    /// Its outputs.
    pub outputs: Outputs,
}
