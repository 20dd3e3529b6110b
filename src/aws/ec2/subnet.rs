//! Subnets. Everything but public addressing is fixed at creation.

use std::time::Duration;

use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Subnet as AwsSubnet, SubnetState};
use ipnet::Ipv4Net;

use super::super::access::{Access, makes, ours, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::wait::{self, Look};
use super::{delete, filter, from_aws, once_visible, owned, tagged};
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::rule::{replace, update};
use crate::plan::{Output, turned_on};
use crate::resource;

resource! {
    /// A part of a network in one availability zone.
    Subnet<P> = "ec2.subnet" {
        /// Its network.
        vpc: P::Text => replace(),
        /// Its addresses, within those of the network.
        cidr: Ipv4Net => replace().headline(),
        /// Its availability zone.
        zone: String => replace().headline(),
        /// Whether what starts in it gets a public address.
        public_addresses: bool => update().widens(turned_on, "what starts in it gets a public address"),
    }
    outputs: [Output::held("id")],
    hourly: false,
}

impl Resource for Subnet {
    const ACCESS: Access = Access {
        read: &[reads(&["ec2:DescribeSubnets"])],
        write: &[makes(&["ec2:CreateSubnet"]), ours(&["ec2:CreateSubnet", "ec2:ModifySubnetAttribute"])],
        delete: &[ours(&["ec2:DeleteSubnet"])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let pages = aws.ec2.describe_subnets().set_filters(Some(owned(scope))).into_paginator().items().send();
        let subnets = pages.collect::<Result<Vec<_>, _>>().await.call("ec2:DescribeSubnets")?;
        subnets.iter().map(found).collect()
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = once_visible(|| async {
            let call = aws.ec2.create_subnet().vpc_id(&want.vpc).cidr_block(want.cidr.to_string()).availability_zone(&want.zone);
            call.tag_specifications(tagged(ResourceType::Subnet, tags)).send().await.call("ec2:CreateSubnet")
        })
        .await?;
        let id = answer.subnet().and_then(AwsSubnet::subnet_id).unwrap_or_default().to_owned();
        if want.public_addresses {
            once_visible(|| set_public_addresses(aws, &id, true)).await?;
        }
        Ok(Created { outputs: outputs([("id", Some(&id))]), id })
    }

    async fn settle(aws: &Aws, created: Created) -> Result<Outputs, AwsError> {
        let what = format!("subnet {}", created.id);
        wait::until(&what, Duration::from_mins(5), || async {
            // A filter, unlike an id, finds nothing without an error while the subnet is not visible yet.
            let call = aws.ec2.describe_subnets().filters(filter("subnet-id", &created.id));
            let answer = call.send().await.call("ec2:DescribeSubnets")?;
            let available = answer.subnets().iter().any(|subnet| subnet.state() == Some(&SubnetState::Available));
            Ok(if available { Look::Done(()) } else { Look::NotYet })
        })
        .await?;
        Ok(created.outputs)
    }

    async fn update(aws: &Aws, live: &At<Self>, want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        set_public_addresses(aws, &live.id, want.public_addresses).await?;
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        delete(|| async { aws.ec2.delete_subnet().subnet_id(&live.id).send().await.call("ec2:DeleteSubnet") }).await
    }
}

fn found(subnet: &AwsSubnet) -> Result<Found<Subnet>, AwsError> {
    let id = subnet.subnet_id().unwrap_or_default().to_owned();
    let cidr = subnet.cidr_block().unwrap_or_default();
    let cidr =
        cidr.parse().map_err(|_| AwsError::unexpected("ec2:DescribeSubnets", format!("{id} has the CIDR block {cidr}")))?;
    Ok(Found {
        state: match subnet.state() {
            Some(SubnetState::Available) | None => State::Ready,
            Some(state @ (SubnetState::Failed | SubnetState::FailedInsufficientCapacity)) => State::Failed(state.to_string()),
            Some(state) => State::Busy(state.to_string()),
        },
        attrs: Subnet {
            vpc: subnet.vpc_id().unwrap_or_default().to_owned(),
            cidr,
            zone: subnet.availability_zone().unwrap_or_default().to_owned(),
            public_addresses: subnet.map_public_ip_on_launch().unwrap_or(false),
        },
        outputs: outputs([("id", Some(&id))]),
        tags: from_aws(subnet.tags()),
        id,
    })
}

async fn set_public_addresses(aws: &Aws, id: &str, value: bool) -> Result<(), AwsError> {
    let value = AttributeBooleanValue::builder().value(value).build();
    let call = aws.ec2.modify_subnet_attribute().subnet_id(id).map_public_ip_on_launch(value);
    call.send().await.call("ec2:ModifySubnetAttribute").map(drop)
}
