//! How a step that takes its time says how far it is.
//!
//! Whoever does the work need not know which step it is done for, nor who listens: [`tell`] reaches the step that it is a part of.

use std::cell::RefCell;
use std::future::Future;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

tokio::task_local! {
    static LINE: Line;
}

/// From one step to whoever carries the plan out.
struct Line {
    step: usize,
    notices: Notices,
    last: RefCell<String>,
}

/// Says how it stands with the step that this is a part of, in words that follow a colon. What was said last is not said again, and
/// outside of every step nobody listens.
pub fn tell(text: &str) {
    let _ = LINE.try_with(|line| {
        if *line.last.borrow() != text {
            text.clone_into(&mut line.last.borrow_mut());
            // Who has stopped listening does not want to know.
            let _ = line.notices.0.send((line.step, text.to_owned()));
        }
    });
}

/// Where the notices of all steps come together.
#[derive(Clone, Debug)]
pub struct Notices(UnboundedSender<(usize, String)>);

impl Notices {
    /// A place for notices, and how they are heard: each with the number of its step.
    pub fn new() -> (Self, UnboundedReceiver<(usize, String)>) {
        let (sender, receiver) = unbounded_channel();
        (Self(sender), receiver)
    }

    /// Does work as a part of that step.
    pub fn of<T, W: Future<Output = T>>(&self, step: usize, work: W) -> impl Future<Output = T> + use<T, W> {
        LINE.scope(Line { step, notices: self.clone(), last: RefCell::default() }, work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_notice_reaches_its_own_step_once() {
        let (notices, mut heard) = Notices::new();
        tell("nobody listens");
        let work = |text: &'static str| async move {
            tell(text);
            tokio::task::yield_now().await;
            tell(text);
        };
        futures::join!(notices.of(3, work("half of it")), notices.of(5, work("a third")));
        tell("nobody listens");
        drop(notices);
        let mut all = Vec::new();
        while let Some(notice) = heard.recv().await {
            all.push(notice);
        }
        assert_eq!(all, [(3, "half of it".to_owned()), (5, "a third".to_owned())]);
    }
}
