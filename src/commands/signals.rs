//! The signals by which people, terminals and CI ask a process to end.

#[cfg(unix)]
pub(super) use unix::Signals;

#[cfg(not(unix))]
pub(super) use other::Signals;

#[cfg(unix)]
mod unix {
    use std::io;

    use futures::future::select_all;
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// Interrupts, from now on. Each ends the process no more by itself.
    #[derive(Debug)]
    pub(in super::super) struct Signals(Vec<Signal>);

    impl Signals {
        /// Listens, within a runtime.
        ///
        /// # Errors
        /// When the system does not let it.
        pub(in super::super) fn listen() -> io::Result<Self> {
            let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
            let kinds = kinds.into_iter().filter(|kind| *kind != SignalKind::hangup() || !ignores_hangups());
            kinds.map(signal).collect::<io::Result<_>>().map(Self)
        }

        /// Waits for the next.
        pub(in super::super) async fn next(&mut self) {
            let _ = select_all(self.0.iter_mut().map(|signal| Box::pin(signal.recv()))).await;
        }
    }

    /// Whether this was started under `nohup`, which a handler of our own would undo. Linux tells; elsewhere a run that is hung up
    /// on stops as if interrupted.
    fn ignores_hangups() -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
    }
}

#[cfg(not(unix))]
mod other {
    use std::io;

    /// Interrupts.
    #[derive(Debug)]
    pub(in super::super) struct Signals;

    impl Signals {
        /// Listens from the first time that one is waited for.
        ///
        /// # Errors
        /// Never.
        pub(in super::super) fn listen() -> io::Result<Self> {
            Ok(Self)
        }

        /// Waits for the next.
        pub(in super::super) async fn next(&mut self) {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
