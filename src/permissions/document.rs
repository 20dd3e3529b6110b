//! Policy documents as people read them: labelled statements in a fixed order.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

/// How long a managed policy may be, in characters ("IAM and STS quotas"). White space does not count.
pub const MANAGED_LIMIT: usize = 6_144;

/// How long all inline policies of a role may be together, in characters.
pub const INLINE_LIMIT: usize = 10_240;

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Document {
    version: &'static str,
    /// What it says, in the order it is printed in.
    #[serde(rename = "Statement")]
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    /// What it is about: letters and digits only.
    pub sid: String,
    /// `Allow`.
    pub effect: Allow,
    /// Who may; empty in a policy of a role's own.
    #[serde(rename = "Principal", skip_serializing_if = "BTreeMap::is_empty")]
    pub principals: BTreeMap<&'static str, String>,
    /// Actions.
    #[serde(rename = "Action", serialize_with = "one_or_many")]
    pub actions: BTreeSet<String>,
    /// On what; empty in a trust policy.
    #[serde(rename = "Resource", skip_serializing_if = "BTreeSet::is_empty", serialize_with = "one_or_many")]
    pub resources: BTreeSet<String>,
    /// When: operator, key, values.
    #[serde(rename = "Condition", skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<&'static str, BTreeMap<String, Values>>,
}

/// What a key may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Values(#[serde(serialize_with = "one_or_many")] pub BTreeSet<String>);

/// The only effect there is here: what is not allowed is denied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Allow {
    /// As IAM spells it.
    #[default]
    Allow,
}

impl Document {
    /// Of these statements.
    pub const fn new(statements: Vec<Statement>) -> Self {
        Self { version: "2012-10-17", statements }
    }

    /// The same in as many documents as it takes for each to have no more characters than `limit`; statements stay whole.
    pub fn parts(self, limit: usize) -> Vec<Self> {
        let mut parts: Vec<Self> = Vec::new();
        for statement in self.statements {
            let alone = Self::new(vec![statement.clone()]);
            let with_last = parts.last().cloned().map(|mut last| {
                last.statements.push(statement);
                last
            });
            match (parts.last_mut(), with_last.filter(|both| both.size() <= limit)) {
                (Some(last), Some(both)) => *last = both,
                _ => parts.push(alone),
            }
        }
        parts
    }

    /// How many characters of IAM's limits it takes.
    pub fn size(&self) -> usize {
        json(self).chars().filter(|character| !character.is_whitespace()).count()
    }
}

/// As text, for people and for `aws iam`: labels come first.
///
/// # Panics
/// Never for policies: they are plain data with texts as keys.
pub fn json(policies: &impl Serialize) -> String {
    serde_json::to_string_pretty(policies).expect("policies are plain data")
}

impl Statement {
    /// Adds a condition: the key must have one of the values.
    pub fn when(&mut self, operator: &'static str, key: impl Into<String>, values: impl IntoIterator<Item = String>) {
        self.conditions.entry(operator).or_default().entry(key.into()).or_default().0.extend(values);
    }
}

/// IAM lets one value stand without brackets, and counts brackets.
fn one_or_many<S: Serializer>(values: &BTreeSet<String>, serializer: S) -> Result<S::Ok, S::Error> {
    match values.first() {
        Some(only) if values.len() == 1 => only.serialize(serializer),
        _ => values.serialize(serializer),
    }
}
