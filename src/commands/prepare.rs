//! From a spec to a plan: what `plan`, `apply` and `destroy` have in common.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;

use super::asked;
use super::context::Context;
use super::error::Error;
use super::images::{Choosing, Images, Upstream, registries};
use crate::aws::chain;
use crate::aws::kinds::Registry;
use crate::aws::observe::{Ask, Observation, Reader};
use crate::aws::registries::Registries;
use crate::desired::{self, Facts, Running, choose_zones};
use crate::graph::{Address, Desired, Live, Scope};
use crate::plan::{Choices, Deploy, Options, Plan, plan};
use crate::render::Header;
use crate::spec::{Environment, Runtime};
use crate::values::architecture::Architecture;

/// A plan, and what it was made of.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) environment: Environment,
    pub(super) plan: Plan,
    pub(super) header: Header,
    /// The ARN of the credentials that it was read with.
    pub(super) principal: Option<String>,
    /// How to enter the registries that it copies from.
    pub(super) registries: Registries,
}

/// Reads AWS and plans. All of it is one chain: some of what is read follows from the rest.
pub(super) async fn prepare(context: &Context, name: &str, choices: &Choices) -> Result<Prepared, Error> {
    chain(read_and_plan(context, name, choices)).await
}

async fn read_and_plan(context: &Context, name: &str, choices: &Choices) -> Result<Prepared, Error> {
    let environment = environment(context, name)?;
    check_images(&environment, &choices.images)?;
    let scope = scope(&environment);
    let upstream = Upstream::spec(context, &environment, choices)?;
    let registries = registries(context, &environment, upstream.as_ref());
    let reader = Reader::connect(&environment.aws.account, &environment.aws.region).await.for_one_look().entering(&registries);
    let wants = if choices.destroy { without(&environment, &choices.only) } else { Some(environment.clone()) };
    let ask = wants.as_ref().map_or_else(Ask::default, ask);
    let reading = context.busy("reading AWS");
    let (seen, asked, upstream) = futures::join!(
        reader.observe(&scope, &ask),
        asked::ask(&reader, &environment, &choices.images),
        Upstream::look(upstream, &registries, &reader),
    );
    // What keeps AWS from being read at all says more than what keeps one image from being found.
    let mut seen = seen?;
    let (asked, upstream) = (asked?, upstream?);
    let mut running = Running::read(&seen.live);
    what_groups_run(&reader, &mut running).await?;
    let (chosen, desired) = match &wants {
        None => (Images::default(), Vec::new()),
        Some(wants) => {
            let upstream = upstream.as_ref();
            let choosing = Choosing {
                context,
                environment: wants,
                choices,
                reader: &reader,
                busy: &reading,
                upstream,
                asked: &asked,
                running: &running,
            };
            let chosen = if choices.destroy { Images::default() } else { choosing.choose().await? };
            let desired = wanted(wants, &seen, running, &chosen, choices.deploy == Deploy::Back)?;
            (chosen, desired)
        }
    };
    drop(reading);
    (seen.calls, seen.depth) = reader.took();
    let plan = match choices.deploy {
        Deploy::AsSpec | Deploy::Without => plan(&Registry, &scope, &desired, &seen.live, &choices.options())?,
        Deploy::Alone { .. } | Deploy::Back if chosen.promotion.is_empty() => Plan::default(),
        Deploy::Alone { .. } | Deploy::Back => {
            let services = chosen.promotion.iter().map(|promotion| promotion.service.clone()).collect();
            are_reached(&environment, &seen.live, &services)?;
            let desired = desired::images_alone(desired, &seen.live, &services);
            let options = Options { only: desired::parts_alone(&services, &chosen.copies), ..Options::default() };
            plan(&Registry, &scope, &desired, &seen.live, &options)?
        }
    };
    let (project, name, aws) = (&environment.project, &environment.environment, &environment.aws);
    let plan = plan.at(&[project, name, &aws.account, &aws.region]);
    let promotion = chosen.promotion;
    let header = Header { promotion, ..header(&environment, &seen, context.now(), choices.clone()) };
    Ok(Prepared { environment, plan, header, principal: seen.principal, registries })
}

