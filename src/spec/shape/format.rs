//! Text with a form of its own: what it must look like, and what to say when it does not.

use ipnet::Ipv4Net;

use crate::spec::connection::Connection;
use crate::spec::text::Text;
use crate::values::duration::Duration;
use crate::values::image_digest::ImageDigest;
use crate::values::secret_ref::SecretRef;
use crate::values::web_address::{WebAddress, WebhookUrl};

/// What is wrong with a text, and what to write instead.
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) help: String,
}

/// Whether a text of this format may be a secret by mistake.
pub(super) fn is_secret(format: &str) -> bool {
    matches!(format, "infra-secret-reference" | "infra-webhook-url")
}

/// Holds a text against the format its schema names. Other formats than ours concern numbers.
pub(super) fn check(format: &str, text: &str) -> Option<Fault> {
    let (sound, message, help) = match format {
        "infra-cidr" => {
            (text.parse::<Ipv4Net>().is_ok(), "not a CIDR block", "write a network and a prefix length, like `10.0.0.0/16`")
        }
        "infra-duration" => (
            text.parse::<Duration>().is_ok(),
            "not a duration",
            "write whole numbers with units, the largest first, like `90s`, `5m` or `1h30m`",
        ),
        "infra-image-digest" => (
            text.parse::<ImageDigest>().is_ok(),
            "not the digest of an image",
            "write `sha256:` and 64 hexadecimal digits; a tag can come to mean another image, so it is not taken here",
        ),
        "infra-connection" => (
            text.parse::<Connection>().is_ok(),
            "not something a service can connect to",
            "write `database.NAME` or `cache.NAME`",
        ),
        "infra-text" => (
            text.parse::<Text>().is_ok(),
            "what stands in `${…}` here is no part of the environment that a service can be told",
            "write `${database.NAME.host}`, `…port`, `…name` or `…secret_arn`, `${cache.NAME.host}` or `…port`, or \
             `${service.NAME.host}`; for a `${` that means nothing, write `$${`",
        ),
        "infra-secret-reference" => (text.parse::<SecretRef>().is_ok(), secret_message(text), SECRET_HELP),
        "infra-web-address" => (text.parse::<WebAddress>().is_ok(), "not an address that begins with `https://`", HTTPS_HELP),
        "infra-webhook-url" => (
            text.parse::<WebhookUrl>().is_ok(),
            "neither where the address of a webhook is kept, nor one that begins with `https://`",
            "keep the address in SSM Parameter Store or Secrets Manager, and write where it is: `ssm:/path` or \
             `secretsmanager:NAME`",
        ),
        _ => return None,
    };
    (!sound).then(|| Fault { message: message.to_owned(), help: help.to_owned() })
}

const SECRET_HELP: &str = "keep the secret in SSM Parameter Store or Secrets Manager, and write where it is: \
     `ssm:/path`, `secretsmanager:NAME` or `secretsmanager:NAME#key`";

const HTTPS_HELP: &str = "write `https://HOST`; secrets are sent there, so `http` is for addresses of this machine only";

fn secret_message(text: &str) -> &'static str {
    if text.starts_with("ssm:") {
        "not the name of an SSM parameter: it starts with `/` and has letters, digits and `_.-/`"
    } else if text.starts_with("secretsmanager:") {
        "not the name of a secret in Secrets Manager"
    } else {
        "this looks like the secret itself, and a spec holds only references to secrets"
    }
}
