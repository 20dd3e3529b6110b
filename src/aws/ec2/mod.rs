//! EC2: networks and what instances are started from.

use std::future::Future;
use std::time::Duration;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

use super::client::Aws;
use super::error::{AwsError, Call};
use super::unanswered::NotRepeated;
use super::wait::{self, Look};
use crate::graph::{Scope, Tags};

pub mod elastic_ip;
pub mod instance;
pub mod internet_gateway;
pub mod launch_template;
mod launch_template_data;
mod launch_template_versions;
pub mod nat_gateway;
pub(in crate::aws) mod network_interfaces;
mod release_command;
pub mod route_table;
mod routes;
mod rules;
pub mod security_group;
pub mod subnet;
pub mod user_data;
pub mod vpc;
pub mod vpc_endpoint;
mod world;

/// Filters for everything that carries the tags of an environment.
fn owned(scope: &Scope) -> Vec<Filter> {
    scope.filter().map(|(key, value)| Filter::builder().name(format!("tag:{key}")).values(value).build()).into()
}

/// Tags as EC2 takes them.
fn to_aws(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags as EC2 gives them.
fn from_aws(tags: &[Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()))).collect()
}

/// The tags that go into a create call.
fn tagged(kind: ResourceType, tags: &Tags) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).set_tags(Some(to_aws(tags))).build()
}

/// Sets tags of anything in EC2, by id.
async fn tag(aws: &Aws, id: &str, tags: &Tags) -> Result<(), AwsError> {
    aws.ec2.create_tags().resources(id).set_tags(Some(to_aws(tags))).send().await.call("ec2:CreateTags").map(drop)
}

/// A filter for any of some values.
pub(super) fn any_of(name: &str, values: Vec<String>) -> Filter {
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// A filter for one value.
fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// For creates that EC2 would carry out twice.
fn not_repeated() -> aws_sdk_ec2::config::Builder {
    aws_sdk_ec2::config::Builder::new().retry_classifier(NotRepeated)
}

/// Makes a call that refers to something new: EC2 may not know it everywhere yet ("Eventual consistency in the Amazon EC2 API").
/// Its actions do not agree on how to spell that: a route table is `InvalidRouteTableID.NotFound` to some, `InvalidRouteTableId.NotFound`
/// to others.
async fn once_visible<T, F>(call: impl FnMut() -> F) -> Result<T, AwsError>
where
    F: Future<Output = Result<T, AwsError>>,
{
    wait::while_refused(AwsError::is_not_found, Duration::from_secs(30), call).await
}

/// Waits until EC2 lists what it has made. What has no name of its own would be made a second time by a run that does not see it.
async fn seen<F>(id: &str, looks: impl Fn() -> F) -> Result<(), AwsError>
where
    F: Future<Output = Result<bool, AwsError>>,
{
    wait::until(id, Duration::from_mins(5), || async { Ok(if looks().await? { Look::Done(()) } else { Look::NotYet }) }).await
}

/// Makes a call that deletes: what is not there any more is deleted. EC2 refuses while a network interface of something that is
/// gone already (a load balancer, an App Runner connector) is still there; those go minutes after their owner.
async fn delete<T, F>(call: impl FnMut() -> F) -> Result<(), AwsError>
where
    F: Future<Output = Result<T, AwsError>>,
{
    let held = ["DependencyViolation", "InvalidIPAddress.InUse"];
    deleted(wait::despite(&held, Duration::from_mins(10), call).await)
}

/// The answer of a call that deletes: what is not there any more is deleted.
fn deleted<T>(answer: Result<T, AwsError>) -> Result<(), AwsError> {
    match answer {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}
