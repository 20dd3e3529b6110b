//! Target groups: the instances behind a load balancer, and how their health is asked.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{
    Matcher, ProtocolEnum, TargetGroup as AwsTargetGroup, TargetGroupAttribute, TargetTypeEnum,
};
use serde_json::Value;

use super::super::access::{Access, named, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::{both, each};
use super::super::wait;
use super::{deleted, full_name, tags_of_ours, target_groups, to_aws, unless_gone};
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::rule::{judge, name, replace, update};
use crate::plan::{Output, Rule};
use crate::resource;

resource! {
    /// The instances behind a load balancer.
    TargetGroup<P> = "elbv2.target_group" {
        /// Unique in the account and region; at most 32 characters.
        name: String => name(),
        /// Its network.
        vpc: P::Text => replace(),
        /// The port of the targets; always over HTTP.
        port: u16 => replace().headline(),
        /// The ARN of the load balancer whose listener forwards to it; empty until one does. ELB lets a target group serve one load
        /// balancer only, so it is replaced together with it.
        load_balancer: P::Text => judge(serve).same(serves),
        /// The path that tells whether a target is healthy.
        health_check_path: String => update().headline(),
        /// Seconds between two health checks: 5 to 300.
        health_check_interval_seconds: u32 => update(),
        /// Seconds that a health check may take: 2 to 120.
        health_check_timeout_seconds: u32 => update(),
        /// Healthy answers in a row that make a target healthy: 2 to 10.
        healthy_threshold: u32 => update(),
        /// Unhealthy answers in a row that make a target unhealthy: 2 to 10.
        unhealthy_threshold: u32 => update(),
        /// HTTP codes of a healthy answer, such as `200` or `200-299`.
        health_check_codes: String => update(),
        /// Seconds that a target may finish its requests in when it goes: 0 to 3600.
        deregistration_delay_seconds: u32 => update(),
    }
    outputs: [Output::held("arn"), Output::held("full_name"), Output::plain("name")],
    hourly: false,
}

/// One that serves no load balancer yet will, as soon as a listener forwards to it.
fn serves(want: &Value, live: &Value) -> bool {
    live == "" || want == live
}

fn serve(live: &Value, _want: &Value) -> Rule {
    if live == "" { Rule::Update } else { Rule::Replace }
}

const DELAY: &str = "deregistration_delay.timeout_seconds";

/// How long a listener that is gone may still be known to its target group.
const IN_USE: Duration = Duration::from_mins(1);

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
const ARN: &str = "elasticloadbalancing:{here}:*/{prefix}*";

impl Resource for TargetGroup {
    const ACCESS: Access = Access {
        read: &[reads(&[
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetGroupAttributes",
            "elasticloadbalancing:DescribeTags",
        ])],
        write: &[named(
            &[
                "elasticloadbalancing:CreateTargetGroup",
                "elasticloadbalancing:AddTags",
                "elasticloadbalancing:ModifyTargetGroup",
                "elasticloadbalancing:ModifyTargetGroupAttributes",
            ],
            &[ARN],
        )],
        delete: &[named(&["elasticloadbalancing:DeleteTargetGroup"], &[ARN])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let aws = &aws.for_one_look();
        let listed = async {
            let listed = target_groups(aws, scope).await?;
            let arns = listed.iter().filter_map(|one| one.target_group_arn());
            let attributes = each(arns, async |arn| unless_gone(attributes(aws, arn).await)).await?;
            Ok((listed, attributes))
        };
        let (mut tags, (listed, attributes)) = both(tags_of_ours(aws, scope), listed).await?;
        let found = listed.iter().zip(attributes).filter_map(|(group, attributes)| {
            let tags = tags.remove(group.target_group_arn()?)?;
            Some(found(group, &attributes?, tags))
        });
        Ok(found.collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = aws
            .elbv2
            .create_target_group()
            .name(&want.name)
            .vpc_id(&want.vpc)
            .protocol(ProtocolEnum::Http)
            .port(want.port.into())
            .target_type(TargetTypeEnum::Instance)
            .health_check_protocol(ProtocolEnum::Http)
            .health_check_path(&want.health_check_path)
            .health_check_interval_seconds(number(want.health_check_interval_seconds))
            .health_check_timeout_seconds(number(want.health_check_timeout_seconds))
            .healthy_threshold_count(number(want.healthy_threshold))
            .unhealthy_threshold_count(number(want.unhealthy_threshold))
            .matcher(matcher(want))
            .set_tags(Some(to_aws(tags)))
            .send()
            .await
            .call("elasticloadbalancing:CreateTargetGroup")?;
        let made = answer.target_groups().first();
        let made = made.ok_or_else(|| AwsError::unexpected("elasticloadbalancing:CreateTargetGroup", "nothing was made"))?;
        let id = made.target_group_arn().unwrap_or_default().to_owned();
        set_delay(aws, &id, want).await?;
        Ok(Created { outputs: its_outputs(made), id })
    }

    /// Which load balancer it serves is for listeners to say.
    async fn update(aws: &Aws, live: &At<Self>, want: &Self, changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        if changed.0.iter().any(|name| name.starts_with("health") || name == "unhealthy_threshold") {
            aws.elbv2
                .modify_target_group()
                .target_group_arn(&live.id)
                .health_check_path(&want.health_check_path)
                .health_check_interval_seconds(number(want.health_check_interval_seconds))
                .health_check_timeout_seconds(number(want.health_check_timeout_seconds))
                .healthy_threshold_count(number(want.healthy_threshold))
                .unhealthy_threshold_count(number(want.unhealthy_threshold))
                .matcher(matcher(want))
                .send()
                .await
                .call("elasticloadbalancing:ModifyTargetGroup")?;
        }
        if changed.any(&["deregistration_delay_seconds"]) {
            set_delay(aws, &live.id, want).await?;
        }
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        // Its listeners have been deleted; with a load balancer, ELB deletes them by and by.
        let delete = || async {
            let delete = aws.elbv2.delete_target_group().target_group_arn(&live.id).send().await;
            deleted(delete.call("elasticloadbalancing:DeleteTargetGroup"))
        };
        wait::despite(&["ResourceInUse"], IN_USE, delete).await
    }
}

fn found(group: &AwsTargetGroup, attributes: &BTreeMap<String, String>, tags: Tags) -> Found<TargetGroup> {
    let number = |number: Option<i32>| number.and_then(|number| number.try_into().ok()).unwrap_or(0);
    Found {
        id: group.target_group_arn().unwrap_or_default().to_owned(),
        state: State::Ready,
        attrs: TargetGroup {
            name: group.target_group_name().unwrap_or_default().to_owned(),
            vpc: group.vpc_id().unwrap_or_default().to_owned(),
            port: group.port().and_then(|port| port.try_into().ok()).unwrap_or(0),
            load_balancer: group.load_balancer_arns().first().cloned().unwrap_or_default(),
            health_check_path: group.health_check_path().unwrap_or_default().to_owned(),
            health_check_interval_seconds: number(group.health_check_interval_seconds()),
            health_check_timeout_seconds: number(group.health_check_timeout_seconds()),
            healthy_threshold: number(group.healthy_threshold_count()),
            unhealthy_threshold: number(group.unhealthy_threshold_count()),
            health_check_codes: group.matcher().and_then(Matcher::http_code).unwrap_or_default().to_owned(),
            deregistration_delay_seconds: attributes.get(DELAY).and_then(|value| value.parse().ok()).unwrap_or(300),
        },
        outputs: its_outputs(group),
        tags,
    }
}

fn its_outputs(group: &AwsTargetGroup) -> Outputs {
    let arn = group.target_group_arn();
    outputs([("arn", arn), ("full_name", arn.map(full_name)), ("name", group.target_group_name())])
}

fn matcher(want: &TargetGroup) -> Matcher {
    Matcher::builder().http_code(&want.health_check_codes).build()
}

async fn attributes(aws: &Aws, arn: &str) -> Result<BTreeMap<String, String>, AwsError> {
    let answer = aws.elbv2.describe_target_group_attributes().target_group_arn(arn).send().await;
    let attributes = answer.call("elasticloadbalancing:DescribeTargetGroupAttributes")?.attributes.unwrap_or_default();
    Ok(attributes.into_iter().filter_map(|one| Some((one.key?, one.value?))).collect())
}

/// What the create call cannot say. A target group without it has ELB's default, which is read as a difference.
async fn set_delay(aws: &Aws, arn: &str, want: &TargetGroup) -> Result<(), AwsError> {
    let delay = TargetGroupAttribute::builder().key(DELAY).value(want.deregistration_delay_seconds.to_string()).build();
    let set = aws.elbv2.modify_target_group_attributes().target_group_arn(arn).attributes(delay);
    set.send().await.call("elasticloadbalancing:ModifyTargetGroupAttributes")?;
    Ok(())
}

/// A number, as ELB takes it.
fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
