//! Application load balancers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ec2::types::Filter;
use aws_sdk_elasticloadbalancingv2::types::{
    IpAddressType, LoadBalancer as AwsLoadBalancer, LoadBalancerAttribute, LoadBalancerStateEnum, LoadBalancerTypeEnum,
};
use serde_json::Value;

use super::super::access::{Access, linked_role, named, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::{both, each};
use super::super::wait::{self, Look};
use super::{deleted, full_name, load_balancers, tags_of_ours, to_aws, unless_gone};
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::rule::{name, replace, update};
use crate::plan::{Output, Schema};
use crate::resource;

resource! {
    /// Takes requests and hands them to the healthy instances of a service.
    LoadBalancer<P> = "elbv2.load_balancer" {
        /// Unique in the account and region; at most 32 characters.
        name: String => name(),
        /// Its network; ELB takes it from the subnets.
        vpc: P::Text => replace(),
        /// `internet-facing` or `internal`.
        scheme: String => replace().widens(faces_internet, "it can be reached from the internet").headline(),
        /// Its subnets, in two zones or more.
        subnets: BTreeSet<P::Text> => update(),
        /// Its security groups.
        security_groups: BTreeSet<P::Text> => update(),
        /// Seconds a connection may be silent: 1 to 4000.
        idle_timeout_seconds: u32 => update(),
        /// Whether headers that are not valid are dropped.
        drop_invalid_headers: bool => update(),
        /// Whether AWS refuses to delete it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deletion_protection: Option<bool> => update(),
    }
    outputs: [
        Output::held("arn"),
        Output::held("full_name"),
        Output::plain("name"),
        Output::plain("dns_name"),
        Output::plain("zone_id"),
    ],
    hourly: true,
    Schema::ORDINARY.protected_by("deletion_protection")
}

const IDLE_TIMEOUT: &str = "idle_timeout.timeout_seconds";
const DROP_INVALID: &str = "routing.http.drop_invalid_header_fields.enabled";
const PROTECTION: &str = "deletion_protection.enabled";

fn faces_internet(before: &Value, after: &Value) -> bool {
    after == "internet-facing" && before != after
}

/// How long a load balancer may be `provisioning`.
const READY: Duration = Duration::from_mins(15);
/// How long its network interfaces may stay after it.
const GONE: Duration = Duration::from_mins(15);

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
pub(super) const ARN: &str = "elasticloadbalancing:{here}:*/{prefix}*";

impl Resource for LoadBalancer {
    const ACCESS: Access = Access {
        read: &[reads(&[
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeLoadBalancerAttributes",
            "elasticloadbalancing:DescribeTags",
        ])],
        write: &[
            named(
                &[
                    "elasticloadbalancing:CreateLoadBalancer",
                    "elasticloadbalancing:AddTags",
                    "elasticloadbalancing:ModifyLoadBalancerAttributes",
                    "elasticloadbalancing:SetSecurityGroups",
                    "elasticloadbalancing:SetSubnets",
                ],
                &[ARN],
            ),
            linked_role("elasticloadbalancing.amazonaws.com"),
        ],
        delete: &[named(&["elasticloadbalancing:DeleteLoadBalancer"], &[ARN]), reads(&["ec2:DescribeNetworkInterfaces"])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let aws = &aws.for_one_look();
        let listed = async {
            let listed = load_balancers(aws, scope).await?;
            let arns = listed.iter().filter_map(|one| one.load_balancer_arn());
            let attributes = each(arns, async |arn| unless_gone(attributes(aws, arn).await)).await?;
            Ok((listed, attributes))
        };
        let (mut tags, (listed, attributes)) = both(tags_of_ours(aws, scope), listed).await?;
        let found = listed.iter().zip(attributes).filter_map(|(load_balancer, attributes)| {
            let tags = tags.remove(load_balancer.load_balancer_arn()?)?;
            Some(found(load_balancer, &attributes?, tags))
        });
        Ok(found.collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = aws
            .elbv2
            .create_load_balancer()
            .name(&want.name)
            .r#type(LoadBalancerTypeEnum::Application)
            .ip_address_type(IpAddressType::Ipv4)
            .scheme(want.scheme.as_str().into())
            .set_subnets(Some(want.subnets.iter().cloned().collect()))
            .set_security_groups(Some(want.security_groups.iter().cloned().collect()))
            .set_tags(Some(to_aws(tags)))
            .send()
            .await
            .call("elasticloadbalancing:CreateLoadBalancer")?;
        let made = answer.load_balancers().first();
        let made = made.ok_or_else(|| AwsError::unexpected("elasticloadbalancing:CreateLoadBalancer", "nothing was made"))?;
        let id = made.load_balancer_arn().unwrap_or_default().to_owned();
        set_attributes(aws, &id, want).await?;
        Ok(Created { outputs: its_outputs(made), id })
    }

    async fn settle(aws: &Aws, created: Created) -> Result<Outputs, AwsError> {
        const OPERATION: &str = "elasticloadbalancing:DescribeLoadBalancers";
        wait::until(&created.id, READY, || async {
            let answer = aws.elbv2.describe_load_balancers().load_balancer_arns(&created.id).send().await.call(OPERATION)?;
            let Some(load_balancer) = answer.load_balancers().first() else {
                return Ok(Look::NotYet);
            };
            match state(load_balancer) {
                State::Ready => Ok(Look::Done(its_outputs(load_balancer))),
                State::Failed(_) => {
                    let reason = load_balancer.state().and_then(|state| state.reason()).unwrap_or("ELB gives no reason");
                    Err(AwsError::unexpected(OPERATION, format!("{} failed: {reason}", created.id)))
                }
                _ => Ok(Look::NotYet),
            }
        })
        .await
    }

    async fn update(aws: &Aws, live: &At<Self>, want: &Self, changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        if changed.any(&["security_groups"]) {
            let groups = want.security_groups.iter().cloned().collect();
            let set = aws.elbv2.set_security_groups().load_balancer_arn(&live.id).set_security_groups(Some(groups));
            set.send().await.call("elasticloadbalancing:SetSecurityGroups")?;
        }
        if changed.any(&["subnets"]) {
            let subnets = want.subnets.iter().cloned().collect();
            let set = aws.elbv2.set_subnets().load_balancer_arn(&live.id).set_subnets(Some(subnets));
            set.send().await.call("elasticloadbalancing:SetSubnets")?;
        }
        if changed.any(&["idle_timeout_seconds", "drop_invalid_headers", "deletion_protection"]) {
            set_attributes(aws, &live.id, want).await?;
        }
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        let delete = aws.elbv2.delete_load_balancer().load_balancer_arn(&live.id).send().await;
        deleted(delete.call("elasticloadbalancing:DeleteLoadBalancer"))
    }

    /// ELB takes its network interfaces away some minutes later; until then, they hold security groups and subnets.
    async fn gone(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        let filter = Filter::builder().name("description").values(format!("ELB {}", full_name(&live.id))).build();
        wait::until(&format!("deletion of {}", live.id), GONE, || async {
            let there = aws.elbv2.describe_load_balancers().load_balancer_arns(&live.id).send().await;
            let there = unless_gone(there.call("elasticloadbalancing:DescribeLoadBalancers"))?;
            if there.is_some_and(|answer| !answer.load_balancers().is_empty()) {
                return Ok(Look::NotYet);
            }
            let interfaces = aws.ec2.describe_network_interfaces().filters(filter.clone()).send().await;
            let interfaces = interfaces.call("ec2:DescribeNetworkInterfaces")?;
            Ok(if interfaces.network_interfaces().is_empty() { Look::Done(()) } else { Look::NotYet })
        })
        .await
    }
}

fn found(load_balancer: &AwsLoadBalancer, attributes: &BTreeMap<String, String>, tags: Tags) -> Found<LoadBalancer> {
    let is = |key: &str| attributes.get(key).is_some_and(|value| value == "true");
    let zones = load_balancer.availability_zones();
    Found {
        id: load_balancer.load_balancer_arn().unwrap_or_default().to_owned(),
        state: state(load_balancer),
        attrs: LoadBalancer {
            name: load_balancer.load_balancer_name().unwrap_or_default().to_owned(),
            vpc: load_balancer.vpc_id().unwrap_or_default().to_owned(),
            scheme: load_balancer.scheme().map_or("", |scheme| scheme.as_str()).to_owned(),
            subnets: zones.iter().filter_map(|zone| zone.subnet_id()).map(str::to_owned).collect(),
            security_groups: load_balancer.security_groups().iter().cloned().collect(),
            idle_timeout_seconds: attributes.get(IDLE_TIMEOUT).and_then(|value| value.parse().ok()).unwrap_or(60),
            drop_invalid_headers: is(DROP_INVALID),
            deletion_protection: Some(is(PROTECTION)),
        },
        outputs: its_outputs(load_balancer),
        tags,
    }
}

fn state(load_balancer: &AwsLoadBalancer) -> State {
    match load_balancer.state().and_then(|state| state.code()) {
        // Impaired: it works, and could not scale; that is no business of a plan.
        Some(LoadBalancerStateEnum::Active | LoadBalancerStateEnum::ActiveImpaired) => State::Ready,
        Some(LoadBalancerStateEnum::Failed) => State::Failed("failed".into()),
        Some(other) => State::Busy(other.as_str().into()),
        None => State::Busy(LoadBalancerStateEnum::Provisioning.as_str().into()),
    }
}

fn its_outputs(load_balancer: &AwsLoadBalancer) -> Outputs {
    outputs([
        ("arn", load_balancer.load_balancer_arn()),
        ("full_name", load_balancer.load_balancer_arn().map(full_name)),
        ("name", load_balancer.load_balancer_name()),
        ("dns_name", load_balancer.dns_name()),
        ("zone_id", load_balancer.canonical_hosted_zone_id()),
    ])
}

async fn attributes(aws: &Aws, arn: &str) -> Result<BTreeMap<String, String>, AwsError> {
    let answer = aws.elbv2.describe_load_balancer_attributes().load_balancer_arn(arn).send().await;
    let attributes = answer.call("elasticloadbalancing:DescribeLoadBalancerAttributes")?.attributes.unwrap_or_default();
    Ok(attributes.into_iter().filter_map(|one| Some((one.key?, one.value?))).collect())
}

/// What the create call cannot say. A load balancer without it has ELB's defaults, which are read as a difference.
async fn set_attributes(aws: &Aws, arn: &str, want: &LoadBalancer) -> Result<(), AwsError> {
    let attribute = |(key, value): (&str, String)| LoadBalancerAttribute::builder().key(key).value(value).build();
    let protection = want.deletion_protection.map(|protection| (PROTECTION, protection.to_string()));
    let attributes =
        [(IDLE_TIMEOUT, want.idle_timeout_seconds.to_string()), (DROP_INVALID, want.drop_invalid_headers.to_string())];
    let attributes = attributes.into_iter().chain(protection).map(attribute).collect();
    let set = aws.elbv2.modify_load_balancer_attributes().load_balancer_arn(arn).set_attributes(Some(attributes));
    set.send().await.call("elasticloadbalancing:ModifyLoadBalancerAttributes")?;
    Ok(())
}
