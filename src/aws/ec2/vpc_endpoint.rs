//! Gateway endpoints: the way to S3 that needs no NAT gateway and costs nothing.

use std::collections::BTreeSet;

use std::time::Duration;

use aws_sdk_ec2::types::{ResourceType, VpcEndpoint as AwsEndpoint, VpcEndpointType};

use super::super::access::{Access, makes, ours, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::wait::{self, Look};
use super::{from_aws, not_repeated, once_visible, owned, tagged};
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::Output;
use crate::plan::rule::{replace, update};
use crate::resource;

resource! {
    /// A private way to an AWS service.
    VpcEndpoint<P> = "ec2.vpc_endpoint" {
        /// Its network.
        vpc: P::Text => replace(),
        /// The service, such as `com.amazonaws.eu-west-1.s3`.
        service: String => replace().headline(),
        /// The route tables that lead to it.
        route_tables: BTreeSet<P::Text> => update(),
    }
    outputs: [Output::held("id")],
    hourly: false,
}

/// Gateway endpoints are there within seconds.
const LIMIT: Duration = Duration::from_mins(10);

impl Resource for VpcEndpoint {
    const ACCESS: Access = Access {
        read: &[reads(&["ec2:DescribeVpcEndpoints"])],
        write: &[makes(&["ec2:CreateVpcEndpoint"]), ours(&["ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint"])],
        delete: &[ours(&["ec2:DeleteVpcEndpoints"])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let pages = aws.ec2.describe_vpc_endpoints().set_filters(Some(owned(scope))).into_paginator().items().send();
        let endpoints = pages.collect::<Result<Vec<_>, _>>().await.call("ec2:DescribeVpcEndpoints")?;
        Ok(endpoints.iter().filter(|endpoint| state(endpoint) != "deleted").map(found).collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = once_visible(|| async {
            let call = aws.ec2.create_vpc_endpoint().vpc_endpoint_type(VpcEndpointType::Gateway).vpc_id(&want.vpc);
            let call = call.service_name(&want.service).set_route_table_ids(Some(want.route_tables.iter().cloned().collect()));
            let call = call.tag_specifications(tagged(ResourceType::VpcEndpoint, tags)).customize();
            call.config_override(not_repeated()).send().await.call("ec2:CreateVpcEndpoint")
        })
        .await?;
        let id = answer.vpc_endpoint().and_then(AwsEndpoint::vpc_endpoint_id).unwrap_or_default().to_owned();
        Ok(Created { outputs: outputs([("id", Some(&id))]), id })
    }

    async fn settle(aws: &Aws, created: Created) -> Result<Outputs, AwsError> {
        ready(aws, &created.id).await?;
        Ok(created.outputs)
    }

    async fn update(aws: &Aws, live: &At<Self>, want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        let (now, wanted) = (&live.attrs.route_tables, &want.route_tables);
        let [add, remove] = [wanted - now, now - wanted].map(|set| set.into_iter().collect::<Vec<_>>());
        once_visible(|| async {
            let call = aws.ec2.modify_vpc_endpoint().vpc_endpoint_id(&live.id);
            let call = call.set_add_route_table_ids(Some(add.clone())).set_remove_route_table_ids(Some(remove.clone()));
            call.send().await.call("ec2:ModifyVpcEndpoint")
        })
        .await?;
        ready(aws, &live.id).await?;
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        let answer = aws.ec2.delete_vpc_endpoints().vpc_endpoint_ids(&live.id).send().await.call("ec2:DeleteVpcEndpoints");
        // The call succeeds whatever becomes of the single endpoints, of which there is one.
        let refused = match answer {
            Ok(answer) => answer.unsuccessful().first().and_then(|item| item.error()).map(|error| AwsError {
                operation: "ec2:DeleteVpcEndpoints".into(),
                code: error.code().unwrap_or("Unknown").to_owned(),
                message: error.message().unwrap_or_default().to_owned(),
                request_id: None,
            }),
            Err(error) => Some(error),
        };
        super::deleted(refused.map_or(Ok(()), Err))
    }

    async fn gone(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        wait::until(&format!("deletion of VPC endpoint {}", live.id), LIMIT, || async {
            let endpoint = look(aws, &live.id).await?;
            Ok(if endpoint.is_none_or(|endpoint| state(&endpoint) == "deleted") { Look::Done(()) } else { Look::NotYet })
        })
        .await
    }
}

fn found(endpoint: &AwsEndpoint) -> Found<VpcEndpoint> {
    let id = endpoint.vpc_endpoint_id().unwrap_or_default().to_owned();
    Found {
        state: match state(endpoint).as_str() {
            "available" => State::Ready,
            "deleting" => State::Deleting,
            state @ ("failed" | "rejected" | "expired") => State::Failed(reason(endpoint).unwrap_or(state).to_owned()),
            state => State::Busy(state.to_owned()),
        },
        attrs: VpcEndpoint {
            vpc: endpoint.vpc_id().unwrap_or_default().to_owned(),
            service: endpoint.service_name().unwrap_or_default().to_owned(),
            route_tables: endpoint.route_table_ids().iter().cloned().collect(),
        },
        outputs: outputs([("id", Some(&id))]),
        tags: from_aws(endpoint.tags()),
        id,
    }
}

/// EC2's model writes states with a capital letter, EC2 itself without.
fn state(endpoint: &AwsEndpoint) -> String {
    endpoint.state().map(|state| state.as_str().to_ascii_lowercase()).unwrap_or_default()
}

fn reason(endpoint: &AwsEndpoint) -> Option<&str> {
    endpoint.last_error().and_then(|error| error.message()).or(endpoint.failure_reason())
}

/// One endpoint, as far as EC2 knows it.
async fn look(aws: &Aws, id: &str) -> Result<Option<AwsEndpoint>, AwsError> {
    match aws.ec2.describe_vpc_endpoints().vpc_endpoint_ids(id).send().await.call("ec2:DescribeVpcEndpoints") {
        Ok(answer) => Ok(answer.vpc_endpoints.unwrap_or_default().pop()),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn ready(aws: &Aws, id: &str) -> Result<(), AwsError> {
    wait::until(&format!("VPC endpoint {id}"), LIMIT, || async {
        let Some(endpoint) = look(aws, id).await? else { return Ok(Look::NotYet) };
        match found(&endpoint).state {
            State::Ready => Ok(Look::Done(())),
            State::Busy(_) => Ok(Look::NotYet),
            State::Failed(reason) => Err(AwsError::unexpected("ec2:CreateVpcEndpoint", format!("{id}: {reason}"))),
            State::Deleting => Err(AwsError::unexpected("ec2:CreateVpcEndpoint", format!("{id} is being deleted"))),
        }
    })
    .await
}
