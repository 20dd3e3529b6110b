//! Auto Scaling groups, with their target tracking policy, which cannot carry tags.
//!
//! The desired capacity is not an attribute: it is what scaling makes of it. The launch template's version is changed by an
//! instance refresh, never by changing the group first: a rollback would then roll to the same version again.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_autoscaling::types::LaunchTemplateSpecification;
use aws_sdk_ec2::types::Filter;
use serde_json::Value;

use super::super::access::{Access, launches, linked_role, named, ours, passes_roles_to, reads, uses};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::wait::{self, Look};
use super::{VPC, found, group, is_missing, maintenance, policy, progress, ready, refresh, targets, to_aws};
use crate::graph::{Outputs, Scope, Tags};
use crate::plan::rule::{judge, name, update, write_only};
use crate::plan::{Output, Rule, grows};
use crate::resource;

resource! {
    /// The instances of a service: as many as its load asks for, within limits.
    Group<P> = "autoscaling.group" {
        /// Unique in the account and region; at most 255 characters.
        name: String => name(),
        /// The VPC it is meant for. Auto Scaling does not know it; the tag `infra:vpc` does. A group whose network is replaced is
        /// replaced too, since its instances cannot move.
        vpc: P::Text => judge(another_vpc),
        /// Its subnets.
        subnets: BTreeSet<P::Text> => update(),
        /// The id of its launch template.
        launch_template: P::Text => update(),
        /// The version of its launch template, a number.
        launch_template_version: P::Text => update(),
        /// Fewest instances.
        min: u32 => update().costs(grows, "more instances run at any time").headline(),
        /// Most instances.
        max: u32 => update().costs(grows, "more instances may run").headline(),
        /// ARNs of the target groups its instances register in.
        target_groups: BTreeSet<P::Text> => update(),
        /// `ELB` where there is a load balancer, otherwise `EC2`.
        health_check: String => update(),
        /// Seconds that a new instance is given before its health counts.
        health_check_grace_seconds: u32 => update(),
        /// Seconds that a new instance takes until its figures count.
        warmup_seconds: u32 => update(),
        /// The average CPU, in percent, that scaling aims at; 0 where nothing scales it.
        cpu_target_percent: u32 => update().headline(),
        /// Percent of the desired capacity that stays in service and healthy while instances are replaced.
        min_healthy_percent: u32 => update(),
        /// Percent of the desired capacity that may be there while instances are replaced; 0 where nothing governs that.
        max_healthy_percent: u32 => update(),
        /// Percentages of an instance refresh at which it pauses, ascending; it goes on to 100 by itself.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        checkpoint_percents: Vec<u32> => write_only(),
        /// Seconds that it pauses there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        checkpoint_delay_seconds: Option<u32> => write_only(),
        /// Names of the CloudWatch alarms of others of which none may go off during an instance refresh.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        alarms: BTreeSet<String> => write_only(),
        /// Names of the service's own alarms, none of which may either, once they are there.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        own_alarms: BTreeSet<String> => write_only(),
    }
    outputs: [Output::held("arn"), Output::plain("name")],
    hourly: true,
}

/// A group that lost its tag is still where it was: the tag is put back.
fn another_vpc(live: &Value, _want: &Value) -> Rule {
    if live == "" { Rule::Update } else { Rule::Replace }
}

/// How long instances may finish their requests in when their group goes; then they are ended with it.
const DRAIN: Duration = Duration::from_mins(10);
/// How long the group and its instances may take to go.
const GONE: Duration = Duration::from_mins(20);
/// How long a new instance profile or launch template may be unknown to Auto Scaling.
const UNKNOWN: Duration = Duration::from_mins(2);
/// Our code for [`not_visible_yet`], since Auto Scaling has none.
const NOT_VISIBLE_YET: &str = "NotVisibleYet";

/// Attributes that one call changes.
const LIMITS: [&str; 8] = [
    "min",
    "max",
    "subnets",
    "health_check",
    "health_check_grace_seconds",
    "warmup_seconds",
    "min_healthy_percent",
    "max_healthy_percent",
];
/// Attributes that an instance refresh changes.
const VERSION: [&str; 2] = ["launch_template", "launch_template_version"];

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
const ARN: &str = "autoscaling:{here}:autoScalingGroup:*:autoScalingGroupName/{prefix}*";

