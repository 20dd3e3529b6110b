//! A message that Slack shows, with the whole event beside it for programs.
//!
//! Slack's "Sending messages using incoming webhooks": a JSON object with `text`. `metadata` is where Slack itself wants what is for
//! programs ("Using message metadata"; `IncomingWebhookSendArguments` of its own client has it): it is not shown, and stays with
//! the message. Others that take Slack's messages pass over it, and any other receiver finds the event there.

use serde_json::{Value, json};

use super::event::Event;
use super::receiver::Request;
use crate::values::web_address::WebAddress;

/// What says whose events these are: letters, digits and `_`.
const EVENT_TYPE: &str = "infra_event";

pub(super) fn request(address: &WebAddress, event: &Event) -> Request {
    Request { url: address.clone(), header: None, body: payload(event) }
}

pub(super) fn payload(event: &Event) -> Value {
    let lines = [vec![event.title()], event.details()].concat().join("\n");
    let mut whole = json!(event);
    whole["seconds"] = json!(event.took().map(|took| took.as_secs_f64()));
    json!({ "text": escaped(&lines), "metadata": { "event_type": EVENT_TYPE, "event_payload": whole } })
}

/// Slack takes these three characters for markup, which could call people or hide a link ("Formatting text for app surfaces").
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