/// The way to a service through the load balancer of another one is a part of that one, which a deployment by itself leaves alone.
fn are_reached(environment: &Environment, live: &[Live], services: &BTreeSet<String>) -> Result<(), Error> {
    let routes = services.iter().filter_map(|name| Some((name, environment.service.get(name)?.route.as_ref()?)));
    let is_new = |name: &str| {
        let address = format!("service.{name}.target_group");
        !live.iter().any(|live| live.address().is_some_and(|at| at.as_str() == address))
    };
    routes.into_iter().find(|(name, _)| is_new(name)).map_or(Ok(()), |(name, route)| {
        let (behind, environment) = (&route.behind, &environment.environment);
        Err(Error::Usage {
            message: format!("`{name}` is new in {environment}, and nobody would reach it: its route is a part of `{behind}`"),
            help: format!("`infra apply --env {environment}` sets up both"),
        })
    })
}

/// What runs is what groups start instances from, and not the newest version of a launch template.
async fn what_groups_run(reader: &Reader, running: &mut BTreeMap<String, Running>) -> Result<(), Error> {
    let looks = running.values_mut().map(async |running| {
        if let Some((template, version)) = &running.starts_from {
            running.image = reader.image_in_version(template, version).await?.filter(|image| !image.is_empty());
        }
        Ok::<(), Error>(())
    });
    try_join_all(looks).await.map(drop)
}

/// Where AWS was read, and when.
pub(super) fn header(environment: &Environment, seen: &Observation, observed_at: String, choices: Choices) -> Header {
    Header {
        project: environment.project.clone(),
        environment: environment.environment.clone(),
        account: environment.aws.account.clone(),
        region: environment.aws.region.clone(),
        observed_at,
        calls: seen.calls,
        depth: seen.depth,
        choices,
        promotion: Vec::new(),
        approval_required: environment.approval.required,
    }
}

/// The spec of one environment.
pub(super) fn environment(context: &Context, name: &str) -> Result<Environment, Error> {
    let loaded = context.load(Some(&[name.to_owned()]))?;
    let found = loaded.specs.into_iter().map(|spec| spec.environment).find(|spec| spec.environment == name);
    found.ok_or_else(|| Error::Usage {
        message: format!("there is no environment `{name}`"),
        help: "`infra validate` names those that are there".into(),
    })
}

/// What is ours.
pub(super) fn scope(environment: &Environment) -> Scope {
    Scope { project: environment.project.clone(), environment: environment.environment.clone() }
}

fn wanted(
    environment: &Environment,
    seen: &Observation,
    running: BTreeMap<String, Running>,
    chosen: &Images,
    goes_back: bool,
) -> Result<Vec<Desired>, Error> {
    let zones = environment.network.as_ref().map_or(0, |network| network.zones);
    let facts = Facts {
        zones: choose_zones(zones, &seen.zones, &seen.live),
        machine_images: seen.machine_images.clone(),
        running,
        images: chosen.to_run.clone(),
        copies: chosen.copies.clone(),
        refused: chosen.refused.clone(),
        goes_back,
    };
    Ok(desired::build(environment, &facts)?)
}

/// What is wanted when only these parts are to go: all else, which lets go of them. Nothing where all is to go, or where a part
/// is none that others could do without.
fn without(environment: &Environment, parts: &[Address]) -> Option<Environment> {
    let (first, others) = parts.split_first()?;
    others.iter().try_fold(environment.without(first.as_str())?, |rest, part| rest.without(part.as_str()))
}

fn ask(environment: &Environment) -> Ask {
    let instances = environment.service.iter().filter_map(|(_, service)| match &service.runtime {
        Runtime::Asg { instances, .. } if instances.ami.is_none() => Some(Architecture::of(&instances.instance_type)),
        Runtime::Asg { .. } | Runtime::AppRunner { .. } => None,
    });
    Ask { zones: environment.network.is_some(), architectures: instances.collect() }
}

fn check_images(environment: &Environment, images: &BTreeMap<String, String>) -> Result<(), Error> {
    let services: Vec<&str> = environment.service.names().collect();
    let unknown = images.iter().find(|(service, _)| !services.contains(&service.as_str()));
    unknown.map_or(Ok(()), |(service, _)| {
        let message = format!("`--image {service}=…`: {} has no service `{service}`", environment.environment);
        Err(Error::Usage { message, help: format!("its services are {}", services.join(", ")) })
    })
}
