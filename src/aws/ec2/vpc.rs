//! VPCs.

use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Vpc as AwsVpc, VpcAttributeName};
use ipnet::Ipv4Net;

use super::super::access::{Access, makes, ours, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::{both, each};
use super::super::shared::shared;
use super::{delete, filter, from_aws, not_repeated, once_visible, owned, seen, tagged};
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::Output;
use crate::plan::rule::{replace, update};
use crate::resource;

resource! {
    /// The private network of an environment.
    Vpc = "ec2.vpc" {
        /// Its addresses.
        cidr: Ipv4Net => replace().headline(),
        /// Whether Amazon's resolver answers inside it.
        dns_support: bool => update(),
        /// Whether instances with public addresses get public names.
        dns_hostnames: bool => update(),
    }
    outputs: [Output::held("id")],
    hourly: false,
}

impl Resource for Vpc {
    const ACCESS: Access = Access {
        read: &[reads(&["ec2:DescribeVpcs", "ec2:DescribeVpcAttribute"])],
        write: &[makes(&["ec2:CreateVpc"]), ours(&["ec2:ModifyVpcAttribute"])],
        delete: &[ours(&["ec2:DeleteVpc"])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        each(vpcs(aws, scope).await?, |vpc| async move {
            let id = vpc.vpc_id().unwrap_or_default();
            let (dns_support, dns_hostnames) = both(
                attribute(aws, id, VpcAttributeName::EnableDnsSupport),
                attribute(aws, id, VpcAttributeName::EnableDnsHostnames),
            )
            .await?;
            found(&vpc, dns_support, dns_hostnames)
        })
        .await
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = aws
            .ec2
            .create_vpc()
            .cidr_block(want.cidr.to_string())
            .tag_specifications(tagged(ResourceType::Vpc, tags))
            .customize()
            .config_override(not_repeated())
            .send()
            .await
            .call("ec2:CreateVpc")?;
        let id = answer.vpc().and_then(AwsVpc::vpc_id).unwrap_or_default().to_owned();
        // As EC2 makes every network: "VPC attributes" in the VPC user guide.
        let new = Self { cidr: want.cidr, dns_support: true, dns_hostnames: false };
        once_visible(|| set_dns(aws, &id, &new, want)).await?;
        Ok(Created { outputs: outputs([("id", Some(&id))]), id })
    }

    async fn settle(aws: &Aws, created: Created) -> Result<Outputs, AwsError> {
        seen(&created.id, || async {
            let call = aws.ec2.describe_vpcs().filters(filter("vpc-id", &created.id));
            Ok(!call.send().await.call("ec2:DescribeVpcs")?.vpcs().is_empty())
        })
        .await?;
        Ok(created.outputs)
    }

    async fn update(aws: &Aws, live: &At<Self>, want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        set_dns(aws, &live.id, &live.attrs, want).await?;
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        delete(|| async { aws.ec2.delete_vpc().vpc_id(&live.id).send().await.call("ec2:DeleteVpc") }).await
    }
}

async fn vpcs(aws: &Aws, scope: &Scope) -> Result<Vec<AwsVpc>, AwsError> {
    let question = async {
        let pages = aws.ec2.describe_vpcs().set_filters(Some(owned(scope))).into_paginator().items().send();
        pages.collect::<Result<Vec<_>, _>>().await.call("ec2:DescribeVpcs")
    };
    shared(aws, |shared| &shared.networks, question).await
}

/// The ids of an environment's networks.
pub(in crate::aws) async fn ids(aws: &Aws, scope: &Scope) -> Result<Vec<String>, AwsError> {
    Ok(vpcs(aws, scope).await?.into_iter().filter_map(|vpc| vpc.vpc_id).collect())
}

fn found(vpc: &AwsVpc, dns_support: bool, dns_hostnames: bool) -> Result<Found<Vpc>, AwsError> {
    let id = vpc.vpc_id().unwrap_or_default().to_owned();
    let cidr = vpc.cidr_block().unwrap_or_default();
    let cidr = cidr.parse().map_err(|_| AwsError::unexpected("ec2:DescribeVpcs", format!("{id} has the CIDR block {cidr}")))?;
    Ok(Found {
        state: State::Ready,
        attrs: Vpc { cidr, dns_support, dns_hostnames },
        outputs: outputs([("id", Some(&id))]),
        tags: from_aws(vpc.tags()),
        id,
    })
}

async fn attribute(aws: &Aws, id: &str, name: VpcAttributeName) -> Result<bool, AwsError> {
    let support = name == VpcAttributeName::EnableDnsSupport;
    let describe = aws.ec2.describe_vpc_attribute().vpc_id(id).attribute(name);
    let describe = || async { describe.clone().send().await.call("ec2:DescribeVpcAttribute") };
    let answer = once_visible(describe).await?;
    let value = if support { answer.enable_dns_support() } else { answer.enable_dns_hostnames() };
    Ok(value.and_then(AttributeBooleanValue::value).unwrap_or(false))
}

/// One attribute a call is all that `ModifyVpcAttribute` takes; host names need the resolver, so it comes first, and what is as it
/// should be takes no call.
async fn set_dns(aws: &Aws, id: &str, now: &Vpc, want: &Vpc) -> Result<(), AwsError> {
    let value = |value| AttributeBooleanValue::builder().value(value).build();
    let modify = || aws.ec2.modify_vpc_attribute().vpc_id(id);
    if now.dns_support != want.dns_support {
        modify().enable_dns_support(value(want.dns_support)).send().await.call("ec2:ModifyVpcAttribute")?;
    }
    if now.dns_hostnames != want.dns_hostnames {
        modify().enable_dns_hostnames(value(want.dns_hostnames)).send().await.call("ec2:ModifyVpcAttribute")?;
    }
    Ok(())
}
