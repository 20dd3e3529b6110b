//! An AWS that cannot be reached at all, which the first call of a run finds out.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

/// How often one tries in all.
const TRIES: u32 = 3;

/// Of one call, forbids the SDK to go on trying where nothing answers: nobody wants to wait a minute to be told that the network is
/// down. An AWS that answers, that it is busy for instance, is asked as often as ever.
#[derive(Debug, Default)]
pub(super) struct SoonTold {
    unanswered: AtomicU32,
}

impl ClassifyRetry for SoonTold {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else { return RetryAction::NoActionIndicated };
        let unanswered = context.response().is_none() && (error.is_timeout_error() || error.is_connector_error());
        if unanswered && self.unanswered.fetch_add(1, Ordering::Relaxed) + 1 >= TRIES {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "soon told"
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::interceptors::context::Error;
    use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::*;
    use crate::aws::unanswered::tests::context;

    #[test]
    fn only_where_nothing_answers_it_gives_up_soon() {
        let told = SoonTold::default();
        let busy = || context(OrchestratorError::operation(Error::erase(std::fmt::Error)), Some(400));
        let down = || context(OrchestratorError::connector(ConnectorError::io("no route to host".into())), None);
        for _ in 0..2 * TRIES {
            assert_eq!(told.classify_retry(&busy()), RetryAction::NoActionIndicated);
        }
        for _ in 1..TRIES {
            assert_eq!(told.classify_retry(&down()), RetryAction::NoActionIndicated);
        }
        assert_eq!(told.classify_retry(&down()), RetryAction::RetryForbidden);
    }
}
