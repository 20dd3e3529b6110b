//! Values in words: what a rule, a route, a statement or an image means, not how it is encoded.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::names::{Names, in_a_text, unknown};
use crate::aws::ec2::launch_template::Container;
use crate::aws::ec2::route_table::{Route, Target};
use crate::aws::ec2::security_group::{Peer, Rule};
use crate::aws::elbv2::action::Action;
use crate::aws::elbv2::rule::ListenerRule;
use crate::graph::{Input, Reference, Wanted, is_unknown, references};
use crate::values::image_digest::ImageDigest;
use crate::values::name::fingerprint;
use crate::values::policy::Statement;

/// Characters that are shown of a text; more is cut.
const LONGEST: usize = 160;

/// Puts values into words.
#[derive(Clone, Copy)]
pub(super) struct Speaker<'a> {
    pub(super) names: &'a Names<'a>,
    /// Whether to say all there is: for telling apart what sounds the same otherwise.
    pub(super) exact: bool,
}

impl Speaker<'_> {
    /// A value of an attribute, or of a set that an attribute holds.
    pub(super) fn words(self, attribute: &str, value: &Value) -> String {
        match value {
            Value::Null => "(none)".into(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::String(text) => self.text(text),
            Value::Array(items) if items.is_empty() => "(none)".into(),
            Value::Array(items) => items.iter().map(|item| self.words(attribute, item)).collect::<Vec<_>>().join(", "),
            Value::Object(table) if table.is_empty() => "(none)".into(),
            Value::Object(_) => self.object(attribute, value),
        }
    }

    /// Whether an object is one thing with words of its own, not a table of values.
    pub(super) fn is_one_thing(self, value: &Value) -> bool {
        self.thing("", value).is_some()
    }

    fn object(self, attribute: &str, value: &Value) -> String {
        self.thing(attribute, value).unwrap_or_else(|| {
            let entries = value.as_object().into_iter().flatten();
            entries.map(|(key, item)| format!("{key} {}", self.words(key, item))).collect::<Vec<_>>().join(", ")
        })
    }

    fn thing(self, attribute: &str, value: &Value) -> Option<String> {
        if let Some(reference) = Reference::from_value(value) {
            return Some(unknown(&reference));
        }
        if is_unknown(value) {
            return Some(in_a_text(&references(value)));
        }
        if let Ok(rule) = Rule::<Wanted>::deserialize(value) {
            return Some(self.rule(attribute, &rule));
        }
        if let Ok(route) = Route::<Wanted>::deserialize(value) {
            return Some(self.route(&route));
        }
        if let Ok(statement) = Statement::<Wanted>::deserialize(value) {
            return Some(self.statement(&statement));
        }
        if let Ok(rule) = ListenerRule::<Wanted>::deserialize(value) {
            return Some(self.listener_rule(&rule));
        }
        Some(self.action(&Action::<Wanted>::deserialize(value).ok()?))
    }

    fn action(self, action: &Action<Wanted>) -> String {
        match action {
            Action::Forward(target) => format!("forward to {}", self.input(target)),
            Action::RedirectToHttps(port) => format!("redirect to HTTPS on port {port}"),
            Action::Refuse(status) => format!("answer with {status}"),
            Action::Other(json) => self.text(json),
        }
    }

    fn listener_rule(self, rule: &ListenerRule<Wanted>) -> String {
        let list = |values: &BTreeSet<String>| values.iter().cloned().collect::<Vec<_>>().join(", ");
        let what = match (list(&rule.hosts), list(&rule.paths)) {
            (hosts, paths) if hosts.is_empty() && paths.is_empty() => "anything".into(),
            (hosts, paths) if rule.hosts.len() > 1 && !paths.is_empty() => format!("{hosts} with {paths}"),
            (hosts, paths) => hosts + &paths,
        };
        let from = if rule.sources.is_empty() { String::new() } else { format!(" from {}", list(&rule.sources)) };
        let other = if rule.other.is_empty() { String::new() } else { format!(" where {}", self.text(&rule.other)) };
        format!("{what}{from}{other}: {}", self.action(&rule.action))
    }

    fn rule(self, attribute: &str, rule: &Rule<Wanted>) -> String {
        let ports = ports(rule);
        let peer = match &rule.peer {
            Peer::Cidr(cidr) => cidr.clone(),
            Peer::Group(group) => self.input(group),
            Peer::PrefixList(list) => list.clone(),
        };
        let way = if attribute == "egress" { "to" } else { "from" };
        let what_for = if self.exact { format!(", described as \"{}\"", rule.description) } else { String::new() };
        format!("{ports} {way} {peer}{what_for}")
    }

    fn route(self, route: &Route<Wanted>) -> String {
        let target = match &route.target {
            Target::InternetGateway(target) | Target::NatGateway(target) => self.input(target),
            Target::Other(target) => self.text(target),
        };
        format!("{} → {target}", route.destination)
    }

    fn statement(self, statement: &Statement<Wanted>) -> String {
        let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(", ");
        let mut words = format!("{} {}", statement.effect.to_lowercase(), list(&mut statement.actions.iter().cloned()));
        if !statement.resources.is_empty() {
            words += &format!(" on {}", list(&mut statement.resources.iter().map(|resource| self.input(resource))));
        }
        for names in statement.principals.values() {
            words += &format!(" to {}", list(&mut names.iter().map(|name| self.text(name))));
        }
        for (operator, keys) in &statement.conditions {
            for (key, values) in keys {
                words += &format!(" if {key} {operator} {}", list(&mut values.iter().cloned()));
            }
        }
        if let Some(other) = &statement.other {
            words += &format!(" {other}");
        }
        words
    }

    fn input(self, input: &Input) -> String {
        match input {
            Input::Known(text) => self.text(text),
            Input::Output(reference) => unknown(reference),
            Input::Joined(_) => in_a_text(&references(&serde_json::to_value(input).unwrap_or_default())),
        }
    }

    fn text(self, text: &str) -> String {
        if text.is_empty() {
            return "(empty)".into();
        }
        if self.exact {
            return cut(text);
        }
        self.names.words(text).or_else(|| image(text)).unwrap_or_else(|| cut(text))
    }
}

