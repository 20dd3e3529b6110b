//! Route tables, with their routes and associations as sets: neither can carry tags.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{ResourceType, RouteTable as AwsTable, RouteTableAssociation, RouteTableAssociationStateCode};
use serde::{Deserialize, Serialize};

use super::super::access::{Access, makes, ours, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::each;
use super::routes;
use super::{delete, deleted, filter, from_aws, once_visible, owned, seen, tagged};
use crate::graph::{Actual, Outputs, Phase, Scope, State, Tags};
use crate::plan::Output;
use crate::plan::rule::{replace, update};
use crate::resource;

resource! {
    /// Where packets of some subnets go.
    RouteTable<P> = "ec2.route_table" {
        /// Its network.
        vpc: P::Text => replace(),
        /// Its routes; the local one, those of gateway endpoints and propagated ones are AWS's own and left out.
        routes: BTreeSet<Route<P>> => update().headline(),
        /// The subnets it is for.
        subnets: BTreeSet<P::Text> => update(),
    }
    outputs: [Output::held("id")],
    hourly: false,
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub struct Route<P: Phase = Actual> {
    /// A CIDR block, IPv4 or IPv6, or the id of a prefix list.
    pub destination: String,
    /// Where to.
    pub target: Target<P>,
}

/// What a route leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", rename_all = "snake_case")]
pub enum Target<P: Phase = Actual> {
    /// An internet gateway.
    InternetGateway(P::Text),
    /// A NAT gateway.
    NatGateway(P::Text),
    /// What somebody else put there: the id of a peering, a transit gateway, an interface, …. `infra` makes none.
    Other(String),
}

impl Resource for RouteTable {
    const ACCESS: Access = Access {
        read: &[reads(&["ec2:DescribeRouteTables"])],
        write: &[
            makes(&["ec2:CreateRouteTable"]),
            ours(&[
                "ec2:CreateRouteTable",
                "ec2:CreateRoute",
                "ec2:ReplaceRoute",
                "ec2:DeleteRoute",
                "ec2:AssociateRouteTable",
                "ec2:ReplaceRouteTableAssociation",
                "ec2:DisassociateRouteTable",
            ]),
        ],
        delete: &[ours(&["ec2:DisassociateRouteTable", "ec2:DeleteRouteTable"])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let pages = aws.ec2.describe_route_tables().set_filters(Some(owned(scope))).into_paginator().items().send();
        let tables = pages.collect::<Result<Vec<_>, _>>().await.call("ec2:DescribeRouteTables")?;
        Ok(tables.iter().map(found).collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = once_visible(|| async {
            let call = aws.ec2.create_route_table().vpc_id(&want.vpc);
            call.tag_specifications(tagged(ResourceType::RouteTable, tags)).send().await.call("ec2:CreateRouteTable")
        })
        .await?;
        let id = answer.route_table().and_then(AwsTable::route_table_id).unwrap_or_default().to_owned();
        // Routes come first: no subnet is without its way out for a moment.
        routes::change(aws, &id, &BTreeSet::new(), &want.routes).await?;
        each(&want.subnets, |subnet| associate(aws, &id, subnet)).await?;
        Ok(Created { outputs: outputs([("id", Some(&id))]), id })
    }

    async fn settle(aws: &Aws, created: Created) -> Result<Outputs, AwsError> {
        seen(&created.id, || async {
            let call = aws.ec2.describe_route_tables().filters(filter("route-table-id", &created.id));
            Ok(!call.send().await.call("ec2:DescribeRouteTables")?.route_tables().is_empty())
        })
        .await?;
        Ok(created.outputs)
    }

    async fn update(aws: &Aws, live: &At<Self>, want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        routes::change(aws, &live.id, &live.attrs.routes, &want.routes).await?;
        each(want.subnets.difference(&live.attrs.subnets), |subnet| associate(aws, &live.id, subnet)).await?;
        disassociate(aws, &live.id, &(&live.attrs.subnets - &want.subnets)).await?;
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        // A successor has taken most of them over by now.
        disassociate(aws, &live.id, &live.attrs.subnets).await?;
        delete(|| async { aws.ec2.delete_route_table().route_table_id(&live.id).send().await.call("ec2:DeleteRouteTable") }).await
    }
}

fn found(table: &AwsTable) -> Found<RouteTable> {
    let id = table.route_table_id().unwrap_or_default().to_owned();
    Found {
        state: State::Ready,
        attrs: RouteTable {
            vpc: table.vpc_id().unwrap_or_default().to_owned(),
            routes: table.routes().iter().filter_map(routes::read).collect(),
            subnets: associations(table).map(|(subnet, _)| subnet.to_owned()).collect(),
        },
        outputs: outputs([("id", Some(&id))]),
        tags: from_aws(table.tags()),
        id,
    }
}

/// The subnets a table is for, with the ids of their associations.
fn associations(table: &AwsTable) -> impl Iterator<Item = (&str, &str)> {
    let stays = |association: &&RouteTableAssociation| {
        let state = association.association_state().and_then(|state| state.state());
        !matches!(
            state,
            Some(
                RouteTableAssociationStateCode::Disassociating
                    | RouteTableAssociationStateCode::Disassociated
                    | RouteTableAssociationStateCode::Failed
            )
        )
    };
    let associations = table.associations().iter().filter(stays);
    associations.filter_map(|association| Some((association.subnet_id()?, association.route_table_association_id()?)))
}

/// Gives a subnet this table. One that has another now changes over at once, without a moment in which it has none.
async fn associate(aws: &Aws, table: &str, subnet: &str) -> Result<(), AwsError> {
    let answer = once_visible(|| async {
        let call = aws.ec2.associate_route_table().route_table_id(table).subnet_id(subnet);
        call.send().await.call("ec2:AssociateRouteTable")
    });
    match answer.await {
        Err(error) if error.is(&["Resource.AlreadyAssociated"]) => {}
        answer => return answer.map(drop),
    }
    let call = aws.ec2.describe_route_tables().filters(filter("association.subnet-id", subnet));
    let answer = call.send().await.call("ec2:DescribeRouteTables")?;
    for other in answer.route_tables().iter().filter(|other| other.route_table_id() != Some(table)) {
        for (_, association) in associations(other).filter(|(of, _)| *of == subnet) {
            let call = aws.ec2.replace_route_table_association().association_id(association).route_table_id(table);
            call.send().await.call("ec2:ReplaceRouteTableAssociation")?;
        }
    }
    Ok(())
}

/// Takes this table from subnets that still have it; they fall back to the network's main table.
async fn disassociate(aws: &Aws, table: &str, subnets: &BTreeSet<String>) -> Result<(), AwsError> {
    if subnets.is_empty() {
        return Ok(());
    }
    let call = aws.ec2.describe_route_tables().filters(filter("route-table-id", table));
    let answer = call.send().await.call("ec2:DescribeRouteTables")?;
    let ours = answer.route_tables().iter().flat_map(associations).filter(|(subnet, _)| subnets.contains(*subnet));
    each(ours, |(_, association)| async move {
        let call = aws.ec2.disassociate_route_table().association_id(association);
        deleted(call.send().await.call("ec2:DisassociateRouteTable"))
    })
    .await
    .map(drop)
}
