//! VPC connectors: how an App Runner service reaches a private network.
//!
//! Nothing of one can be changed, and AWS makes no second one under a name in use ("At this time, App Runner supports only one
//! revision per name"), so a replacement has another name.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_apprunner::types::{VpcConnector as AwsConnector, VpcConnectorStatus};

use super::super::access::{Access, linked_role, named, reads};
use super::super::client::Aws;
use super::super::ec2::network_interfaces;
use super::super::error::{AwsError, Call, IfThere};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::each;
use super::to_aws;
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::Output;
use crate::plan::rule::{name, replace};
use crate::resource;

/// How long App Runner may take to let go of its network interfaces: they are shared ones of AWS's network, which it gives back by
/// and by, as those of Lambda.
const RELEASE: Duration = Duration::from_mins(45);

resource! {
    /// Lets an App Runner service reach a private network.
    VpcConnector<P> = "apprunner.vpc_connector" {
        /// Unique in the account and region; 4 to 40 characters.
        name: String => name(),
        /// Its subnets.
        subnets: BTreeSet<P::Text> => replace(),
        /// Its security groups.
        security_groups: BTreeSet<P::Text> => replace(),
    }
    outputs: [Output::held("arn")],
    hourly: false,
}

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
pub(super) const ARN: &str = "apprunner:{here}:*/{prefix}*";

impl Resource for VpcConnector {
    const ACCESS: Access = Access {
        read: &[reads(&["apprunner:ListVpcConnectors"]), named(&["apprunner:ListTagsForResource"], &[ARN])],
        write: &[
            named(&["apprunner:CreateVpcConnector", "apprunner:TagResource"], &[ARN]),
            linked_role("networking.apprunner.amazonaws.com"),
        ],
        delete: &[named(&["apprunner:DeleteVpcConnector"], &[ARN]), reads(&["ec2:DescribeNetworkInterfaces"])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let prefix = scope.prefix();
        let connectors = active(aws).await?.into_iter();
        let ours = connectors.filter(|connector| connector.vpc_connector_name().is_some_and(|name| name.starts_with(&prefix)));
        let found = each(ours, |connector| async move {
            let tags = super::tags(aws, connector.vpc_connector_arn().unwrap_or_default()).await?;
            Ok(tags.map(|tags| found(&connector, tags)))
        });
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = aws
            .apprunner
            .create_vpc_connector()
            .vpc_connector_name(&want.name)
            .set_subnets(Some(want.subnets.iter().cloned().collect()))
            .set_security_groups(Some(want.security_groups.iter().cloned().collect()))
            .set_tags(Some(to_aws(tags)))
            .customize()
            .config_override(super::not_repeated())
            .send()
            .await
            .call("apprunner:CreateVpcConnector")?;
        let arn = answer.vpc_connector().and_then(AwsConnector::vpc_connector_arn);
        let arn = arn.ok_or_else(|| AwsError::unexpected("apprunner:CreateVpcConnector", "no ARN"))?;
        Ok(Created { id: arn.to_owned(), outputs: outputs([("arn", Some(arn))]) })
    }

    async fn update(_aws: &Aws, _live: &At<Self>, _want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        Ok(Outputs::new()) // nothing of it is updated in place
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        let answer = aws.apprunner.delete_vpc_connector().vpc_connector_arn(&live.id).send().await;
        answer.call("apprunner:DeleteVpcConnector").if_there().map(drop)
    }

    /// Its network interfaces outlive it for a while, and keep subnets and security groups from going. Connectors with the same
    /// subnets and groups share them, so they are waited for only where no such connector is left.
    async fn gone(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        let shares = |connector: &AwsConnector| {
            let groups = connector.security_groups().iter().any(|group| live.attrs.security_groups.contains(group));
            groups && connector.subnets().iter().any(|subnet| live.attrs.subnets.contains(subnet))
        };
        if active(aws).await?.iter().any(shares) {
            return Ok(());
        }
        let filters = [
            ("tag-key", vec!["AWSAppRunnerManaged".to_owned()]),
            ("subnet-id", live.attrs.subnets.iter().cloned().collect()),
            ("group-id", live.attrs.security_groups.iter().cloned().collect()),
        ];
        network_interfaces::released(aws, &filters, RELEASE).await
    }
}

/// All connectors of the account; AWS goes on listing deleted ones for some time.
async fn active(aws: &Aws) -> Result<Vec<AwsConnector>, AwsError> {
    let mut pages = aws.apprunner.list_vpc_connectors().into_paginator().send();
    let mut connectors = Vec::new();
    while let Some(page) = pages.next().await {
        connectors.extend(page.call("apprunner:ListVpcConnectors")?.vpc_connectors);
    }
    connectors.retain(|connector| connector.status() != Some(&VpcConnectorStatus::Inactive));
    Ok(connectors)
}

fn found(connector: &AwsConnector, tags: Tags) -> Found<VpcConnector> {
    let arn = connector.vpc_connector_arn().unwrap_or_default();
    Found {
        id: arn.to_owned(),
        state: State::Ready,
        attrs: VpcConnector {
            name: connector.vpc_connector_name().unwrap_or_default().to_owned(),
            subnets: connector.subnets().iter().cloned().collect(),
            security_groups: connector.security_groups().iter().cloned().collect(),
        },
        outputs: outputs([("arn", Some(arn))]),
        tags,
    }
}
