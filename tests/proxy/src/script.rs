//! What happens to calls.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::{Answer, Call, Protocol};

/// What happens to one call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing: it goes through.
    None,
    /// The program is to be cut off at this moment; from then on nothing goes out any more.
    Cut(Moment),
    /// It is carried out, and the connection breaks before the answer.
    Lost,
    /// It is carried out, and answered so much later.
    Late(Duration),
    /// It is not carried out, and this is the answer.
    Instead(Answer),
    /// It is carried out, and this is the answer.
    After(Answer),
}

/// When a program is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Just before the call goes out.
    Before,
    /// Just after it was carried out, before the answer.
    CarriedOut,
    /// Just after the answer.
    Answered,
}

impl Moment {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Before, Self::CarriedOut, Self::Answered];
}

/// Decides on every call.
pub trait Script: Send {
    /// What happens to it.
    fn decide(&mut self, call: &Call) -> Fault;

    /// What became of a call that was carried out.
    fn answered(&mut self, _call: &Call, _answer: &Answer) {}
}

impl<F: FnMut(&Call) -> Fault + Send> Script for F {
    fn decide(&mut self, call: &Call) -> Fault {
        self(call)
    }
}

/// Lets everything through.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl Script for Nothing {
    fn decide(&mut self, _: &Call) -> Fault {
        Fault::None
    }
}

/// Cuts the program off at one moment of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cut {
    /// The call's number.
    pub call: usize,
    /// The moment of it.
    pub moment: Moment,
}

impl Script for Cut {
    fn decide(&mut self, call: &Call) -> Fault {
        if call.number == self.call { Fault::Cut(self.moment) } else { Fault::None }
    }
}

/// Adds the same to the time of every call, as a network does.
#[derive(Clone, Copy, Debug)]
pub struct Delayed(pub Duration);

impl Script for Delayed {
    fn decide(&mut self, _: &Call) -> Fault {
        Fault::Late(self.0)
    }
}

/// Lets each service have so many calls a second, and refuses the others as AWS does. A second's worth may come at once.
#[derive(Clone, Debug)]
pub struct Throttled {
    per_second: f64,
    /// What is left for each service, and when that was.
    left: BTreeMap<String, (f64, Instant)>,
}

impl Throttled {
    /// So many calls a second for each service.
    pub fn new(per_second: u32) -> Self {
        Self { per_second: per_second.into(), left: BTreeMap::new() }
    }
}

impl Throttled {
    /// Whether a service takes a call at this moment.
    fn takes(&mut self, service: &str, now: Instant) -> bool {
        let (left, since) = self.left.entry(service.to_owned()).or_insert((self.per_second, now));
        *left = (*left + now.duration_since(*since).as_secs_f64() * self.per_second).min(self.per_second);
        *since = now;
        let takes = *left >= 1.0;
        *left -= f64::from(u8::from(takes));
        takes
    }
}

impl Script for Throttled {
    fn decide(&mut self, call: &Call) -> Fault {
        if self.takes(&call.service, Instant::now()) {
            return Fault::None;
        }
        // EC2 has words of its own: "Query throttling" in its developer guide.
        let (status, code) = match call.protocol {
            Protocol::Ec2 => (503, "RequestLimitExceeded"),
            Protocol::Query => (400, "Throttling"),
            Protocol::Json | Protocol::Cbor => (400, "ThrottlingException"),
            Protocol::Registry => (429, "TOOMANYREQUESTS"),
        };
        Fault::Instead(call.refusal(status, code, "Rate exceeded"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throttle_refuses_what_is_too_much_and_no_more() {
        let (mut throttle, began) = (Throttled::new(2), Instant::now());
        let mut takes = |service, after| throttle.takes(service, began + Duration::from_millis(after));
        assert_eq!([0, 0, 0, 400].map(|after| takes("ec2", after)), [true, true, false, false]);
        assert!(takes("iam", 400), "each service has calls of its own");
        assert_eq!([500, 501, 9000, 9001, 9002].map(|after| takes("ec2", after)), [true, false, true, true, false]);
    }
}
