//! Questions that more than one kind has in the same look at an environment: asked once.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::Future;

use aws_sdk_apprunner::types::ServiceSummary;
use aws_sdk_autoscaling::types::AutoScalingGroup;
use aws_sdk_ec2::types::{SecurityGroup, Vpc};
use aws_sdk_elasticloadbalancingv2::types::{Listener, LoadBalancer, TargetGroup};
use tokio::sync::OnceCell;

use super::client::Aws;
use super::read::CHAIN;
use crate::graph::Tags;

/// What more than one of those who look at an environment want to know: asked once in one look at it.
#[derive(Debug, Default)]
pub(super) struct Shared {
    // Everybody's in the account. Where images come from is asked in the same look, by names of its own.
    pub(super) load_balancers: Once<Vec<LoadBalancer>>,
    pub(super) target_groups: Once<Vec<TargetGroup>>,
    pub(super) scaling_groups: Once<Vec<AutoScalingGroup>>,
    pub(super) services: Once<Vec<ServiceSummary>>,
    // Those of the environment that is looked at. Nobody may ask for another's in the same look.
    pub(super) networks: Once<Vec<Vpc>>,
    pub(super) groups_inside: Once<Vec<SecurityGroup>>,
    pub(super) listeners: Once<Vec<Listener>>,
    pub(super) load_balancing_tags: Once<BTreeMap<String, Tags>>,
}

/// An answer, and how many calls one after another it took.
#[derive(Debug)]
pub(super) struct Once<T>(OnceCell<(T, usize)>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(OnceCell::new())
    }
}

impl<T: Clone> Once<T> {
    /// The answer of whoever asks first; none is kept where AWS refuses it. What follows comes after its calls, whoever made them.
    async fn ask<E>(&self, question: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let before = CHAIN.try_with(Cell::get).unwrap_or(0);
        let counted = || async {
            let answered = async { (question.await, CHAIN.with(Cell::get)) };
            let (answer, length) = CHAIN.scope(Cell::new(before), answered).await;
            Ok((answer?, length - before))
        };
        let (answer, took) = self.0.get_or_try_init(counted).await?;
        let _ = CHAIN.try_with(|chain| chain.set(before + took));
        Ok(answer.clone())
    }
}

/// Asks what others of the same look may have asked already. Who looks alone asks for itself.
pub(super) async fn shared<T: Clone, E>(
    aws: &Aws,
    of: impl Fn(&Shared) -> &Once<T>,
    question: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    // A box keeps the SDK's large futures off the stack.
    let question = Box::pin(question);
    match &aws.shared {
        Some(shared) => of(shared).ask(question).await,
        None => question.await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::read::tests::call;
    use super::super::read::{both, chain};
    use super::*;

    #[tokio::test]
    async fn what_is_shared_is_asked_once_and_counts_for_everybody() {
        let (once, asked) = (Once::<u8>::default(), AtomicUsize::new(0));
        let ask = || {
            once.ask(async {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                call().await.map(|()| 7)
            })
        };
        chain(async {
            both(ask(), async {
                call().await?;
                ask().await
            })
            .await
            .unwrap();
            assert_eq!(CHAIN.with(Cell::get), 2);
            assert_eq!(ask().await, Ok(7));
            assert_eq!(CHAIN.with(Cell::get), 3);
        })
        .await;
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn what_was_refused_is_asked_again() {
        let once = Once::<u8>::default();
        assert_eq!(once.ask(async { Err("throttled") }).await, Err("throttled"));
        assert_eq!(once.ask(async { Ok::<_, &str>(7) }).await, Ok(7));
    }
}
