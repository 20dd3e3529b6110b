//! What was called, when, and with what outcome.

use std::time::Duration;

use crate::Call;

/// A call as it went. Times are since the proxy was told to count.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What was called.
    pub call: Call,
    /// When it arrived.
    pub started: Duration,
    /// When its answer was there; none while it is under way, and for what was never answered.
    pub ended: Option<Duration>,
    /// The HTTP status of the answer.
    pub status: Option<u16>,
    /// Whether it went on to AWS; what is answered instead of AWS does not.
    pub reached: bool,
}

/// How many calls were made one after another at most: each began when the one before had been answered.
pub fn longest_chain(entries: &[Entry]) -> usize {
    let mut spans: Vec<(Duration, Duration)> = entries.iter().filter_map(|entry| Some((entry.started, entry.ended?))).collect();
    spans.sort_by_key(|(_, ended)| *ended);
    // Of chains of one length, the one that ends first leaves the most room: for each length, when it can have ended.
    let mut ends: Vec<Duration> = Vec::new();
    for (started, ended) in spans {
        let before = ends.partition_point(|end| *end <= started);
        if before == ends.len() {
            ends.push(ended);
        }
    }
    ends.len()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::Protocol;

    fn entry(started: u64, ended: u64) -> Entry {
        let call = Call {
            number: 1,
            account: String::new(),
            service: "ec2".into(),
            action: "DescribeVpcs".into(),
            writes: false,
            protocol: Protocol::Ec2,
            body: Bytes::new(),
        };
        Entry {
            call,
            started: Duration::from_millis(started),
            ended: Some(Duration::from_millis(ended)),
            status: Some(200),
            reached: true,
        }
    }

    #[test]
    fn what_goes_on_at_once_is_one_link() {
        assert_eq!(longest_chain(&[]), 0);
        assert_eq!(longest_chain(&[entry(0, 10), entry(1, 9), entry(2, 12)]), 1);
        assert_eq!(longest_chain(&[entry(0, 10), entry(1, 5), entry(6, 8), entry(8, 20), entry(11, 12)]), 3);
    }
}