impl Resource for Group {
    /// Whoever gives a group a launch template must be allowed all that starting an instance from it would take ("Amazon EC2 Auto
    /// Scaling API permissions").
    const ACCESS: Access = Access {
        read: &[reads(&[
            "autoscaling:DescribeAutoScalingGroups",
            "autoscaling:DescribeInstanceRefreshes",
            "autoscaling:DescribePolicies",
        ])],
        write: &[
            named(
                &[
                    "autoscaling:CreateAutoScalingGroup",
                    "autoscaling:UpdateAutoScalingGroup",
                    "autoscaling:CreateOrUpdateTags",
                    "autoscaling:PutScalingPolicy",
                    "autoscaling:DeletePolicy",
                    "autoscaling:AttachLoadBalancerTargetGroups",
                    "autoscaling:DetachLoadBalancerTargetGroups",
                    "autoscaling:StartInstanceRefresh",
                    "autoscaling:RollbackInstanceRefresh",
                    "autoscaling:CancelInstanceRefresh",
                ],
                &[ARN],
            ),
            reads(&[
                "cloudwatch:DescribeAlarms",
                "autoscaling:DescribeLoadBalancerTargetGroups",
                "autoscaling:DescribeScalingActivities",
                "elasticloadbalancing:DescribeTargetHealth",
            ]),
            launches(),
            ours(&["ec2:RunInstances"]),
            uses(&["ec2:RunInstances"], &["ec2:{region}::image/*"]),
            passes_roles_to("ec2.amazonaws.com"),
            linked_role("autoscaling.amazonaws.com"),
        ],
        delete: &[
            named(&["autoscaling:UpdateAutoScalingGroup", "autoscaling:DeleteAutoScalingGroup"], &[ARN]),
            reads(&["ec2:DescribeInstances"]),
        ],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        found::list(aws, scope).await
    }

