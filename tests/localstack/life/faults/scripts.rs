//! What goes wrong, call by call.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use aws_proxy::{Answer, Call, Fault, Script};
use bytes::Bytes;

use super::Dice;

/// How often in a row one call goes wrong at most: the SDK tries eight times.
const IN_A_ROW: u32 = 4;

/// Some calls go wrong, each a few times at most.
pub(super) struct Sometimes<W, F> {
    which: W,
    fault: F,
    in_a_row: HashMap<(String, Bytes), u32>,
}

impl<W, F> Sometimes<W, F> {
    pub(super) fn new(which: W, fault: F) -> Self {
        Self { which, fault, in_a_row: HashMap::new() }
    }
}

impl<W: FnMut(&Call) -> bool + Send, F: FnMut(&Call) -> Fault + Send> Script for Sometimes<W, F> {
    fn decide(&mut self, call: &Call) -> Fault {
        let row = self.in_a_row.entry((call.name(), call.body.clone())).or_default();
        if *row < IN_A_ROW && (self.which)(call) {
            *row += 1;
            return (self.fault)(call);
        }
        *row = 0;
        Fault::None
    }
}

/// A script for the calls of one service.
pub(super) struct Of<S> {
    pub(super) service: &'static str,
    pub(super) script: S,
}

impl<S: Script> Script for Of<S> {
    fn decide(&mut self, call: &Call) -> Fault {
        if call.service == self.service { self.script.decide(call) } else { Fault::None }
    }

    fn answered(&mut self, call: &Call, answer: &Answer) {
        if call.service == self.service {
            self.script.answered(call, answer);
        }
    }
}

/// One call in so many.
pub(super) fn one_in(many: usize, seed: u64) -> impl FnMut(&Call) -> bool + Send {
    let mut dice = Dice(seed);
    move |_| dice.roll(many) == 0
}

/// Every call for a while, and again after a while.
pub(super) fn bursts(of: impl Fn(&Call) -> bool + Send) -> impl FnMut(&Call) -> bool + Send {
    move |call| call.number / 25 % 4 == 2 && of(call)
}

/// The first call of each action that writes.
pub(super) fn first_writes() -> impl FnMut(&Call) -> bool + Send {
    let mut seen = BTreeSet::new();
    move |call| call.writes && seen.insert(call.name())
}

/// What was created within the last while is not known everywhere: whoever names it is told that it is not there.
pub(super) struct Unseen {
    pub(super) lasts: Duration,
    /// Ids, and names of roles and instance profiles.
    new: HashMap<String, Instant>,
}

impl Unseen {
    pub(super) fn for_a_while(lasts: Duration) -> Self {
        Self { lasts, new: HashMap::new() }
    }

    fn names_new(&self, call: &Call) -> bool {
        let body = String::from_utf8_lossy(&call.body);
        let words: BTreeSet<&str> = body.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').collect();
        self.new.iter().any(|(name, at)| at.elapsed() < self.lasts && words.contains(name.as_str()))
    }
}

impl Script for Unseen {
    fn decide(&mut self, call: &Call) -> Fault {
        // Filters find nothing, and creates that name something anew are no use of it.
        if !self.names_new(call) {
            return Fault::None;
        }
        let answer = match (call.service.as_str(), call.action.as_str()) {
            ("ec2", _) if call.mentions("Filter.1.") => call.nothing(),
            ("ec2", _) => call.not_found(),
            ("iam", _) => call.refusal(404, "NoSuchEntity", "The role with name x cannot be found."),
            ("autoscaling", "CreateAutoScalingGroup") => call.refusal(
                400,
                "ValidationError",
                "You must use a valid fully-formed launch template. Invalid IAM Instance Profile name",
            ),
            ("apprunner", "CreateService") => {
                call.refusal(400, "InvalidRequestException", "Error in assuming access role arn:aws:iam::1:role/x")
            }
            _ => return Fault::None,
        };
        Fault::Instead(answer)
    }

    fn answered(&mut self, call: &Call, answer: &Answer) {
        if !call.creates() || !answer.is_success() {
            return;
        }
        let now = Instant::now();
        match call.service.as_str() {
            "ec2" => self.new.extend(answer.ids().into_iter().filter(|id| !call.mentions(id)).map(|id| (id, now))),
            "iam" => {
                let body = String::from_utf8_lossy(&call.body).into_owned();
                let fields = body.split('&').filter_map(|field| field.split_once('='));
                let named = fields.filter(|(field, _)| ["RoleName", "InstanceProfileName"].contains(field));
                self.new.extend(named.map(|(_, name)| (name.to_owned(), now)));
            }
            _ => {}
        }
    }
}
