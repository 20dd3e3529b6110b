//! The environment for one run at a time: taken before anything is written, told about while it is waited for, given back.

use std::time::Duration;

use jiff::Timestamp;

use super::context::Context;
use super::error::Error;
use super::prepare::scope;
use crate::apply::Asker;
use crate::aws::AwsError;
use crate::aws::lease::{Parameter, parameter_name};
use crate::cli::Locking;
use crate::lease::{Claim, Lease, LeaseError, Purpose};
use crate::render::lease;
use crate::render::words::took;
use crate::spec::Environment;

/// An environment that this run has to itself.
pub(super) struct Held<'a> {
    context: &'a Context,
    environment: &'a Environment,
    lease: Lease,
}

/// Takes the environment for a verb and the plan that it carries out. The run is asked to stop when the lease is lost.
///
/// # Errors
/// Who else has it; what AWS refused.
pub(super) async fn take<'a>(
    context: &'a Context,
    environment: &'a Environment,
    (verb, plan): (&str, String),
    locking: Locking,
    asker: &Asker,
) -> Result<Held<'a>, Error> {
    let name = &environment.environment;
    let mut tell = |waiting: crate::lease::Waiting<'_>| {
        let held = lease::held(name, waiting.holder);
        context.tell(&format!("{held}\nwaiting for it, up to {}\n", took(waiting.left)));
    };
    let claim = claim(context, environment, verb, Some(plan), Duration::from_secs(locking.lease_seconds)).await?;
    let taken = claim.take(locking.lock_timeout.into(), asker, &mut tell).await;
    let lease = taken.map_err(|error| refused(environment, error))?;
    if let Some(left) = lease.before.and_then(|ended| lag(ended, Timestamp::now(), Duration::from_secs(locking.lag_seconds))) {
        context.tell(&format!("the run before has only just ended: waiting {} until AWS tells of all it did\n", took(left)));
        tokio::select! {
            () = tokio::time::sleep(left) => {}
            _ = asker.stop().wait() => {}
        }
    }
    Ok(Held { context, environment, lease })
}

/// How much of the time is left in which AWS may still describe what was before a run that has ended ("Eventual consistency in the
/// Amazon EC2 API"). What has no name of its own would be made twice by whoever plans from that.
fn lag(ended: Timestamp, now: Timestamp, lag: Duration) -> Option<Duration> {
    // Of two clocks one may be behind, and nobody waits for that.
    let over = Duration::try_from(now.duration_since(ended)).unwrap_or_default();
    lag.checked_sub(over).filter(|left| !left.is_zero())
}

/// A claim of this run on an environment.
///
/// # Errors
/// When the parameter cannot be made up.
pub(super) async fn claim(
    context: &Context,
    environment: &Environment,
    verb: &str,
    plan: Option<String>,
    term: Duration,
) -> Result<Claim, Error> {
    let parameter = Parameter::connect(&environment.aws.account, &environment.aws.region, &scope(environment)).await?;
    let purpose = Purpose { verb: verb.into(), plan, origin: context.origin() };
    Ok(Claim::new(parameter, purpose, term))
}

impl Held<'_> {
    /// Gives the environment back, and says how it was lost if it was.
    pub(super) async fn release(self) {
        let end = self.lease.release().await;
        let name = &self.environment.environment;
        if let Some(lost) = end.lost {
            self.context.tell(&format!("error: {}\n", lease::lost(name, &lost)));
        } else if let Some(why) = end.left {
            self.context.tell(&format!("warning: the lease on {name} ends by itself, since it could not be ended: {why}\n"));
        }
    }
}

/// Why the environment cannot be had, and what to do.
pub(super) fn refused(environment: &Environment, error: LeaseError) -> Error {
    let name = environment.environment.clone();
    match error {
        LeaseError::Held(entry) => Error::Held { environment: name, entry },
        LeaseError::Interrupted => Error::Interrupted { environment: name },
        LeaseError::Aws(error) => Error::Aws(error),
        LeaseError::Contended => Error::Usage {
            message: format!("{name}: {error}; nothing was done"),
            help: "many runs ask for it at once; try again, or wait with `--lock-timeout 10m`".into(),
        },
        LeaseError::Unclear(_) => {
            let parameter = parameter_name(&scope(environment));
            let begin = format!("if no run is at work, `aws ssm delete-parameter --name {parameter}` lets it begin anew");
            Error::Aws(AwsError::unexpected("ssm:GetParameterHistory", format!("{error}; {begin}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_the_lag_is_waited_for() {
        let second = |second: i64| Timestamp::from_second(second).unwrap();
        let left = |ended, now| lag(second(ended), second(now), Duration::from_secs(5));
        assert_eq!(left(100, 102), Some(Duration::from_secs(3)));
        assert_eq!((left(100, 105), left(100, 9_000)), (None, None));
        // A clock that is behind makes nobody wait longer.
        assert_eq!(left(100, 50), Some(Duration::from_secs(5)));
        assert_eq!(lag(second(100), second(100), Duration::ZERO), None);
    }
}
