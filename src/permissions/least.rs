//! The least policies, from what the kinds say.
//!
//! Looking covers every kind, since the sweep looks for leftovers of all of them. Making and changing covers the kinds that the spec
//! asks for. Deleting covers every kind again: what left the spec has to go, and so has the whole environment one day.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Document, Statement};
use crate::aws::access::{Access, Grant, On, named, reads};
use crate::aws::ecr::repository;
use crate::aws::kinds::{KINDS, OTHERS, SOURCE};
use crate::graph::Scope;
use crate::values::partition::partition;

/// What a policy is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Looking only: `plan`, `status` and whatever else writes nothing.
    Plan,
    /// That, and `apply`, `destroy` and `unlock`.
    Apply,
    /// Promoting from the environment, for a role that environments elsewhere take on: seeing what runs, and pulling it.
    Promotion,
    /// Pushing images into the environment's repositories, for a pipeline that builds them.
    Push,
}

/// Where a policy is for.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The environment.
    pub scope: &'a Scope,
    /// The account.
    pub account: &'a str,
    /// The region.
    pub region: &'a str,
    /// Where its images come from.
    pub source: Option<Source<'a>>,
}

/// Where images are promoted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// Another environment in the same account and region.
    Here(&'a str),
    /// An environment elsewhere, which is read by taking on this role.
    By(&'a str),
}

/// The least policy for an environment whose spec asks for these kinds.
pub fn least(verb: Verb, place: Place<'_>, kinds: &BTreeSet<&str>) -> Document {
    match verb {
        Verb::Promotion => return promotion(place),
        Verb::Push => return push(place),
        Verb::Plan | Verb::Apply => {}
    }
    let mut statements = Statements { place, found: BTreeMap::new() };
    let kinds = KINDS.iter().map(|kind| (kind.access(), kinds.contains(kind.schema().kind)));
    for (Access { read, write, delete }, wanted) in kinds.chain(OTHERS.iter().map(|&other| (other, true))) {
        let writing = if verb == Verb::Apply && wanted { *write } else { &[] };
        let deleting = if verb == Verb::Apply { *delete } else { &[] };
        [*read, writing, deleting].into_iter().flatten().for_each(|grant| statements.add(grant));
    }
    statements.finish()
}

/// The least policy for promoting from an environment.
fn promotion(place: Place<'_>) -> Document {
    let place = Place { source: Some(Source::Here(&place.scope.environment)), ..place };
    let mut statements = Statements { place, found: BTreeMap::new() };
    // Whoever pulls asks for a token first, which is of no single repository.
    statements.add(&reads(&["ecr:GetAuthorizationToken"]));
    let grants = SOURCE.iter().flat_map(|access| access.read);
    grants.filter(|grant| matches!(grant.on, On::Everything | On::Source(_))).for_each(|grant| statements.add(grant));
    statements.finish()
}

/// The least policy for pushing images. Whoever pushes asks for a token first, which is of no single repository, and looks what is
/// there already ("IAM permissions for pushing an image", and `docker manifest` besides).
fn push(place: Place<'_>) -> Document {
    let mut statements = Statements { place, found: BTreeMap::new() };
    statements.add(&reads(&["ecr:GetAuthorizationToken"]));
    statements.add(&named(
        &[
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:CompleteLayerUpload",
            "ecr:DescribeImages",
            "ecr:GetDownloadUrlForLayer",
            "ecr:InitiateLayerUpload",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
        ],
        &[repository::ARN],
    ));
    statements.finish()
}

/// What grants are put together by, and the label of what they become. Actions concern those ARNs only that are of a type they know,
/// so all that is known by its name shares one statement, which keeps the policy short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Read,
    Named,
    Source,
    Create,
    TagCreated,
    Change,
    TagOurs,
    Launch,
    TagLaunched,
    UseShared,
    PassRoles,
    LinkRoles,
    TakeOn,
}

struct Statements<'a> {
    place: Place<'a>,
    found: BTreeMap<Part, Statement>,
}

