//! What opens a receiver's door, and where it is kept.

use std::fmt;

use futures::future::BoxFuture;

use crate::values::secret_ref::SecretRef;

/// Where keys are read.
pub trait Keys: Send + Sync + 'static {
    /// What is kept there.
    ///
    /// # Errors
    /// Why it cannot be read, without any of it.
    fn value<'a>(&'a self, at: &'a SecretRef) -> BoxFuture<'a, Result<Key, String>>;
}

/// A key, a token or an address that is one. Nothing shows it.
#[derive(Clone)]
pub struct Key(String);

impl Key {
    /// From what is kept: the space around it, such as the line's end of a file it was made from, is no part of it.
    pub fn new(kept: &str) -> Self {
        Self(kept.trim().to_owned())
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// A text without it: who is told may quote what was sent.
    pub(super) fn struck_out(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, "(concealed)") }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(concealed)")
    }
}
