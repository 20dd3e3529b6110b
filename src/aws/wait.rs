//! Waiting for AWS: asks soon, then less and less often. Nothing here sleeps longer than what it waits for is likely to take.

use std::future::Future;
use std::time::Duration;

use aws_smithy_types::DateTime;

use super::error::AwsError;
use crate::apply::notice;

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
    /// Not yet, and how it stands; in words that follow a colon.
    Still(String),
}

/// Looks again and again until it is done, and tells how it stands. `look` fails for what will never be; and after `limit` it is
/// given up, with what is awaited and how it stood at last.
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
        let stands = match look().await? {
            Look::Done(value) => return Ok(value),
            Look::NotYet => None,
            Look::Still(stands) => Some(stands),
        };
        if let Some(stands) = &stands {
            notice::tell(stands);
        }
        if started.elapsed() > limit {
            let stands = stands.map(|stands| format!(" ({stands})")).unwrap_or_default();
            return Err(AwsError {
                operation: what.into(),
                code: "TimedOut".into(),
                message: format!("not done after {} minutes{stands}; the next run goes on from there", limit.as_secs() / 60),
                request_id: None,
            });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(SELDOM);
    }
}

/// How long ago AWS began something, in words: `begun 12m ago`.
pub fn begun(at: &DateTime) -> String {
    let now = DateTime::from(std::time::SystemTime::now());
    match u64::try_from(now.secs() - at.secs()).unwrap_or(0) {
        seconds @ 0..60 => format!("begun {seconds}s ago"),
        seconds => format!("begun {} ago", crate::values::duration::Duration::from_secs(seconds / 60 * 60)),
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
