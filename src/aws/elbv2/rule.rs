//! The rules of a listener: which requests go elsewhere than its default action says. They belong to their listener, which owns them
//! as one list, most telling first; their priorities are ours to number.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderConditionConfig, PathPatternConditionConfig, Rule as AwsRule, RuleCondition, RulePriorityPair,
    SourceIpConditionConfig,
};
use serde::{Deserialize, Serialize};

use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::action::{Action, from_actions, to_action};
use crate::graph::{Actual, Phase};

/// What happens to some requests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub struct ListenerRule<P: Phase = Actual> {
    /// The host names that they ask for; empty for any.
    pub hosts: BTreeSet<String>,
    /// The paths that they ask for; empty for any.
    pub paths: BTreeSet<String>,
    /// The addresses that they come from; empty for any.
    pub sources: BTreeSet<String>,
    /// What somebody else makes depend on other things, in words; empty for what `infra` makes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub other: String,
    /// What happens to them.
    pub action: Action<P>,
}

/// How many values the conditions of a rule have at most, all together.
/// Source: "Quotas for your Application Load Balancers", condition values per rule.
pub const VALUES: usize = 5;

/// The greatest number that a rule can have. Source: `Priority` of `CreateRule` in the API reference.
const LAST: i32 = 50_000;

/// How often it is looked at anew what there is.
const TRIES: usize = 3;

/// What says that the rules are not what they were: somebody else changes them at the same time, or a call of our own was repeated
/// whose answer was lost.
const AGAIN: [&str; 2] = ["PriorityInUse", "RuleNotFound"];

/// A rule with what AWS calls it and its number.
#[derive(Clone, Debug)]
pub(super) struct Numbered {
    arn: String,
    priority: i32,
    pub(super) rule: ListenerRule,
}

/// What brings the rules of a listener to what is wanted.
#[derive(Debug, PartialEq, Eq)]
struct Work<'a> {
    /// Those that become another, by ARN.
    change: Vec<(String, &'a ListenerRule)>,
    /// The ARNs of those that are wanted, in that order; none for those that are yet to be made.
    stay: Vec<Option<String>>,
    /// By ARN.
    delete: Vec<String>,
}

/// The rules of a listener as AWS takes them one after the other; its default action is none of them.
pub(super) async fn of(aws: &Aws, listener: &str) -> Result<Vec<Numbered>, AwsError> {
    let mut pages = aws.elbv2.describe_rules().listener_arn(listener).into_paginator().send();
    let mut rules = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.call("elasticloadbalancing:DescribeRules")?;
        rules.extend(page.rules().iter().filter_map(numbered));
    }
    rules.sort_by_key(|rule| rule.priority);
    Ok(rules)
}

/// Has the listener have these rules, in this order, and no others. Nothing is served by nobody meanwhile: what stays is changed in
/// place, what is new comes and everything is in its order before anything goes.
pub(super) async fn set(aws: &Aws, listener: &str, want: &[ListenerRule]) -> Result<(), AwsError> {
    let mut tries = 1;
    loop {
        match bring(aws, listener, &of(aws, listener).await?, want).await {
            Err(error) if tries < TRIES && (AGAIN.contains(&error.code.as_str()) || error.leaves_open()) => tries += 1,
            ended => return ended,
        }
    }
}

