//! What runs, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use super::Header;
use super::words::count;
use crate::promote::Part;

/// What runs in an environment.
#[derive(Clone, Debug)]
pub struct Status {
    /// Where and when it was read.
    pub header: Header,
    /// Services, in the order of the spec.
    pub services: Vec<ServiceStatus>,
    /// Databases and caches.
    pub stores: Vec<Store>,
}

/// A service.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceStatus {
    /// Its name in the spec.
    pub name: String,
    /// How it is.
    pub state: String,
    /// Where people reach it.
    pub endpoint: Option<String>,
    /// Its instances; App Runner shows one for all.
    pub parts: Vec<Part>,
}

/// A database or a cache.
#[derive(Clone, Debug, Serialize)]
pub struct Store {
    /// Its address, such as `database.main`.
    pub name: String,
    /// How it is.
    pub state: String,
    /// The version of its engine.
    pub version: Option<String>,
    /// Host and port.
    pub endpoint: Option<String>,
}

impl ServiceStatus {
    /// A service that is not there.
    pub fn absent(name: &str) -> Self {
        Self { name: name.into(), state: "not deployed".into(), endpoint: None, parts: Vec::new() }
    }
}

/// The status as text.
pub fn text(status: &Status) -> String {
    let mut text = status.header.line();
    text.push('\n');
    for service in &status.services {
        let _ = writeln!(text, "\nservice.{}  {}", service.name, service.state);
        if let Some(endpoint) = &service.endpoint {
            let _ = writeln!(text, "  {endpoint}");
        }
        let mut images: BTreeMap<&str, usize> = BTreeMap::new();
        for part in &service.parts {
            *images.entry(part.image.as_deref().unwrap_or("an unknown image")).or_default() += 1;
        }
        for (image, running) in images {
            let _ = writeln!(text, "  {image}, {}", count(running, "instance", "instances"));
        }
        let healthy = service.parts.iter().filter(|part| part.healthy).count();
        if !service.parts.is_empty() {
            let _ = writeln!(text, "  {healthy} of {} healthy", service.parts.len());
        }
        for part in service.parts.iter().filter(|part| !part.healthy) {
            let _ = writeln!(text, "    {}  {}", part.name, part.health);
        }
    }
    for store in &status.stores {
        let version = store.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        let _ = writeln!(text, "\n{}{version}  {}", store.name, store.state);
        if let Some(endpoint) = &store.endpoint {
            let _ = writeln!(text, "  {endpoint}");
        }
    }
    text
}

/// The status as JSON.
pub fn json(status: &Status) -> Value {
    let Header { project, environment, account, region, observed_at, .. } = &status.header;
    json!({
        "format_version": "1.0",
        "project": project,
        "environment": environment,
        "account": account,
        "region": region,
        "observed_at": observed_at,
        "services": status.services,
        "stores": status.stores,
    })
}
