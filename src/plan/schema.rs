//! All that the planner knows of a kind: its attributes, what a change of each means, and its outputs.
//!
//! The tables stand beside the types in `aws/<service>/<kind>.rs`; a field without a rule does not compile.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::warning::Warning;
use crate::graph::Attrs;

/// A kind of resource, as a table.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// The AWS service and kind, such as `ec2.subnet`.
    pub kind: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// Its attributes, in the order people read them.
    pub attributes: &'static [Attribute],
    /// What AWS assigns and others refer to.
    pub outputs: &'static [Output],
    /// It holds data: never replaced, and deleted only where `data-loss` is allowed by name.
    pub stateful: bool,
    /// AWS bills it by the hour from its creation on, used or not.
    pub hourly: bool,
    /// The attribute that, while true in AWS, makes AWS refuse a deletion.
    pub protection: Option<&'static str>,
    /// Kinds whose deletions must be over before one of this kind can go, though none of their attributes names it.
    pub yields_to: &'static [&'static str],
    /// It is over as soon as it is ready, and nothing of it stays; it is wanted only while it is to be done. So that it is not there is
    /// no sign that somebody deleted it.
    pub transient: bool,
}

/// One attribute of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// Its name, as plans show it.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// What it takes to change it.
    pub rule: Rule,
    /// Whether what is wanted (first) and what AWS has (second) mean the same to AWS.
    pub same: fn(&Value, &Value) -> bool,
    /// Whether it holds environment values or the like, which are shown as names and fingerprints only.
    pub sensitive: Sensitive,
    /// Whether it belongs into the one line by which people know a resource that is to be made.
    pub headline: bool,
    /// The kind it refers to by `name`, which is unique within that kind only; other references go by ids and ARNs.
    pub names: Option<&'static str>,
    /// A set whose elements can be taken out before the resource goes, where it and what they name hold each other.
    pub revocable: bool,
    /// When another value lets more people or programs in.
    pub widens: Option<Warning>,
    /// When another value makes the bill larger.
    pub costs: Option<Warning>,
}

/// How much of an attribute is shown as names and fingerprints only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sensitive {
    /// Nothing.
    No,
    /// Every value in it.
    All,
    /// Every value under one of its keys.
    Under(&'static str),
}

/// What it takes to change an attribute.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// AWS changes it in place.
    Update,
    /// AWS changes it in place, and people notice; why.
    Disrupt(&'static str),
    /// Only another resource can have it: create the new one, then delete the old one.
    Replace,
    /// Neither in place nor by replacement; the way out.
    Fixed(&'static str),
    /// The unique name. A replacement takes the next free of its [alternates](crate::values::name::alternates).
    Name,
    /// It depends on what AWS has (first) and what is wanted (second; a reference where it is not known yet).
    Judge(fn(&Value, &Value) -> Self),
}

/// One thing AWS assigns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// The name that references use.
    pub name: &'static str,
    /// From when on it can be used.
    pub since: Since,
    /// Another value after every update in place, as a launch template's latest version has.
    pub moves: bool,
    /// Unique beyond its kind: a resource in whose attributes it appears holds this one.
    pub held: bool,
}

/// From when on an output can be used by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// As soon as the create call has answered.
    Created,
    /// Once the resource is ready.
    Ready,
}

impl Output {
    /// An id, ARN or endpoint; usable as soon as the create call has answered.
    pub const fn held(name: &'static str) -> Self {
        Self { name, since: Since::Created, moves: false, held: true }
    }

    /// A value that others may have too, such as a name or a port.
    pub const fn plain(name: &'static str) -> Self {
        Self { name, since: Since::Created, moves: false, held: false }
    }

    /// Usable only once the resource is ready.
    pub const fn when_ready(self) -> Self {
        Self { since: Since::Ready, ..self }
    }

    /// Another value after every update.
    pub const fn moving(self) -> Self {
        Self { moves: true, ..self }
    }
}

/// The ordinary sense of "the same": values have been normalised when they were read and when they were built.
pub fn equal(want: &Value, live: &Value) -> bool {
    want == live
}

impl Schema {
    /// A kind that holds no data and of which nothing special is to be said; the tables begin from it.
    pub const ORDINARY: Self = Self {
        kind: "",
        about: "",
        attributes: &[],
        outputs: &[],
        stateful: false,
        hourly: false,
        protection: None,
        yields_to: &[],
        transient: false,
    };

    /// A kind that holds data.
    pub const STATEFUL: Self = Self { stateful: true, ..Self::ORDINARY };

    /// A kind of which nothing stays.
    pub const TRANSIENT: Self = Self { transient: true, ..Self::ORDINARY };

    /// A kind that AWS refuses to delete while this attribute is true.
    pub const fn protected_by(self, attribute: &'static str) -> Self {
        Self { protection: Some(attribute), ..self }
    }

    /// A kind that can go only after these have gone.
    pub const fn yields_to(self, kinds: &'static [&'static str]) -> Self {
        Self { yields_to: kinds, ..self }
    }

    /// The row of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The row of an output.
    pub fn output(&self, name: &str) -> Option<&'static Output> {
        self.outputs.iter().find(|output| output.name == name)
    }

    /// The attribute that holds the unique name, where AWS wants one.
    pub fn name(&self) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| matches!(attribute.rule, Rule::Name))
    }
}

/// The kinds a planner plans with.
pub trait Schemas: Sync {
    /// The table of a kind.
    fn schema(&self, kind: &str) -> Option<&'static Schema>;

    /// The attributes in the one form that means the same as they do: sets sorted, no duplicates.
    /// Called after references were replaced by ids, which sort differently.
    fn normalise(&self, kind: &str, attrs: Attrs) -> Attrs;
}
