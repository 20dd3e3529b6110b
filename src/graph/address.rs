//! What people type and read to name one resource: `network.subnet.private-a`, `service.web.load_balancer`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a resource within its environment, following the spec: words of lower-case letters, digits, `-` and `_`, joined by dots.
///
/// It is what the tag `infra:address` holds, and the key of everything the planner does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);

/// A text that is not an address.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` is not an address; write words joined by dots, like `database.main.instance`")]
pub struct BadAddress(String);

impl Address {
    /// Joins words that are known to be good, as the builders of the desired graph do.
    ///
    /// # Panics
    /// When a word is none: the spec has been checked before anything is built from it.
    pub fn of(words: &[&str]) -> Self {
        Self::try_from(words.join(".")).expect("words of an address come from a checked spec")
    }

    /// The address as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it belongs to: `network`, or one service, database, cache or repository.
    pub fn scope(&self) -> &str {
        let words = if self.0.starts_with("network.") { 1 } else { 2 };
        let end = self.0.match_indices('.').map(|(at, _)| at).nth(words - 1);
        &self.0[..end.unwrap_or(self.0.len())]
    }

    /// The service that it belongs to, if it is one's: `web` of `service.web.group`.
    pub fn service(&self) -> Option<&str> {
        self.0.strip_prefix("service.")?.split('.').next()
    }

    /// The service of which it is that part: `web` of `service.web.group`, where `part` is `group`.
    pub fn service_of(&self, part: &str) -> Option<&str> {
        self.0.strip_prefix("service.")?.strip_suffix(part)?.strip_suffix('.')
    }

    /// Whether this is `scope` itself or lies within it: `service.web.role` is within `service.web`.
    pub fn is_within(&self, scope: &Self) -> bool {
        self.0.strip_prefix(&scope.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl TryFrom<String> for Address {
    type Error = BadAddress;

    fn try_from(text: String) -> Result<Self, BadAddress> {
        let good = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
        };
        if text.split('.').all(good) { Ok(Self(text)) } else { Err(BadAddress(text)) }
    }
}

impl std::str::FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        Self::try_from(text.to_owned())
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_counts_whole_words() {
        let web = Address::of(&["service", "web"]);
        assert!(Address::of(&["service", "web", "role"]).is_within(&web));
        assert!(web.is_within(&web));
        assert!(!Address::of(&["service", "webhook"]).is_within(&web));
    }

    #[test]
    fn belongs_to_the_network_or_to_one_of_many() {
        let scope = |text: &str| text.parse::<Address>().unwrap().scope().to_owned();
        assert_eq!(scope("network.subnet.private-a"), "network");
        assert_eq!(scope("service.web.listener.http"), "service.web");
        assert_eq!(scope("repository.web"), "repository.web");
    }

    #[test]
    fn refuses_what_could_not_be_typed_back() {
        for bad in ["", ".", "a..b", "A", "a b", "a."] {
            assert!(bad.parse::<Address>().is_err(), "{bad:?}");
        }
    }
}
