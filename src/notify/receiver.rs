//! Who is told, and what is sent to them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::event::Event;
use super::key::Key;
use super::{datadog, sentry, webhook};
use crate::spec::{self, Notify};
use crate::values::secret_ref::SecretRef;
use crate::values::web_address::{WebAddress, WebhookUrl};

/// Whoever is told.
#[derive(Clone, Debug)]
pub enum Receiver {
    /// Any receiver of JSON.
    Webhook(spec::Webhook),
    /// Datadog, and the address of its API.
    Datadog(spec::Datadog, WebAddress),
    /// Sentry, and its address.
    Sentry(spec::Sentry, WebAddress),
}

/// One `POST` of JSON.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) url: WebAddress,
    /// Name and value of the header that opens the door.
    pub(super) header: Option<(&'static str, Key)>,
    pub(super) body: Value,
}

impl Receiver {
    /// All whom a spec names.
    pub fn of(notify: &Notify) -> Vec<Self> {
        let webhook = notify.webhook.clone().map(Self::Webhook);
        // The spec has made sure that both are addresses.
        let datadog = notify.datadog.clone().and_then(|it| Some(Self::Datadog(it.clone(), datadog::api(&it)?)));
        let sentry = notify.sentry.clone().and_then(|it| Some(Self::Sentry(it.clone(), sentry::address(&it)?)));
        [webhook, datadog, sentry].into_iter().flatten().collect()
    }

    /// What people call it.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "the webhook",
            Self::Datadog(..) => "datadog",
            Self::Sentry(..) => "sentry",
        }
    }

    /// Where its key is kept; none where it needs none.
    pub(super) const fn key(&self) -> Option<&SecretRef> {
        match self {
            Self::Webhook(spec::Webhook { url: WebhookUrl::Kept(at) }) => Some(at),
            Self::Webhook(spec::Webhook { url: WebhookUrl::Written(_) }) => None,
            Self::Datadog(datadog, _) => Some(&datadog.api_key),
            Self::Sentry(sentry, _) => Some(&sentry.token),
        }
    }

    /// What is sent, one after the other.
    ///
    /// # Errors
    /// Why nothing can be sent.
    pub(super) fn requests(&self, key: &Key, event: &Event) -> Result<Vec<Request>, String> {
        match self {
            Self::Webhook(spec::Webhook { url: WebhookUrl::Written(address) }) => Ok(vec![webhook::request(address, event)]),
            Self::Webhook(spec::Webhook { url: WebhookUrl::Kept(at) }) => {
                let address = key.expose().parse();
                let address = address.map_err(|_| format!("what {at} holds is no address that begins with https://"))?;
                Ok(vec![webhook::request(&address, event)])
            }
            Self::Datadog(datadog, api) => Ok(datadog::requests(datadog, api, key, event)),
            Self::Sentry(sentry, address) => Ok(sentry::requests(sentry, address, key, event)),
        }
    }
}

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An address below another; each part is taken as it is, whatever characters it has.
pub(super) fn below(base: &WebAddress, parts: &[&str]) -> WebAddress {
    let path = |part: &&str| utf8_percent_encode(part, RESERVED).to_string();
    let path: Vec<String> = parts.iter().map(path).collect();
    format!("{}/{}", base.base(), path.join("/")).parse().expect("a path makes no other address of it")
}
