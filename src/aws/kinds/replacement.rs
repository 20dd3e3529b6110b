//! What takes another resource, here and in CloudFormation: every attribute of every kind is compared.
//!
//! `fidelity/replacement/kinds.toml` says what CloudFormation calls each attribute, and why some differ; `schemas.json` beside it holds
//! what CloudFormation's schemas say, as `fidelity/replacement/extract` has taken them from cfn-lint.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::KINDS;
use crate::plan::Rule;

const NAMES: &str = include_str!("../../../fidelity/replacement/kinds.toml");
const SCHEMAS: &str = include_str!("../../../fidelity/replacement/schemas.json");

/// Whether another value takes another resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum When {
    Always,
    /// It depends on the values.
    Sometimes,
    Never,
}

impl From<Rule> for When {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::Update | Rule::Disrupt(_) => Self::Never,
            Rule::Judge(_) => Self::Sometimes,
            // What is fixed would take another resource, and its data with it: people make that one.
            Rule::Replace | Rule::Name | Rule::Fixed(_) => Self::Always,
        }
    }
}

/// What CloudFormation says of each property of each type.
#[derive(Deserialize)]
struct Schemas {
    types: BTreeMap<String, BTreeMap<String, When>>,
}

/// What CloudFormation calls a kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    r#type: Option<String>,
    none: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, Property>,
}

/// What CloudFormation calls an attribute.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Property {
    Plain(String),
    Special(Special),
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Special {
    of: Option<String>,
    property: Option<String>,
    none: Option<String>,
    differs: Option<String>,
    source: Option<String>,
}

/// What our tables say, by kind and attribute.
type Tables = BTreeMap<String, BTreeMap<String, When>>;

fn tables() -> Tables {
    let table = |schema: &crate::plan::Schema| {
        let attributes = schema.attributes.iter().map(|attribute| (attribute.name.to_owned(), attribute.rule.into()));
        (schema.kind.to_owned(), attributes.collect())
    };
    KINDS.iter().map(|kind| table(kind.schema())).collect()
}

/// How many attributes agree, differ for a reason and have no counterpart; and all that is wrong.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    same: usize,
    differ: usize,
    none: usize,
    wrong: Vec<String>,
}

fn compare(tables: &Tables, names: &BTreeMap<String, Named>, schemas: &Schemas) -> Outcome {
    let mut outcome = Outcome::default();
    for (kind, table) in tables {
        match names.get(kind) {
            None => outcome.wrong.push(format!("{kind} is missing")),
            Some(Named { none: Some(_), r#type: None, attributes }) if attributes.is_empty() => outcome.none += table.len(),
            Some(named) => compare_kind(kind, table, named, schemas, &mut outcome),
        }
    }
    outcome.wrong.extend(names.keys().filter(|kind| !tables.contains_key(*kind)).map(|kind| format!("{kind} is no kind")));
    outcome
}

fn compare_kind(kind: &str, table: &BTreeMap<String, When>, named: &Named, schemas: &Schemas, outcome: &mut Outcome) {
    for (name, ours) in table {
        let special = match named.attributes.get(name) {
            None => {
                outcome.wrong.push(format!("{kind}.{name} is missing"));
                continue;
            }
            Some(Property::Plain(property)) => Special { property: Some(property.clone()), ..Special::default() },
            Some(Property::Special(special)) => special.clone(),
        };
        let Some(property) = &special.property else {
            match special {
                Special { none: Some(_), of: None, differs: None, source: None, .. } => outcome.none += 1,
                _ => outcome.wrong.push(format!("{kind}.{name} has neither a property nor a reason why there is none")),
            }
            continue;
        };
        let of = special.of.as_ref().or(named.r#type.as_ref()).map_or("", String::as_str);
        let Some(theirs) = schemas.types.get(of).and_then(|properties| properties.get(property)) else {
            outcome.wrong.push(format!("schemas.json does not have {property} of {of}: run fidelity/replacement/extract"));
            continue;
        };
        let place = format!("{kind}.{name} ({of} {property}): {ours:?} here, {theirs:?} in CloudFormation");
        match (ours == theirs, special.differs.is_some(), special.source.is_some()) {
            (true, false, false) => outcome.same += 1,
            (false, true, true) => outcome.differ += 1,
            (true, ..) => outcome.wrong.push(format!("{place}; the difference that is listed is none any more")),
            (false, ..) => outcome.wrong.push(format!("{place}; put the table right, or say why they differ, and the source")),
        }
    }
    let unknown = named.attributes.keys().filter(|name| !table.contains_key(*name));
    outcome.wrong.extend(unknown.map(|name| format!("{kind} has no attribute {name}")));
}

fn names() -> BTreeMap<String, Named> {
    toml::from_str(NAMES).unwrap()
}

fn schemas() -> Schemas {
    serde_json::from_str(SCHEMAS).unwrap()
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures of docs/fidelity.md")]
fn another_resource_is_made_where_cloudformation_makes_one() {
    let outcome = compare(&tables(), &names(), &schemas());
    assert!(outcome.wrong.is_empty(), "fidelity/replacement/kinds.toml: {:#?}", outcome.wrong);
    let Outcome { same, differ, none, .. } = outcome;
    println!("{} attributes: {same} agree, {differ} differ for a reason, {none} have no counterpart", same + differ + none);
}

#[test]
fn what_is_not_listed_and_what_is_listed_in_vain_is_found() {
    let wrong = |tables: &Tables, names: &BTreeMap<String, Named>| {
        let [wrong] = compare(tables, names, &schemas()).wrong.try_into().unwrap();
        wrong
    };
    let rule = |attribute: &str, when| {
        let mut tables = tables();
        let (kind, name) = attribute.rsplit_once('.').unwrap();
        *tables.get_mut(kind).unwrap().get_mut(name).unwrap() = when;
        wrong(&tables, &names())
    };
    assert!(rule("ec2.vpc.cidr", When::Never).contains("put the table right"));
    assert!(rule("elbv2.listener.protocol", When::Always).contains("put the table right"));
    assert!(rule("rds.instance.storage", When::Never).contains("none any more"));

    let named = |kind: &str, edit: &dyn Fn(&mut Named)| {
        let mut names = names();
        edit(names.get_mut(kind).unwrap());
        wrong(&tables(), &names)
    };
    let vpc = "ec2.vpc";
    let special = Property::Special;
    assert_eq!(named(vpc, &|vpc| drop(vpc.attributes.remove("cidr"))), "ec2.vpc.cidr is missing");
    let unexplained = special(Special::default());
    assert!(named(vpc, &|vpc| drop(vpc.attributes.insert("cidr".into(), unexplained.clone()))).contains("neither"));
    let elsewhere = Property::Plain("Colour".into());
    assert!(named(vpc, &|vpc| drop(vpc.attributes.insert("cidr".into(), elsewhere.clone()))).contains("extract"));
    assert_eq!(
        named(vpc, &|vpc| drop(vpc.attributes.insert("colour".into(), elsewhere.clone()))),
        "ec2.vpc has no attribute colour"
    );
    let without_source = special(Special { property: Some("Engine".into()), differs: Some("so".into()), ..Special::default() });
    let engine = |database: &mut Named| drop(database.attributes.insert("engine".into(), without_source.clone()));
    assert!(named("rds.instance", &engine).contains("and the source"));

    let mut more = names();
    more.insert("ec2.volcano".into(), more[vpc].clone());
    assert_eq!(wrong(&tables(), &more), "ec2.volcano is no kind");
    more = names();
    more.remove("ecr.image");
    assert_eq!(wrong(&tables(), &more), "ecr.image is missing");
}
