//! Elastic IP addresses.

use aws_sdk_ec2::types::{Address, DomainType, ResourceType};
use serde_json::Value;

use super::super::access::{Access, makes, ours, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::{delete, filter, from_aws, not_repeated, owned, seen, tagged};
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::rule::judge;
use crate::plan::{Output, Rule};
use crate::resource;

resource! {
    /// A public address that stays the same.
    ElasticIp<P> = "ec2.elastic_ip" {
        /// The VPC it is meant for. EC2 does not know it; the tag `infra:vpc` does. An address in use by a NAT gateway cannot be
        /// given to that gateway's successor, so both are replaced when the network is.
        vpc: P::Text => judge(keep),
    }
    outputs: [Output::held("id"), Output::plain("address")],
    hourly: true,
}

/// The tag that says which network the address is meant for.
const VPC: &str = "infra:vpc";

/// Where only the tag is gone, it is put back: the address itself is worth keeping, since others may have it on their lists.
fn keep(live: &Value, _want: &Value) -> Rule {
    if live == "" { Rule::Update } else { Rule::Replace }
}

impl Resource for ElasticIp {
    const ACCESS: Access = Access {
        read: &[reads(&["ec2:DescribeAddresses"])],
        write: &[makes(&["ec2:AllocateAddress"])],
        delete: &[ours(&["ec2:ReleaseAddress"])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let answer = aws.ec2.describe_addresses().set_filters(Some(owned(scope))).send().await.call("ec2:DescribeAddresses")?;
        Ok(answer.addresses().iter().map(found).collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let mut tags = tags.clone();
        tags.insert(VPC.into(), want.vpc.clone());
        let call = aws.ec2.allocate_address().domain(DomainType::Vpc);
        let call = call.tag_specifications(tagged(ResourceType::ElasticIp, &tags));
        let answer = call.customize().config_override(not_repeated()).send().await.call("ec2:AllocateAddress")?;
        let id = answer.allocation_id().unwrap_or_default().to_owned();
        Ok(Created { outputs: outputs([("id", Some(&id)), ("address", answer.public_ip())]), id })
    }

    async fn settle(aws: &Aws, created: Created) -> Result<Outputs, AwsError> {
        seen(&created.id, || async {
            let call = aws.ec2.describe_addresses().filters(filter("allocation-id", &created.id));
            Ok(!call.send().await.call("ec2:DescribeAddresses")?.addresses().is_empty())
        })
        .await?;
        Ok(created.outputs)
    }

    async fn update(aws: &Aws, live: &At<Self>, want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        super::tag(aws, &live.id, &Tags::from([(VPC.to_owned(), want.vpc.clone())])).await?;
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        delete(|| async { aws.ec2.release_address().allocation_id(&live.id).send().await.call("ec2:ReleaseAddress") }).await
    }
}

fn found(address: &Address) -> Found<ElasticIp> {
    let id = address.allocation_id().unwrap_or_default().to_owned();
    let tags = from_aws(address.tags());
    Found {
        state: State::Ready,
        attrs: ElasticIp { vpc: tags.get(VPC).cloned().unwrap_or_default() },
        outputs: outputs([("id", Some(&id)), ("address", address.public_ip())]),
        tags,
        id,
    }
}
