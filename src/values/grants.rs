//! Whether one set of policy statements allows what another does not.
//!
//! The comparison errs to one side: it may call something new that was allowed in a roundabout way, never the other way round.

use std::collections::BTreeSet;

use super::policy::{Policy, Statement};
use crate::graph::{Input, Wanted};

/// Whether `after` allows anything that `before` did not: an action on a resource for a principal, under conditions. What was
/// forbidden must stay forbidden, too.
pub fn more(before: &[&Statement<Wanted>], after: &[&Statement<Wanted>]) -> bool {
    let (grants, denials): (Vec<_>, Vec<_>) = before.iter().copied().partition(|statement| statement.effect == "Allow");
    let (granted, denied): (Vec<_>, Vec<_>) = after.iter().copied().partition(|statement| statement.effect == "Allow");
    // What has no field, such as `NotAction`, has a meaning that is not looked into: only the same words say the same.
    let within = |inner: &Statement<Wanted>, outer: &[&Statement<Wanted>]| {
        let plain = inner.other.is_none();
        let covered = |cell: &Cell<'_>| outer.iter().any(|outer| covers(outer, inner, cell));
        outer.contains(&inner) || plain && cells(inner).iter().all(covered)
    };
    granted.iter().any(|grant| !within(grant, &grants)) || denials.iter().any(|denial| !within(denial, &denied))
}

/// Whether a policy that is new allows more than anybody would write down one by one: a wildcard for what writes, or writing
/// everywhere.
pub fn is_sweeping(policy: &Policy<Wanted>) -> bool {
    policy.statements.iter().filter(|statement| statement.effect == "Allow").any(|statement| {
        let everywhere = statement.resources.contains(&Input::from("*"));
        let mut writes = statement.actions.iter().filter(|action| !only_reads(action));
        statement.other.is_some() || writes.any(|action| everywhere || action.contains('*'))
    })
}

/// Whether a trust policy that is new lets others in than services of AWS.
pub fn trusts_outsiders(policy: &Policy<Wanted>) -> bool {
    let grants = || policy.statements.iter().filter(|statement| statement.effect == "Allow");
    grants().any(|statement| statement.other.is_some() || statement.principals.keys().any(|kind| kind != "Service"))
}

/// By the verbs with which AWS names actions that change nothing.
fn only_reads(action: &str) -> bool {
    let (_, verb) = action.split_once(':').unwrap_or(("", action));
    ["Get", "List", "Describe", "BatchGet", "BatchCheck"].iter().any(|read| verb.starts_with(read))
}

/// One action on one resource for one principal. Where a statement names none, as a trust policy names no resources, there is one
/// cell all the same.
struct Cell<'a> {
    action: &'a str,
    resource: Option<&'a Input>,
    principal: Option<(&'a str, &'a str)>,
}

fn cells(statement: &Statement<Wanted>) -> Vec<Cell<'_>> {
    let named = statement.principals.iter().flat_map(|(kind, names)| names.iter().map(|name| (kind.as_str(), name.as_str())));
    let principals: Vec<_> = named.map(Some).chain(statement.principals.is_empty().then_some(None)).collect();
    let resources: Vec<_> = statement.resources.iter().map(Some).chain(statement.resources.is_empty().then_some(None)).collect();
    let mut cells = Vec::new();
    for action in &statement.actions {
        for &resource in &resources {
            cells.extend(principals.iter().map(|&principal| Cell { action, resource, principal }));
        }
    }
    cells
}

/// Whether `outer` says of a cell of `inner` what `inner` does.
fn covers(outer: &Statement<Wanted>, inner: &Statement<Wanted>, cell: &Cell<'_>) -> bool {
    let asked = cell.action.to_ascii_lowercase();
    let action = || outer.actions.iter().any(|action| matches(&action.to_ascii_lowercase(), &asked));
    let resource = || match cell.resource {
        None => outer.resources.is_empty(),
        Some(asked) => outer.resources.iter().any(|resource| contains(resource, asked)),
    };
    let principal = || match cell.principal {
        None => outer.principals.is_empty(),
        Some((kind, name)) => {
            let everybody = |names: &BTreeSet<String>| kind == "AWS" && names.contains("*");
            outer.principals.get(kind).is_some_and(|names| names.contains(name) || everybody(names))
        }
    };
    outer.other.is_none() && action() && resource() && principal() && is_narrower(inner, outer)
}

