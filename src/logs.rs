//! What `RUST_LOG` can bring to light: what `infra` itself says, and nothing of the libraries that it stands on.
//!
//! The SDK, hyper and reqwest log requests and answers, whole at `trace` and in part at `debug`: session tokens, the values of secrets,
//! passwords of registries, addresses of webhooks. Which of their words are harmless changes from version to version. So none is let
//! through, whatever the filter asks for, and `infra` names each call that it makes, as `RUST_LOG=infra=debug` shows.

use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

/// Writes to `to` what `wanted` asks for of what `infra` says. Nothing listens to the records of the `log` crate, which some libraries use.
pub fn subscriber<W>(wanted: EnvFilter, to: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(to);
    tracing_subscriber::registry().with(lines.with_filter(wanted.and(filter_fn(is_ours))))
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    target == "infra" || target.starts_with("infra::")
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn heard(wanted: &str) -> String {
        let lines = Lines::default();
        let to = lines.clone();
        tracing::subscriber::with_default(subscriber(EnvFilter::new(wanted), move || to.clone()), || {
            let _span = tracing::error_span!(target: "aws_smithy_runtime", "invoke", token = "hunter2").entered();
            tracing::error!(target: "aws_smithy_runtime::client", "hunter2");
            tracing::trace!(target: "hyper_util", "hunter2");
            tracing::trace!(target: "infrastructure", "hunter2");
            tracing::debug!("ours");
        });
        let lines = lines.0.lock().unwrap().clone();
        String::from_utf8(lines).unwrap()
    }

    #[test]
    fn libraries_are_not_heard_whoever_asks() {
        for wanted in ["trace", "infra=debug", "trace,hyper_util=trace,[invoke]=trace"] {
            let heard = heard(wanted);
            assert!(heard.contains("ours") && !heard.contains("hunter2") && !heard.contains("invoke"), "{wanted}: {heard}");
        }
        assert_eq!(heard("aws_smithy_runtime=trace"), "");
    }
}