impl Statements<'_> {
    fn add(&mut self, grant: &Grant) {
        let (actions, here) = (grant.actions, "ec2:{here}:*/*");
        match grant.on {
            On::Source(arns) => match self.place.source {
                Some(Source::Here(_)) => drop(self.allow(Part::Source, actions, arns)),
                Some(Source::By(role)) => {
                    let roles = self.found.entry(Part::TakeOn).or_default();
                    roles.actions.insert("sts:AssumeRole".into());
                    roles.resources.insert(role.into());
                }
                None => {}
            },
            On::Everything => drop(self.allow(Part::Read, actions, &[])),
            On::Named(arns) => drop(self.allow(Part::Named, actions, arns)),
            On::Shared(arns) => drop(self.allow(Part::UseShared, actions, arns)),
            On::New => self.make(actions, here),
            On::Ours => {
                let tags = self.tags("aws:ResourceTag");
                self.allow(Part::Change, actions, &[here]).when_all("StringEquals", tags);
            }
            On::Launched => self.launch(actions),
            On::PassedTo(service) => {
                let roles = self.allow(Part::PassRoles, actions, &["iam::{account}:role/infra/{project}/{environment}/*"]);
                roles.when("StringEquals", "iam:PassedToService", [service.to_owned()]);
            }
            On::LinkedTo(service) => {
                let roles = self.allow(Part::LinkRoles, actions, &["iam::{account}:role/aws-service-role/*"]);
                roles.when("StringEquals", "iam:AWSServiceName", [service.to_owned()]);
            }
        }
    }

    /// EC2 tags what it makes by an action of its own, which the policy can tie to the call that makes it ("Grant permission to tag
    /// EC2 resources during creation"). What is tagged later must be ours, and must stay so.
    fn make(&mut self, actions: &[&str], here: &'static str) {
        let (in_request, on_resource) = (self.tags("aws:RequestTag"), self.tags("aws:ResourceTag"));
        self.allow(Part::Create, actions, &[here]).when_all("StringEquals", in_request.clone());
        let created = self.allow(Part::TagCreated, &["ec2:CreateTags"], &[here]);
        created.when_all("StringEquals", in_request.clone());
        created.when("StringEquals", "ec2:CreateAction", actions.iter().map(|action| action.replace("ec2:", "")));
        let ours = self.allow(Part::TagOurs, &["ec2:CreateTags"], &[here]);
        ours.when_all("StringEquals", on_resource);
        ours.when_all("StringEqualsIfExists", in_request);
    }

    /// Instances, their disks and interfaces come with tags of their own, and from a launch template only; which templates those are,
    /// the tags of the templates say.
    fn launch(&mut self, actions: &[&str]) {
        let template = self.arn("ec2:{here}:launch-template/*");
        let launched = ["ec2:{here}:instance/*", "ec2:{here}:volume/*", "ec2:{here}:network-interface/*"];
        self.allow(Part::Launch, actions, &launched).when("ArnLike", "ec2:LaunchTemplate", [template]);
        let tagged = self.allow(Part::TagLaunched, &["ec2:CreateTags"], &launched);
        tagged.when("StringEquals", "ec2:CreateAction", ["RunInstances".to_owned()]);
    }

    fn allow(&mut self, part: Part, actions: &[&str], arns: &[&str]) -> &mut Statement {
        let arns: Vec<String> = if arns.is_empty() { vec!["*".into()] } else { arns.iter().map(|arn| self.arn(arn)).collect() };
        let statement = self.found.entry(part).or_default();
        statement.actions.extend(actions.iter().map(|&action| action.to_owned()));
        statement.resources.extend(arns);
        statement
    }

    fn arn(&self, pattern: &str) -> String {
        let Place { scope, account, region, source } = self.place;
        let filled = pattern
            .replace("{here}", &format!("{region}:{account}"))
            .replace("{region}", region)
            .replace("{account}", account)
            .replace("{prefix}", &scope.prefix())
            .replace("{source}", if let Some(Source::Here(source)) = source { source } else { "" })
            .replace("{project}", &scope.project)
            .replace("{environment}", &scope.environment);
        format!("arn:{}:{filled}", partition(region))
    }

    /// The tags of the environment as conditions: `key` says whose tags.
    fn tags(&self, key: &str) -> Vec<(String, String)> {
        self.place.scope.filter().map(|(tag, value)| (format!("{key}/{tag}"), value.to_owned())).into()
    }

    fn finish(self) -> Document {
        Document::new(
            self.found.into_iter().map(|(part, statement)| Statement { sid: format!("{part:?}"), ..statement }).collect(),
        )
    }
}

impl Statement {
    fn when_all(&mut self, operator: &'static str, pairs: Vec<(String, String)>) {
        for (key, value) in pairs {
            self.when(operator, key, [value]);
        }
    }
}