fn contains(resource: &Input, asked: &Input) -> bool {
    match (resource, asked) {
        (Input::Known(pattern), Input::Known(asked)) => matches(pattern, asked),
        (Input::Known(pattern), Input::Output(_) | Input::Joined(_)) => pattern == "*",
        _ => resource == asked,
    }
}

/// Whether all that satisfies the conditions of `inner` satisfies those of `outer`. Values of one key are alternatives, except
/// after a negation, where each excludes.
fn is_narrower(inner: &Statement<Wanted>, outer: &Statement<Wanted>) -> bool {
    outer.conditions.iter().all(|(operator, keys)| {
        keys.iter().all(|(key, values)| {
            let inner = inner.conditions.get(operator).and_then(|keys| keys.get(key));
            inner.is_some_and(|inner| if operator.contains("Not") { inner.is_superset(values) } else { inner.is_subset(values) })
        })
    })
}

/// Whether a pattern with `*` and `?` matches all that another does: what the other leaves open, only a star leaves open, too.
fn matches(pattern: &str, inner: &str) -> bool {
    let (pattern, inner) = (pattern.as_bytes(), inner.as_bytes());
    let (mut at, mut seen) = (0, 0);
    // The last star, and how much it has taken so far.
    let mut star = None;
    while seen < inner.len() {
        match (pattern.get(at), star) {
            (Some(b'*'), _) => {
                star = Some((at, seen));
                at += 1;
            }
            (Some(&one), _) if one == inner[seen] || one == b'?' && inner[seen] != b'*' => {
                at += 1;
                seen += 1;
            }
            (_, Some((place, taken))) => {
                star = Some((place, taken + 1));
                (at, seen) = (place + 1, taken + 1);
            }
            (_, None) => return false,
        }
    }
    pattern[at..].iter().all(|&one| one == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy(document: &str) -> Policy<Wanted> {
        let read = Policy::parse(document).unwrap();
        serde_json::from_value(serde_json::to_value(read).unwrap()).unwrap()
    }

    fn one(statement: &str) -> Policy<Wanted> {
        policy(&format!(r#"{{"Statement":[{statement}]}}"#))
    }

    fn grows(before: &Policy<Wanted>, after: &Policy<Wanted>) -> bool {
        more(&before.statements.iter().collect::<Vec<_>>(), &after.statements.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_pattern_holds_what_it_matches() {
        let cases = [
            ("*", "s3:GetObject", true),
            ("s3:*", "s3:Get*", true),
            ("s3:Get*", "s3:*", false),
            ("s3:Get?bject", "s3:GetObject", true),
            ("s3:Get?bject", "s3:Get*bject", false),
            ("arn:*:b", "arn:a:*:b", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("a", "a", true),
            ("a", "ab", false),
            ("ab", "a", false),
            ("a**", "a", true),
        ];
        for (pattern, inner, expected) in cases {
            assert_eq!(matches(pattern, inner), expected, "{pattern} of {inner}");
        }
    }

    #[test]
    fn what_was_not_allowed_is_more() {
        let read = r#"{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"arn:aws:s3:::a/*"}"#;
        let cases = [
            ("the same", read, false),
            ("less", r#"{"Effect":"Allow","Action":"S3:getobject","Resource":"arn:aws:s3:::a/b"}"#, false),
            ("a wider resource", r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a*"}"#, true),
            ("another action", r#"{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::a/b"}"#, true),
            ("what is denied", r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#, false),
            ("all but something", r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#, true),
        ];
        for (what, after, expected) in cases {
            assert_eq!(grows(&one(read), &one(after)), expected, "{what}");
        }
    }

    #[test]
    fn conditions_narrow() {
        let allow =
            |condition: &str| one(&format!(r#"{{"Effect":"Allow","Action":"a:A","Resource":"*","Condition":{{{condition}}}}}"#));
        let (free, a) = (allow(""), r#""StringEquals":{"k":"a"}"#);
        let (a_or_b, not_a) = (r#""StringEquals":{"k":["a","b"]}"#, r#""StringNotEquals":{"k":"a"}"#);
        let neither = r#""StringNotEquals":{"k":["a","b"]}"#;
        assert!(!grows(&free, &allow(a)) && grows(&allow(a), &free));
        assert!(!grows(&allow(a_or_b), &allow(a)) && grows(&allow(a), &allow(a_or_b)));
        assert!(!grows(&allow(not_a), &allow(neither)) && grows(&allow(neither), &allow(not_a)));
    }

    #[test]
    fn what_is_no_longer_forbidden_is_more() {
        let deny = r#"{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#;
        let less = r#"{"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}"#;
        assert!(grows(&one(deny), &one(less)) && !grows(&one(less), &one(deny)));
        assert!(grows(&one(r#"{"Effect":"Deny","NotAction":"s3:*","Resource":"*"}"#), &one(deny)));
    }

    #[test]
    fn whoever_could_not_assume_a_role_is_more() {
        let trust = |principal: &str| one(&format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{principal}}}"#));
        let (ec2, lambda) = (r#"{"Service":"ec2.amazonaws.com"}"#, r#"{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]}"#);
        assert!(grows(&trust(ec2), &trust(lambda)) && !grows(&trust(lambda), &trust(ec2)));
        assert!(!grows(&trust(r#""*""#), &trust(r#"{"AWS":"arn:aws:iam::123456789012:root"}"#)));
        assert!(trusts_outsiders(&trust(r#""*""#)) && !trusts_outsiders(&trust(lambda)));
    }

    #[test]
    fn what_nobody_would_write_down_one_by_one_is_sweeping() {
        let cases = [
            (r#""Action":"*","Resource":"*""#, true),
            (r#""Action":"s3:*","Resource":"arn:aws:s3:::a/*""#, true),
            (r#""Action":"s3:PutObject","Resource":"*""#, true),
            (r#""Action":"s3:Get*","Resource":"*""#, false),
            (r#""Action":"ecr:GetAuthorizationToken","Resource":"*""#, false),
            (r#""Action":"s3:PutObject","Resource":"arn:aws:s3:::a/*""#, false),
            (r#""NotAction":"s3:*","Resource":"arn:aws:s3:::a/*""#, true),
        ];
        for (rest, expected) in cases {
            assert_eq!(is_sweeping(&one(&format!(r#"{{"Effect":"Allow",{rest}}}"#))), expected, "{rest}");
        }
        assert!(!is_sweeping(&one(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#)));
    }

    fn policies() -> impl Strategy<Value = Policy<Wanted>> {
        let word = |words: &'static [&'static str]| prop::sample::select(words);
        let actions = prop::collection::btree_set(word(&["a:A", "a:B", "a:*", "b:A"]), 1..3);
        let resources = prop::collection::btree_set(word(&["x", "x/1", "x/*", "*"]), 1..3);
        let statement = (actions, resources).prop_map(|(actions, resources)| {
            Statement::allow(&actions.into_iter().collect::<Vec<_>>(), resources.into_iter().map(Input::from))
        });
        prop::collection::btree_set(statement, 0..4).prop_map(|statements| Policy { statements })
    }

    proptest! {
        #[test]
        fn to_take_permissions_away_is_never_more(policy in policies(), chosen: prop::sample::Index) {
            let mut less = policy.clone();
            if let Some(mut statement) = policy.statements.iter().nth(chosen.index(policy.statements.len().max(1))).cloned() {
                less.statements.remove(&statement);
                prop_assert!(!grows(&policy, &less));
                statement.actions.pop_first();
                less.statements.insert(statement);
            }
            prop_assert!(!grows(&policy, &less));
        }

        #[test]
        fn to_allow_everything_always_is(policy in policies()) {
            let mut all = policy.clone();
            all.statements.insert(Statement::allow(&["*"], [Input::from("*")]));
            prop_assert!(grows(&policy, &all));
        }
    }
}
