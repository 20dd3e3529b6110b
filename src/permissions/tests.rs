//! What the kinds say, against what their calls are, and against IAM's limits.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::aws::kinds::KINDS;
use crate::graph::Scope;
use crate::values::secret_ref::SecretRef;

/// The policy of an environment that has everything.
fn everything(verb: Verb, scope: &Scope, region: &str) -> Document {
    let kinds: BTreeSet<&str> = KINDS.iter().map(|kind| kind.schema().kind).collect();
    least(verb, place(scope, region), &kinds)
}

fn place<'a>(scope: &'a Scope, region: &'a str) -> Place<'a> {
    Place { scope, account: "123456789012", region, source: None }
}

/// One in each store.
fn keys() -> [SecretRef; 2] {
    ["ssm:/shop/datadog-key", "secretsmanager:shop/sentry#token"].map(|key| key.parse().unwrap())
}

fn scope(project: &str, environment: &str) -> Scope {
    Scope { project: project.into(), environment: environment.into() }
}

fn actions(document: &Document) -> BTreeSet<String> {
    document.statements.iter().flat_map(|statement| statement.actions.clone()).collect()
}

/// Every action that a call in `src/aws` is named with.
fn called(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(called(&path));
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        for begin in [".call(\"", ": &str = \""] {
            let names = source.split(begin).skip(1).filter_map(|rest| rest.split('"').next());
            let is_action = |name: &&str| {
                name.split_once(':').is_some_and(|(service, action)| {
                    let upper = action.starts_with(|c: char| c.is_ascii_uppercase());
                    upper && service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                })
            };
            found.extend(names.filter(is_action).map(str::to_owned));
        }
    }
    found
}

#[test]
fn what_is_called_is_allowed_and_what_is_allowed_is_called() {
    let called = called(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/aws"));
    let (scope, region) = (scope("shop", "dev"), "eu-west-1");
    let allowed = actions(&everything(Verb::Apply, &scope, region).with_keys(&keys(), place(&scope, region)));
    let denied: Vec<_> = called.difference(&allowed).map(String::as_str).collect();
    // No spec attaches managed policies, and nobody needs a permission to ask who they are.
    assert_eq!(denied, ["iam:AttachRolePolicy", "sts:GetCallerIdentity"]);
    // What AWS does in the name of whoever calls, and what goes through a registry.
    let implied: Vec<_> = allowed.difference(&called).map(String::as_str).collect();
    let expected = [
        "ecr:BatchCheckLayerAvailability",
        "ecr:CompleteLayerUpload",
        "ecr:InitiateLayerUpload",
        "ecr:ListImageReferrers",
        "ecr:UploadLayerPart",
        "iam:CreateServiceLinkedRole",
        "iam:PassRole",
        "inspector2:ListCoverage",
        "inspector2:ListFindings",
        "kms:Decrypt",
        "kms:DescribeKey",
        "rds:CreateDBSnapshot",
        "secretsmanager:CreateSecret",
        "secretsmanager:TagResource",
        "ssm:AddTagsToResource",
    ];
    assert_eq!(implied, expected);
}

#[test]
fn planning_is_allowed_to_read_only() {
    for action in actions(&everything(Verb::Plan, &scope("shop", "dev"), "eu-west-1")) {
        let (_, name) = action.split_once(':').unwrap();
        assert!(["Describe", "List", "Get", "BatchGet"].iter().any(|read| name.starts_with(read)), "{action}");
    }
}

#[test]
fn applying_is_allowed_all_that_planning_is() {
    let scope = scope("shop", "dev");
    let [plan, apply] = [Verb::Plan, Verb::Apply].map(|verb| everything(verb, &scope, "eu-west-1"));
    assert!(actions(&plan).is_subset(&actions(&apply)));
    for statement in &plan.statements {
        let same = apply.statements.iter().find(|other| other.sid == statement.sid).unwrap();
        assert!(statement.resources.is_subset(&same.resources) && statement.conditions == same.conditions, "{statement:?}");
    }
}

/// Only reading is allowed on everything: what changes something says of what.
#[test]
fn nothing_is_changed_that_is_not_the_environments() {
    for statement in everything(Verb::Apply, &scope("shop", "dev"), "eu-west-1").statements {
        let anything = statement.resources.contains("*");
        let reads =
            |action: &String| ["Describe", "List", "Get", "BatchGet"].iter().any(|read| action.contains(&format!(":{read}")));
        assert!(!anything || statement.actions.iter().all(reads), "{statement:?}");
        let wide = statement.resources.iter().any(|arn| arn.ends_with(":*/*"));
        assert!(!wide || !statement.conditions.is_empty(), "{statement:?}");
    }
}

/// Keys belong to others as well: those that the spec refers to are read, and no other.
#[test]
fn keys_are_read_one_by_one() {
    let scope = scope("shop", "dev");
    let place = place(&scope, "eu-west-1");
    let document = Document::new(Vec::new()).with_keys(&keys(), place);
    let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/sentry-??????";
    let read = |sid: &str| document.statements.iter().find(|statement| statement.sid == sid).unwrap();
    assert_eq!(
        read("ReadParameters").resources,
        BTreeSet::from(["arn:aws:ssm:eu-west-1:123456789012:parameter/shop/datadog-key".into()])
    );
    assert_eq!(read("ReadSecrets").resources, BTreeSet::from([arn.to_owned()]));
    let decrypt = &read("DecryptSecrets").conditions["StringLike"]["kms:EncryptionContext:SecretARN"];
    assert_eq!(decrypt.0, BTreeSet::from([arn.to_owned()]));
    assert_eq!(document.statements.len(), 4);
    assert_eq!(Document::new(Vec::new()).with_keys([], place).statements.len(), 0);
}

/// The longest names that a spec may have, and a region with a long name.
#[test]
fn the_limits_of_iam_hold() {
    for (project, environment, region) in [("techhub", "prod", "eu-central-1"), ("the-longest", "environment", "ap-southeast-2")]
    {
        let scope = scope(project, environment);
        let [plan, apply] = [Verb::Plan, Verb::Apply].map(|verb| everything(verb, &scope, region));
        assert!(plan.size() <= MANAGED_LIMIT, "{}", plan.size());
        let whole = actions(&apply);
        let size = apply.size();
        let parts = apply.parts(MANAGED_LIMIT);
        assert!(
            parts.iter().all(|part| part.size() <= MANAGED_LIMIT),
            "{:?}",
            parts.iter().map(Document::size).collect::<Vec<_>>()
        );
        assert_eq!(parts.iter().flat_map(actions).collect::<BTreeSet<_>>(), whole);
        assert!(size <= INLINE_LIMIT || project != "techhub", "{size}");
    }
}

#[test]
fn labels_are_what_iam_takes() {
    for statement in everything(Verb::Apply, &scope("shop", "dev"), "eu-west-1").statements {
        assert!(statement.sid.bytes().all(|b| b.is_ascii_alphanumeric()), "{}", statement.sid);
    }
}