/// The protocol and ports that a rule is about: `tcp 5432`.
pub(in crate::render) fn ports(rule: &Rule<Wanted>) -> String {
    match (rule.protocol.as_str(), rule.from_port, rule.to_port) {
        ("-1", _, _) => "everything".into(),
        (protocol, -1, _) => protocol.to_owned(),
        (protocol, from, to) if from == to => format!("{protocol} {from}"),
        (protocol, from, to) => format!("{protocol} {from}-{to}"),
    }
}

/// The value as people think of it: a container's command is one line, not a set of words.
pub(super) fn unfold(value: &Value) -> Value {
    let mut value = value.clone();
    if Container::<Wanted>::deserialize(&value).is_ok() {
        let words = value["command"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let words = words.map(|word| if word.is_empty() || word.contains(' ') { format!("'{word}'") } else { word.to_owned() });
        value["command"] = Value::String(words.collect::<Vec<_>>().join(" "));
    }
    value
}

/// An image without its registry, and with as much of its digest as people compare.
pub(super) fn image(text: &str) -> Option<String> {
    let (name, digest) = text.split_once('@')?;
    let digest: ImageDigest = digest.parse().ok()?;
    let repository = name.split_once('/').filter(|(host, _)| host.contains(".dkr.ecr.")).map_or(name, |(_, rest)| rest);
    Some(format!("{repository}@{}", digest.short()))
}

/// What is too long to read, with a fingerprint of what is not shown.
fn cut(text: &str) -> String {
    let line = text.replace('\n', "⏎");
    match line.char_indices().nth(LONGEST) {
        None => line,
        Some((end, _)) => {
            let (all, print) = (text.chars().count(), &fingerprint(text.as_bytes())[..8]);
            format!("{}… ({all} characters, sha256:{print})", &line[..end])
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::Plan;

    fn words(attribute: &str, value: &Value) -> String {
        let plan = Plan::default();
        let names = Names::of(&plan, &crate::aws::kinds::Registry);
        Speaker { names: &names, exact: false }.words(attribute, value)
    }

    #[test]
    fn things_of_aws_have_words() {
        let rule = json!({ "protocol": "tcp", "from_port": 5432, "to_port": 5432, "peer": { "cidr": "10.0.0.0/8" } });
        assert_eq!(words("ingress", &rule), "tcp 5432 from 10.0.0.0/8");
        let all = json!({ "protocol": "-1", "from_port": -1, "to_port": -1, "peer": { "cidr": "0.0.0.0/0" } });
        assert_eq!(words("egress", &all), "everything to 0.0.0.0/0");
        let route = json!({ "destination": "0.0.0.0/0", "target": { "nat_gateway": { "$ref": "network.nat_gateway.a#id" } } });
        assert_eq!(words("routes", &route), "0.0.0.0/0 → (id of network.nat_gateway.a, known after apply)");
        let statement = json!({ "effect": "Allow", "actions": ["a:A", "b:B"], "resources": ["*"] });
        assert_eq!(words("policies", &statement), "allow a:A, b:B on *");
    }

    #[test]
    fn what_is_cut_still_tells_two_texts_apart() {
        let (one, two) = (format!("{}1", "x".repeat(500)), format!("{}2", "x".repeat(500)));
        assert_ne!(words("", &json!(one)), words("", &json!(two)));
        assert!(words("", &json!(one)).len() < 250);
    }

    #[test]
    fn images_lose_their_registry_and_most_of_their_digest() {
        let digest = "0123456789abcdef".repeat(4);
        let full = format!("123456789012.dkr.ecr.us-east-1.amazonaws.com/shop-dev/web@sha256:{digest}");
        assert_eq!(image(&full).unwrap(), "shop-dev/web@0123456789ab");
        assert_eq!(image("nginx:latest"), None);
    }
}
