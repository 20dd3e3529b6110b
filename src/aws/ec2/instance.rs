//! Instances that run one command and end with it: the release command of a service whose image is about to change.
//!
//! One is started from the service's launch template, with user data of its own, and belongs to no group and no target group, so no
//! traffic reaches it. When it has ended, nothing of it stays but what it wrote into the log group of its service.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ec2::types::{
    Filter, Instance as AwsInstance, InstanceAttributeName, InstanceNetworkInterfaceSpecification, InstanceStateName,
    LaunchTemplateSpecification, ShutdownBehavior,
};
use serde_json::Value;

use super::super::access::{Access, launches, makes, named, ours, passes_roles_to, reads, uses};
use super::super::client::Aws;
use super::super::error::{AwsError, Call};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::each;
use super::super::wait::{self, Look};
use super::launch_template::Container;
use super::launch_template_data::TAGGED;
use super::user_data::{self, Once};
use super::{deleted, filter, from_aws, owned, release_command as run, tagged};
use crate::apply::OUTPUT;
use crate::graph::{ADDRESS, DECLARED, Outputs, Scope, State, Tags};
use crate::plan::rule::replace;
use crate::plan::{Output, Schema};
use crate::resource;

resource! {
    /// An instance that runs a release command, and ends with it.
    Instance<P> = "ec2.instance" {
        /// The id of the launch template it is started from.
        launch_template: P::Text => replace(),
        /// The version of that, a number.
        launch_template_version: P::Text => replace(),
        /// The subnets, in one of which it is.
        subnets: BTreeSet<P::Text> => replace().same(is_among),
        /// The security groups.
        security_groups: BTreeSet<P::Text> => replace(),
        /// Whether it gets a public address; for one that runs it is too late to ask.
        public_address: bool => replace().same(either_way),
        /// What it runs, as written into its user data.
        container: Container<P> => replace().sensitive_under("environment").headline(),
        /// Seconds from its start until it is ended, whatever it is at.
        timeout_seconds: u32 => replace(),
    }
    outputs: [Output::held("id"), Output::plain("log_group"), Output::plain("log_stream"), Output::plain("timeout_seconds")],
    hourly: false, Schema::TRANSIENT
}

/// The one subnet that an instance is in, among those it may be in.
fn is_among(want: &Value, live: &Value) -> bool {
    let among = |subnet: &Value| want.as_array().is_some_and(|subnets| subnets.contains(subnet));
    live.as_array().is_some_and(|subnets| subnets.iter().all(among))
}

fn either_way(_want: &Value, _live: &Value) -> bool {
    true
}

/// How long a new launch template or instance profile may be unknown to EC2.
const UNKNOWN: Duration = Duration::from_mins(2);
/// How long an instance may take to go.
const GONE: Duration = Duration::from_mins(10);

/// What cannot be started in one zone, and maybe in another: it has no room, or not this type of instance.
const ELSEWHERE: [&str; 2] = ["InsufficientInstanceCapacity", "Unsupported"];

/// States of instances that are there. A stopped one was stopped by somebody: it would start again where it left off.
const THERE: [InstanceStateName; 4] =
    [InstanceStateName::Pending, InstanceStateName::Running, InstanceStateName::Stopping, InstanceStateName::Stopped];