    /// Starts with the fewest instances. The scaling policy follows in a call of its own; without it the group aims at 0.
    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let mut tags = tags.clone();
        tags.insert(VPC.into(), want.vpc.clone());
        let template = LaunchTemplateSpecification::builder()
            .launch_template_id(&want.launch_template)
            .version(&want.launch_template_version)
            .build();
        // IAM and EC2 tell Auto Scaling of new instance profiles and launch templates with a delay ("eventual consistency").
        wait::despite(&[NOT_VISIBLE_YET], UNKNOWN, || async {
            let create = aws
                .autoscaling
                .create_auto_scaling_group()
                .auto_scaling_group_name(&want.name)
                .launch_template(template.clone())
                .min_size(count(want.min))
                .max_size(count(want.max))
                .desired_capacity(count(want.min))
                .vpc_zone_identifier(zones(want))
                .set_target_group_arns(Some(want.target_groups.iter().cloned().collect()))
                .health_check_type(&want.health_check)
                .health_check_grace_period(count(want.health_check_grace_seconds))
                .default_instance_warmup(count(want.warmup_seconds))
                .instance_maintenance_policy(maintenance::policy(want))
                .set_tags(Some(to_aws(&want.name, &tags)));
            create.send().await.call("autoscaling:CreateAutoScalingGroup").map_err(not_visible_yet)
        })
        .await?;
        if want.cpu_target_percent > 0 {
            policy::set(aws, &want.name, want.cpu_target_percent).await?;
        }
        // The call answers with nothing, and the ARN holds an id that Auto Scaling made up.
        let arn = group(aws, &want.name).await?.and_then(|group| group.auto_scaling_group_arn);
        Ok(Created { id: want.name.clone(), outputs: outputs([("arn", arn.as_deref()), ("name", Some(&want.name))]) })
    }

    async fn settle(aws: &Aws, created: Created) -> Result<Outputs, AwsError> {
        if let Some(refresh) = progress::under_way(aws, &created.id).await? {
            let goes_back = !found::leads_ahead(&refresh);
            let ended = progress::follow(aws, &created.id, &refresh).await?;
            // One that went ahead and was rolled back has not led where it was said to lead.
            if !goes_back {
                progress::verdict(&ended)?;
            }
        }
        let group = ready::wait(aws, &created.id).await?;
        Ok(outputs([("arn", group.auto_scaling_group_arn()), ("name", Some(&created.id))]))
    }

    async fn update(aws: &Aws, live: &At<Self>, want: &Self, changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        let name = &live.id;
        if changed.any(&["vpc"]) {
            set_tags(aws, name, &[(VPC.to_owned(), want.vpc.clone())].into()).await?;
        }
        if changed.any(&LIMITS) {
            limit(aws, name, want).await?;
        }
        if changed.any(&["target_groups"]) {
            targets::set(aws, name, &live.attrs.target_groups, &want.target_groups).await?;
        }
        if changed.any(&["cpu_target_percent"]) {
            policy::set(aws, name, want.cpu_target_percent).await?;
        }
        if changed.any(&VERSION) {
            refresh::roll(aws, name, &live.attrs, want).await?;
        } else if changed.any(&["min"]) {
            ready::wait(aws, name).await?;
        }
        Ok(Outputs::new())
    }

    /// The instances come first: what else has changed may be what they need.
    async fn restore(aws: &Aws, was: &At<Self>, now: Found<Self>, changed: &Changed<'_>) -> Result<bool, AwsError> {
        let rolled = changed.any(&VERSION) && refresh::back(aws, &was.id, &was.attrs).await?;
        let mut left = changed.unmet(&was.attrs, &now.attrs);
        left.retain(|name| !VERSION.contains(&name.as_str()));
        if !left.is_empty() {
            Self::update(aws, &now.into(), &was.attrs, &Changed(&left)).await?;
        }
        Ok(rolled || !left.is_empty())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        set_tags(aws, &live.id, tags).await
    }

    /// Lets the instances go as scaling in does, which lets load balancers finish their requests, and then the group.
    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        let name = &live.id;
        if group(aws, name).await?.is_none_or(|group| group.status().is_some()) {
            return Ok(());
        }
        let to_nothing = aws.autoscaling.update_auto_scaling_group().auto_scaling_group_name(name);
        let to_nothing = to_nothing.min_size(0).max_size(0).desired_capacity(0);
        to_nothing.send().await.call("autoscaling:UpdateAutoScalingGroup")?;
        let drained = wait::until(&format!("instances of {name}"), DRAIN, || async {
            let left = group(aws, name).await?.is_some_and(|group| !group.instances().is_empty());
            Ok(if left { Look::NotYet } else { Look::Done(()) })
        })
        .await;
        match drained {
            Err(error) if !error.is(&["TimedOut"]) => return Err(error),
            _ => {}
        }
        // By force, for instances that would not go: those protected from scaling in, and those with long requests.
        let delete = aws.autoscaling.delete_auto_scaling_group().auto_scaling_group_name(name).force_delete(true);
        match delete.send().await.call("autoscaling:DeleteAutoScalingGroup") {
            Err(error) if !is_missing(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Instances hold security groups and subnets by their network interfaces for a while after their group.
    async fn gone(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        let name = &live.id;
        wait::until(&format!("deletion of {name}"), GONE, || async {
            if group(aws, name).await?.is_some() {
                return Ok(Look::NotYet);
            }
            let filter = |name: &str, values: &[&str]| {
                let values = values.iter().map(ToString::to_string).collect();
                Filter::builder().name(name).set_values(Some(values)).build()
            };
            let answer = aws
                .ec2
                .describe_instances()
                .filters(filter("tag:aws:autoscaling:groupName", &[name]))
                .filters(filter("instance-state-name", &["pending", "running", "stopping", "stopped", "shutting-down"]))
                .send()
                .await
                .call("ec2:DescribeInstances")?;
            Ok(if answer.reservations().is_empty() { Look::Done(()) } else { Look::NotYet })
        })
        .await
    }
}

/// All that one call can change. The desired capacity is left alone: Auto Scaling moves it into the limits.
async fn limit(aws: &Aws, name: &str, want: &Group) -> Result<(), AwsError> {
    aws.autoscaling
        .update_auto_scaling_group()
        .auto_scaling_group_name(name)
        .min_size(count(want.min))
        .max_size(count(want.max))
        .vpc_zone_identifier(zones(want))
        .health_check_type(&want.health_check)
        .health_check_grace_period(count(want.health_check_grace_seconds))
        .default_instance_warmup(count(want.warmup_seconds))
        .instance_maintenance_policy(maintenance::policy(want))
        .send()
        .await
        .call("autoscaling:UpdateAutoScalingGroup")?;
    Ok(())
}

async fn set_tags(aws: &Aws, name: &str, tags: &Tags) -> Result<(), AwsError> {
    let set = aws.autoscaling.create_or_update_tags().set_tags(Some(to_aws(name, tags)));
    set.send().await.call("autoscaling:CreateOrUpdateTags")?;
    Ok(())
}

/// Auto Scaling answers every refusal with `ValidationError`; only its message tells what it has not heard of yet.
fn not_visible_yet(mut error: AwsError) -> AwsError {
    let says = |text: &str| error.message.contains(text);
    let unknown = says("Invalid IAM Instance Profile")
        || says("Invalid IamInstanceProfile")
        || says("with template ID") && says("does not exist");
    if error.is(&["ValidationError"]) && unknown {
        error.code = NOT_VISIBLE_YET.into();
    }
    error
}

/// The subnets, as Auto Scaling takes them.
fn zones(want: &Group) -> String {
    want.subnets.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

/// A number of instances or seconds, as Auto Scaling takes it.
fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_become_visible_is_waited_for() {
        let code = |message: &str| {
            let error = AwsError {
                code: "ValidationError".into(),
                ..AwsError::unexpected("autoscaling:CreateAutoScalingGroup", message)
            };
            not_visible_yet(error).code
        };
        let profile = "You must use a valid fully-formed launch template. Invalid IAM Instance Profile name";
        assert_eq!(code(profile), NOT_VISIBLE_YET);
        assert_eq!(code("The specified launch template, with template ID lt-1, does not exist."), NOT_VISIBLE_YET);
        let image = "You must use a valid fully-formed launch template. The image id '[ami-1]' does not exist";
        assert_eq!(code(image), "ValidationError");
        assert_eq!(code("Max bound, 1, must be greater than or equal to min bound, 2"), "ValidationError");
    }
}
