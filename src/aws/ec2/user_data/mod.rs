//! User data: the script by which an instance installs and runs its container, and the reading of it back.
//!
//! The script is one constant text around one JSON document, which a program on the instance reads; nothing is pasted into shell
//! code, so no value can break it. Secrets are references there: the instance fetches them with its own role.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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
pub(super) fn encode(container: &Container, region: &str) -> Result<String, AwsError> {
    let script = script(container, region);
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
fn script(container: &Container, region: &str) -> String {
    let document = json!({
        "region": region,
        "script": version(),
        "image": container.image,
        "command": container.command,
        "port": container.port,
        "environment": container.environment,
        "secrets": container.secrets,
        "log_group": container.log_group,
    });
    SCRIPT.replacen(HERE, &format!("{document:#}"), 1)
}

/// The container that user data runs. What is not ours is told as an empty container, with a fingerprint of what is there.
pub(in crate::aws) fn decode(user_data: &str, region: &str) -> Container {
    let bytes = STANDARD.decode(user_data).unwrap_or_else(|_| user_data.as_bytes().to_vec());
    let text = String::from_utf8_lossy(&bytes);
    parse(&text, region).unwrap_or_else(|| Container {
        image: String::new(),
        command: Vec::new(),
        port: None,
        environment: [].into(),
        secrets: [].into(),
        log_group: String::new(),
        script: format!("foreign {}", short(&text)),
    })
}

fn parse(text: &str, region: &str) -> Option<Container> {
    let (before, rest) = text.split_once(BEFORE)?;
    let (document, after) = rest.split_once(AFTER)?;
    let mut document: Value = serde_json::from_str(document).ok()?;
    let its_region = document.as_object_mut()?.remove("region")?;
    let mut container: Container = serde_json::from_value(document).ok()?;
    // The document says which version of the script was written around it, so that an older version is told from an edited one.
    let found = short(&[before, BEFORE, HERE, AFTER, after].concat());
    if found != container.script || its_region != region {
        container.script = format!("edited {found}");
    }
    Some(container)
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
            script: version(),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for container in [container(), Container { port: None, command: Vec::new(), ..container() }] {
            assert_eq!(decode(&encode(&container, "eu-west-1").unwrap(), "eu-west-1"), container);
        }
    }

    #[test]
    fn an_edited_script_shows_as_a_difference_of_the_script_alone() {
        let edited = STANDARD.encode(script(&container(), "eu-west-1").replace("RestartSec=5", "RestartSec=50"));
        let read = decode(&edited, "eu-west-1");
        assert!(read.script.starts_with("edited "), "{}", read.script);
        assert_eq!(Container { script: version(), ..read }, container());
    }

    #[test]
    fn an_edited_document_shows_as_a_difference_of_what_it_says() {
        let edited = STANDARD.encode(script(&container(), "eu-west-1").replace("8000", "9000"));
        assert_eq!(decode(&edited, "eu-west-1"), Container { port: Some(9000), ..container() });
        assert_ne!(decode(&encode(&container(), "eu-west-2").unwrap(), "eu-west-1"), container());
    }

    #[test]
    fn what_an_older_version_wrote_is_told_by_its_version() {
        let old_script = SCRIPT.replace("RestartSec=5", "RestartSec=9");
        let text = script(&container(), "eu-west-1").replace("RestartSec=5", "RestartSec=9");
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
        let error = encode(&long, "eu-west-1").unwrap_err();
        assert!(error.message.contains("SSM"), "{error}");
    }
}
