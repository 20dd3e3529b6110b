//! The last lines of a log group: what a service said before it was given up.

use aws_sdk_cloudwatchlogs::operation::describe_log_streams::DescribeLogStreamsOutput;
use aws_sdk_cloudwatchlogs::types::OrderBy;

use super::super::access::{Access, named};
use super::super::client::Aws;
use super::super::error::{AwsError, Call, IfThere};

/// Streams that are looked into: one a container, the newest first.
const STREAMS: usize = 4;

/// Among how many of the newest they are looked for.
const NEWEST: i32 = 20;

/// How the streams of release commands begin. What those say is told by their instances, without the secrets that may be in it here.
const RELEASES: &str = "release/";

/// What looking takes: only where a deployment goes wrong.
pub const ACCESS: Access = Access {
    read: &[],
    write: &[named(&["logs:DescribeLogStreams", "logs:GetLogEvents"], &["logs:{here}:log-group:/{project}/{environment}/*"])],
    delete: &[],
};

/// The last lines that were written to a log group, oldest first; none where there is no such group.
///
/// # Errors
/// As AWS answers.
pub async fn last_lines(aws: &Aws, group: &str, lines: usize) -> Result<Vec<String>, AwsError> {
    let streams = aws.logs.describe_log_streams().log_group_name(group).order_by(OrderBy::LastEventTime).descending(true);
    let streams = streams.limit(NEWEST).send().await.call("logs:DescribeLogStreams").if_there()?;
    let mut events = Vec::new();
    let names = streams.iter().flat_map(DescribeLogStreamsOutput::log_streams).filter_map(|stream| stream.log_stream_name());
    for name in names.filter(|name| !name.starts_with(RELEASES)).take(STREAMS) {
        let limit = i32::try_from(lines).unwrap_or(i32::MAX);
        let read = aws.logs.get_log_events().log_group_name(group).log_stream_name(name).start_from_head(false).limit(limit);
        let read = read.send().await.call("logs:GetLogEvents").if_there()?;
        events.extend(read.into_iter().flat_map(|read| read.events.unwrap_or_default()));
    }
    events.sort_by_key(|event| event.timestamp().unwrap_or_default());
    let first = events.len().saturating_sub(lines);
    Ok(events.split_off(first).into_iter().filter_map(|event| event.message).collect())
}
