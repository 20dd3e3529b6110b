//! Who is told of what is done to an environment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::secret_ref::SecretRef;
use crate::values::web_address::{WebAddress, WebhookUrl};

/// Who is told when something is done to the environment. That somebody cannot be told never stops a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// What is told. Without it, everything but plans that are only made.
    #[serde(default = "everything_done")]
    pub on: Vec<Outcome>,

    /// What of an image is told as its version: whatever the application itself reports to Datadog and Sentry.
    #[serde(default)]
    pub version: VersionBy,

    /// Any receiver of JSON. Slack, and what understands its messages, shows the text.
    pub webhook: Option<Webhook>,

    /// Datadog: events, and deployments for its DORA metrics.
    pub datadog: Option<Datadog>,

    /// Sentry: releases with their commits, and their deploys.
    pub sentry: Option<Sentry>,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A plan is made, and nothing else; one that cannot be made is told as `failed`, where that is told too. Whoever plans needs the keys
    /// of the receivers then.
    Planned,
    /// It begins.
    Started,
    /// It is done.
    Succeeded,
    /// It could not be done, or not all of it.
    Failed,
    /// It was done, found unhealthy, and undone.
    RolledBack,
}

/// What of an image is its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VersionBy {
    /// The commit in its label `org.opencontainers.image.revision`; where it has none, its tag.
    #[default]
    Commit,
    /// Its first tag; where it has none, its digest.
    Tag,
    /// Its digest.
    Digest,
}

/// Any receiver of JSON, such as an incoming webhook of Slack.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where its address is kept: whoever knows that of Slack may write there. One that is no secret may stand here itself.
    pub url: WebhookUrl,
}

/// Datadog.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Datadog {
    /// Where an API key is kept.
    #[schemars(example = &"ssm:/shop/datadog-key")]
    pub api_key: SecretRef,

    /// The site of the account, such as `datadoghq.eu`.
    #[serde(default = "datadog_site")]
    pub site: String,

    /// What Datadog calls the application. Without it, each service by its name here.
    pub service: Option<String>,

    /// The git repository of the images' commits, such as `https://github.com/example/shop`. Without it, DORA metrics know no commits.
    pub repository_url: Option<String>,

    /// Where its API is, if it is reached by another address, such as that of a proxy. Without it, `https://api.` and the site.
    pub url: Option<WebAddress>,
}

/// Sentry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sentry {
    /// Where a token that may make releases is kept.
    #[schemars(example = &"secretsmanager:shop/sentry#token")]
    pub token: SecretRef,

    /// The organization, by its name in addresses.
    #[schemars(example = &"example")]
    pub organization: String,

    /// The projects that releases belong to, by their names in addresses.
    #[schemars(example = ["web"])]
    pub projects: Vec<String>,

    /// The repository of the images' commits, as Sentry lists it, such as `example/shop`. With it, Sentry looks up every commit
    /// since the release before; without it, it knows only the one an image was built from.
    pub repository: Option<String>,

    /// Where Sentry is, if it is your own. Without it, `https://sentry.io`.
    pub url: Option<WebAddress>,
}

impl Notify {
    /// Whether plans that are only made are told.
    #[must_use]
    pub fn tells_plans(&self) -> bool {
        self.on.contains(&Outcome::Planned)
    }

    /// Where all keys of the receivers are kept.
    pub fn keys(&self) -> impl Iterator<Item = &SecretRef> {
        let webhook = self.webhook.as_ref().and_then(|webhook| match &webhook.url {
            WebhookUrl::Kept(at) => Some(at),
            WebhookUrl::Written(_) => None,
        });
        let datadog = self.datadog.as_ref().map(|datadog| &datadog.api_key);
        let sentry = self.sentry.as_ref().map(|sentry| &sentry.token);
        [webhook, datadog, sentry].into_iter().flatten()
    }
}

fn everything_done() -> Vec<Outcome> {
    vec![Outcome::Started, Outcome::Succeeded, Outcome::Failed, Outcome::RolledBack]
}

fn datadog_site() -> String {
    "datadoghq.com".into()
}
