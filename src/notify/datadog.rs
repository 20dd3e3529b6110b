//! Events for Datadog's stream, deployments for its DORA metrics, and figures of every run.
//!
//! Datadog's API reference, "Post an event" (v1), "Send a deployment event" (v2, DORA Metrics) and "Submit metrics" (v2). The tags `env`, `service` and
//! `version` are those of its "Unified Service Tagging".

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::event::{Event, Service, Subject, cut};
use super::key::Key;
use super::receiver::{Request, below};
use crate::spec::{Datadog, Outcome};
use crate::values::web_address::WebAddress;

/// How many characters of an event's title, text and aggregation key Datadog is sure to take.
const LONGEST: (usize, usize, usize) = (100, 4_000, 100);

/// The tag that says how long a run took.
const DURATION: &str = "duration_seconds:";

/// The address of the API of an account's site.
pub(super) fn api(datadog: &Datadog) -> Option<WebAddress> {
    datadog.url.clone().or_else(|| format!("https://api.{}", datadog.site).parse().ok())
}

pub(super) fn requests(datadog: &Datadog, api: &WebAddress, key: &Key, event: &Event) -> Vec<Request> {
    let request = |path: &[&str], body| Request { url: below(api, path), header: Some(("DD-API-KEY", key.clone())), body };
    let deployments = deployments(datadog, event).into_iter().map(|body| request(&["api", "v2", "dora", "deployment"], body));
    let figures = figures(datadog, event).map(|body| request(&["api", "v2", "series"], body));
    [request(&["api", "v1", "events"], payload(datadog, event))].into_iter().chain(deployments).chain(figures).collect()
}

/// What dashboards draw and monitors watch, once a run is over: that there was one, and how long it took. A duration among the tags of
/// an event is a word, which nobody can add up.
pub(super) fn figures(datadog: &Datadog, event: &Event) -> Option<Value> {
    let (ended, took) = (event.ended?, event.took()?);
    let tags: Vec<String> = tags(datadog, event).into_iter().filter(|tag| !tag.starts_with(DURATION)).collect();
    let (count, gauge) = (1, 3);
    let series = |metric: &str, kind: u8, unit: Option<&str>, value: f64| {
        let mut series = json!({
            "metric": metric, "type": kind, "tags": tags, "points": [{ "timestamp": ended.as_second(), "value": value }],
        });
        if let Some(unit) = unit {
            series["unit"] = json!(unit);
        }
        series
    };
    let series =
        [series("infra.runs", count, None, 1.0), series("infra.run.duration", gauge, Some("second"), took.as_secs_f64())];
    Some(json!({ "series": series }))
}

/// An event of the stream.
pub(super) fn payload(datadog: &Datadog, event: &Event) -> Value {
    let (title, text, key) = LONGEST;
    let alert_type = match event.outcome {
        Outcome::Planned | Outcome::Started => "info",
        Outcome::Succeeded => "success",
        Outcome::Failed => "error",
        Outcome::RolledBack => "warning",
    };
    json!({
        "title": cut(&event.title(), title),
        "text": cut(&event.details().join("\n"), text),
        "alert_type": alert_type,
        "date_happened": event.ended.unwrap_or(event.started).as_second(),
        "tags": tags(datadog, event),
        // All that is told of one run stands together.
        "aggregation_key": cut(&format!("infra:{}:{}:{}", event.project, event.environment, event.plan_id), key),
        // Datadog knows sources by names of its own list; this is the one for everything else.
        "source_type_name": "my_apps",
    })
}

/// What has come to run, a deployment for each service; for one that was rolled back as well, whose tag tells it apart.
pub(super) fn deployments(datadog: &Datadog, event: &Event) -> Vec<Value> {
    let came = event.subject == Subject::Deployment && matches!(event.outcome, Outcome::Succeeded | Outcome::RolledBack);
    let Some(ended) = event.ended.filter(|_| came) else { return Vec::new() };
    // Services that Datadog knows by one name and run one image are one deployment.
    let mut told = BTreeSet::new();
    let of_service = |service: &Service| {
        let version = service.version.clone()?;
        let name = datadog.service.clone().unwrap_or_else(|| service.name.clone());
        told.insert((name.clone(), version.clone())).then(|| deployment(datadog, event, service, (&name, &version), ended))
    };
    event.services.iter().filter_map(of_service).collect()
}

fn deployment(datadog: &Datadog, event: &Event, service: &Service, told: (&str, &str), ended: Timestamp) -> Value {
    let (name, version) = told;
    let (project, environment) = (&event.project, &event.environment);
    let mut attributes = json!({
        // The same deployment told twice, because the first answer was lost, counts once.
        "id": format!("infra:{project}:{environment}:{}:{}", service.name, event.started.as_millisecond()),
        "service": name,
        "env": environment,
        "version": version,
        "started_at": nanoseconds(event.started),
        "finished_at": nanoseconds(ended),
        "custom_tags": [format!("project:{project}"), format!("outcome:{}", word(event.outcome))],
    });
    // Datadog wants both or neither.
    if let (Some(repository), Some(commit)) = (&datadog.repository_url, &service.commit) {
        attributes["git"] = json!({ "repository_url": repository, "commit_sha": commit });
    }
    json!({ "data": { "attributes": attributes } })
}

fn tags(datadog: &Datadog, event: &Event) -> Vec<String> {
    let mut tags = vec![
        format!("env:{}", event.environment),
        format!("project:{}", event.project),
        format!("region:{}", event.region),
        format!("subject:{}", word(event.subject)),
        format!("outcome:{}", word(event.outcome)),
    ];
    tags.extend(event.took().map(|took| format!("{DURATION}{}", took.as_secs())));
    match &datadog.service {
        Some(service) => tags.push(format!("service:{service}")),
        None => tags.extend(event.services.iter().map(|service| format!("service:{}", service.name))),
    }
    let versions: BTreeSet<&String> = event.services.iter().filter_map(|service| service.version.as_ref()).collect();
    tags.extend(versions.into_iter().map(|version| format!("version:{version}")));
    tags
}

/// As it stands in JSON.
fn word(value: impl serde::Serialize) -> String {
    json!(value).as_str().unwrap_or_default().to_owned()
}

fn nanoseconds(time: Timestamp) -> i64 {
    time.as_nanosecond().try_into().unwrap_or(i64::MAX)
}
