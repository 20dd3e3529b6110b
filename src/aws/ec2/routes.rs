//! The routes of a route table: read as a set, and one set made into another.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Route as AwsRoute, RouteOrigin, RouteState};

use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::route_table::{Route, Target};
use super::{deleted, once_visible};

/// A route that people made; none for those that are AWS's own.
pub(super) fn read(route: &AwsRoute) -> Option<Route> {
    let id = target(route)?;
    let made = route.origin().is_none_or(|origin| *origin == RouteOrigin::CreateRoute);
    // A gateway endpoint writes its routes itself, and calls them made.
    let of_endpoint = route.destination_prefix_list_id().is_some() && id.starts_with("vpce-");
    if !made || of_endpoint || id == "local" {
        return None;
    }
    let destination = route
        .destination_cidr_block()
        .or(route.destination_ipv6_cidr_block())
        .or(route.destination_prefix_list_id())
        .unwrap_or_default();
    let target = if route.state() == Some(&RouteState::Blackhole) {
        // What it leads to is gone: packets are dropped, whatever the id says.
        Target::Other(format!("blackhole {id}"))
    } else if id.starts_with("igw-") {
        Target::InternetGateway(id.to_owned())
    } else if id.starts_with("nat-") {
        Target::NatGateway(id.to_owned())
    } else {
        Target::Other(id.to_owned())
    };
    Some(Route { destination: destination.to_owned(), target })
}

/// The id of what a route leads to. A route to an instance names its network interface too, which is what counts.
fn target(route: &AwsRoute) -> Option<&str> {
    let ids = [
        route.nat_gateway_id(),
        route.gateway_id(),
        route.transit_gateway_id(),
        route.vpc_peering_connection_id(),
        route.network_interface_id(),
        route.instance_id(),
        route.egress_only_internet_gateway_id(),
        route.local_gateway_id(),
        route.carrier_gateway_id(),
        route.core_network_arn(),
        route.odb_network_arn(),
    ];
    ids.into_iter().flatten().next()
}

/// Makes `now` into `want`. A route whose target changes is replaced in one call, so that there is no moment without it.
pub(super) async fn change(aws: &Aws, table: &str, now: &BTreeSet<Route>, want: &BTreeSet<Route>) -> Result<(), AwsError> {
    let by_destination = |routes: &BTreeSet<Route>| -> BTreeMap<String, Target> {
        routes.iter().map(|route| (route.destination.clone(), route.target.clone())).collect()
    };
    let (now, want) = (by_destination(now), by_destination(want));
    for (destination, target) in want.iter().filter(|(destination, target)| now.get(*destination) != Some(target)) {
        set(aws, table, destination, target, now.contains_key(destination)).await?;
    }
    for destination in now.keys().filter(|destination| !want.contains_key(*destination)) {
        remove(aws, table, destination).await?;
    }
    Ok(())
}

/// Fills in the destination and the target of the two calls, whose builders have the same methods and no trait in common.
macro_rules! route {
    ($call:expr, $table:expr, $destination:expr, $target:expr) => {{
        let call = $call.route_table_id($table);
        let call = match Destination::of($destination) {
            Destination::Ipv4 => call.destination_cidr_block($destination),
            Destination::Ipv6 => call.destination_ipv6_cidr_block($destination),
            Destination::PrefixList => call.destination_prefix_list_id($destination),
        };
        match $target {
            Target::InternetGateway(id) => call.gateway_id(id),
            Target::NatGateway(id) => call.nat_gateway_id(id),
            Target::Other(id) => return Err(AwsError::unexpected("ec2:CreateRoute", format!("infra makes no route to {id}"))),
        }
    }};
}

async fn set(aws: &Aws, table: &str, destination: &str, target: &Target, exists: bool) -> Result<(), AwsError> {
    if !exists {
        let made = once_visible(|| async {
            route!(aws.ec2.create_route(), table, destination, target).send().await.call("ec2:CreateRoute")
        });
        match made.await {
            Err(error) if error.is(&["RouteAlreadyExists"]) => {}
            answer => return answer.map(drop),
        }
    }
    let replaced = once_visible(|| async {
        route!(aws.ec2.replace_route(), table, destination, target).send().await.call("ec2:ReplaceRoute")
    });
    replaced.await.map(drop)
}

async fn remove(aws: &Aws, table: &str, destination: &str) -> Result<(), AwsError> {
    let call = aws.ec2.delete_route().route_table_id(table);
    let call = match Destination::of(destination) {
        Destination::Ipv4 => call.destination_cidr_block(destination),
        Destination::Ipv6 => call.destination_ipv6_cidr_block(destination),
        Destination::PrefixList => call.destination_prefix_list_id(destination),
    };
    deleted(call.send().await.call("ec2:DeleteRoute"))
}

enum Destination {
    Ipv4,
    Ipv6,
    PrefixList,
}

impl Destination {
    fn of(text: &str) -> Self {
        if text.starts_with("pl-") {
            Self::PrefixList
        } else if text.contains(':') {
            Self::Ipv6
        } else {
            Self::Ipv4
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_awss_own_is_left_out() {
        let local = AwsRoute::builder().destination_cidr_block("10.0.0.0/16").gateway_id("local");
        assert_eq!(read(&local.origin(RouteOrigin::CreateRouteTable).build()), None);
        let endpoint = AwsRoute::builder().destination_prefix_list_id("pl-1").gateway_id("vpce-1");
        assert_eq!(read(&endpoint.origin(RouteOrigin::CreateRoute).build()), None);
        let propagated = AwsRoute::builder().destination_cidr_block("10.9.0.0/16").gateway_id("vgw-1");
        assert_eq!(read(&propagated.origin(RouteOrigin::EnableVgwRoutePropagation).build()), None);
    }

    #[test]
    fn a_route_to_what_is_gone_is_not_the_route_that_was_made() {
        let out =
            || AwsRoute::builder().destination_cidr_block("0.0.0.0/0").nat_gateway_id("nat-1").origin(RouteOrigin::CreateRoute);
        let route = |target| Some(Route { destination: "0.0.0.0/0".into(), target });
        assert_eq!(read(&out().state(RouteState::Active).build()), route(Target::NatGateway("nat-1".into())));
        assert_eq!(read(&out().state(RouteState::Blackhole).build()), route(Target::Other("blackhole nat-1".into())));
    }

    #[test]
    fn what_people_put_there_shows() {
        let peering = AwsRoute::builder().destination_ipv6_cidr_block("fd00::/8").vpc_peering_connection_id("pcx-1").build();
        let target = Target::Other("pcx-1".into());
        assert_eq!(read(&peering), Some(Route { destination: "fd00::/8".into(), target }));
    }
}
