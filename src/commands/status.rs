//! `infra status`: what runs.

use serde_json::Value;

use super::context::Context;
use super::error::{Error, Exit};
use super::prepare;
use crate::aws::observe::{Ask, Reader};
use crate::cli;
use crate::graph::{Live, State};
use crate::plan::Choices;
use crate::render::status::{self, ServiceStatus, Status, Store};
use crate::spec::{Environment, Runtime};

pub(super) async fn run(context: &Context, command: &cli::Status) -> Result<Exit, Error> {
    let environment = prepare::environment(context, &command.environment.env)?;
    let reader = Reader::connect(&environment.aws.account, &environment.aws.region).await.for_one_look();
    let reading = context.busy("reading AWS");
    let (scope, ask) = (prepare::scope(&environment), Ask::default());
    let (seen, running) = futures::join!(reader.observe(&scope, &ask), reader.running(&scope));
    drop(reading);
    // What keeps AWS from being read at all says more than what keeps one part from it.
    let seen = seen?;
    let mut running = running?;
    let live = Found { live: &seen.live };
    let services = environment.service.iter().map(|(name, service)| {
        let (resource, endpoint) = runs_on(&live, &environment, name, &service.runtime);
        let absent = ServiceStatus { endpoint, ..ServiceStatus::absent(name) };
        let parts = running.remove(name).map(|seen| seen.parts).unwrap_or_default();
        resource.map_or(absent.clone(), |resource| ServiceStatus { state: state(resource), parts, ..absent })
    });
    let services = services.collect();
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

/// The resource that a service runs on, and where people reach it.
fn runs_on<'a>(live: &Found<'a>, environment: &Environment, name: &str, runtime: &Runtime) -> (Option<&'a Live>, Option<String>) {
    match runtime {
        Runtime::Asg { .. } => (live.at(&format!("service.{name}.group")), load_balancer(live, environment, name)),
        Runtime::AppRunner { .. } => {
            let service = live.at(&format!("service.{name}.service"));
            let url = service.and_then(|service| service.outputs.get("url"));
            (service, url.map(|url| format!("https://{}", url.trim_start_matches("https://"))))
        }
    }
}

/// Where people reach a service through its load balancer, over HTTPS where that has a listener for it, and by which paths.
fn load_balancer(live: &Found<'_>, environment: &Environment, service: &str) -> Option<String> {
    let (owner, _) = environment.front(service)?;
    let dns = live.output(&format!("service.{owner}.load_balancer"), "dns_name")?;
    let https = live.at(&format!("service.{owner}.listener.https")).is_some();
    let paths = environment.service.get(service).and_then(|service| service.route.as_ref()).map(|route| route.paths.join(", "));
    Some(environment.reached_at(service, if https { "https" } else { "http" }, dns) + &paths.unwrap_or_default())
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