async fn bring(aws: &Aws, listener: &str, there: &[Numbered], want: &[ListenerRule]) -> Result<(), AwsError> {
    let Work { change, stay, delete } = work(there, want);
    for (arn, rule) in change {
        let modify = aws.elbv2.modify_rule().rule_arn(arn).set_conditions(Some(to_conditions(rule)));
        modify.actions(to_action(&rule.action)?).send().await.call("elasticloadbalancing:ModifyRule")?;
    }
    // New ones come behind all others, so that those count that are in use.
    let mut numbers: BTreeMap<String, i32> = there.iter().map(|rule| (rule.arn.clone(), rule.priority)).collect();
    let new = i32::try_from(stay.iter().filter(|arn| arn.is_none()).count()).unwrap_or(i32::MAX);
    if numbers.values().max().is_some_and(|last| last.saturating_add(new) > LAST) {
        numbers = there.iter().map(|rule| rule.arn.clone()).zip(1..).collect();
        renumber(aws, there.iter().map(|rule| rule.arn.clone())).await?;
    }
    let mut order = Vec::new();
    for (arn, rule) in stay.into_iter().zip(want) {
        if let Some(arn) = arn {
            order.push(arn);
            continue;
        }
        let number = numbers.values().max().map_or(1, |last| last + 1);
        let arn = create(aws, listener, rule, number).await?;
        numbers.insert(arn.clone(), number);
        order.push(arn);
    }
    order.extend(delete.iter().cloned());
    if !order.iter().map(|arn| numbers.get(arn)).is_sorted() {
        renumber(aws, order.into_iter()).await?;
    }
    // Those that forward go after those that only refuse, and by the target groups they serve the next run sees that some are left.
    for arn in delete.into_iter().rev() {
        super::deleted(aws.elbv2.delete_rule().rule_arn(arn).send().await.call("elasticloadbalancing:DeleteRule"))?;
    }
    Ok(())
}

/// Numbers the rules of a listener from 1 on, all of them at once.
async fn renumber(aws: &Aws, arns: impl Iterator<Item = String>) -> Result<(), AwsError> {
    let pair = |(arn, number): (String, i32)| RulePriorityPair::builder().rule_arn(arn).priority(number).build();
    let set = aws.elbv2.set_rule_priorities().set_rule_priorities(Some(arns.zip(1..).map(pair).collect()));
    set.send().await.call("elasticloadbalancing:SetRulePriorities").map(drop)
}

async fn create(aws: &Aws, listener: &str, rule: &ListenerRule, number: i32) -> Result<String, AwsError> {
    let create = aws.elbv2.create_rule().listener_arn(listener).priority(number);
    let create = create.set_conditions(Some(to_conditions(rule))).actions(to_action(&rule.action)?);
    let made = create.send().await.call("elasticloadbalancing:CreateRule")?;
    Ok(made.rules().first().and_then(AwsRule::rule_arn).unwrap_or_default().to_owned())
}

/// Compares what is there with what is wanted: what is there already stays, what is left of both becomes each other.
fn work<'a>(there: &[Numbered], want: &'a [ListenerRule]) -> Work<'a> {
    let mut left: Vec<&Numbered> = there.iter().collect();
    let mut change = Vec::new();
    let mut stay: Vec<Option<String>> = vec![None; want.len()];
    // One that differs only in who may pass, or where it leads, is rather that one than another.
    let alike: [fn(&ListenerRule, &ListenerRule) -> bool; 3] =
        [|a, b| a == b, |a, b| (&a.hosts, &a.paths) == (&b.hosts, &b.paths), |_, _| true];
    for alike in alike {
        for (place, rule) in stay.iter_mut().zip(want).filter(|(place, _)| place.is_none()) {
            let Some(found) = left.iter().position(|there| alike(&there.rule, rule)) else { continue };
            let there = left.remove(found);
            if there.rule != *rule {
                change.push((there.arn.clone(), rule));
            }
            *place = Some(there.arn.clone());
        }
    }
    Work { change, stay, delete: left.into_iter().map(|rule| rule.arn.clone()).collect() }
}

fn to_conditions(rule: &ListenerRule) -> Vec<RuleCondition> {
    let some = |values: &BTreeSet<String>| Some(values.iter().cloned().collect::<Vec<_>>()).filter(|values| !values.is_empty());
    let hosts = some(&rule.hosts).map(|values| {
        let config = HostHeaderConditionConfig::builder().set_values(Some(values)).build();
        RuleCondition::builder().field("host-header").host_header_config(config).build()
    });
    let paths = some(&rule.paths).map(|values| {
        let config = PathPatternConditionConfig::builder().set_values(Some(values)).build();
        RuleCondition::builder().field("path-pattern").path_pattern_config(config).build()
    });
    let sources = some(&rule.sources).map(|values| {
        let config = SourceIpConditionConfig::builder().set_values(Some(values)).build();
        RuleCondition::builder().field("source-ip").source_ip_config(config).build()
    });
    [hosts, paths, sources].into_iter().flatten().collect()
}

