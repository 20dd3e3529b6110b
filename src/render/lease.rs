//! Who holds an environment, and how a run lost it, in sentences.

use jiff::Timestamp;

use crate::lease::{Entry, Lost};

/// `ana on runner-3 (apply, since 14:02:11 UTC)`.
pub fn holder(entry: &Entry) -> String {
    format!("{} on {} ({}, since {})", entry.origin.actor, entry.origin.host, entry.verb, time(entry.started))
}

/// Who holds the environment, until when, and where to see that run.
pub fn held(environment: &str, entry: &Entry) -> String {
    let mut text = format!("{environment} is held by {}", holder(entry));
    if let Some(expires) = entry.expires {
        text.push_str(&format!(", until {} unless renewed", time(expires)));
    }
    if let Some(url) = &entry.origin.run_url {
        text.push_str(&format!("\n  {url}"));
    }
    text
}

/// How a run lost the environment, and who has it.
pub fn lost(environment: &str, lost: &Lost) -> String {
    match lost {
        Lost::To(entry) if entry.expires.is_none() => {
            format!("the lease on {environment} is lost: {} on {} has ended it", entry.origin.actor, entry.origin.host)
        }
        Lost::To(entry) => format!("the lease on {environment} is lost: {}", held("it", entry)),
        Lost::Gone => format!("the lease on {environment} is lost: somebody has deleted it"),
        Lost::NotRenewed { why } => format!("the lease on {environment} is lost: it could not be renewed in time ({why})"),
    }
}

/// The time of day: leases do not last longer. All clocks say the same in UTC.
fn time(moment: Timestamp) -> String {
    moment.strftime("%H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::origin::Origin;

    #[test]
    fn it_says_who_and_until_when() {
        let entry = Entry {
            run: "1".into(),
            verb: "apply".into(),
            plan: None,
            origin: Origin {
                actor: "ana".into(),
                host: "runner-3".into(),
                commit: None,
                run_url: Some("https://ci.example/7".into()),
            },
            started: "2026-11-21T14:02:11.25Z".parse().unwrap(),
            expires: Some("2026-11-21T14:06:11Z".parse().unwrap()),
            ended: None,
            after: None,
        };
        assert_eq!(
            held("prod", &entry),
            "prod is held by ana on runner-3 (apply, since 14:02:11 UTC), until 14:06:11 UTC unless renewed\n  https://ci.example/7"
        );
        let ended = Entry { verb: "unlock".into(), expires: None, ..entry };
        assert_eq!(lost("prod", &Lost::To(Box::new(ended))), "the lease on prod is lost: ana on runner-3 has ended it");
    }
}