impl Resource for Instance {
    const ACCESS: Access = Access {
        read: &[reads(&["ec2:DescribeInstances", "ec2:DescribeInstanceAttribute"])],
        write: &[
            makes(&["ec2:RunInstances"]),
            launches(),
            ours(&["ec2:RunInstances", "ec2:TerminateInstances"]),
            uses(&["ec2:RunInstances"], &["ec2:{region}::image/*"]),
            passes_roles_to("ec2.amazonaws.com"),
            named(&["logs:GetLogEvents"], &["logs:{here}:log-group:/{project}/{environment}/*"]),
        ],
        delete: &[ours(&["ec2:TerminateInstances"])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        // Instances of groups carry the tags of the environment too, with the address of their group.
        let found = there(aws, owned(scope), "service.*.release").await?;
        each(found, |instance| async move { found_as(aws, &instance).await }).await
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        // Two at once would work on the same data: one that a run left behind goes first.
        let scope = Scope::of(tags).map(|scope| owned(&scope)).unwrap_or_default();
        for left in there(aws, scope, tags.get(ADDRESS).map_or("", String::as_str)).await? {
            let id = left.instance_id().unwrap_or_default();
            if its_work(aws, id).await?.1.is_none() {
                continue; // Somebody gave it our tags since the plan was made.
            }
            terminate(aws, id).await?;
            ended(aws, id).await?;
        }
        let mut refused = AwsError::unexpected("ec2:RunInstances", "there is no subnet to start an instance in");
        for subnet in &want.subnets {
            match start(aws, want, tags, subnet).await {
                Err(error) if error.is(&ELSEWHERE) => refused = error,
                answer => return answer,
            }
        }
        Err(refused)
    }

    /// Waits until the command has ended, and gives the last that it said.
    async fn settle(aws: &Aws, created: Created) -> Result<Outputs, AwsError> {
        let run = run::Run::of(&created)?;
        let output = run.follow(aws).await;
        // Whatever it came to, nothing of it stays.
        let terminated = terminate(aws, &created.id).await;
        let mut outputs = created.outputs;
        outputs.insert(OUTPUT.into(), output?);
        terminated?;
        Ok(outputs)
    }

    async fn update(_aws: &Aws, _live: &At<Self>, _want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        Ok(Outputs::new()) // nothing of it is updated in place
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        terminate(aws, &live.id).await
    }

    /// Its network interface holds subnets and security groups until then.
    async fn gone(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        ended(aws, &live.id).await
    }
}

/// Starts it in one subnet. EC2 takes no subnet beside the network interfaces of a launch template ("Network interfaces and an
/// instance-level subnet ID may not be specified on the same request"), so the interface is told again, with its subnet. The SDK gives
/// each call a client token, by which EC2 knows a call that is repeated.
async fn start(aws: &Aws, want: &Instance, tags: &Tags, subnet: &str) -> Result<Created, AwsError> {
    let once = Once { stream: run::stream(&want.container.image), timeout_seconds: want.timeout_seconds };
    let user_data = user_data::encode(&want.container, Some(&once), &aws.region)?;
    let network = InstanceNetworkInterfaceSpecification::builder()
        .device_index(0)
        .subnet_id(subnet)
        .set_groups(Some(want.security_groups.iter().cloned().collect()))
        .associate_public_ip_address(want.public_address)
        .delete_on_termination(true)
        .build();
    let template = LaunchTemplateSpecification::builder()
        .launch_template_id(&want.launch_template)
        .version(&want.launch_template_version)
        .build();
    let answer = wait::while_refused(is_unknown_yet, UNKNOWN, || async {
        aws.ec2
            .run_instances()
            .launch_template(template.clone())
            .min_count(1)
            .max_count(1)
            .network_interfaces(network.clone())
            .user_data(&user_data)
            .instance_initiated_shutdown_behavior(ShutdownBehavior::Terminate)
            .set_tag_specifications(Some(TAGGED.map(|kind| tagged(kind, tags)).into()))
            .send()
            .await
            .call("ec2:RunInstances")
    })
    .await?;
    let id = answer.instances().first().and_then(AwsInstance::instance_id);
    let id = id.ok_or_else(|| AwsError::unexpected("ec2:RunInstances", "no instance"))?;
    Ok(Created { id: id.to_owned(), outputs: its_outputs(id, &want.container.log_group, &once) })
}

/// EC2 may not know a launch template everywhere yet, and IAM tells it of instance profiles with a delay.
fn is_unknown_yet(error: &AwsError) -> bool {
    error.is_not_found() || error.is(&["InvalidParameterValue"]) && error.message.contains("IAM Instance Profile")
}

fn its_outputs(id: &str, log_group: &str, once: &Once) -> Outputs {
    let (stream, timeout) = (format!("{}/{id}", once.stream), once.timeout_seconds.to_string());
    outputs([
        ("id", Some(id)),
        ("log_group", Some(log_group)),
        ("log_stream", Some(&stream)),
        ("timeout_seconds", Some(&timeout)),
    ])
}

/// The instances that are there and have these tags, and this address, in which `*` stands for anything.
async fn there(aws: &Aws, tags: Vec<Filter>, address: &str) -> Result<Vec<AwsInstance>, AwsError> {
    let states = THERE.iter().map(|state| state.as_str().to_owned()).collect();
    let describe = aws.ec2.describe_instances().set_filters(Some(tags));
    let describe = describe.filters(filter(&format!("tag:{ADDRESS}"), address));
    let describe = describe.filters(Filter::builder().name("instance-state-name").set_values(Some(states)).build());
    let mut pages = describe.into_paginator().items().send();
    let mut instances = Vec::new();
    while let Some(reservation) = pages.next().await {
        instances.extend(reservation.call("ec2:DescribeInstances")?.instances.unwrap_or_default());
    }
    Ok(instances)
}

async fn found_as(aws: &Aws, instance: &AwsInstance) -> Result<Found<Instance>, AwsError> {
    let id = instance.instance_id().unwrap_or_default();
    let (container, once) = its_work(aws, id).await?;
    let mut tags = from_aws(instance.tags());
    if once.is_none() {
        // Whatever its tags say, it is none of those that are made here.
        tags.remove(DECLARED);
    }
    let once = once.unwrap_or(Once { stream: String::new(), timeout_seconds: 0 });
    let template = |what: &str| tags.get(&format!("aws:ec2launchtemplate:{what}")).cloned().unwrap_or_default();
    let state = match instance.state().and_then(|state| state.name()) {
        Some(InstanceStateName::Stopped) => State::Failed(InstanceStateName::Stopped.as_str().into()),
        state => State::Busy(state.map_or("pending", InstanceStateName::as_str).into()),
    };
    Ok(Found {
        id: id.to_owned(),
        state,
        outputs: its_outputs(id, &container.log_group, &once),
        attrs: Instance {
            launch_template: template("id"),
            launch_template_version: template("version"),
            subnets: instance.subnet_id().map(str::to_owned).into_iter().collect(),
            security_groups: instance.security_groups().iter().filter_map(|group| group.group_id()).map(str::to_owned).collect(),
            public_address: instance.network_interfaces().iter().any(|interface| interface.association().is_some()),
            container,
            timeout_seconds: once.timeout_seconds,
        },
        tags,
    })
}

/// What an instance runs, and how it is to run once, where it is.
async fn its_work(aws: &Aws, id: &str) -> Result<(Container, Option<Once>), AwsError> {
    let ask = aws.ec2.describe_instance_attribute().instance_id(id).attribute(InstanceAttributeName::UserData);
    let answer = ask.send().await.call("ec2:DescribeInstanceAttribute")?;
    Ok(user_data::read(answer.user_data().and_then(|user_data| user_data.value()).unwrap_or_default(), &aws.region))
}

/// Ends an instance; one that is gone already is no error.
async fn terminate(aws: &Aws, id: &str) -> Result<(), AwsError> {
    deleted(aws.ec2.terminate_instances().instance_ids(id).send().await.call("ec2:TerminateInstances"))
}

/// Waits until nothing of an instance is left.
async fn ended(aws: &Aws, id: &str) -> Result<(), AwsError> {
    wait::until(&format!("end of {id}"), GONE, || async {
        let state = run::state(aws, id).await?;
        Ok(if state.is_none_or(|state| state.name == "terminated") { Look::Done(()) } else { Look::NotYet })
    })
    .await
}