/// The default action has no number.
fn numbered(rule: &AwsRule) -> Option<Numbered> {
    let priority = rule.priority()?.parse().ok()?;
    let (mut hosts, mut paths, mut sources, mut other) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), Vec::new());
    for condition in rule.conditions() {
        let (host, path) = (condition.host_header_config(), condition.path_pattern_config());
        match condition.field() {
            Some("host-header") if host.is_some_and(|host| host.regex_values().is_empty()) => {
                hosts.extend(host.into_iter().flat_map(HostHeaderConditionConfig::values).map(|host| host.to_lowercase()));
            }
            Some("path-pattern") if path.is_some_and(|path| path.regex_values().is_empty()) => {
                paths.extend(path.into_iter().flat_map(PathPatternConditionConfig::values).cloned());
            }
            Some("source-ip") => {
                sources.extend(condition.source_ip_config().into_iter().flat_map(SourceIpConditionConfig::values).cloned());
            }
            _ => other.push(format!("{condition:?}")),
        }
    }
    // Of what changes requests on their way, too, `infra` makes none.
    other.extend(rule.transforms().iter().map(|transform| format!("{transform:?}")));
    let rule_is = ListenerRule { hosts, paths, sources, other: other.join(", "), action: from_actions(rule.actions()) };
    Some(Numbered { arn: rule.rule_arn()?.to_owned(), priority, rule: rule_is })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(path: &str, sources: &[&str], group: &str) -> ListenerRule {
        ListenerRule {
            hosts: BTreeSet::new(),
            paths: BTreeSet::from([path.to_owned()]),
            sources: sources.iter().map(|&source| source.to_owned()).collect(),
            other: String::new(),
            action: Action::Forward(group.into()),
        }
    }

    fn there(rules: &[ListenerRule]) -> Vec<Numbered> {
        let numbered =
            |(rule, priority): (&ListenerRule, i32)| Numbered { arn: format!("arn:{priority}"), priority, rule: rule.clone() };
        rules.iter().zip(1..).map(numbered).collect()
    }

    #[test]
    fn what_is_there_stays_whatever_comes_before_it() {
        let (api, admin) = (rule("/api/*", &[], "api"), rule("/api/admin/*", &[], "admin"));
        let want = [admin, api.clone()];
        let work = work(&there(&[api]), &want);
        assert_eq!((work.change, work.stay, work.delete), (vec![], vec![None, Some("arn:1".into())], vec![]));
    }

    #[test]
    fn who_may_pass_is_changed_in_place() {
        let flower = |source| rule("/flower/*", &[source], "flower");
        let others = rule("/other/*", &[], "other");
        let want = [flower("10.0.0.0/8")];
        let work = work(&there(&[others, flower("192.0.2.0/24")]), &want);
        assert_eq!(work.change, [("arn:2".to_owned(), &want[0])]);
        assert_eq!((work.stay, work.delete), (vec![Some("arn:2".to_owned())], vec!["arn:1".to_owned()]));
    }

    #[test]
    fn nothing_is_done_where_all_is_as_it_should_be() {
        let want = [rule("/a/*", &[], "a"), rule("/b/*", &[], "b")];
        let work = work(&there(&want), &want);
        let stay = vec![Some("arn:1".to_owned()), Some("arn:2".to_owned())];
        assert_eq!(work, Work { change: Vec::new(), stay, delete: Vec::new() });
    }

    #[test]
    fn conditions_are_read_back_as_they_were_said() {
        let mut said = rule("/api/*", &["192.0.2.0/24"], "arn:tg");
        said.hosts.insert("api.example.com".into());
        let told = AwsRule::builder().rule_arn("arn").priority("7").set_conditions(Some(to_conditions(&said)));
        let told = told.actions(to_action(&said.action).unwrap()).build();
        let read = numbered(&told).unwrap();
        assert_eq!((read.priority, read.rule), (7, said));
        assert!(numbered(&AwsRule::builder().rule_arn("arn").priority("default").build()).is_none());
    }
}
