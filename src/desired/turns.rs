//! Services of one repository run one program, as a web server and its worker do: a new image comes to them one after the other, in
//! the order of the spec, and where it fails for one, the next keeps the old.

use std::collections::BTreeMap;

use super::builder::Builder;
use crate::graph::Address;
use crate::spec::Runtime;

/// Has what runs each service wait for what runs the one before. Only where the images of both move: another change of one is no
/// matter of the other, and services that do not run yet may start side by side.
pub(super) fn take(builder: &mut Builder<'_>) {
    let environment = builder.environment;
    let mut last: BTreeMap<&str, Address> = BTreeMap::new();
    for (name, service) in environment.service.iter() {
        if !moves(builder, name) {
            continue;
        }
        let part = match service.runtime {
            Runtime::Asg { .. } => "group",
            Runtime::AppRunner { .. } => "service",
        };
        let address = Address::of(&["service", name, part]);
        let before = last.insert(&service.repository, address.clone());
        if let (Some(before), Some(next)) = (before, builder.at(&address)) {
            next.after.push(before);
        }
    }
}

/// Whether a service that runs is to run another image.
fn moves(builder: &Builder<'_>, service: &str) -> bool {
    let runs = builder.facts.running.get(service).and_then(|running| running.image.clone());
    runs.is_some() && runs != builder.image(service)
}
