//! Watching a deployment: when it is well, and when it must go back. Knows no clock; the time since it began comes in with each look.

use std::time::Duration;

/// How a deployment is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long it must have been watched.
    pub bake: Duration,
    /// How long something may be wrong without a break.
    pub ailing: Duration,
}

/// What one look at everything that was deployed told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// What is wrong now and may pass: instances that are still to become healthy.
    pub ails: Vec<String>,
    /// What says by itself that the deployment is bad: an alarm has looked at it for a while already.
    pub alarms: Vec<String>,
}

/// What to do after a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Look again.
    GoOn,
    /// It has done well for long enough.
    Well,
    /// It must go back, and why.
    Bad(Vec<String>),
}

/// A deployment while it is watched.
#[derive(Clone, Debug)]
pub struct Watch {
    patience: Patience,
    ailing_since: Option<Duration>,
}

impl Watch {
    /// Begins.
    pub const fn new(patience: Patience) -> Self {
        Self { patience, ailing_since: None }
    }

    /// Takes in what a look told, so long after the watch began.
    pub fn look(&mut self, at: Duration, look: Look) -> Next {
        if !look.alarms.is_empty() {
            return Next::Bad(look.alarms);
        }
        if look.ails.is_empty() {
            self.ailing_since = None;
            return if at >= self.patience.bake { Next::Well } else { Next::GoOn };
        }
        let since = *self.ailing_since.get_or_insert(at);
        if at.saturating_sub(since) >= self.patience.ailing { Next::Bad(look.ails) } else { Next::GoOn }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn ails(wrong: bool) -> Look {
        Look { ails: if wrong { vec!["i-1 is not healthy".into()] } else { Vec::new() }, alarms: Vec::new() }
    }

    fn watch(bake: u32, ailing: u32) -> Watch {
        Watch::new(Patience { bake: SECOND * bake, ailing: SECOND * ailing })
    }

    #[test]
    fn an_alarm_ends_it_at_once() {
        let alarm = Look { ails: Vec::new(), alarms: vec!["shop-prod-web-5xx is in ALARM".into()] };
        assert_eq!(watch(60, 60).look(SECOND, alarm.clone()), Next::Bad(alarm.alarms));
    }

    #[test]
    fn what_ails_may_pass() {
        let mut watch = watch(5, 3);
        let looks =
            [(0, true), (2, true), (3, false), (4, true), (6, true)].map(|(at, wrong)| watch.look(SECOND * at, ails(wrong)));
        assert!(looks.iter().all(|next| *next == Next::GoOn), "{looks:?}");
        assert_eq!(watch.look(SECOND * 7, ails(true)), Next::Bad(vec!["i-1 is not healthy".into()]));
    }

    proptest! {
        /// Nothing is called well that was not watched for long enough, or that ails at the last look; nothing goes back that was
        /// well in between for as long as it may ail.
        #[test]
        fn only_what_did_well_is_well(bake in 0..20u32, ailing in 1..10u32, looks in prop::collection::vec(any::<bool>(), 1..60)) {
            let mut watch = watch(bake, ailing);
            let mut wrong_for = 0;
            for (at, wrong) in looks.into_iter().enumerate() {
                let at = u32::try_from(at).unwrap();
                match watch.look(SECOND * at, ails(wrong)) {
                    Next::Well => {
                        prop_assert!(!wrong && at >= bake);
                        return Ok(());
                    }
                    Next::Bad(_) => {
                        prop_assert!(wrong && wrong_for >= ailing);
                        return Ok(());
                    }
                    Next::GoOn => prop_assert!(wrong || at < bake),
                }
                wrong_for = if wrong { wrong_for + 1 } else { 0 };
            }
        }
    }
}
