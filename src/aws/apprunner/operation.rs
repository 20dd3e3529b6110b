//! What App Runner does with a service takes minutes and goes on by itself: creations, updates and deletions are operations, and
//! one that AWS rolled back is a failure though its service runs.

use std::time::Duration;

use aws_sdk_apprunner::types::{OperationStatus, OperationSummary, OperationType, Service, ServiceStatus};

use super::super::client::Aws;
use super::super::error::{AwsError, Call, IfThere};
use super::super::wait::{self, Look};

/// How long an operation may take: App Runner gives up deployments by itself well before.
const LIMIT: Duration = Duration::from_mins(40);

/// A service as it is; none where it was never made, or is gone.
pub(in crate::aws) async fn describe(aws: &Aws, arn: &str) -> Result<Option<Service>, AwsError> {
    let answer = aws.apprunner.describe_service().service_arn(arn).send().await;
    let service = answer.call("apprunner:DescribeService").if_there()?.and_then(|answer| answer.service);
    // AWS goes on describing it for some time.
    Ok(service.filter(|service| *service.status() != ServiceStatus::Deleted))
}

/// The operation that was started last: AWS lists them newest first.
pub(in crate::aws) async fn last(aws: &Aws, arn: &str) -> Result<Option<OperationSummary>, AwsError> {
    Ok(newest(aws, arn).await?.into_iter().next())
}

/// The operations of a service that were started last, newest first; none where it is gone.
async fn newest(aws: &Aws, arn: &str) -> Result<Vec<OperationSummary>, AwsError> {
    let answer = aws.apprunner.list_operations().service_arn(arn).send().await;
    let answer = answer.call("apprunner:ListOperations").if_there()?;
    Ok(answer.and_then(|answer| answer.operation_summary_list).unwrap_or_default())
}

/// Waits until no operation is under way, whosever it is; gives the service.
pub(in crate::aws) async fn idle(aws: &Aws, arn: &str) -> Result<Option<Service>, AwsError> {
    wait::until("waiting for the operation that is under way on an App Runner service", LIMIT, || async {
        Ok(match describe(aws, arn).await? {
            Some(service) if *service.status() == ServiceStatus::OperationInProgress => {
                last(aws, arn).await?.map_or(Look::NotYet, |operation| Look::Still(under_way(&operation)))
            }
            service => Look::Done(service),
        })
    })
    .await
}

/// Follows an operation, or the last one where none is named, to its end, and waits until the service runs.
///
/// # Errors
/// `OperationFailed` where the operation did not succeed, a rollback that worked included.
pub(in crate::aws) async fn follow(aws: &Aws, arn: &str, id: Option<&str>) -> Result<Service, AwsError> {
    wait::until("waiting for an App Runner operation", LIMIT, || async {
        let operations = newest(aws, arn).await?;
        let operation = operations.iter().find(|operation| id.is_none_or(|id| operation.id() == Some(id)));
        Ok(match operation.map(|operation| (operation, operation.status())) {
            Some((_, Some(OperationStatus::Succeeded))) => Look::Done(()),
            Some((
                operation,
                Some(OperationStatus::Pending | OperationStatus::InProgress | OperationStatus::RollbackInProgress),
            )) => Look::Still(under_way(operation)),
            Some((operation, _)) => return Err(failed(arn, &in_words(operation))),
            None if id.is_some() => Look::NotYet,
            None => Look::Done(()),
        })
    })
    .await?;
    match idle(aws, arn).await? {
        Some(service) if *service.status() == ServiceStatus::Running => Ok(service),
        Some(service) if *service.status() == ServiceStatus::Paused => Err(paused(&service)),
        Some(service) => Err(failed(arn, &format!("the service is {}", service.status()))),
        None => Err(failed(arn, "the service is gone")),
    }
}

/// Waits until a service is gone whose deletion has been asked for. What App Runner tells of it may be from before that.
///
/// # Errors
/// Where App Runner could not delete it.
pub(super) async fn gone(aws: &Aws, arn: &str) -> Result<(), AwsError> {
    wait::until("waiting for the deletion of an App Runner service", LIMIT, || async {
        let Some(service) = describe(aws, arn).await? else { return Ok(Look::Done(())) };
        let operation = last(aws, arn).await?.filter(deletes);
        let has_failed = operation.as_ref().is_some_and(|operation| operation.status() == Some(&OperationStatus::Failed));
        if has_failed || *service.status() == ServiceStatus::DeleteFailed {
            return Err(failed(arn, &format!("its deletion has failed, and it is {}", service.status())));
        }
        Ok(operation.map_or(Look::NotYet, |operation| Look::Still(under_way(&operation))))
    })
    .await
}

/// Whether the service is on its way out.
pub(super) fn deletes(operation: &OperationSummary) -> bool {
    operation.r#type() == Some(&OperationType::DeleteService)
}

/// Of an operation that has ended.
fn in_words(operation: &OperationSummary) -> String {
    let (kind, status) = words(operation);
    format!("{kind} {} ended as {status}", operation.id().unwrap_or_default())
}

/// Of an operation that has not: which, how it stands and since when.
fn under_way(operation: &OperationSummary) -> String {
    let (kind, status) = words(operation);
    let begun = operation.started_at().map(|at| format!(", {}", wait::begun(at))).unwrap_or_default();
    format!("{kind} {status}{begun}")
}

fn words(operation: &OperationSummary) -> (&str, &str) {
    (operation.r#type().map_or("operation", OperationType::as_str), operation.status().map_or("unknown", OperationStatus::as_str))
}

/// Somebody has paused the service: it neither runs nor can be changed until it is resumed, and that is for them to say.
pub(super) fn paused(service: &Service) -> AwsError {
    let (name, arn) = (service.service_name(), service.service_arn());
    AwsError {
        operation: "apprunner:UpdateService".into(),
        code: "Paused".into(),
        message: format!("{name} is paused; `aws apprunner resume-service --service-arn {arn}` lets it run again"),
        request_id: None,
    }
}

/// App Runner tells why in the service's event log alone ("Viewing App Runner logs streamed to CloudWatch Logs").
fn failed(arn: &str, what: &str) -> AwsError {
    let name_and_id = arn.split_once(":service/").map_or(arn, |(_, rest)| rest);
    AwsError {
        operation: "apprunner:ListOperations".into(),
        code: "OperationFailed".into(),
        message: format!("{what}; App Runner tells why in the log group /aws/apprunner/{name_and_id}/service"),
        request_id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_under_way_tells_its_age() {
        let begun = std::time::SystemTime::now() - Duration::from_mins(12);
        let operation = OperationSummary::builder().r#type(OperationType::StartDeployment).status(OperationStatus::InProgress);
        assert_eq!(under_way(&operation.started_at(begun.into()).build()), "START_DEPLOYMENT IN_PROGRESS, begun 12m ago");
    }

    #[test]
    fn a_failure_quotes_aws_and_says_where_it_tells_why() {
        let operation = OperationSummary::builder()
            .id("6f7d")
            .r#type(OperationType::UpdateService)
            .status(OperationStatus::RollbackSucceeded)
            .build();
        let error = failed("arn:aws:apprunner:eu-west-1:123456789012:service/shop-test-api/8fe1", &in_words(&operation));
        assert_eq!(
            error.message,
            "UPDATE_SERVICE 6f7d ended as ROLLBACK_SUCCEEDED; \
             App Runner tells why in the log group /aws/apprunner/shop-test-api/8fe1/service"
        );
    }
}
