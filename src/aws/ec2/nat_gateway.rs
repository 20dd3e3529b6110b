//! NAT gateways: the way out for private subnets.

use std::time::Duration;

use aws_sdk_ec2::types::{Filter, NatGateway as AwsGateway, NatGatewayState, ResourceType};

use super::super::access::{Access, makes, ours, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::wait::{self, Look};
use super::{deleted, filter, from_aws, once_visible, owned, tagged};
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::Output;
use crate::plan::rule::replace;
use crate::resource;

resource! {
    /// Lets private subnets reach the internet and nothing reach them.
    NatGateway<P> = "ec2.nat_gateway" {
        /// The public subnet it stands in.
        subnet: P::Text => replace(),
        /// The allocation id of its address.
        elastic_ip: P::Text => replace(),
    }
    outputs: [Output::held("id").when_ready()],
    hourly: true,
}

/// AWS makes one in a minute or two, and takes as long to delete it.
const LIMIT: Duration = Duration::from_mins(15);

impl Resource for NatGateway {
    const ACCESS: Access = Access {
        read: &[reads(&["ec2:DescribeNatGateways"])],
        write: &[reads(&["ec2:DescribeAddresses"]), makes(&["ec2:CreateNatGateway"]), ours(&["ec2:CreateNatGateway"])],
        delete: &[ours(&["ec2:DeleteNatGateway"]), reads(&["ec2:DescribeNetworkInterfaces"])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let pages = aws.ec2.describe_nat_gateways().set_filter(Some(owned(scope))).into_paginator().items().send();
        let gateways = pages.collect::<Result<Vec<_>, _>>().await.call("ec2:DescribeNatGateways")?;
        // EC2 tells of deleted ones for about an hour.
        let there = gateways.iter().filter(|gateway| gateway.state() != Some(&NatGatewayState::Deleted));
        Ok(there.map(found).collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        address_is_free(aws, &want.elastic_ip).await?;
        let answer = once_visible(|| async {
            let call = aws.ec2.create_nat_gateway().subnet_id(&want.subnet).allocation_id(&want.elastic_ip);
            call.tag_specifications(tagged(ResourceType::Natgateway, tags)).send().await.call("ec2:CreateNatGateway")
        })
        .await?;
        let id = answer.nat_gateway().and_then(AwsGateway::nat_gateway_id).unwrap_or_default().to_owned();
        Ok(Created { outputs: outputs([("id", Some(&id))]), id })
    }

    async fn settle(aws: &Aws, created: Created) -> Result<Outputs, AwsError> {
        let what = format!("NAT gateway {}", created.id);
        wait::until(&what, LIMIT, || async {
            let Some(gateway) = look(aws, &created.id).await? else { return Ok(Look::NotYet) };
            match gateway.state() {
                Some(NatGatewayState::Available) => Ok(Look::Done(())),
                Some(NatGatewayState::Pending) | None => Ok(Look::NotYet),
                Some(state) => Err(AwsError {
                    operation: "ec2:CreateNatGateway".into(),
                    code: gateway.failure_code().unwrap_or(state.as_str()).to_owned(),
                    message: format!("{}: {}", created.id, gateway.failure_message().unwrap_or("it does not work")),
                    request_id: None,
                }),
            }
        })
        .await?;
        Ok(created.outputs)
    }

    /// Nothing about one can be changed.
    async fn update(_aws: &Aws, _live: &At<Self>, _want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        deleted(aws.ec2.delete_nat_gateway().nat_gateway_id(&live.id).send().await.call("ec2:DeleteNatGateway"))
    }

    /// Its address is free, and its subnet can go, once its network interface has gone too.
    async fn gone(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        wait::until(&format!("deletion of NAT gateway {}", live.id), LIMIT, || async {
            let Some(gateway) = look(aws, &live.id).await? else { return Ok(Look::Done(())) };
            let over = gateway.state() == Some(&NatGatewayState::Deleted) && interfaces(aws, &gateway).await? == 0;
            Ok(if over { Look::Done(()) } else { Look::NotYet })
        })
        .await
    }
}

fn found(gateway: &AwsGateway) -> Found<NatGateway> {
    let id = gateway.nat_gateway_id().unwrap_or_default().to_owned();
    let addresses = gateway.nat_gateway_addresses();
    let primary = addresses.iter().find(|address| address.is_primary() == Some(true)).or(addresses.first());
    Found {
        state: match gateway.state() {
            Some(NatGatewayState::Available) | None => State::Ready,
            Some(NatGatewayState::Deleting | NatGatewayState::Deleted) => State::Deleting,
            Some(NatGatewayState::Failed) => State::Failed(gateway.failure_message().unwrap_or("failed").to_owned()),
            Some(state) => State::Busy(state.to_string()),
        },
        attrs: NatGateway {
            subnet: gateway.subnet_id().unwrap_or_default().to_owned(),
            elastic_ip: primary.and_then(|address| address.allocation_id()).unwrap_or_default().to_owned(),
        },
        outputs: outputs([("id", Some(&id))]),
        tags: from_aws(gateway.tags()),
        id,
    }
}

/// Waits until nothing has an address any more: a gateway made with one that is in use fails, and a predecessor that somebody
/// deleted holds on to it for a minute or two.
async fn address_is_free(aws: &Aws, allocation: &str) -> Result<(), AwsError> {
    wait::until(&format!("elastic IP {allocation} to be free"), LIMIT, || async {
        let call = aws.ec2.describe_addresses().filters(filter("allocation-id", allocation));
        let answer = call.send().await.call("ec2:DescribeAddresses")?;
        let in_use = answer.addresses().iter().any(|address| address.association_id().is_some());
        Ok(if in_use { Look::NotYet } else { Look::Done(()) })
    })
    .await
}

/// One gateway, as far as EC2 knows it.
async fn look(aws: &Aws, id: &str) -> Result<Option<AwsGateway>, AwsError> {
    match aws.ec2.describe_nat_gateways().nat_gateway_ids(id).send().await.call("ec2:DescribeNatGateways") {
        Ok(answer) => Ok(answer.nat_gateways.unwrap_or_default().pop()),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// How many network interfaces of a gateway are still there.
async fn interfaces(aws: &Aws, gateway: &AwsGateway) -> Result<usize, AwsError> {
    let ids: Vec<String> =
        gateway.nat_gateway_addresses().iter().filter_map(|address| address.network_interface_id().map(str::to_owned)).collect();
    if ids.is_empty() {
        return Ok(0);
    }
    let these = Filter::builder().name("network-interface-id").set_values(Some(ids)).build();
    let answer = aws.ec2.describe_network_interfaces().filters(these).send().await.call("ec2:DescribeNetworkInterfaces")?;
    Ok(answer.network_interfaces().len())
}
