//! Releases for Sentry with their commits, and their deploys.
//!
//! Sentry's API reference, "Create a New Release for an Organization" and "Create a Deploy". To make a release that is there already
//! changes nothing but what is new about it. A release is made when its image starts to go out, so that errors which the new
//! containers report at once have commits to be blamed on; a deploy is told of only when it has come to stay, so that the last one
//! Sentry knows of is what runs, also after one was rolled back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::event::{Event, Service, Subject, cut};
use super::key::Key;
use super::receiver::{Request, below};
use crate::spec::{Outcome, Sentry};
use crate::values::web_address::WebAddress;

/// Where Sentry is for most.
const SENTRY: &str = "https://sentry.io";

/// How long the name of a deploy may be, in characters.
const NAME: usize = 64;

/// Where it is.
pub(super) fn address(sentry: &Sentry) -> Option<WebAddress> {
    sentry.url.clone().or_else(|| SENTRY.parse().ok())
}

pub(super) fn requests(sentry: &Sentry, address: &WebAddress, token: &Key, event: &Event) -> Vec<Request> {
    let deployed = match (event.subject, event.outcome) {
        (Subject::Deployment, Outcome::Started) => false,
        (Subject::Deployment, Outcome::Succeeded) => true,
        _ => return Vec::new(),
    };
    let token = Key::new(&format!("Bearer {}", token.expose()));
    let request = |path: &[&str], body| {
        let path = [&["api", "0", "organizations", &sentry.organization, "releases"], path, &[""]].concat();
        Request { url: below(address, &path), header: Some(("Authorization", token.clone())), body }
    };
    // Services of one image are one release.
    let services = event.services.iter().filter_map(|service| Some((service.version.as_deref()?, service)));
    let releases: BTreeMap<&str, &Service> = services.rev().collect();
    let mut requests = Vec::new();
    for (version, service) in releases {
        requests.push(request(&[], release(sentry, event, version, service)));
        if deployed {
            requests.push(request(&[version, "deploys"], deploy(sentry, event)));
        }
    }
    requests
}

pub(super) fn release(sentry: &Sentry, event: &Event, version: &str, service: &Service) -> Value {
    let mut release = json!({ "version": version, "projects": sentry.projects });
    match (&service.commit, &sentry.repository) {
        // Sentry finds all commits since the last release; it refuses repositories that it is not connected with.
        (Some(commit), Some(repository)) => release["refs"] = json!([{ "repository": repository, "commit": commit }]),
        (Some(commit), None) => release["commits"] = json!([{ "id": commit }]),
        (None, _) => {}
    }
    if let Some(url) = &event.origin.run_url {
        release["url"] = json!(url);
    }
    release
}

pub(super) fn deploy(sentry: &Sentry, event: &Event) -> Value {
    let mut deploy = json!({
        "environment": event.environment,
        "name": cut(&event.plan_id, NAME),
        "projects": sentry.projects,
        "dateStarted": event.started,
    });
    if let Some(ended) = event.ended {
        deploy["dateFinished"] = json!(ended);
    }
    if let Some(url) = &event.origin.run_url {
        deploy["url"] = json!(url);
    }
    deploy
}
