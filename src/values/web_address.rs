//! Addresses on the web that may be told things not meant for everybody: by `https`, and by `http` only on this machine.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::secret_ref::SecretRef;

/// An address to which a secret may travel.
#[derive(Clone, PartialEq, Eq)]
pub struct WebAddress(Url);

impl WebAddress {
    /// It, without a slash at its end, for paths to follow.
    #[must_use]
    pub fn base(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// It, whole.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The machine it leads to.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

/// The address of a webhook: where it is kept, since whoever knows that of Slack may write there, or the address itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookUrl {
    /// The address is a secret.
    Kept(SecretRef),
    /// It is none.
    Written(WebAddress),
}

/// What was written is no such address. It may be a secret all the same, so it is not repeated here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an address that begins with `https://`")]
pub struct NotAnAddress;

impl FromStr for WebAddress {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let url = Url::parse(text).map_err(|_| NotAnAddress)?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let here = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        if url.scheme() == "https" || url.scheme() == "http" && here { Ok(Self(url)) } else { Err(NotAnAddress) }
    }
}

impl FromStr for WebhookUrl {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        text.parse().map(Self::Kept).or_else(|_| text.parse().map(Self::Written))
    }
}

/// Its path and query may be a secret.
impl fmt::Debug for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/…", self.0.scheme(), self.host())
    }
}

impl<'de> Deserialize<'de> for WebAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for WebhookUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for WebAddress {
    fn schema_name() -> Cow<'static, str> {
        "WebAddress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "An address on the web: `https`, or `http` on this machine.",
            "format": "infra-web-address",
            "examples": ["https://sentry.example.com"],
            "pattern": r"^(https://|http://(localhost|127\.|\[::1\])).*$",
        })
    }
}

impl JsonSchema for WebhookUrl {
    fn schema_name() -> Cow<'static, str> {
        "WebhookUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Where the address of a webhook is kept, or the address itself where it is no secret.",
            "format": "infra-webhook-url",
            "examples": ["ssm:/shop/slack-url"],
            "pattern": r"^(ssm:/|secretsmanager:|https://|http://(localhost|127\.|\[::1\])).*$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_travel_by_https_or_stay_on_this_machine() {
        for text in [
            "https://hooks.slack.com/services/T0/B0/x",
            "https://sentry.example.com:9000",
            "http://127.0.0.1:8080/hook",
            "http://localhost/",
            "http://[::1]:1/",
        ] {
            assert!(text.parse::<WebAddress>().is_ok(), "{text}");
        }
        for text in ["", "hooks.slack.com/x", "http://hooks.slack.com/x", "http://127.0.0.1.example.com/", "ftp://localhost/"] {
            assert_eq!(text.parse::<WebAddress>(), Err(NotAnAddress), "{text}");
        }
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        let url: WebhookUrl = "https://hooks.slack.com/services/T0/B0/hunter2".parse().unwrap();
        assert_eq!(format!("{url:?}"), "Written(https://hooks.slack.com/…)");
        assert!(matches!("ssm:/shop/slack-url".parse(), Ok(WebhookUrl::Kept(_))));
    }

    #[test]
    fn paths_follow_with_one_slash() {
        let base = |text: &str| text.parse::<WebAddress>().unwrap().base().to_owned();
        assert_eq!(base("https://sentry.io"), "https://sentry.io");
        assert_eq!(base("https://example.com/sentry/"), "https://example.com/sentry");
    }
}
