//! IAM policy documents as sets of statements, so that order and the two ways AWS allows to write one value do not matter.
//!
//! The grammar is AWS's "Grammar of the IAM JSON policy language". What it allows and this type has no field for
//! (`NotAction`, `NotPrincipal`, …) is kept as it was written: it is never ours, and so shows as a difference.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::graph::{Actual, Phase};

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", transparent)]
pub struct Policy<P: Phase = Actual> {
    /// What it says, in no order.
    pub statements: BTreeSet<Statement<P>>,
}

/// One statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub struct Statement<P: Phase = Actual> {
    /// `Allow` or `Deny`.
    pub effect: String,
    /// Actions, such as `ecr:BatchGetImage`.
    pub actions: BTreeSet<String>,
    /// What the actions may be done to; empty in a trust policy.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub resources: BTreeSet<P::Text>,
    /// Who may: `Service` to names, `AWS` to ARNs; empty in an identity's policy.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub principals: BTreeMap<String, BTreeSet<String>>,
    /// When: operator, key, values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    /// What else was written, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
}

impl<P: Phase> Statement<P> {
    /// Allows `actions` on `resources`.
    pub fn allow(actions: &[&str], resources: impl IntoIterator<Item = P::Text>) -> Self {
        Self {
            effect: "Allow".into(),
            actions: actions.iter().map(|&action| action.to_owned()).collect(),
            resources: resources.into_iter().collect(),
            principals: BTreeMap::new(),
            conditions: BTreeMap::new(),
            other: None,
        }
    }
}

impl<P: Phase> Policy<P> {
    /// The trust policy that lets an AWS service assume a role.
    pub fn trust(service: &str) -> Self {
        let mut statement = Statement::allow(&["sts:AssumeRole"], []);
        statement.principals.insert("Service".into(), BTreeSet::from([service.to_owned()]));
        Self { statements: BTreeSet::from([statement]) }
    }
}

impl Policy {
    /// The document as AWS takes it.
    pub fn document(&self) -> String {
        let statements: Vec<Value> = self.statements.iter().map(Statement::document).collect();
        json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
    }

    /// Reads a document as AWS gives it, `URL`-encoding already undone.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn parse(document: &str) -> Result<Self, serde_json::Error> {
        let document: Value = serde_json::from_str(document)?;
        let statements = match document.get("Statement") {
            Some(Value::Array(items)) => items.iter().map(Statement::parse).collect(),
            Some(one @ Value::Object(_)) => BTreeSet::from([Statement::parse(one)]),
            _ => BTreeSet::new(),
        };
        Ok(Self { statements })
    }
}

impl Statement {
    fn document(&self) -> Value {
        let mut object: Map<String, Value> =
            self.other.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        object.insert("Effect".into(), json!(self.effect));
        if !self.actions.is_empty() {
            object.insert("Action".into(), json!(self.actions));
        }
        if !self.resources.is_empty() {
            object.insert("Resource".into(), json!(self.resources));
        }
        if !self.principals.is_empty() {
            object.insert("Principal".into(), json!(self.principals));
        }
        if !self.conditions.is_empty() {
            object.insert("Condition".into(), json!(self.conditions));
        }
        Value::Object(object)
    }

    fn parse(statement: &Value) -> Self {
        let mut rest = statement.as_object().cloned().unwrap_or_default();
        // A label without meaning to AWS.
        rest.remove("Sid");
        let effect = rest.remove("Effect").as_ref().and_then(Value::as_str).unwrap_or("Allow").to_owned();
        let actions = rest.remove("Action").as_ref().map(one_or_many).unwrap_or_default();
        let resources = rest.remove("Resource").as_ref().map(one_or_many).unwrap_or_default();
        let principals = match rest.remove("Principal") {
            Some(Value::String(everybody)) => BTreeMap::from([("AWS".into(), BTreeSet::from([everybody]))]),
            Some(Value::Object(kinds)) => kinds.iter().map(|(kind, names)| (kind.clone(), one_or_many(names))).collect(),
            _ => BTreeMap::new(),
        };
        let conditions = match rest.remove("Condition") {
            Some(Value::Object(operators)) => operators
                .iter()
                .map(|(operator, keys)| {
                    let keys = keys.as_object().into_iter().flatten();
                    (operator.clone(), keys.map(|(key, values)| (key.clone(), one_or_many(values))).collect())
                })
                .collect(),
            _ => BTreeMap::new(),
        };
        let other = (!rest.is_empty()).then(|| Value::Object(rest).to_string());
        Self { effect, actions, resources, principals, conditions, other }
    }
}

/// AWS lets one value stand without its brackets, and booleans and numbers without quotes.
fn one_or_many(value: &Value) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        one => BTreeSet::from([text(one)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_of_writing_one_policy_are_one_policy() {
        let long =
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"x","Effect":"Allow","Action":["b:B","a:A"],"Resource":["*"]}]}"#;
        let short = r#"{"Statement":{"Resource":"*","Action":["a:A","b:B"],"Effect":"Allow"}}"#;
        assert_eq!(Policy::parse(long).unwrap(), Policy::parse(short).unwrap());
    }

    #[test]
    fn what_is_written_reads_back_as_it_was() {
        let trust = Policy::<Actual>::trust("ec2.amazonaws.com");
        assert_eq!(Policy::parse(&trust.document()).unwrap(), trust);
        let odd = r#"{"Statement":[{"Effect":"Deny","NotAction":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":false}}}]}"#;
        let policy = Policy::parse(odd).unwrap();
        assert!(policy.statements.first().unwrap().other.is_some());
        assert_eq!(Policy::parse(&policy.document()).unwrap(), policy);
    }
}
