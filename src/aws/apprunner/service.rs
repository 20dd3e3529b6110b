//! App Runner services.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_apprunner::operation::update_service::builders::UpdateServiceFluentBuilder;
use aws_sdk_apprunner::types::{Service as AwsService, ServiceStatus};
use serde_json::Value;

use super::super::access::{Access, linked_role, named, passes_roles_to, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call, IfThere};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::{both, each};
use super::super::wait;
use super::{auto_scaling_configuration, operation, settings, to_aws, vpc_connector};
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::rule::{name, update};
use crate::plan::{Output, grows};
use crate::resource;

resource! {
    /// A service without servers.
    Service<P> = "apprunner.service" {
        /// Unique in the account and region; 4 to 40 characters.
        name: String => name(),
        /// The image by digest: `<registry>/<repository>@sha256:…`.
        image: String => update().headline(),
        /// The port it listens on.
        port: u16 => update().widens(published, "App Runner publishes it on the internet"),
        /// What it runs instead of the image's own command; empty for that.
        command: String => update(),
        /// Its environment, by value.
        environment: BTreeMap<String, P::Text> => update().sensitive(),
        /// Its secrets: variable to ARN of a parameter or secret.
        secrets: BTreeMap<String, P::Text> => update(),
        /// CPU units: 1024 are one vCPU.
        cpu: u32 => update().costs(grows, MORE).headline(),
        /// Memory in MiB.
        memory_mib: u32 => update().costs(grows, MORE).headline(),
        /// The ARN of the role that pulls its image.
        access_role: P::Text => update(),
        /// The ARN of the role that it has.
        instance_role: P::Text => update(),
        /// The ARNs of the VPC connector it goes out through: one, or none for the internet alone.
        vpc_connector: BTreeSet<P::Text> => update(),
        /// The ARN of its auto scaling configuration.
        auto_scaling_configuration: P::Text => update(),
        /// The path that tells whether it is healthy; empty for a bare connection.
        health_check_path: String => update(),
        /// Whether it is deployed whenever its tag moves.
        automatic_deployments: bool => update(),
    }
    outputs: [Output::held("arn"), Output::plain("name"), Output::plain("id"), Output::plain("url").when_ready()],
    hourly: true,
}

/// Why what an instance has is a matter of money.
const MORE: &str = "every instance is larger";

/// Whoever makes a service on App Runner makes a web site: without a private ingress, which no spec asks for, it is open to all.
fn published(before: &Value, _after: &Value) -> bool {
    before.is_null()
}

/// How long App Runner may take to see a new role ("IAM is eventually consistent").
const ROLE_VISIBLE: Duration = Duration::from_mins(2);

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
const ARN: &str = "apprunner:{here}:*/{prefix}*";

