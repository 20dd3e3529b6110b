//! Telling others: somebody is told of something, and no key goes to strangers.

use super::Subject;
use crate::spec::notify::{Datadog, Notify, Sentry, Webhook};
use crate::spec::problem::Problem;
use crate::spec::suggest;
use crate::values::web_address::WebhookUrl;

/// The sites of Datadog ("Getting Started with Datadog Sites").
const SITES: [&str; 9] = [
    "datadoghq.com",
    "us3.datadoghq.com",
    "us5.datadoghq.com",
    "datadoghq.eu",
    "uk1.datadoghq.com",
    "ap1.datadoghq.com",
    "ap2.datadoghq.com",
    "ddog-gov.com",
    "us2.ddog-gov.com",
];

/// What belongs to Datadog: there are more sites every year.
const DATADOG: [&str; 3] = ["datadoghq.com", "datadoghq.eu", "ddog-gov.com"];

/// Hosts whose webhooks have nothing but their address to keep strangers out.
const SECRET_ADDRESSES: [&str; 4] = ["hooks.slack.com", "discord.com", "webhook.office.com", "logic.azure.com"];

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    let Some(notify) = &subject.environment.notify else { return Vec::new() };
    let mut problems = Vec::new();
    problems.extend(nobody(subject, notify));
    problems.extend(notify.webhook.iter().filter_map(|webhook| betrayed(subject, webhook)));
    problems.extend(notify.datadog.iter().flat_map(|datadog| check_datadog(subject, datadog)));
    problems.extend(notify.sentry.iter().flat_map(|sentry| check_sentry(subject, sentry)));
    problems
}

fn nobody(subject: &Subject, notify: &Notify) -> Option<Problem> {
    let Notify { on, webhook, datadog, sentry, .. } = notify;
    if on.is_empty() {
        let problem = Problem::warning("nothing is told").at(subject.place(&["notify", "on"]));
        return Some(problem.help("leave `on` out to have everything told, or leave out `[notify]`"));
    }
    let nobody = webhook.is_none() && datadog.is_none() && sentry.is_none();
    let problem = || Problem::warning("nobody is told").at(subject.place(&["notify"]));
    nobody.then(|| problem().help("add `[notify.webhook]`, `[notify.datadog]` or `[notify.sentry]`"))
}

/// An address that is a secret and stands in the spec.
fn betrayed(subject: &Subject, webhook: &Webhook) -> Option<Problem> {
    let WebhookUrl::Written(address) = &webhook.url else { return None };
    let host = SECRET_ADDRESSES.into_iter().find(|host| is_within(address.host(), host))?;
    let problem = Problem::warning(format!("whoever reads this address can write there: that is all `{host}` asks for"));
    let help = "keep it in SSM Parameter Store or Secrets Manager, and write where it is, like `ssm:/shop/slack-url`";
    Some(problem.at(subject.place(&["notify", "webhook", "url"])).help(help))
}

fn check_datadog(subject: &Subject, datadog: &Datadog) -> Vec<Problem> {
    let at = |key: &str| subject.place(&["notify", "datadog", key]);
    let mut problems = Vec::new();
    let is_host = datadog.site.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    if !is_host || !DATADOG.iter().any(|domain| is_within(&datadog.site, domain)) {
        let problem = Problem::error(format!("`{}` is no site of Datadog, and would get the key", datadog.site));
        // People copy it from the address of the page they look at.
        let bare = datadog.site.trim_start_matches("https://").trim_start_matches("app.").trim_end_matches('/');
        problems.push(problem.at(at("site")).help(suggest::choice(bare, SITES.into_iter(), "its sites are ", "and")));
    }
    for (key, value) in [("service", &datadog.service), ("repository_url", &datadog.repository_url)] {
        problems.extend(value.as_ref().filter(|value| value.trim().is_empty()).map(|_| empty(key).at(at(key))));
    }
    problems
}

fn check_sentry(subject: &Subject, sentry: &Sentry) -> Vec<Problem> {
    let at = |path: &[&str]| subject.place(&[&["notify", "sentry"], path].concat());
    let mut problems = Vec::new();
    if !is_slug(&sentry.organization) {
        problems.push(no_slug(&sentry.organization, "an organization").at(at(&["organization"])));
    }
    if sentry.projects.is_empty() {
        let problem = Problem::error("a release in Sentry belongs to a project").at(at(&["projects"]));
        problems.push(problem.help("name at least one, like `projects = [\"web\"]`"));
    }
    for (index, project) in sentry.projects.iter().enumerate().filter(|(_, project)| !is_slug(project)) {
        problems.push(no_slug(project, "a project").at(at(&["projects", &index.to_string()])));
    }
    if sentry.repository.as_ref().is_some_and(|repository| repository.trim().is_empty()) {
        problems.push(empty("repository").at(at(&["repository"])));
    }
    problems
}

fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The names of organizations and projects in Sentry's addresses: letters, digits, `_` and `-`.
fn is_slug(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

fn no_slug(text: &str, what: &str) -> Problem {
    let help = "write it as it stands in Sentry's addresses: lower case letters, digits, `-` and `_`";
    Problem::error(format!("`{text}` is no name of {what} in Sentry")).help(help)
}

fn empty(key: &str) -> Problem {
    Problem::error(format!("`{key}` is empty")).help("leave it out, or write what it is")
}
