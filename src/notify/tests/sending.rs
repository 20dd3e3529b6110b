//! Receivers that check, hang, refuse, close and are not there: the run neither fails nor waits, and keys are nowhere to be seen.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::server::{Answer, Server};
use super::{COMMIT, deployment};
use crate::notify::{Bounds, Key, Keys, Notifier, Outcome, Receiver};
use crate::spec::{Datadog, Sentry, Webhook};
use crate::values::secret_ref::SecretRef;

const KEY: &str = "hunter2hunter2";

/// Keys by where they are kept.
#[derive(Default)]
struct Kept(BTreeMap<&'static str, String>);

impl Keys for Kept {
    fn value<'a>(&'a self, at: &'a SecretRef) -> BoxFuture<'a, Result<Key, String>> {
        let found = self.0.get(at.to_string().as_str()).map(|kept| Key::new(kept));
        Box::pin(async move { found.ok_or_else(|| "ssm:GetParameter: ParameterNotFound".to_owned()) })
    }
}

/// Keys that take for ever.
struct Lost;

impl Keys for Lost {
    fn value<'a>(&'a self, _: &'a SecretRef) -> BoxFuture<'a, Result<Key, String>> {
        Box::pin(std::future::pending())
    }
}

fn kept(url: &str) -> Kept {
    let key = || format!("{KEY}\n");
    Kept([("ssm:/url", url.to_owned()), ("ssm:/key", key()), ("secretsmanager:token", key())].into())
}

fn webhook(url: &str) -> Receiver {
    Receiver::Webhook(Webhook { url: url.parse().unwrap() })
}

fn datadog(server: &Server) -> Receiver {
    let site = "datadoghq.com".into();
    let datadog = Datadog { api_key: "ssm:/key".parse().unwrap(), site, service: None, repository_url: None, url: None };
    Receiver::Datadog(datadog, server.url("").parse().unwrap())
}

fn sentry(server: &Server) -> Receiver {
    let (organization, projects) = ("example".into(), vec!["web".into()]);
    let url = server.url("/sentry/").parse().ok();
    let token = "secretsmanager:token".parse().unwrap();
    let sentry = Sentry { token, organization, projects, repository: None, url };
    Receiver::Sentry(sentry.clone(), sentry.url.unwrap())
}

/// Bounds that no test waits for, but for the pauses.
fn patient() -> Bounds {
    let long = Duration::from_mins(1);
    Bounds { connect: long, whole: long, pause: Duration::from_millis(1), end: long }
}

/// Tells of a deployment that begins and ends well; gives the warnings.
async fn told(receivers: Vec<Receiver>, keys: impl Keys, bounds: Bounds) -> Vec<String> {
    let notifier = Notifier::start(receivers, keys, bounds);
    notifier.tell(&deployment(Outcome::Started));
    notifier.tell(&deployment(Outcome::Succeeded));
    let shown = format!("{notifier:?}");
    let warnings = notifier.finish().await;
    for text in warnings.iter().chain([&shown]) {
        assert!(!text.contains(KEY) && !text.contains("127.0.0.1"), "a key or an address shows: {text}");
    }
    warnings
}

/// Every path that was asked for, in order.
fn paths(server: &Server) -> Vec<String> {
    server.taken().into_iter().map(|taken| format!("{} {}", taken.method, taken.path)).collect()
}

#[tokio::test]
async fn everybody_is_told_everything_in_order() {
    let [slack, other, dog, sentry_server] =
        [(); 4].map(|()| Server::start(vec![Answer::With(200, "", "ok".into())])).map(Box::pin);
    let (slack, other, dog, sentry_server) = futures::join!(slack, other, dog, sentry_server);
    let receivers = vec![webhook("ssm:/url"), webhook(&other.url("/other")), datadog(&dog), sentry(&sentry_server)];
    let warnings = told(receivers, kept(&slack.url("/services/T0/B0/secret")), patient()).await;
    assert_eq!(warnings, Vec::<String>::new());

    for server in [&slack, &other] {
        let outcomes: Vec<_> =
            server.taken().into_iter().map(|it| it.body["metadata"]["event_payload"]["outcome"].clone()).collect();
        assert_eq!(outcomes, ["started", "succeeded"]);
    }
    assert_eq!(paths(&slack), ["POST /services/T0/B0/secret"; 2]);
    let (event, dora, series) = ("POST /api/v1/events", "POST /api/v2/dora/deployment", "POST /api/v2/series");
    assert_eq!(paths(&dog), [event, event, dora, dora, series]);
    assert!(dog.taken().iter().all(|taken| taken.headers["dd-api-key"] == KEY), "{:#?}", dog.taken());
    let release = "POST /sentry/api/0/organizations/example/releases/".to_owned();
    assert_eq!(paths(&sentry_server), [release.clone(), release.clone(), format!("{release}{COMMIT}/deploys/")]);
    for taken in sentry_server.taken() {
        assert_eq!(taken.headers["authorization"], format!("Bearer {KEY}"));
        assert_eq!(taken.headers["content-type"], "application/json");
    }
}

/// Time stands still but for what is waited for.
#[tokio::test(start_paused = true)]
async fn nobody_waits_long_for_a_receiver_that_hangs() {
    let server = Server::start(vec![Answer::Never]).await;
    let begun = Instant::now();
    let notifier = Notifier::start(vec![datadog(&server)], kept(""), Bounds::default());
    notifier.tell(&deployment(Outcome::Started));
    assert_eq!(begun.elapsed(), Duration::ZERO, "the run waits");
    notifier.tell(&deployment(Outcome::Succeeded));
    let warnings = notifier.finish().await;
    assert_eq!(begun.elapsed().as_secs(), 5);
    assert_eq!(warnings, ["datadog has not answered yet, and is not waited for any longer"]);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_long_for_a_key_that_cannot_be_had() {
    let begun = Instant::now();
    let warnings = told(vec![webhook("ssm:/url")], Lost, Bounds::default()).await;
    assert_eq!(begun.elapsed().as_secs(), 5);
    assert_eq!(warnings, ["the webhook has not answered yet, and is not waited for any longer"]);
}

/// While the run goes on, a receiver that hangs is given up on, and asked again with the next event.
#[tokio::test(start_paused = true)]
async fn a_receiver_that_hangs_is_given_up_on() {
    let server = Server::start(vec![Answer::Never, Answer::status(202)]).await;
    let notifier = Notifier::start(vec![webhook(&server.url("/"))], kept(""), Bounds::default());
    notifier.tell(&deployment(Outcome::Started));
    tokio::time::sleep(Duration::from_mins(1)).await;
    notifier.tell(&deployment(Outcome::Succeeded));
    server.has_taken(2).await;
    let what = "shop prod: deploying web 66adc93, worker 66adc93";
    assert_eq!(notifier.finish().await, [format!("the webhook was not told \"{what}\": no answer within 10s")]);
}

#[tokio::test]
async fn one_that_hangs_keeps_nobody_else_from_being_told() {
    let (hangs, answers) = futures::join!(Server::start(vec![Answer::Never]), Server::start(vec![Answer::status(200)]));
    let receivers = vec![datadog(&hangs), webhook(&answers.url("/"))];
    let notifier = Notifier::start(receivers, kept(""), Bounds { end: Duration::from_secs(1), ..patient() });
    notifier.tell(&deployment(Outcome::Started));
    answers.has_taken(1).await;
    hangs.has_taken(1).await;
    assert_eq!(notifier.finish().await.len(), 1);
}

#[tokio::test]
async fn what_passes_is_tried_three_times() {
    let server = Server::start(vec![Answer::With(500, "", "our\n fault".into())]).await;
    let notifier = Notifier::start(vec![datadog(&server)], kept(""), patient());
    notifier.tell(&deployment(Outcome::Started));
    let what = "shop prod: deploying web 66adc93, worker 66adc93";
    let why = "500 Internal Server Error: our fault";
    assert_eq!(notifier.finish().await, [format!("datadog was not told \"{what}\": {why}")]);
    assert_eq!(paths(&server).len(), 3);

    let server = Server::start(vec![Answer::status(429), Answer::Close, Answer::status(202)]).await;
    let notifier = Notifier::start(vec![datadog(&server)], kept(""), patient());
    notifier.tell(&deployment(Outcome::Started));
    assert_eq!(notifier.finish().await, Vec::<String>::new());
    assert_eq!(paths(&server).len(), 3);
}

#[tokio::test]
async fn what_does_not_pass_is_tried_once_and_quoted_without_the_key() {
    let refused = format!("{{\"detail\":\"no such token as {KEY}\"}}");
    let server = Server::start(vec![Answer::With(403, "", refused)]).await;
    let notifier = Notifier::start(vec![sentry(&server)], kept(""), patient());
    notifier.tell(&deployment(Outcome::Succeeded));
    let warnings = notifier.finish().await;
    let quoted = r#"403 Forbidden: {"detail":"no such token as (concealed)"}"#;
    assert!(warnings.len() == 1 && warnings[0].ends_with(quoted), "{warnings:#?}");
    assert_eq!(paths(&server).len(), 1, "no deploy without a release");
}

#[tokio::test]
async fn keys_do_not_follow_redirects() {
    let elsewhere = Server::start(vec![Answer::status(200)]).await;
    let location: &'static str = format!("Location: {}\r\n", elsewhere.url("/")).leak();
    let server = Server::start(vec![Answer::With(307, location, String::new())]).await;
    let warnings = told(vec![datadog(&server)], kept(""), patient()).await;
    assert!(warnings.len() == 2 && warnings[0].ends_with("307 Temporary Redirect"), "{warnings:#?}");
    assert_eq!(paths(&elsewhere), Vec::<String>::new());
}

#[tokio::test]
async fn one_that_is_not_there_or_hangs_up_is_a_warning() {
    // Whoever bound it is gone, and so is the port.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let closes = Server::start(vec![Answer::Close]).await;
    let url = format!("http://{gone}/secret");
    let warnings = told(vec![webhook("ssm:/url"), datadog(&closes)], kept(&url), patient()).await;
    assert_eq!(warnings.len(), 4, "{warnings:#?}");
    assert!(warnings.iter().any(|warning| warning.starts_with("the webhook") && warning.contains("refused")), "{warnings:#?}");
    assert!(warnings.iter().all(|warning| !warning.contains("secret")), "{warnings:#?}");
}

#[tokio::test]
async fn a_key_that_cannot_be_read_or_used_is_a_warning() {
    let server = Server::start(vec![Answer::status(200)]).await;
    let receivers = || vec![webhook("ssm:/url"), datadog(&server)];
    let warnings = told(receivers(), Kept::default(), patient()).await;
    let cannot =
        |name: &str, at: &str| format!("{name} cannot be told: {at} cannot be read: ssm:GetParameter: ParameterNotFound");
    assert_eq!(warnings, [cannot("the webhook", "ssm:/url"), cannot("datadog", "ssm:/key")]);

    let odd =
        Kept([("ssm:/url", "http://hooks.example.com/hunter2hunter2".into()), ("ssm:/key", "hunter2\nhunter2".into())].into());
    let warnings = told(receivers(), odd, patient()).await;
    let ends = |end: &str| warnings.iter().filter(|warning| warning.ends_with(end)).count();
    assert_eq!(ends("what ssm:/url holds is no address that begins with https://"), 2, "{warnings:#?}");
    assert_eq!(ends("the key has characters that no header takes"), 2, "{warnings:#?}");
    assert_eq!(paths(&server), Vec::<String>::new());
}
