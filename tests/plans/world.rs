//! An account in memory, in which plans are carried out by taking their word for it.

use infra::aws::kinds::Registry;
use infra::desired::{BuildError, Facts, Running, build, choose_zones, registry, repository_name};
use infra::graph::{Address, Desired, Live, Outputs, Reference, Scope, State, substitute};
use infra::plan::{Plan, Schemas, Verb};
use infra::spec::Environment;
use infra::values::architecture::Architecture;
use infra::values::name::fingerprint;
use serde_json::Value;

const ZONES: [&str; 4] = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"];

/// What an account holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) live: Vec<Live>,
    /// How many resources there have ever been, for ids that are never given twice.
    made: usize,
}

pub(crate) fn scope(environment: &Environment) -> Scope {
    Scope { project: environment.project.clone(), environment: environment.environment.clone() }
}

impl World {
    /// The resources of a spec, as they are wanted in this account.
    pub(crate) fn desired(&self, environment: &Environment, images: &[(String, String)]) -> Result<Vec<Desired>, BuildError> {
        let zones: Vec<String> = ZONES.iter().map(ToString::to_string).collect();
        let wanted = environment.network.as_ref().map_or(0, |network| network.zones);
        let registry = registry(&environment.aws.account, &environment.aws.region);
        let image = |(service, digest): &(String, String)| {
            let repository = &environment.service.get(service).expect("an image of a service").repository;
            (service.clone(), format!("{registry}/{}@{digest}", repository_name(environment, repository)))
        };
        let facts = Facts {
            zones: choose_zones(wanted, &zones, &self.live),
            machine_images: [(Architecture::X86, "ami-0a1b2c3d".into()), (Architecture::Arm, "ami-4e5f6a7b".into())].into(),
            running: Running::read(&self.live),
            images: images.iter().map(image).collect(),
            ..Facts::default()
        };
        build(environment, &facts)
    }

    /// Does what a plan says, in its order.
    pub(crate) fn apply(&mut self, scope: &Scope, plan: &Plan) {
        for step in &plan.steps {
            let change = &plan.changes[step.change];
            let place = |world: &Self| {
                let id = &change.live.as_ref().expect("what is changed is there").id;
                world.live.iter().position(|live| live.kind == change.kind && live.id == *id).expect("it is still there")
            };
            match step.verb {
                Verb::Create => {
                    let attrs = self.resolve(change.kind, &change.after);
                    let (id, outputs) = self.given(change.kind, &change.address, &attrs);
                    let (owner, tags) = (scope.owner(&change.tags), change.tags.clone());
                    let (kind, neighbours) = (change.kind, Vec::new());
                    self.live.push(Live { kind, id, owner, state: State::Ready, attrs, outputs, tags, neighbours });
                }
                Verb::Update => {
                    let attrs = self.resolve(change.kind, &change.after);
                    let place = place(self);
                    let live = &mut self.live[place];
                    let differ = change.fields.iter().filter(|field| field.name != "tags");
                    let moved = differ.clone().count() > 0;
                    live.attrs.extend(differ.map(|field| (field.name.clone(), attrs[&field.name].clone())));
                    live.tags.extend(change.tags.clone());
                    live.owner = scope.owner(&live.tags);
                    if let Some(version) = live.outputs.get_mut("version").filter(|_| moved) {
                        *version = (version.parse::<u32>().expect("a number") + 1).to_string();
                    }
                }
                Verb::Await => {
                    let place = place(self);
                    self.live[place].state = State::Ready;
                }
                Verb::Delete => drop(self.live.remove(place(self))),
            }
        }
        self.live.retain(|live| !Registry.schema(live.kind).is_some_and(|schema| schema.transient));
    }

    pub(crate) fn at(&mut self, address: &Address) -> &mut Live {
        let found = self.live.iter_mut().find(|live| live.address() == Some(address));
        found.unwrap_or_else(|| panic!("there is no {address} in the account"))
    }

    /// Attributes with what the references in them stand for; the newest of two that share an address.
    fn resolve(&self, kind: &str, attrs: &infra::graph::Attrs) -> infra::graph::Attrs {
        let known = |reference: &Reference| {
            let live = self.live.iter().rev().find(|live| live.address() == Some(&reference.address));
            let live = live.unwrap_or_else(|| panic!("{} is not there when it is referred to", reference.address));
            Some(live.outputs[&reference.output].clone())
        };
        Registry.normalise(kind, attrs.iter().map(|(name, value)| (name.clone(), substitute(value, &known))).collect())
    }

    /// What AWS would assign: an id, and every output of the kind.
    fn given(&mut self, kind: &str, address: &Address, attrs: &infra::graph::Attrs) -> (String, Outputs) {
        self.made += 1;
        let schema = Registry.schema(kind).expect("a kind of the registry");
        let (service, noun) = kind.split_once('.').expect("a service and a kind");
        let number = &fingerprint(format!("{address} {}", self.made).as_bytes())[..8];
        let id = format!("{}-{number}", noun.replace('_', "-"));
        let name = schema.name().and_then(|name| attrs[name.name].as_str()).or(attrs.get("name").and_then(Value::as_str));
        let named = name.unwrap_or(&id).to_owned();
        let value = |output: &str| match output {
            "id" => id.clone(),
            "arn" => format!("arn:aws:{service}:us-east-1:123456789012:{noun}/{named}-{number}"),
            "name" => named.clone(),
            "version" => "1".into(),
            "port" => "5432".into(),
            other => format!("{named}.{number}.{}.example", other.replace('_', "-")),
        };
        let outputs = schema.outputs.iter().map(|output| (output.name.to_owned(), value(output.name))).collect();
        (if schema.output("id").is_some() { id.clone() } else { named.clone() }, outputs)
    }
}
