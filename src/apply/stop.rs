//! Why a run stops before its end, and how it is asked to: it starts nothing new, finishes the calls under way and leaves AWS to
//! its work.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Why a run is asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Somebody interrupted it.
    Interrupt,
    /// It does not hold the environment any more.
    LeaseLost,
}

/// Asks a run to stop. The first cause stands.
#[derive(Clone, Debug, Default)]
pub struct Asker(watch::Sender<Option<Cause>>);

impl Asker {
    /// Asks.
    pub fn ask(&self, cause: Cause) {
        self.0.send_if_modified(|asked| {
            let first = asked.is_none();
            asked.get_or_insert(cause);
            first
        });
    }

    /// What the run listens to.
    pub fn stop(&self) -> Stop {
        Stop(self.0.subscribe())
    }
}

/// How a run learns that it is asked to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Option<Cause>>);

impl Stop {
    /// Why it was asked to, if it was.
    pub fn asked(&self) -> Option<Cause> {
        *self.0.borrow()
    }

    /// Waits until it is asked to.
    pub async fn wait(mut self) -> Cause {
        match self.0.wait_for(Option::is_some).await.map(|asked| *asked) {
            Ok(Some(cause)) => cause,
            // Where every asker is gone, nobody will ever ask.
            _ => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_cause_stands() {
        let asker = Asker::default();
        let stop = asker.stop();
        assert_eq!(stop.asked(), None);
        asker.ask(Cause::LeaseLost);
        asker.ask(Cause::Interrupt);
        assert_eq!(asker.stop().asked(), Some(Cause::LeaseLost));
        drop(asker);
        assert_eq!(stop.wait().await, Cause::LeaseLost);
    }
}
