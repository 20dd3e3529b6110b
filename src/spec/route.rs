//! How a service is reached that has no load balancer of its own.

use ipnet::Ipv4Net;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::environment::cidr_schema;

/// A way to a service through the load balancer of another one. Of several ways that fit a request, the one that says more about it
/// is taken: a host before none, then the path of which more stands before its first wildcard; the order in the spec decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The service behind whose load balancer it stands; that one gets all requests that no route takes.
    #[schemars(example = &"web")]
    pub behind: String,

    /// The paths that lead here, such as `/api/*`: `*` stands for any characters, `?` for one. Without it, all paths of its hosts.
    #[serde(default)]
    #[schemars(example = ["/api/*"])]
    pub paths: Vec<String>,

    /// The host names that lead here, such as `api.example.com` or `*.example.com`. Without it, all of them.
    #[serde(default)]
    #[schemars(example = ["api.example.com"])]
    pub hosts: Vec<String>,

    /// The addresses that get through, such as `203.0.113.0/24`; all others are answered with 403. Without it, whoever reaches the load balancer.
    #[serde(default)]
    #[schemars(schema_with = "cidrs_schema")]
    pub allow: Vec<Ipv4Net>,
}

impl Route {
    /// Each host with each path that leads here; none stands for any.
    pub fn requests(&self) -> impl Iterator<Item = (Option<&str>, Option<&str>)> {
        let hosts = each(&self.hosts);
        hosts.into_iter().flat_map(|host| each(&self.paths).into_iter().map(move |path| (host, path)))
    }
}

fn each(list: &[String]) -> Vec<Option<&str>> {
    if list.is_empty() { vec![None] } else { list.iter().map(|one| Some(one.as_str())).collect() }
}

/// Ranges of addresses.
pub(super) fn cidrs_schema(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": cidr_schema(generator) })
}
