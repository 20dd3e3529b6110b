//! Trying again: what may pass by itself is waited for, a bounded number of times.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use tokio::time::sleep;

/// The longest pause, whatever the registry asks for.
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// How patient to be with a registry that fails.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How often something is tried without getting any further.
    pub attempts: u32,
    /// The pause after the first attempt; it doubles with each.
    pub pause: Duration,
}

impl Default for Patience {
    /// Half a minute in all.
    fn default() -> Self {
        Self { attempts: 7, pause: Duration::from_millis(500) }
    }
}

/// The attempts at one thing.
#[derive(Debug)]
pub(super) struct Attempts {
    patience: Patience,
    failed: u32,
}

impl Attempts {
    pub(super) fn new(patience: Patience) -> Self {
        Self { patience, failed: 0 }
    }

    /// It got further than ever before, so the next failure is a new one.
    pub(super) fn got_further(&mut self) {
        self.failed = 0;
    }

    /// Waits before the next attempt: as long as the registry asks for, or longer each time. False where there were enough.
    pub(super) async fn again(&mut self, asked: Option<Duration>) -> bool {
        self.failed += 1;
        if self.failed >= self.patience.attempts {
            return false;
        }
        let doubled = self.patience.pause.saturating_mul(1 << (self.failed - 1).min(16));
        sleep(asked.unwrap_or(doubled).min(PAUSE_MAX)).await;
        true
    }
}

/// How long the registry asks to wait. A date instead of seconds is rare, and not read.
pub(super) fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_and_end() {
        let start = tokio::time::Instant::now();
        let mut attempts = Attempts::new(Patience { attempts: 4, pause: Duration::from_secs(1) });
        assert!(attempts.again(None).await && attempts.again(None).await && attempts.again(None).await);
        assert_eq!(start.elapsed().as_secs(), 1 + 2 + 4);
        assert!(!attempts.again(None).await);
    }

    #[tokio::test(start_paused = true)]
    async fn the_registry_is_heeded_within_reason() {
        let start = tokio::time::Instant::now();
        let mut attempts = Attempts::new(Patience::default());
        assert!(attempts.again(Some(Duration::from_secs(3))).await);
        assert_eq!(start.elapsed().as_secs(), 3);
        assert!(attempts.again(Some(Duration::from_hours(24))).await);
        assert_eq!(start.elapsed().as_secs(), 63);
    }

    #[tokio::test(start_paused = true)]
    async fn getting_further_begins_the_count_anew() {
        let mut attempts = Attempts::new(Patience { attempts: 2, pause: Duration::from_millis(1) });
        for _ in 0..10 {
            assert!(attempts.again(None).await);
            attempts.got_further();
        }
    }
}
