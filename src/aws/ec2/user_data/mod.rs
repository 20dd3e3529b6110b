//! User data: the script by which an instance installs and runs its container, and the reading of it back.
//!
//! The script is one constant text around one JSON document, which a program on the instance reads; nothing is pasted into shell
//! code, so no value can break it. Secrets are references there: the instance fetches them with its own role.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::error::AwsError;
use super::launch_template::Container;
use crate::values::name::fingerprint;

#[cfg(test)]
mod trial;

/// The script, with [`HERE`] where the document goes.
const SCRIPT: &str = include_str!("script.sh");
/// Where the document goes.
const HERE: &str = "@DOCUMENT@";
/// What stands before the document. No line of JSON can be [`AFTER`], which ends it.
const BEFORE: &str = "<<'INFRA_DOCUMENT'\n";
/// What stands after the document.
const AFTER: &str = "\nINFRA_DOCUMENT\n";

/// What EC2 takes, in bytes before base64 ("User data is limited to 16 KB, in raw form, before it is base64-encoded").
const LIMIT: usize = 16 * 1024;

/// What the document says beside the container where that is to run once, and the instance to end with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Once {
    /// What the log stream of its output is called, but for the id of the instance at the end. How it ended stands in another, called
    /// like that one with [`END`] behind.
    pub(super) stream: String,
    /// After how many seconds the instance ends, whatever it is at.
    pub(super) timeout_seconds: u32,
}

/// What the name of the stream ends in that says how it ended.
pub(super) const END: &str = "/end";

/// The version of the script: what a container built now says under `script`.
pub fn version() -> String {
    short(SCRIPT)
}

fn short(script: &str) -> String {
    fingerprint(script.as_bytes())[..8].to_owned()
}

/// User data in base64, as EC2 takes it.
///
/// # Errors
/// When it is longer than EC2 allows.
pub(super) fn encode(container: &Container, once: Option<&Once>, region: &str) -> Result<String, AwsError> {
    let script = script(container, once, region);
    if script.len() > LIMIT {
        return Err(AwsError {
            operation: "ec2:RunInstances".into(),
            code: "UserDataTooLong".into(),
            message: format!(
                "the user data of {} takes {} bytes and EC2 takes {LIMIT}; move the longest values of its environment into SSM \
                 parameters and name those under `secrets`",
                container.image,
                script.len()
            ),
            request_id: None,
        });
    }
    Ok(STANDARD.encode(script))
}

/// The script that runs this container.
fn script(container: &Container, once: Option<&Once>, region: &str) -> String {
    let mut document = json!({
        "region": region,
        "script": version(),
        "image": container.image,
        "command": container.command,
        "port": container.port,
        "environment": container.environment,
        "secrets": container.secrets,
        "log_group": container.log_group,
    });
    if !container.alone_as.is_empty() {
        document["alone_as"] = json!(container.alone_as);
    }
    if let Some(once) = once {
        document["release"] = json!(once);
    }
    SCRIPT.replacen(HERE, &format!("{document:#}"), 1)
}

/// The container that user data runs. What is not ours is told as an empty container, with a fingerprint of what is there.
pub(in crate::aws) fn decode(user_data: &str, region: &str) -> Container {
    read(user_data, region).0
}

/// The same, and how it is to run once, where it is.
pub(super) fn read(user_data: &str, region: &str) -> (Container, Option<Once>) {
    let bytes = STANDARD.decode(user_data).unwrap_or_else(|_| user_data.as_bytes().to_vec());
    let text = String::from_utf8_lossy(&bytes);
    parse(&text, region).unwrap_or_else(|| {
        let container = Container {
            image: String::new(),
            command: Vec::new(),
            port: None,
            environment: [].into(),
            secrets: [].into(),
            log_group: String::new(),
            alone_as: String::new(),
            script: format!("foreign {}", short(&text)),
        };
        (container, None)
    })
}

fn parse(text: &str, region: &str) -> Option<(Container, Option<Once>)> {
    let (before, rest) = text.split_once(BEFORE)?;
    let (document, after) = rest.split_once(AFTER)?;
    let mut document: Value = serde_json::from_str(document).ok()?;
    let its_region = document.as_object_mut()?.remove("region")?;
    let once = document.as_object_mut()?.remove("release").map(serde_json::from_value).transpose().ok()?;
    let mut container: Container = serde_json::from_value(document).ok()?;
    // The document says which version of the script was written around it, so that an older version is told from an edited one.
    let found = short(&[before, BEFORE, HERE, AFTER, after].concat());
    if found != container.script || its_region != region {
        container.script = format!("edited {found}");
    }
    Some((container, once))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container() -> Container {
        Container {
            image: "1.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:ab".into(),
            command: vec!["celery".into(), "-A".into(), "it's $(here)".into()],
            port: Some(8000),
            environment: [("GREETING".into(), "a \"b\"\nINFRA_DOCUMENT\n$HOME `id` @DOCUMENT@ ü".into())].into(),
            secrets: [("KEY".into(), "ssm:/shop/key".into())].into(),
            log_group: "/shop/test/web".into(),
            alone_as: String::new(),
            script: version(),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let alone = Container { alone_as: "shop-test-beat".into(), ..container() };
        for container in [container(), alone, Container { port: None, command: Vec::new(), ..container() }] {
            assert_eq!(decode(&encode(&container, None, "eu-west-1").unwrap(), "eu-west-1"), container);
        }
    }

    #[test]
    fn what_runs_once_says_so() {
        let once = Once { stream: "release/ab".into(), timeout_seconds: 900 };
        let written = encode(&container(), Some(&once), "eu-west-1").unwrap();
        assert_eq!(read(&written, "eu-west-1"), (container(), Some(once)));
        assert_eq!(read(&encode(&container(), None, "eu-west-1").unwrap(), "eu-west-1").1, None);
    }

    #[test]
    fn an_edited_script_shows_as_a_difference_of_the_script_alone() {
        let edited = STANDARD.encode(script(&container(), None, "eu-west-1").replace("RestartSec=5", "RestartSec=50"));
        let read = decode(&edited, "eu-west-1");
        assert!(read.script.starts_with("edited "), "{}", read.script);
        assert_eq!(Container { script: version(), ..read }, container());
    }

    #[test]
    fn an_edited_document_shows_as_a_difference_of_what_it_says() {
        let edited = STANDARD.encode(script(&container(), None, "eu-west-1").replace("8000", "9000"));
        assert_eq!(decode(&edited, "eu-west-1"), Container { port: Some(9000), ..container() });
        assert_ne!(decode(&encode(&container(), None, "eu-west-2").unwrap(), "eu-west-1"), container());
    }

    #[test]
    fn what_an_older_version_wrote_is_told_by_its_version() {
        let old_script = SCRIPT.replace("RestartSec=5", "RestartSec=9");
        let text = script(&container(), None, "eu-west-1").replace("RestartSec=5", "RestartSec=9");
        let text = text.replace(&version(), &short(&old_script));
        assert_eq!(decode(&STANDARD.encode(text), "eu-west-1").script, short(&old_script));
    }

    #[test]
    fn what_is_not_ours_is_foreign() {
        let read = decode(&STANDARD.encode("#!/bin/sh\necho hello\n"), "eu-west-1");
        assert!(read.script.starts_with("foreign ") && read.image.is_empty(), "{read:?}");
        assert_ne!(read, decode("", "eu-west-1"));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_a_way_out() {
        let mut long = container();
        long.environment.insert("LONG".into(), "x".repeat(LIMIT));
        let error = encode(&long, None, "eu-west-1").unwrap_err();
        assert!(error.message.contains("SSM"), "{error}");
    }
}
