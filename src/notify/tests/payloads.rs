//! Every payload as it is sent.

use serde_json::{Value, json};

use super::super::key::Key;
use super::super::receiver::Receiver;
use super::super::{datadog, sentry, webhook};
use super::{COMMIT, OWN, deployment, digest, service};
use crate::notify::{Event, Outcome, Service, Subject};
use crate::plan::Summary;
use crate::spec::{Datadog, Sentry, VersionBy};

fn datadog_of(service: Option<&str>) -> Datadog {
    Datadog {
        api_key: "ssm:/shop/datadog-key".parse().unwrap(),
        site: "datadoghq.eu".into(),
        service: service.map(str::to_owned),
        repository_url: Some("https://github.com/example/shop".into()),
        url: None,
    }
}

fn sentry_of(repository: Option<&str>) -> Sentry {
    Sentry {
        token: "secretsmanager:shop/sentry#token".parse().unwrap(),
        organization: "example".into(),
        projects: vec!["web".into()],
        repository: repository.map(str::to_owned),
        url: None,
    }
}

/// Address, header and body of a request.
type Sent = (String, Option<(&'static str, String)>, Value);

fn sent(receiver: &Receiver, event: &Event) -> Vec<Sent> {
    let requests = receiver.requests(&Key::new("hunter2\n"), event).unwrap();
    let header = |header: Option<(&'static str, Key)>| header.map(|(name, key)| (name, key.expose().to_owned()));
    requests.into_iter().map(|one| (one.url.as_str().to_owned(), header(one.header), one.body)).collect()
}

#[test]
fn titles_say_what_has_happened() {
    let title = |outcome| deployment(outcome).title();
    let what = "web 66adc93, worker 66adc93";
    assert_eq!(title(Outcome::Started), format!("shop prod: deploying {what}"));
    assert_eq!(title(Outcome::Succeeded), format!("shop prod: deployed {what} in 4m 10s"));
    assert_eq!(title(Outcome::Failed), format!("shop prod: deploying {what} failed after 4m 10s"));
    assert_eq!(title(Outcome::RolledBack), format!("shop prod: deploying {what} was rolled back after 4m 10s"));

    let of = |subject, outcome, summary| Event { subject, summary, services: Vec::new(), ..deployment(outcome) }.title();
    let summary = Summary { create: 2, update: 1, delete: 4, unchanged: 9, ..Summary::default() };
    assert_eq!(of(Subject::Plan, Outcome::Succeeded, summary), "shop prod: planned 7 changes in 4m 10s");
    assert_eq!(of(Subject::Apply, Outcome::Failed, summary), "shop prod: applying 7 changes failed after 4m 10s");
    assert_eq!(of(Subject::Destroy, Outcome::Started, summary), "shop prod: destroying 4 resources");
}

#[test]
fn a_version_is_what_the_spec_calls_one() {
    let bare = Service { commit: None, tags: vec!["latest".into()], ..service("web") };
    let version = |service: &Service, by| service.clone().versioned(by).version.unwrap();
    assert_eq!(version(&service("web"), VersionBy::Commit), COMMIT);
    assert_eq!(version(&service("web"), VersionBy::Tag), "v1.2.3");
    assert_eq!(version(&service("web"), VersionBy::Digest), digest('b').to_string());
    assert_eq!(version(&Service { commit: None, ..service("web") }, VersionBy::Commit), "v1.2.3");
    assert_eq!(version(&bare, VersionBy::Commit), digest('b').to_string());
    assert_eq!(Service { to: None, ..bare }.versioned(VersionBy::Tag).version, None);
}

#[test]
fn a_webhook_gets_a_message_for_people_and_the_event_for_programs() {
    let text = "shop prod: deploying web 66adc93, worker 66adc93 was rolled back after 4m 10s\n\
                web: aaaaaaaaaaaa → bbbbbbbbbbbb\n\
                worker: aaaaaaaaaaaa → bbbbbbbbbbbb\n\
                2 targets of service.web are unhealthy: &lt;Health checks failed&gt;\n\
                by ana, specs of 9c1d02e, plan ca36a321\n\
                https://github.com/example/shop/actions/runs/42?a=1&amp;b=2";
    let service = |name: &str| {
        json!({ "name": name, "from": digest('a'), "to": digest('b'), "tags": ["latest", OWN, "v1.2.3"], "commit": COMMIT,
            "version": COMMIT })
    };
    let event = json!({
        "subject": "deployment",
        "outcome": "rolled_back",
        "project": "shop",
        "environment": "prod",
        "account": "123456789012",
        "region": "eu-west-1",
        "plan_id": "ca36a3210d53a7c9ca36a3210d53a7c9",
        "summary": { "create": 0, "update": 3, "replace": 0, "delete": 0, "unchanged": 0, "blocked": 0, "deferred": 0 },
        "services": [service("web"), service("worker")],
        "origin": { "actor": "ana", "host": "runner-3", "commit": "9c1d02e4f5",
            "run_url": "https://github.com/example/shop/actions/runs/42?a=1&b=2" },
        "started": "2026-11-21T14:00:00.25Z",
        "ended": "2026-11-21T14:04:10.25Z",
        "seen": ["2 targets of service.web are unhealthy: <Health checks failed>"],
        "seconds": 250.0,
    });
    let whole = json!({ "text": text, "metadata": { "event_type": "infra_event", "event_payload": event } });
    assert_eq!(webhook::payload(&deployment(Outcome::RolledBack)), whole);
}

#[test]
fn datadog_gets_an_event_of_whatever_happens() {
    let (datadog, event) = (datadog_of(None), deployment(Outcome::Started));
    let sent = sent(&Receiver::Datadog(datadog.clone(), datadog::api(&datadog).unwrap()), &event);
    let body = json!({
        "title": "shop prod: deploying web 66adc93, worker 66adc93",
        "text": "web: aaaaaaaaaaaa → bbbbbbbbbbbb\nworker: aaaaaaaaaaaa → bbbbbbbbbbbb\nby ana, specs of 9c1d02e, plan ca36a321\n\
                 https://github.com/example/shop/actions/runs/42?a=1&b=2",
        "alert_type": "info",
        "date_happened": 1_795_269_600,
        "tags": ["env:prod", "project:shop", "region:eu-west-1", "subject:deployment", "outcome:started", "service:web",
            "service:worker", format!("version:{COMMIT}")],
        "aggregation_key": "infra:shop:prod:ca36a3210d53a7c9ca36a3210d53a7c9",
        "source_type_name": "my_apps",
    });
    assert_eq!(sent, [("https://api.datadoghq.eu/api/v1/events".into(), Some(("DD-API-KEY", "hunter2".into())), body)]);

    let alert = |outcome| datadog::payload(&datadog, &deployment(outcome))["alert_type"].clone();
    assert_eq!([Outcome::Succeeded, Outcome::Failed, Outcome::RolledBack].map(alert), ["success", "error", "warning"]);
    let ended = datadog::payload(&datadog_of(Some("shop-all")), &deployment(Outcome::Succeeded));
    assert_eq!(ended["date_happened"], 1_795_269_850);
    let tags: Vec<&str> = ended["tags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(tags.contains(&"duration_seconds:250") && tags.contains(&"service:shop-all"), "{tags:?}");
}

#[test]
fn datadog_gets_a_deployment_of_every_service_that_has_come_to_run() {
    let (datadog, event) = (datadog_of(None), deployment(Outcome::Succeeded));
    let sent = sent(&Receiver::Datadog(datadog.clone(), datadog::api(&datadog).unwrap()), &event);
    let deployment_of = |name: &str| {
        json!({ "data": { "attributes": {
            "id": format!("infra:shop:prod:{name}:1795269600250"),
            "service": name,
            "env": "prod",
            "version": COMMIT,
            "started_at": 1_795_269_600_250_000_000_i64,
            "finished_at": 1_795_269_850_250_000_000_i64,
            "custom_tags": ["project:shop", "outcome:succeeded"],
            "git": { "repository_url": "https://github.com/example/shop", "commit_sha": COMMIT },
        } } })
    };
    let key = Some(("DD-API-KEY", "hunter2".to_owned()));
    let to = |name| ("https://api.datadoghq.eu/api/v2/dora/deployment".to_owned(), key.clone(), deployment_of(name));
    assert_eq!(sent[1..3], [to("web"), to("worker")]);
}

#[test]
fn datadog_gets_figures_of_every_run_that_is_over() {
    let figures = |outcome| datadog::figures(&datadog_of(None), &deployment(outcome));
    assert_eq!(figures(Outcome::Started), None);
    let figures = figures(Outcome::RolledBack).unwrap();
    let tags = json!([
        "env:prod",
        "project:shop",
        "region:eu-west-1",
        "subject:deployment",
        "outcome:rolled_back",
        "service:web",
        "service:worker",
        format!("version:{COMMIT}")
    ]);
    let expected = json!({ "series": [
        { "metric": "infra.runs", "type": 1, "tags": tags, "points": [{ "timestamp": 1_795_269_850, "value": 1.0 }] },
        { "metric": "infra.run.duration", "type": 3, "unit": "second", "tags": tags,
          "points": [{ "timestamp": 1_795_269_850, "value": 250.0 }] },
    ] });
    assert_eq!(figures, expected);

    let planned = Event { subject: Subject::Plan, services: Vec::new(), ..deployment(Outcome::Planned) };
    assert_eq!(planned.title(), "shop prod: planned 3 changes in 4m 10s");
    let datadog = Datadog { url: Some("http://127.0.0.1:1/dd".parse().unwrap()), ..datadog_of(Some("shop")) };
    let sent = sent(&Receiver::Datadog(datadog.clone(), datadog::api(&datadog).unwrap()), &planned);
    let paths: Vec<&str> = sent.iter().map(|(url, ..)| url.as_str()).collect();
    assert_eq!(paths, ["http://127.0.0.1:1/dd/api/v1/events", "http://127.0.0.1:1/dd/api/v2/series"]);
}

#[test]
fn datadog_counts_only_what_came_to_run_and_once() {
    let count = |datadog: &Datadog, event: &Event| datadog::deployments(datadog, event).len();
    let datadog = datadog_of(None);
    assert_eq!([Outcome::Started, Outcome::Failed].map(|outcome| count(&datadog, &deployment(outcome))), [0, 0]);
    let event = deployment(Outcome::RolledBack);
    assert_eq!(datadog::deployments(&datadog, &event)[0]["data"]["attributes"]["custom_tags"][1], "outcome:rolled_back");
    assert_eq!(count(&datadog_of(Some("shop")), &event), 1, "one image under one name");
    let without = |event: Event| Event { subject: Subject::Apply, services: Vec::new(), ..event };
    assert_eq!(count(&datadog, &without(event)), 0);

    let mut event = deployment(Outcome::Succeeded);
    event.services.truncate(1);
    event.services[0].commit = None;
    assert!(datadog::deployments(&datadog, &event)[0]["data"]["attributes"].get("git").is_none());
    event.services[0].version = None;
    assert_eq!(count(&datadog, &event), 0, "nothing is to run");
}

#[test]
fn sentry_gets_a_release_as_it_starts_and_a_deploy_when_it_has_come_to_stay() {
    let sentry = sentry_of(Some("example/shop"));
    let receiver = Receiver::Sentry(sentry.clone(), sentry::address(&sentry).unwrap());
    let to = |path: &str, body| {
        let url = format!("https://sentry.io/api/0/organizations/example/releases/{path}");
        (url, Some(("Authorization", "Bearer hunter2".to_owned())), body)
    };
    let url = "https://github.com/example/shop/actions/runs/42?a=1&b=2";
    let release = json!({ "version": COMMIT, "projects": ["web"], "url": url,
        "refs": [{ "repository": "example/shop", "commit": COMMIT }] });
    let deploy = json!({ "environment": "prod", "name": "ca36a3210d53a7c9ca36a3210d53a7c9", "projects": ["web"], "url": url,
        "dateStarted": "2026-11-21T14:00:00.25Z", "dateFinished": "2026-11-21T14:04:10.25Z" });
    assert_eq!(sent(&receiver, &deployment(Outcome::Started)), [to("", release.clone())]);
    let both = [to("", release), to(&format!("{COMMIT}/deploys/"), deploy)];
    assert_eq!(sent(&receiver, &deployment(Outcome::Succeeded)), both);
    assert_eq!(sent(&receiver, &deployment(Outcome::RolledBack)), []);
    assert_eq!(sent(&receiver, &deployment(Outcome::Failed)), []);
    let destroyed = Event { subject: Subject::Destroy, ..deployment(Outcome::Succeeded) };
    assert_eq!(sent(&receiver, &destroyed), []);
}

#[test]
fn sentry_knows_as_much_of_commits_as_the_image_and_the_spec_say() {
    let event = deployment(Outcome::Started);
    let release = |repository, service: &Service| sentry::release(&sentry_of(repository), &event, "v1.2.3", service);
    let (with, without) = (service("web"), Service { commit: None, ..service("web") });
    assert_eq!(release(None, &with)["commits"], json!([{ "id": COMMIT }]));
    let bare = release(Some("example/shop"), &without);
    assert!(bare.get("refs").is_none() && bare.get("commits").is_none(), "{bare}");
}

#[test]
fn a_version_stays_one_part_of_an_address() {
    let mut event = deployment(Outcome::Succeeded);
    event.services = vec![Service { commit: None, tags: Vec::new(), ..service("web") }.versioned(VersionBy::Digest)];
    let sentry = sentry_of(None);
    let sent = sent(&Receiver::Sentry(sentry.clone(), sentry::address(&sentry).unwrap()), &event);
    let path = format!("/releases/sha256%3A{}/deploys/", "b".repeat(64));
    assert!(sent[1].0.ends_with(&path), "{}", sent[1].0);
}

#[test]
fn no_message_grows_without_end() {
    let mut event = deployment(Outcome::Failed);
    event.seen = (0..200).map(|_| "x".repeat(5_000)).collect();
    event.services = (0..200).map(|number| service(&format!("service-{number}"))).collect();
    let payload = datadog::payload(&datadog_of(None), &event);
    let length = |key: &str| payload[key].as_str().unwrap().chars().count();
    assert_eq!((length("title"), length("text")), (100, 4_000));
    event.services.truncate(1);
    assert!(event.details().concat().len() < 4_000, "{:?}", event.details());
    assert!(event.details().contains(&"and 190 more".to_owned()));
}
