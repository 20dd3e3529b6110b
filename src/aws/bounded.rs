//! Answers whose length somebody else decides. The SDK reads each of them whole, however long it is.

use std::error::Error;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{BeforeDeserializationInterceptorContextMut, InterceptorContext};
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// Several times the longest page that AWS gives: a thousand resources at some kilobytes each.
const MIB: usize = 16;

/// Reads no answer further than that, and does not ask again for one that is longer.
#[derive(Clone, Debug)]
pub(super) struct Bounded;

#[derive(Debug, thiserror::Error)]
#[error("the answer is longer than {MIB} MiB, as none of AWS's is: is something else answering?")]
struct TooLong;

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Bounded {
    fn name(&self) -> &'static str {
        "bounded"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response_mut().take_body();
        let bounded = Limited::new(body, MIB << 20);
        let named = bounded.map_err(|error| if error.is::<LengthLimitError>() { TooLong.into() } else { error });
        *context.response_mut().body_mut() = SdkBody::from_body_1_x(named);
        Ok(())
    }
}

impl ClassifyRetry for Bounded {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else { return RetryAction::NoActionIndicated };
        let causes = std::iter::successors(Some(error as &(dyn Error + 'static)), |&error| error.source());
        if causes.into_iter().any(<dyn Error>::is::<TooLong>) {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "bounded"
    }
}
