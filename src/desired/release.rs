//! Release commands: what runs once with a new image before anything else does. One is part of an environment only while the image
//! of its service is to change; what stays of it is in the logs.

use std::collections::BTreeSet;

use super::builder::Builder;
use super::network::{side_of_instances, subnets, ways_out};
use crate::aws::ec2::instance::Instance;
use crate::aws::ec2::launch_template::Container;
use crate::graph::{Address, Input, Wanted};
use crate::spec::Service;

/// Adds the release of a service on instances, where it is due.
pub(super) fn build(
    builder: &mut Builder<'_>,
    name: &str,
    service: &Service,
    template: &Address,
    security_group: &Address,
    container: Container<Wanted>,
) {
    let Some(release) = service.release.as_ref().filter(|_| is_due(builder, name)) else { return };
    let side = side_of_instances(builder);
    let instance = Instance::<Wanted> {
        launch_template: Input::output(template, "id"),
        launch_template_version: Input::output(template, "version"),
        subnets: subnets(builder, side),
        security_groups: BTreeSet::from([Input::output(security_group, "id")]),
        public_address: side == "public",
        container: Container { command: release.command.clone(), port: None, alone_as: String::new(), ..container },
        timeout_seconds: release.timeout.as_secs().try_into().unwrap_or(u32::MAX),
    };
    builder.add::<Instance>(address(name), &instance);
    builder.last().after = ways_out(builder, side);
}

/// The releases that a service must not be deployed before: those with the image that it is to run, its own among them.
pub(super) fn before(builder: &Builder<'_>, name: &str) -> Vec<Address> {
    let image = builder.image(name);
    let services = builder.environment.service.iter();
    let due = services.filter(|(other, service)| {
        service.release.is_some() && image.is_some() && builder.image(other) == image && is_due(builder, other)
    });
    due.map(|(other, _)| address(other)).collect()
}

/// Whether the image that a service is to run is another than its instances run, as far as that is known: once too often does no harm.
fn is_due(builder: &Builder<'_>, name: &str) -> bool {
    let running = builder.facts.running.get(name).filter(|running| running.rolled_out);
    !builder.facts.goes_back
        && builder.image(name).is_some_and(|image| running.and_then(|running| running.image.as_ref()) != Some(&image))
}

fn address(name: &str) -> Address {
    Address::of(&["service", name, "release"])
}
