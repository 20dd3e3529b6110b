//! Calls of which nobody knows whether they were carried out: the answer was lost on its way, or says that something broke.
//!
//! Of creates, what bears a unique name, or was asked for with a client token, is not made twice: the SDK tries again, and AWS says that it is
//! there already. Of all else the SDK would make a second one, so those calls are [not repeated](NotRepeated). Either way the thing
//! itself is looked for by its tags, taken up where it is there, and made again where it is not.

use std::time::Duration;

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

use super::client::Aws;
use super::error::AwsError;
use super::kind::{At, Changed, Created, Found, Resource, encode};
use super::wait::{self, Look};
use crate::graph::{ADDRESS, Outputs, Scope, State, Tags};
use crate::plan::becomes;

/// How long AWS may take to tell of what it has made.
const TOLD: Duration = Duration::from_secs(10);

/// How often something is made at most.
const TRIES: usize = 3;

/// Forbids the SDK to repeat a call that AWS may have carried out, and leaves it to repeat those that were refused: throttled ones,
/// and those that a service turned away with 503.
#[derive(Debug)]
pub(super) struct NotRepeated;

impl ClassifyRetry for NotRepeated {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let unanswered = match (context.output_or_error(), context.response()) {
            (Some(Err(error)), None) => error.is_timeout_error() || error.is_connector_error() || error.is_response_error(),
            (Some(Err(_)), Some(response)) => [500, 502, 504].contains(&response.status().as_u16()),
            _ => false,
        };
        if unanswered { RetryAction::RetryForbidden } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "not repeated"
    }
}

/// Makes a resource, once.
pub(super) async fn create<R: Resource>(aws: &Aws, want: &R, tags: &Tags) -> Result<Created, AwsError> {
    let mut tries = 1;
    loop {
        let error = match R::create(aws, want, tags).await {
            Err(error) if !R::SCHEMA.transient && (error.leaves_open() || error.says_taken()) => error,
            answer => return answer,
        };
        if let Some(created) = take_up(aws, want, tags).await? {
            return Ok(created);
        }
        if error.says_taken() || tries == TRIES {
            return Err(error);
        }
        tries += 1;
    }
}

/// Takes up what an unanswered create has made, as far as it was made.
async fn take_up<R: Resource>(aws: &Aws, want: &R, tags: &Tags) -> Result<Option<Created>, AwsError> {
    let Some(scope) = Scope::of(tags) else { return Ok(None) };
    let attrs = encode(want);
    let is_it = |found: &Found<R>| {
        let ours = Scope::of(&found.tags).as_ref() == Some(&scope) && found.tags.get(ADDRESS) == tags.get(ADDRESS);
        let stays = !matches!(found.state, State::Deleting | State::Failed(_));
        // One that is being replaced has the same address.
        ours && stays && becomes(R::SCHEMA, &attrs, &encode(&found.attrs))
    };
    let looked = wait::until(R::SCHEMA.kind, TOLD, || async {
        let found = R::list(aws, &scope).await?.into_iter().find(|found| is_it(found));
        Ok(found.map_or(Look::NotYet, Look::Done))
    });
    let found = match looked.await {
        Ok(found) => found,
        Err(error) if error.is_timed_out() => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut created = Created { id: found.id.clone(), outputs: found.outputs.clone() };
    let names: Vec<String> = attrs.keys().cloned().collect();
    let unmet = Changed(&names).unmet(want, &found.attrs);
    if !unmet.is_empty() {
        if matches!(found.state, State::Busy(_)) {
            created.outputs.extend(R::settle(aws, created.clone()).await?);
        }
        created.outputs.extend(update(aws, &found.into(), want, &Changed(&unmet), tags).await?);
    }
    Ok(Some(created))
}

/// Changes a resource in place. Where the SDK had to ask twice, AWS may be at work on what it was asked first, or have done it, and
/// refuse the second for that: it is waited for, and what it has left is changed.
pub(super) async fn update<R: Resource>(
    aws: &Aws,
    live: &At<R>,
    want: &R,
    changed: &Changed<'_>,
    tags: &Tags,
) -> Result<Outputs, AwsError> {
    let (error, scope) = match (R::update(aws, live, want, changed).await, Scope::of(tags)) {
        (Err(error), Some(scope)) if error.leaves_open() || error.says_busy() || error.says_taken() => (error, scope),
        (answer, _) => return answer,
    };
    let look = || async { Ok(R::list(aws, &scope).await?.into_iter().find(|found| found.id == live.id)) };
    let Some(now) = look().await? else { return Err(error) };
    if matches!(now.state, State::Busy(_)) {
        R::settle(aws, Created { id: now.id, outputs: now.outputs }).await?;
    }
    let Some(now) = look().await? else { return Err(error) };
    let left = changed.unmet(want, &now.attrs);
    if left.is_empty() {
        return Ok(now.outputs);
    }
    R::update(aws, &now.into(), want, &Changed(&left)).await
}

/// Deletes a resource. A second look finds one that is going already, and has nothing to do then.
pub(super) async fn delete<R: Resource>(aws: &Aws, live: &At<R>) -> Result<(), AwsError> {
    match R::delete(aws, live).await {
        Err(error) if error.leaves_open() || error.says_busy() => R::delete(aws, live).await,
        answer => answer,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use aws_smithy_runtime_api::client::interceptors::context::{Error, Input};
    use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    pub(in crate::aws) fn context(error: OrchestratorError<Error>, status: Option<u16>) -> InterceptorContext {
        let mut context = InterceptorContext::new(Input::doesnt_matter());
        if let Some(status) = status {
            context.set_response(HttpResponse::new(status.try_into().unwrap(), SdkBody::empty()));
        }
        context.set_output_or_error(Err(error));
        context
    }

    #[test]
    fn what_may_have_been_carried_out_is_not_repeated() {
        let refused = || OrchestratorError::operation(Error::erase(std::fmt::Error));
        let broken = || OrchestratorError::connector(ConnectorError::io("broken pipe".into()));
        let cases = [
            (context(refused(), Some(500)), RetryAction::RetryForbidden),
            (context(broken(), None), RetryAction::RetryForbidden),
            (context(refused(), Some(503)), RetryAction::NoActionIndicated),
            (context(refused(), Some(400)), RetryAction::NoActionIndicated),
        ];
        for (context, expected) in cases {
            assert_eq!(NotRepeated.classify_retry(&context), expected, "{:?}", context.response());
        }
    }
}
