//! What opens a receiver's door, and where it is kept.

use std::fmt;

use futures::future::BoxFuture;
use reqwest::Url;

use crate::values::secret_ref::SecretRef;
use crate::values::strike::Strike;

/// Shorter parts of an address are words like `services`, which betray nothing.
const SHORTEST: usize = 12;

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

    /// A text without it: who is told may quote what was sent. Of an address that is commonly the path alone.
    pub(super) fn struck_out(&self, text: &str) -> String {
        let address: Option<Url> = self.0.parse().ok();
        let parts = address.iter().flat_map(|url| {
            let path = [url.as_str(), url.path(), url.query().unwrap_or_default(), url.password().unwrap_or_default()];
            let words =
                url.path_segments().into_iter().flatten().chain(url.query().into_iter().flat_map(|it| it.split(['&', '='])));
            path.into_iter().filter(|part| *part != "/").chain(words.filter(|word| word.len() >= SHORTEST))
        });
        Strike::of(parts.chain([self.0.as_str()])).out_of(text)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(concealed)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_no_part_that_opens_a_door_is_quoted() {
        let key = Key::new("https://u:hunter2@hooks.example.com/services/T0B0/hunter2hunter2?sig=hunter3%2Bhunter3\n");
        for (said, told) in [
            ("no hook at /services/T0B0/hunter2hunter2", "no hook at (concealed)"),
            (r"no \/services\/T0B0\/hunter2hunter2", r"no (concealed)"),
            ("hook hunter2hunter2 of /services/ is gone", "hook (concealed) of /services/ is gone"),
            ("u:hunter2, sig=hunter3%2Bhunter3", "u:(concealed), (concealed)"),
        ] {
            assert_eq!(key.struck_out(said), told);
        }
        assert_eq!(Key::new("").struck_out("GET / failed"), "GET / failed");
    }
}
