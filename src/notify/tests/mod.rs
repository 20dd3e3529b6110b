//! What is sent, to the letter; and what becomes of it at receivers of every kind.

mod payloads;
mod sending;
mod server;

use jiff::Timestamp;

use super::{Event, Outcome, Service, Subject};
use crate::plan::Summary;
use crate::spec::VersionBy;
use crate::values::image_digest::ImageDigest;
use crate::values::origin::Origin;

const COMMIT: &str = "66adc9350f2cc9b250b69abddab733dd55e1a588";

/// A tag that says no more than the digest.
const OWN: &str = "prod-20261121-bbbbbbbbbbbb";

fn digest(digit: char) -> ImageDigest {
    format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap()
}

fn service(name: &str) -> Service {
    let (from, to) = (Some(digest('a')), Some(digest('b')));
    let tags = vec!["latest".into(), OWN.into(), "v1.2.3".into()];
    Service { name: name.into(), from, to, tags, commit: Some(COMMIT.into()), version: None }.versioned(VersionBy::Commit)
}

/// Two services of one image.
fn deployment(outcome: Outcome) -> Event {
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    Event {
        subject: Subject::Deployment,
        outcome,
        project: "shop".into(),
        environment: "prod".into(),
        account: "123456789012".into(),
        region: "eu-west-1".into(),
        plan_id: "ca36a3210d53a7c9ca36a3210d53a7c9".into(),
        summary: Summary { update: 3, ..Summary::default() },
        services: vec![service("web"), service("worker")],
        origin: Origin {
            actor: "ana".into(),
            host: "runner-3".into(),
            commit: Some("9c1d02e4f5".into()),
            run_url: Some("https://github.com/example/shop/actions/runs/42?a=1&b=2".into()),
        },
        started: time("2026-11-21T14:00:00.250Z"),
        ended: (outcome != Outcome::Started).then(|| time("2026-11-21T14:04:10.250Z")),
        seen: match outcome {
            Outcome::RolledBack => vec!["2 targets of service.web are unhealthy: <Health checks failed>".into()],
            _ => Vec::new(),
        },
    }
}
