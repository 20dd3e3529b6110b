//! The run of a release command: followed to its end, by what its instance writes into the log group and by how the instance is.
//!
//! What the command itself writes there is not read: it may hold secrets, which only the instance knows and strikes out of what it
//! tells at the end.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatchlogs::types::OutputLogEvent;
use serde::Deserialize;

use super::super::client::Aws;
use super::super::error::{AwsError, Call, IfThere};
use super::super::kind::Created;
use super::super::wait::{self, Look};
use super::user_data::END;

/// How much of the output is told: this many of the last lines, and no more than so many bytes of them.
const LINES: usize = 20;
const BYTES: usize = 4 * 1024;

/// How long what an instance has written may take to be seen, once the instance is gone.
const SEEN: Duration = Duration::from_secs(10);

/// Digits of the digest in the name of a log stream.
const SHORT: usize = 12;

/// What errors here are of.
const COMMAND: &str = "release command";

/// What the log streams of releases of an image are called, but for the instance: `release/<short digest>`.
pub(super) fn stream(image: &str) -> String {
    let digest = image.rsplit_once(':').map_or(image, |(_, digest)| digest);
    format!("release/{}", digest.chars().take(SHORT).collect::<String>())
}

/// An instance at its work.
pub(super) struct Run<'a> {
    instance: &'a str,
    log_group: &'a str,
    log_stream: &'a str,
    timeout: Duration,
}

/// How an instance is.
pub(super) struct InstanceState {
    /// EC2's word for it.
    pub(super) name: String,
    /// Why it is so, where EC2 says so.
    reason: Option<String>,
    launched: SystemTime,
}

/// The instance itself says how its command ended, and the last that it said: see `script.sh`.
#[derive(Debug, Deserialize)]
struct Report {
    #[serde(flatten)]
    end: End,
    #[serde(default)]
    said: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum End {
    ExitCode(i64),
    /// It could not be run; why.
    Failed(String),
}

impl<'a> Run<'a> {
    pub(super) fn of(created: &'a Created) -> Result<Self, AwsError> {
        let output = |name: &str| {
            let value = created.outputs.get(name).map(String::as_str);
            value.ok_or_else(|| AwsError::unexpected(COMMAND, format!("it is not known of {} what its {name} is", created.id)))
        };
        let seconds = output("timeout_seconds")?.parse().map_err(|_| AwsError::unexpected(COMMAND, "no number of seconds"))?;
        Ok(Self {
            instance: &created.id,
            log_group: output("log_group")?,
            log_stream: output("log_stream")?,
            timeout: Duration::from_secs(seconds),
        })
    }

    /// Waits for its end; gives the last lines of its output.
    ///
    /// # Errors
    /// When the command fails, cannot be run, or has not ended when its time is up; with the last lines of its output.
    pub(super) async fn follow(&self, aws: &Aws) -> Result<String, AwsError> {
        let launched = state(aws, self.instance).await?.map_or_else(SystemTime::now, |state| state.launched);
        let left = self.timeout.saturating_sub(launched.elapsed().unwrap_or_default());
        let end = match wait::until(COMMAND, left, || self.look(aws)).await {
            Err(error) if error.is(&["TimedOut"]) => None,
            end => Some(end?),
        };
        let (end, said) = match end {
            Some(Ok(Report { end, said })) => (Some(Ok(end)), said),
            Some(Err(why)) => (Some(Err(why)), String::new()),
            None => (None, String::new()),
        };
        let output = self.output(&said);
        let (code, what) = match end {
            Some(Ok(End::ExitCode(0))) => return Ok(output),
            Some(Ok(End::ExitCode(code))) => (format!("ExitCode{code}"), format!("it ended with exit code {code}")),
            Some(Ok(End::Failed(why))) => ("NotRun".into(), format!("it could not be run: {why}")),
            Some(Err(why)) => {
                ("Vanished".into(), format!("instance {} ended without saying how the command did{why}", self.instance))
            }
            None => {
                let seconds = self.timeout.as_secs();
                (
                    "TimedOut".into(),
                    format!("it had not ended after {seconds} s, so its instance is ended: see `timeout` of the release"),
                )
            }
        };
        Err(AwsError { operation: COMMAND.into(), code, message: format!("{what}\n{output}"), request_id: None })
    }

