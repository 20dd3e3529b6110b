//! Reading: the guard that lets nothing else through, and the measure of it: how many calls, and how many one after another.

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use futures::future::join_all;
use tokio::sync::Semaphore;

/// What AWS names operations that write nothing.
const READS: [&str; 4] = ["Describe", "List", "Get", "BatchGet"];

/// How much has been read, and whether anything has been written.
#[derive(Debug, Default)]
pub struct Reads {
    calls: AtomicUsize,
    depth: AtomicUsize,
    wrote: AtomicBool,
}

impl Reads {
    /// Calls so far.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// The longest chain of calls of which each waited for the one before.
    pub fn depth(&self) -> usize {
        self.depth.load(Ordering::Relaxed)
    }

    /// Whether AWS has carried out a call that writes, or may have: one whose answer never came counts.
    pub fn wrote(&self) -> bool {
        self.wrote.load(Ordering::Relaxed)
    }
}

tokio::task_local! {
    /// How many calls the running chain has made.
    pub(super) static CHAIN: Cell<usize>;
}

/// Runs a chain of calls; the calls within it count as one after another. Within a chain it is a part of it: what follows comes after
/// it, and what runs beside it does not.
pub async fn chain<T>(calls: impl Future<Output = T>) -> T {
    let before = CHAIN.try_with(Cell::get).unwrap_or(0);
    let calls = Box::pin(calls);
    let (answer, length) = CHAIN.scope(Cell::new(before), async { (calls.await, CHAIN.with(Cell::get)) }).await;
    let _ = CHAIN.try_with(|outer| outer.set(length.max(outer.get())));
    answer
}

// Chains are boxed: a future of the SDK is tens of kilobytes, and without a box every layer around it holds it on the stack.

/// How many of the chains for the items of one answer go at once: more than any answer about one environment has items, and few
/// enough that an answer of many thousands takes time, and not all memory.
const AT_ONCE: usize = 64;

/// Runs chains side by side, one for each item; what follows comes after the longest of them. Gives the answers in the order of
/// the items, or the first error.
pub(super) async fn each<I, T, E, F>(items: impl IntoIterator<Item = I>, calls: impl Fn(I) -> F) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<T, E>>,
{
    let before = CHAIN.try_with(Cell::get).unwrap_or(0);
    let (turns, calls) = (&Semaphore::new(AT_ONCE), &calls);
    let one = |item| {
        CHAIN.scope(Cell::new(before), async move {
            let _turn = turns.acquire().await;
            let answer = Box::pin(calls(item)).await;
            (answer, CHAIN.with(Cell::get))
        })
    };
    let answers = join_all(items.into_iter().map(one)).await;
    let longest = answers.iter().map(|(_, length)| *length).max().unwrap_or(before);
    let _ = CHAIN.try_with(|chain| chain.set(longest.max(chain.get())));
    answers.into_iter().map(|(answer, _)| answer).collect()
}

/// Runs two chains side by side.
pub(super) async fn both<A, B, E>(
    a: impl Future<Output = Result<A, E>>,
    b: impl Future<Output = Result<B, E>>,
) -> Result<(A, B), E> {
    let before = CHAIN.try_with(Cell::get).unwrap_or(0);
    let (a, b) = (Box::pin(a), Box::pin(b));
    let counted = |length: usize| CHAIN.try_with(|chain| chain.set(length.max(chain.get())));
    let ((a, a_length), (b, b_length)) = futures::join!(
        CHAIN.scope(Cell::new(before), async { (a.await, CHAIN.with(Cell::get)) }),
        CHAIN.scope(Cell::new(before), async { (b.await, CHAIN.with(Cell::get)) }),
    );
    let _ = counted(a_length.max(b_length));
    Ok((a?, b?))
}

/// Sits in every client.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    reads: Arc<Reads>,
    read_only: bool,
}

impl Guard {
    pub(super) const fn new(reads: Arc<Reads>, read_only: bool) -> Self {
        Self { reads, read_only }
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "infra"
    }

    // The first moment at which the operation is known, and before anything of it is sent.
    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = operation(config);
        if self.read_only && !reads(operation) {
            return Err(format!("{operation} writes, and planning cannot write").into());
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.reads.calls.fetch_add(1, Ordering::Relaxed);
        // Names alone: what was asked and answered may hold keys.
        let service = config.load::<Metadata>().map_or("", |metadata| metadata.service());
        let answer = match context.output_or_error() {
            Some(Ok(_)) => "ok",
            Some(Err(_)) => "error",
            None => "none",
        };
        tracing::debug!(service, operation = operation(config), answer, "called AWS");
        let carried_out = match context.output_or_error() {
            Some(Err(error)) => error.is_timeout_error() || error.is_response_error(),
            Some(Ok(_)) => true,
            None => false,
        };
        if carried_out && !reads(operation(config)) {
            self.reads.wrote.store(true, Ordering::Relaxed);
        }
        let _ = CHAIN.try_with(|chain| {
            chain.set(chain.get() + 1);
            self.reads.depth.fetch_max(chain.get(), Ordering::Relaxed);
        });
        Ok(())
    }
}

fn operation(config: &ConfigBag) -> &str {
    config.load::<Metadata>().map_or("an operation without a name", |metadata| metadata.name())
}

fn reads(operation: &str) -> bool {
    READS.iter().any(|read| operation.starts_with(read))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A call that AWS answers at once.
    pub(in crate::aws) fn call() -> std::future::Ready<Result<(), ()>> {
        CHAIN.with(|chain| chain.set(chain.get() + 1));
        std::future::ready(Ok(()))
    }

    #[tokio::test]
    async fn what_follows_a_part_of_a_chain_comes_after_it() {
        chain(async {
            let two = chain(async {
                call().await?;
                tokio::task::yield_now().await;
                call().await
            });
            let one = chain(async { call().await });
            let (two, one) = futures::join!(two, one);
            two.and(one).unwrap();
            chain(async { call().await }).await.unwrap();
            assert_eq!(CHAIN.with(Cell::get), 3);
        })
        .await;
    }

    #[tokio::test]
    async fn side_by_side_counts_once_and_one_after_another_adds_up() {
        chain(async {
            call().await.unwrap();
            each(0..5, |_| async { call().await }).await.unwrap();
            both(async { call().await }, async {
                call().await?;
                call().await
            })
            .await
            .unwrap();
            assert_eq!(CHAIN.with(Cell::get), 4);
        })
        .await;
    }

    #[tokio::test]
    async fn of_very_many_some_wait_for_others() {
        let (now, most) = (Cell::new(0), Cell::new(0));
        let answers = each(0..10 * AT_ONCE, |item| async move { Ok::<_, ()>(item) });
        assert_eq!(answers.await, Ok((0..10 * AT_ONCE).collect()));
        let counted = each(0..10 * AT_ONCE, async |_| {
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            tokio::task::yield_now().await;
            now.set(now.get() - 1);
            Ok::<_, ()>(())
        });
        counted.await.unwrap();
        assert_eq!((now.get(), most.get()), (0, AT_ONCE));
    }
}
