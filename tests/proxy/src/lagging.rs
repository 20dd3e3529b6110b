//! Descriptions that lag behind, as those of a service do that keeps copies of what it knows.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::{Answer, Call, Fault, Script};

/// Answers to reads are as old as this, or older, once something was written to the same service: what was asked before is answered
/// as it was then, and what was made since is not there.
#[derive(Debug)]
pub struct Lagging {
    lag: Duration,
    /// When each service was last written to.
    written: HashMap<String, Instant>,
    /// What was answered to each read, oldest first.
    kept: HashMap<Read, Vec<(Instant, Answer)>>,
    /// The ids that creates have answered with.
    made: HashMap<String, Instant>,
}

/// Service, action, and what was sent.
type Read = (String, String, Bytes);

impl Lagging {
    /// So far behind.
    pub fn by(lag: Duration) -> Self {
        Self { lag, written: HashMap::new(), kept: HashMap::new(), made: HashMap::new() }
    }

    /// The fault of a read of what is too new to be seen: a filter finds nothing, and an id is unknown.
    fn unseen(call: &Call) -> Fault {
        let filters = call.mentions("Filter.1.");
        Fault::Instead(if filters { call.nothing() } else { call.not_found() })
    }
}

impl Script for Lagging {
    fn decide(&mut self, call: &Call) -> Fault {
        let now = Instant::now();
        if call.writes {
            self.written.insert(call.service.clone(), now);
            return Fault::None;
        }
        if self.written.get(&call.service).is_none_or(|written| now - *written > self.lag) {
            return Fault::None;
        }
        let lag = self.lag;
        if let Some(kept) = self.kept.get(&read(call)) {
            let old = kept.iter().rev().find(|(at, _)| now - *at >= lag).or(kept.first());
            return old.map_or(Fault::None, |(_, answer)| Fault::After(answer.clone()));
        }
        let is_new = |(id, at): (&String, &Instant)| now - *at < lag && call.mentions(id);
        if self.made.iter().any(is_new) { Self::unseen(call) } else { Fault::None }
    }

    fn answered(&mut self, call: &Call, answer: &Answer) {
        if !answer.is_success() {
            return;
        }
        if call.writes {
            let now = Instant::now();
            self.written.insert(call.service.clone(), now);
            if call.creates() {
                self.made.extend(answer.ids().into_iter().filter(|id| !call.mentions(id)).map(|id| (id, now)));
            }
        } else {
            self.kept.entry(read(call)).or_default().push((Instant::now(), answer.clone()));
        }
    }
}

fn read(call: &Call) -> Read {
    (call.service.clone(), call.action.clone(), call.body.clone())
}

impl Call {
    /// Whether it makes something that gets an id.
    pub fn creates(&self) -> bool {
        ["Create", "Allocate", "Run"].iter().any(|begin| self.action.starts_with(begin))
    }
}

impl Answer {
    /// The ids that EC2 has made up: letters, a hyphen, and hexadecimal digits.
    pub fn ids(&self) -> BTreeSet<String> {
        let body = String::from_utf8_lossy(&self.body);
        let words = body.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
        let is_id = |word: &&str| {
            word.split_once('-').is_some_and(|(kind, number)| {
                kind.bytes().all(|letter| letter.is_ascii_lowercase())
                    && number.len() >= 8
                    && number.bytes().all(|digit| digit.is_ascii_hexdigit())
            })
        };
        words.filter(is_id).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;
    use crate::Protocol;

    const LAG: Duration = Duration::from_secs(2);

    fn call(action: &str, body: &'static str) -> Call {
        let writes = action.starts_with("Create");
        let service = "ec2".to_owned();
        Call {
            number: 1,
            account: String::new(),
            service,
            action: action.into(),
            writes,
            protocol: Protocol::Ec2,
            body: body.into(),
        }
    }

    fn answer(body: &'static str) -> Answer {
        Answer { body: body.into(), ..Answer::empty(Protocol::Ec2, "X") }
    }

    #[test]
    fn what_was_made_is_not_there_until_the_lag_is_over() {
        let mut script = Lagging::by(LAG);
        let (list, create) = (call("DescribeVpcs", "Filter.1.Name=tag"), call("CreateVpc", ""));
        assert!(matches!(script.decide(&list), Fault::None), "nothing was written");
        script.answered(&list, &answer("nothing"));
        assert!(matches!(script.decide(&create), Fault::None));
        script.answered(&create, &answer("<vpcId>vpc-0123456789abcdef0</vpcId>"));

        assert!(matches!(script.decide(&list), Fault::After(old) if old.body == "nothing"));
        script.answered(&list, &answer("one"));
        let by_id = call("DescribeVpcAttribute", "VpcId=vpc-0123456789abcdef0");
        assert!(matches!(script.decide(&by_id), Fault::Instead(answer) if answer.status == 400));
        let by_filter = call("DescribeVpcs", "Filter.1.Value.1=vpc-0123456789abcdef0");
        assert!(matches!(script.decide(&by_filter), Fault::Instead(answer) if answer.is_success()));
        let of_another = call("DescribeVpcAttribute", "VpcId=vpc-00000000000000000");
        assert!(matches!(script.decide(&of_another), Fault::None));

        sleep(LAG);
        for call in [list, by_id, by_filter] {
            assert!(matches!(script.decide(&call), Fault::None), "{}", call.action);
        }
    }

    #[test]
    fn ids_are_told_from_other_words() {
        let ids = answer("<a>eipalloc-0123abcd</a> us-east-1a 2026-11-21 my-name-0123456789 sg-0123456789abcdef0").ids();
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["eipalloc-0123abcd", "sg-0123456789abcdef0"]);
    }
}