impl Resource for Service {
    const ACCESS: Access = Access {
        read: &[
            reads(&["apprunner:ListServices"]),
            named(&["apprunner:DescribeService", "apprunner:ListOperations", "apprunner:ListTagsForResource"], &[ARN]),
        ],
        write: &[
            named(
                &["apprunner:CreateService", "apprunner:UpdateService", "apprunner:TagResource"],
                &[ARN, auto_scaling_configuration::ARN, vpc_connector::ARN],
            ),
            passes_roles_to("apprunner.amazonaws.com"),
            linked_role("apprunner.amazonaws.com"),
        ],
        delete: &[named(&["apprunner:DeleteService"], &[ARN])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let found = each(super::services(aws, scope).await?, |summary| async move {
            let arn = summary.service_arn().unwrap_or_default();
            // Only the operation tells a service that goes from one that is being changed.
            let leaving = async {
                let busy = summary.status() == Some(&ServiceStatus::OperationInProgress);
                let operation = if busy { operation::last(aws, arn).await? } else { None };
                Ok(operation.as_ref().is_some_and(operation::deletes))
            };
            let ((service, tags), leaving) = both(both(operation::describe(aws, arn), super::tags(aws, arn)), leaving).await?;
            Ok(service.zip(tags).map(|(service, tags)| found(&service, leaving, tags)))
        });
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let create = aws
            .apprunner
            .create_service()
            .service_name(&want.name)
            .source_configuration(settings::source(want)?)
            .instance_configuration(settings::instance(want))
            .network_configuration(settings::network(want))
            .health_check_configuration(settings::health_check(want))
            .auto_scaling_configuration_arn(&want.auto_scaling_configuration)
            .set_tags(Some(to_aws(tags)));
        let create = || async { create.clone().send().await.call("apprunner:CreateService") };
        let answer = wait::while_refused(role_not_visible, ROLE_VISIBLE, create).await?;
        let service = answer.service().ok_or_else(|| AwsError::unexpected("apprunner:CreateService", "no service"))?;
        let mut outputs = outputs_of(service);
        outputs.remove("url"); // answers once the service runs
        Ok(Created { id: service.service_arn().to_owned(), outputs })
    }

    async fn settle(aws: &Aws, created: Created) -> Result<Outputs, AwsError> {
        Ok(outputs_of(&operation::follow(aws, &created.id, None).await?))
    }

    async fn update(aws: &Aws, live: &At<Self>, want: &Self, changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        let paused = |service: &AwsService| *service.status() == ServiceStatus::Paused;
        if let Some(service) = operation::idle(aws, &live.id).await?.filter(paused) {
            return Err(operation::paused(&service));
        }
        let update = update_of(aws, &live.id, want, changed)?;
        let update = || async { update.clone().send().await.call("apprunner:UpdateService") };
        let answer = wait::while_refused(role_not_visible, ROLE_VISIBLE, update).await?;
        let service = operation::follow(aws, &live.id, Some(answer.operation_id())).await?;
        // An operation that succeeded is not proof: what runs is.
        let runs = settings::attributes(&service).image;
        if runs != want.image {
            return Err(AwsError::unexpected("apprunner:UpdateService", format!("{runs} runs in place of {}", want.image)));
        }
        Ok(outputs_of(&service))
    }

    /// Once nothing is under way: what App Runner has taken back by itself is as it was.
    async fn restore(aws: &Aws, was: &At<Self>, _now: Found<Self>, changed: &Changed<'_>) -> Result<bool, AwsError> {
        let Some(service) = operation::idle(aws, &was.id).await? else {
            return Err(AwsError::unexpected("apprunner:DescribeService", format!("{} is gone", was.attrs.name)));
        };
        let left = changed.unmet(&was.attrs, &settings::attributes(&service));
        if !left.is_empty() {
            Self::update(aws, was, &was.attrs, &Changed(&left)).await?;
        }
        Ok(!left.is_empty())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, &live.id, tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        let last = operation::last(aws, &live.id).await?;
        let under_way = |service: &AwsService| *service.status() == ServiceStatus::OperationInProgress;
        let leaving = last.as_ref().is_some_and(operation::deletes);
        if leaving && operation::describe(aws, &live.id).await?.as_ref().is_some_and(under_way) {
            return Ok(());
        }
        if operation::idle(aws, &live.id).await?.is_none() {
            return Ok(());
        }
        let answer = aws.apprunner.delete_service().service_arn(&live.id).send().await;
        answer.call("apprunner:DeleteService").if_there().map(drop)
    }

    async fn gone(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        operation::gone(aws, &live.id).await
    }
}

/// An update that gives only those parts of the configuration in which something differs.
fn update_of(aws: &Aws, arn: &str, want: &Service, changed: &Changed<'_>) -> Result<UpdateServiceFluentBuilder, AwsError> {
    let mut update = aws.apprunner.update_service().service_arn(arn);
    if changed.any(&settings::SOURCE) {
        update = update.source_configuration(settings::source(want)?);
    }
    if changed.any(&settings::INSTANCE) {
        update = update.instance_configuration(settings::instance(want));
    }
    if changed.any(&["vpc_connector"]) {
        update = update.network_configuration(settings::network(want));
    }
    if changed.any(&["health_check_path"]) {
        update = update.health_check_configuration(settings::health_check(want));
    }
    if changed.any(&["auto_scaling_configuration"]) {
        update = update.auto_scaling_configuration_arn(&want.auto_scaling_configuration);
    }
    Ok(update)
}

fn found(service: &AwsService, leaving: bool, tags: Tags) -> Found<Service> {
    let status = service.status();
    let mut outputs = outputs_of(service);
    let state = match status {
        ServiceStatus::Running => State::Ready,
        ServiceStatus::CreateFailed | ServiceStatus::DeleteFailed => State::Failed(status.to_string()),
        ServiceStatus::OperationInProgress if leaving => State::Deleting,
        _ => State::Busy(status.to_string()),
    };
    if !matches!(state, State::Ready) {
        outputs.remove("url");
    }
    Found { id: service.service_arn().to_owned(), state, attrs: settings::attributes(service), outputs, tags }
}

fn outputs_of(service: &AwsService) -> Outputs {
    outputs([
        ("arn", Some(service.service_arn())),
        ("name", Some(service.service_name())),
        ("id", Some(service.service_id())),
        ("url", service.service_url()),
    ])
}

/// App Runner assumes both roles while it takes a request, and has no code of its own for roles that it does not see yet.
fn role_not_visible(error: &AwsError) -> bool {
    error.is(&["InvalidRequestException"]) && error.message.contains("Error in assuming")
}