    /// Looks for the end of it: what the instance says, or, where that is gone without a word, why it is.
    async fn look(&self, aws: &Aws) -> Result<Look<Result<Report, String>>, AwsError> {
        // First the instance, then what it says: it does not go before it has said it.
        let state = state(aws, self.instance).await?;
        if let Some(end) = self.end(aws).await? {
            return Ok(Look::Done(Ok(end)));
        }
        let works = |state: &&InstanceState| !["shutting-down", "terminated", "stopped"].contains(&state.name.as_str());
        if let Some(state) = state.as_ref().filter(works) {
            return Ok(Look::Still(format!("{} is {}", self.instance, state.name)));
        }
        tokio::time::sleep(SEEN).await;
        if let Some(end) = self.end(aws).await? {
            return Ok(Look::Done(Ok(end)));
        }
        let reason = state.and_then(|state| state.reason);
        Ok(Look::Done(Err(reason.map(|reason| format!(": {reason}")).unwrap_or_default())))
    }

    /// What the instance says of the end; none while there is no such stream.
    async fn end(&self, aws: &Aws) -> Result<Option<Report>, AwsError> {
        let stream = format!("{}{END}", self.log_stream);
        let ask = aws.logs.get_log_events().log_group_name(self.log_group).log_stream_name(stream);
        let answer = ask.start_from_head(false).limit(1).send().await.call("logs:GetLogEvents").if_there()?;
        let events = answer.and_then(|answer| answer.events).unwrap_or_default();
        Ok(events.first().and_then(OutputLogEvent::message).and_then(|message| serde_json::from_str(message).ok()))
    }

    /// The last lines of the output, and where the rest is.
    fn output(&self, said: &str) -> String {
        let lines: Vec<&str> = said.lines().collect();
        let last = &lines[lines.len().saturating_sub(LINES)..];
        format!("{}(log group {}, stream {})", tail(last), self.log_group, self.log_stream)
    }
}

/// As many of the last lines as may be told, each with its end.
fn tail(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines.iter().rev() {
        let line = line.trim_end();
        let room = BYTES.saturating_sub(text.len() + 1);
        if line.len() > room {
            // The end of a line that is too long, from the next whole character on.
            let cut = (line.len() - room..=line.len()).find(|&index| line.is_char_boundary(index)).unwrap_or(line.len());
            text.insert_str(0, &format!("{}\n", &line[cut..]));
            break;
        }
        text.insert_str(0, &format!("{line}\n"));
    }
    text
}

/// How an instance is; none once EC2 has forgotten it.
pub(super) async fn state(aws: &Aws, id: &str) -> Result<Option<InstanceState>, AwsError> {
    let answer = super::once_visible(|| async {
        aws.ec2.describe_instances().instance_ids(id).send().await.call("ec2:DescribeInstances")
    });
    let Some(answer) = answer.await.if_there()? else { return Ok(None) };
    let instance = answer.reservations().iter().flat_map(aws_sdk_ec2::types::Reservation::instances).next();
    Ok(instance.map(|instance| {
        let seconds = instance.launch_time().and_then(|time| u64::try_from(time.secs()).ok());
        InstanceState {
            name: instance.state().and_then(|state| state.name()).map_or_else(String::new, ToString::to_string),
            reason: instance.state_reason().and_then(|reason| reason.message()).map(str::to_owned),
            launched: seconds.map_or_else(SystemTime::now, |seconds| UNIX_EPOCH + Duration::from_secs(seconds)),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_called_after_the_digest() {
        assert_eq!(stream("1.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:0123456789abcdef"), "release/0123456789ab");
    }

    #[test]
    fn the_end_is_read_as_the_script_writes_it() {
        let read = |text: &str| serde_json::from_str::<Report>(text).unwrap();
        let report = read(r#"{"exit_code": 3, "said": "one\ntwo\n"}"#);
        assert!(matches!(report.end, End::ExitCode(3)) && report.said == "one\ntwo\n", "{report:?}");
        let report = read(r#"{"failed": "docker pull"}"#);
        assert!(matches!(&report.end, End::Failed(why) if why == "docker pull") && report.said.is_empty(), "{report:?}");
    }

    #[test]
    fn of_much_output_the_end_is_told() {
        assert_eq!(tail(&["one\n", "two"]), "one\ntwo\n");
        assert_eq!(tail(&[]), "");
        let long = "ü".repeat(BYTES);
        let told = tail(&["before", &long, "after"]);
        assert!(told.ends_with("ü\nafter\n") && told.starts_with('ü'), "{told}");
        assert!((BYTES - 2..=BYTES).contains(&told.len()), "{}", told.len());
    }
}
