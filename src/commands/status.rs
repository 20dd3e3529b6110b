//! `infra status`: what runs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::context::Context;
use super::error::{Error, Exit};
use super::prepare;
use crate::aws::health::{self, Instance};
use crate::aws::observe::{Ask, Reader};
use crate::cli;
use crate::graph::{Live, State};
use crate::plan::Choices;
use crate::render::status::{self, Part, ServiceStatus, Status, Store};
use crate::spec::{Environment, Runtime};

pub(super) async fn run(context: &Context, command: &cli::Status) -> Result<Exit, Error> {
    let environment = prepare::environment(context, &command.environment.env)?;
    let reader = Reader::connect(&environment.aws.account, &environment.aws.region).await;
    let reading = context.busy("reading AWS");
    let seen = reader.observe(&prepare::scope(&environment), &Ask::default()).await?;
    let live = Found { live: &seen.live };

    let mut services = Vec::new();
    for (name, service) in environment.service.iter() {
        services.push(match service.runtime {
            Runtime::Asg { .. } => on_instances(&reader, &live, name).await?,
            Runtime::AppRunner { .. } => on_app_runner(&live, name),
        });
    }
    drop(reading);
    let status = Status {
        header: prepare::header(&environment, &seen, context.now(), Choices::default()),
        services,
        stores: stores(&environment, &live),
    };
    context.print(&if command.json { format!("{:#}\n", status::json(&status)) } else { status::text(&status) })?;
    Ok(Exit::Done)
}

/// Live resources by address.
struct Found<'a> {
    live: &'a [Live],
}

impl<'a> Found<'a> {
    fn at(&self, address: &str) -> Option<&'a Live> {
        self.live.iter().find(|live| live.address().is_some_and(|at| at.as_str() == address))
    }

    fn output(&self, address: &str, output: &str) -> Option<&'a String> {
        self.at(address)?.outputs.get(output)
    }
}

async fn on_instances(reader: &Reader, live: &Found<'_>, name: &str) -> Result<ServiceStatus, Error> {
    let mut status = ServiceStatus { endpoint: load_balancer(live, name), ..ServiceStatus::absent(name) };
    let Some(group) = live.at(&format!("service.{name}.group")) else { return Ok(status) };
    let target_groups = texts(group.attrs.get("target_groups"));
    let found = health::instances(reader.aws(), &BTreeMap::from([(group.id.clone(), target_groups)])).await?;
    let instances: Vec<Instance> = found.into_values().flatten().collect();
    let versions: BTreeSet<String> = instances.iter().filter_map(|instance| instance.version.clone()).collect();
    let template = group.attrs.get("launch_template").and_then(Value::as_str).unwrap_or_default();
    let images = health::images(reader.aws(), template, versions).await?;

    status.state = state(group);
    status.parts = instances
        .into_iter()
        .map(|instance| Part {
            image: instance.version.as_ref().and_then(|version| images.get(version)).cloned(),
            healthy: instance.lifecycle == "InService" && instance.target.as_ref().is_none_or(|(health, _)| health == "healthy"),
            health: match instance.target {
                Some((health, Some(reason))) => format!("{}, {health}: {reason}", instance.lifecycle),
                Some((health, None)) => format!("{}, {health}", instance.lifecycle),
                None => instance.lifecycle,
            },
            name: instance.id,
        })
        .collect();
    Ok(status)
}

fn on_app_runner(live: &Found<'_>, name: &str) -> ServiceStatus {
    let absent = ServiceStatus::absent(name);
    let Some(service) = live.at(&format!("service.{name}.service")) else { return absent };
    let part = Part {
        name: service.outputs.get("id").unwrap_or(&service.id).clone(),
        image: service.attrs.get("image").and_then(Value::as_str).map(str::to_owned),
        healthy: service.state == State::Ready,
        health: state(service),
    };
    let endpoint = service.outputs.get("url").map(|url| format!("https://{}", url.trim_start_matches("https://")));
    ServiceStatus { state: state(service), endpoint, parts: vec![part], ..absent }
}

/// Where people reach a load balancer: over HTTPS where it has a listener for it.
fn load_balancer(live: &Found<'_>, service: &str) -> Option<String> {
    let dns = live.output(&format!("service.{service}.load_balancer"), "dns_name")?;
    let https = live.at(&format!("service.{service}.listener.https")).is_some();
    Some(format!("{}://{dns}", if https { "https" } else { "http" }))
}

fn stores(environment: &Environment, live: &Found<'_>) -> Vec<Store> {
    let databases = environment.database.keys().map(|name| (format!("database.{name}"), "instance"));
    let caches = environment.cache.keys().map(|name| (format!("cache.{name}"), "replication_group"));
    databases
        .chain(caches)
        .map(|(name, part)| {
            let resource = live.at(&format!("{name}.{part}"));
            let output = |output: &str| resource.and_then(|resource| resource.outputs.get(output));
            Store {
                endpoint: output("address").map(|host| match output("port") {
                    Some(port) => format!("{host}:{port}"),
                    None => host.clone(),
                }),
                state: resource.map_or_else(|| "not there".into(), state),
                version: resource.and_then(|live| live.attrs.get("version")).and_then(Value::as_str).map(str::to_owned),
                name,
            }
        })
        .collect()
}

fn state(live: &Live) -> String {
    match &live.state {
        State::Ready => "ready".into(),
        State::Busy(word) | State::Failed(word) => word.clone(),
        State::Deleting => "deleting".into(),
    }
}

fn texts(value: Option<&Value>) -> BTreeSet<String> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
