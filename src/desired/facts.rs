//! What a spec leaves to AWS: which zones there are, which machine image is current, which image of a service runs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::graph::{Address, Attrs, Blocked, Live};
use crate::spec::layout::MOST_ZONES;
use crate::values::architecture::Architecture;
use crate::values::image_digest::ImageDigest;

/// What was looked up in AWS for building the desired graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The availability zones to use, as many as the spec asks for, in order.
    pub zones: Vec<String>,
    /// The current machine image of Amazon Linux 2023.
    pub machine_images: BTreeMap<Architecture, String>,
    /// What runs, by service.
    pub running: BTreeMap<String, Running>,
    /// The images that services are to run in place of what runs: `<registry>/<repository>@sha256:…`, in the environment's own
    /// repositories.
    pub images: BTreeMap<String, String>,
    /// Those of them that are not in the environment's repositories yet.
    pub copies: Vec<Copy>,
    /// Why a service may not get the image it is to run.
    pub refused: BTreeMap<String, Blocked>,
    /// The images go back to what ran before: what came with the newer ones, such as migrations, is not run backwards.
    pub goes_back: bool,
}

/// An image that is to be brought into a repository of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The repository, by its name in the spec.
    pub repository: String,
    /// The image.
    pub digest: ImageDigest,
    /// Where it is, as a whole reference by digest.
    pub source: String,
}

/// What runs of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// Its image by digest.
    pub image: Option<String>,
    /// The machine image of its instances, and their type.
    pub machine: Option<(String, String)>,
    /// Whether its instances have come to run that image. Not so before there are any, nor from a new version of their launch template
    /// to the end of the refresh that brings it, which a failure in between puts off.
    pub rolled_out: bool,
    /// The launch template and the version of it that instances start from, where that is not the newest: what a deployment left that
    /// was cut short.
    pub starts_from: Option<(String, String)>,
}

impl Running {
    /// Reads off the live resources what each service runs: neither its image nor its machine image is a reason to change it.
    pub fn read(live: &[Live]) -> BTreeMap<String, Self> {
        let mut running: BTreeMap<String, Self> = BTreeMap::new();
        let attr = |resource: &Live, name: &str| resource.attrs.get(name).and_then(text).map(str::to_owned);
        for resource in live {
            let Some(service) = resource.address().and_then(Address::service) else { continue };
            let image = || Self::image(resource.kind, &resource.attrs).map(str::to_owned);
            match resource.kind {
                "ec2.launch_template" => {
                    let entry = running.entry(service.into()).or_default();
                    entry.image = image();
                    entry.machine = attr(resource, "image_id").zip(attr(resource, "instance_type"));
                }
                "apprunner.service" => running.entry(service.into()).or_default().image = image(),
                _ => {}
            }
        }
        for group in live.iter().filter(|live| live.kind == "autoscaling.group") {
            let its = attr(group, "launch_template").zip(attr(group, "launch_template_version"));
            let service = group.address().and_then(Address::service).and_then(|service| running.get_mut(service));
            let Some((running, (template, version))) = service.zip(its) else { continue };
            let newest = live.iter().find(|live| live.id == template).and_then(|live| live.outputs.get("version"));
            running.rolled_out = newest == Some(&version);
            running.starts_from = Some((template, version)).filter(|_| newest.is_some() && !running.rolled_out);
        }
        running
    }

    /// Whether a resource of this kind is what runs a service.
    pub fn runs(kind: &str) -> bool {
        matches!(kind, "autoscaling.group" | "apprunner.service")
    }

    /// The image that a resource of this kind has its service run.
    pub fn image<'a>(kind: &str, attrs: &'a Attrs) -> Option<&'a str> {
        match kind {
            "ec2.launch_template" => attrs.get("container").and_then(|container| text(&container["image"])),
            "apprunner.service" => attrs.get("image").and_then(text),
            _ => None,
        }
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// The zones to use: those in use stay, then the first by name. Zones that have no slot in a network are passed over, as local
/// and wavelength zones are, whose names do not end in a letter after the region.
pub fn choose_zones(wanted: u8, available: &[String], live: &[Live]) -> Vec<String> {
    let in_use: BTreeSet<&str> = live
        .iter()
        .filter(|resource| resource.kind == "ec2.subnet" && resource.address().is_some())
        .filter_map(|subnet| subnet.attrs.get("zone")?.as_str())
        .collect();
    let mut zones: Vec<&String> = available.iter().filter(|zone| slot(zone).is_some()).collect();
    zones.sort_by_key(|zone| (!in_use.contains(zone.as_str()), zone.as_str()));
    zones.truncate(wanted.into());
    zones.sort();
    zones.into_iter().cloned().collect()
}

/// The slot of a zone in every network: by its letter, so that adding a zone moves none.
pub(super) fn slot(zone: &str) -> Option<u8> {
    let letter = zone.bytes().last()?;
    let slot = letter.checked_sub(b'a')?;
    (slot < MOST_ZONES).then_some(slot)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn zones_in_use_stay_when_a_nearer_one_opens() {
        let live = Live {
            kind: "ec2.subnet",
            id: "subnet-1".into(),
            owner: crate::graph::Owner::Ours { address: "network.subnet.private-c".parse().unwrap(), declared: None },
            state: crate::graph::State::Ready,
            attrs: [("zone".to_owned(), Value::from("us-west-1c"))].into(),
            outputs: BTreeMap::new(),
            tags: BTreeMap::new(),
            neighbours: Vec::new(),
        };
        let available = zones(&["us-west-1c", "us-west-1a", "us-west-1b"]);
        assert_eq!(choose_zones(2, &available, &[]), zones(&["us-west-1a", "us-west-1b"]));
        assert_eq!(choose_zones(2, &available, &[live]), zones(&["us-west-1a", "us-west-1c"]));
    }
}
