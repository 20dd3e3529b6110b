//! Internet gateways, attachment included.

use std::time::Duration;

use aws_sdk_ec2::types::{AttachmentStatus, InternetGateway as AwsGateway, ResourceType};
use serde_json::Value;

use super::super::access::{Access, makes, ours, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::wait;
use super::{delete, filter, from_aws, not_repeated, once_visible, owned, seen, tagged};
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::rule::judge;
use crate::plan::{Output, Rule, Schema};
use crate::resource;

resource! {
    /// The way between a network and the internet.
    InternetGateway<P> = "ec2.internet_gateway" {
        /// The VPC it is attached to; empty after a run cut between making and attaching it.
        vpc: P::Text => judge(attach),
    }
    outputs: [Output::held("id")],
    hourly: false,
    // EC2 refuses to detach one while anything in the network has a public address mapped through it.
    Schema::ORDINARY.yields_to(&["ec2.nat_gateway", "ec2.elastic_ip", "elbv2.load_balancer", "autoscaling.group"])
}

/// Moving an attached one would cut off what is still in its network.
fn attach(live: &Value, _want: &Value) -> Rule {
    if live == "" { Rule::Update } else { Rule::Replace }
}

impl Resource for InternetGateway {
    const ACCESS: Access = Access {
        read: &[reads(&["ec2:DescribeInternetGateways"])],
        write: &[makes(&["ec2:CreateInternetGateway"]), ours(&["ec2:AttachInternetGateway"])],
        delete: &[ours(&["ec2:DetachInternetGateway", "ec2:DeleteInternetGateway"])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let pages = aws.ec2.describe_internet_gateways().set_filters(Some(owned(scope))).into_paginator().items().send();
        let gateways = pages.collect::<Result<Vec<_>, _>>().await.call("ec2:DescribeInternetGateways")?;
        Ok(gateways.iter().map(found).collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = aws
            .ec2
            .create_internet_gateway()
            .tag_specifications(tagged(ResourceType::InternetGateway, tags))
            .customize()
            .config_override(not_repeated())
            .send()
            .await
            .call("ec2:CreateInternetGateway")?;
        let id = answer.internet_gateway().and_then(AwsGateway::internet_gateway_id).unwrap_or_default().to_owned();
        attach_to(aws, &id, &want.vpc).await?;
        Ok(Created { outputs: outputs([("id", Some(&id))]), id })
    }

    async fn settle(aws: &Aws, created: Created) -> Result<Outputs, AwsError> {
        seen(&created.id, || async {
            let call = aws.ec2.describe_internet_gateways().filters(filter("internet-gateway-id", &created.id));
            Ok(!call.send().await.call("ec2:DescribeInternetGateways")?.internet_gateways().is_empty())
        })
        .await?;
        Ok(created.outputs)
    }

    async fn update(aws: &Aws, live: &At<Self>, want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        attach_to(aws, &live.id, &want.vpc).await?;
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        if !live.attrs.vpc.is_empty() {
            detach(aws, &live.id, &live.attrs.vpc).await?;
        }
        delete(|| async {
            let call = aws.ec2.delete_internet_gateway().internet_gateway_id(&live.id);
            call.send().await.call("ec2:DeleteInternetGateway")
        })
        .await
    }
}

fn found(gateway: &AwsGateway) -> Found<InternetGateway> {
    let id = gateway.internet_gateway_id().unwrap_or_default().to_owned();
    let leaves = [AttachmentStatus::Detaching, AttachmentStatus::Detached];
    let attachment = gateway.attachments().iter().find(|one| !one.state().is_some_and(|state| leaves.contains(state)));
    Found {
        state: State::Ready,
        attrs: InternetGateway { vpc: attachment.and_then(|one| one.vpc_id()).unwrap_or_default().to_owned() },
        outputs: outputs([("id", Some(&id))]),
        tags: from_aws(gateway.tags()),
        id,
    }
}

async fn attach_to(aws: &Aws, id: &str, vpc: &str) -> Result<(), AwsError> {
    once_visible(|| async {
        let call = aws.ec2.attach_internet_gateway().internet_gateway_id(id).vpc_id(vpc);
        call.send().await.call("ec2:AttachInternetGateway")
    })
    .await
    .map(drop)
}

/// EC2 lets go only once no public address in the network is in use any more; those of a deleted load balancer go after it.
async fn detach(aws: &Aws, id: &str, vpc: &str) -> Result<(), AwsError> {
    let detached = wait::despite(&["DependencyViolation"], Duration::from_mins(10), || async {
        let call = aws.ec2.detach_internet_gateway().internet_gateway_id(id).vpc_id(vpc);
        call.send().await.call("ec2:DetachInternetGateway")
    });
    match detached.await {
        Err(error) if !error.is_not_found() && !error.is(&["Gateway.NotAttached"]) => Err(error),
        _ => Ok(()),
    }
}
