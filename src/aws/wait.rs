//! Waiting for AWS: asks soon, then less and less often. Nothing here sleeps longer than what it waits for is likely to take.

use std::future::Future;
use std::time::Duration;

use super::error::AwsError;

/// The first pause.
const SOON: Duration = Duration::from_millis(200);
/// The longest pause.
const SELDOM: Duration = Duration::from_secs(10);

/// What one look at a thing told.
#[derive(Debug)]
pub enum Look<T> {
    /// It is as awaited.
    Done(T),
    /// Not yet.
    NotYet,
}

/// Looks again and again until it is done. `look` fails for what will never be; and after `limit` it is given up, with what is
/// awaited in words.
///
/// # Errors
/// Those of `look`, and `TimedOut`.
pub async fn until<T, F>(what: &str, limit: Duration, mut look: impl FnMut() -> F) -> Result<T, AwsError>
where
    F: Future<Output = Result<Look<T>, AwsError>>,
{
    let started = tokio::time::Instant::now();
    let mut pause = SOON;
    loop {
        if let Look::Done(value) = look().await? {
            return Ok(value);
        }
        if started.elapsed() > limit {
            return Err(AwsError {
                operation: what.into(),
                code: "TimedOut".into(),
                message: format!("not done after {} minutes; the next run goes on from there", limit.as_secs() / 60),
                request_id: None,
            });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(SELDOM);
    }
}

/// Repeats a call while AWS answers with one of `codes`: what it refers to exists, and AWS has not noticed everywhere yet.
/// AWS documents this for IAM ("changes that I make are not always immediately visible") and EC2 ("eventual consistency").
///
/// # Errors
/// Any other error, and these after `limit`.
pub async fn despite<T, F>(codes: &[&str], limit: Duration, call: impl FnMut() -> F) -> Result<T, AwsError>
where
    F: Future<Output = Result<T, AwsError>>,
{
    while_refused(|error| error.is(codes), limit, call).await
}

/// Repeats a call while AWS refuses it for a reason that passes, where the code alone does not tell that reason.
///
/// # Errors
/// Any error whose reason does not pass, and those after `limit`.
pub async fn while_refused<T, F>(
    passes: impl Fn(&AwsError) -> bool,
    limit: Duration,
    mut call: impl FnMut() -> F,
) -> Result<T, AwsError>
where
    F: Future<Output = Result<T, AwsError>>,
{
    let started = tokio::time::Instant::now();
    let mut pause = SOON;
    loop {
        match call().await {
            Err(error) if passes(&error) && started.elapsed() < limit => {
                tokio::time::sleep(pause).await;
                pause = (pause * 3 / 2).min(SELDOM);
            }
            answer => return answer,
        }
    }
}
