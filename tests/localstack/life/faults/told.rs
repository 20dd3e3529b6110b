//! What a run tells of itself, as JSON lines, as text and in its record; and whether all of it is true.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::life::plan::Plan;
use crate::life::{Ended, Stage};

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Done,
    /// With the operation and the code.
    Failed(String, String),
    /// Because of this.
    Left(String),
}

/// What was told of each step, by what was done to which address.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) steps: BTreeMap<(String, String), End>,
    /// The addresses that each waits for.
    after: BTreeMap<String, BTreeSet<String>>,
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Whether an operation, such as `ec2:DescribeVpcs`, only asks.
fn is_read(operation: &str) -> bool {
    operation.split_once(':').is_some_and(|(_, action)| ["Describe", "Get", "List"].iter().any(|read| action.starts_with(read)))
}

impl Told {
    /// Reads what `apply --json` printed, and sees that its last line counts right.
    pub(super) fn read(ended: &Ended) -> Self {
        let lines: Vec<Value> = ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut told = Self { steps: BTreeMap::new(), after: BTreeMap::new() };
        // A plan that has moved before it is carried out is shown again.
        for change in lines.iter().filter_map(|line| line["resource_changes"].as_array()).flatten() {
            let after = change["after"].as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned);
            told.after.insert(text(change, "/address").to_owned(), after.collect());
        }
        for line in &lines {
            let end = match text(line, "/type") {
                "apply_complete" => End::Done,
                "apply_errored" => End::Failed(text(line, "/error/operation").into(), text(line, "/error/code").into()),
                "apply_left" => End::Left(text(line, "/because").into()),
                _ => continue,
            };
            told.steps.insert((text(line, "/resource/address").into(), text(line, "/action").into()), end);
        }
        let summary = lines.iter().find(|line| line["type"] == "apply_summary").unwrap_or_else(|| panic!("{ended:#?}"));
        let counts = ["done", "failed", "left"].map(|what| usize::try_from(summary[what].as_u64().unwrap()).unwrap());
        assert_eq!(counts, told.counts(), "{ended:#?}");
        told
    }

    /// How many are done, failed and left.
    pub(super) fn counts(&self) -> [usize; 3] {
        let count = |which: fn(&End) -> bool| self.steps.values().filter(|end| which(end)).count();
        [
            count(|end| matches!(end, End::Done)),
            count(|end| matches!(end, End::Failed(..))),
            count(|end| matches!(end, End::Left(_))),
        ]
    }

    /// The addresses of which a step failed.
    pub(super) fn failed(&self) -> BTreeSet<&str> {
        let failed = self.steps.iter().filter(|(_, end)| matches!(end, End::Failed(..)));
        failed.map(|((address, _), _)| address.as_str()).collect()
    }

    /// Those of them of which AWS refused what they were to do, and not only to tell.
    fn refused(&self) -> BTreeSet<&str> {
        let refused = self.steps.iter().filter(|(_, end)| matches!(end, End::Failed(operation, _) if !is_read(operation)));
        refused.map(|((address, _), _)| address.as_str()).collect()
    }

    /// Each that was left waits for one that failed, be it by way of others; and none that waits for one that failed was tried.
    pub(super) fn left_is_what_waits_for_failures(&self) {
        let failed = self.failed();
        for ((address, action), end) in &self.steps {
            let End::Left(because) = end else {
                // What was made is built upon while AWS is still asked how it does. What is replaced comes and goes under one address,
                // and each waits for something else.
                let others = self.refused();
                let others = others.iter().filter(|other| **other != address && !self.is_replaced_twice(other));
                let waits: Vec<_> = others.filter(|other| self.waits_for(address, other)).collect();
                assert!(
                    waits.is_empty() || self.is_replaced_twice(address),
                    "{action} {address} was tried: {waits:?}, {self:#?}"
                );
                continue;
            };
            assert!(failed.contains(because.as_str()), "{address} was left because of {because}, which did not fail: {self:#?}");
            // What is replaced fails or is left as a whole, and its predecessor stays.
            let waits = self.waits_for(address, because) || action == "delete" && self.is_replaced(address);
            assert!(waits || address == because, "{action} {address} does not wait for {because}: {:?}", self.after.get(address));
        }
    }

    fn is_replaced(&self, address: &str) -> bool {
        self.steps.contains_key(&(address.to_owned(), "create".to_owned()))
    }

    fn waits_for(&self, address: &str, other: &str) -> bool {
        let (mut seen, mut next) = (BTreeSet::new(), vec![address]);
        while let Some(address) = next.pop() {
            for before in self.after.get(address).into_iter().flatten() {
                if before == other {
                    return true;
                }
                if seen.insert(before) {
                    next.push(before);
                }
            }
        }
        false
    }

    /// What is said to be done, failed and left is so in the account. Of changes in place the plan of what is left tells.
    pub(super) async fn is_true(&self, stage: &Stage, left: &Plan, deploys: bool, denied: &str, makes: bool) {
        let live = stage.live().await;
        for ((address, action), end) in self.steps.iter().filter(|((address, _), _)| !self.is_replaced_twice(address)) {
            let there = live.contains_key(address);
            let expected = match (action.as_str(), end) {
                // What AWS has taken on goes on there, whether or not anybody may ask how it does.
                (_, End::Failed(operation, _)) if is_read(operation) => continue,
                ("create", End::Done) | ("delete", End::Left(_) | End::Failed(..)) => true,
                ("create", End::Left(_)) | ("delete", End::Done) => false,
                ("create", End::Failed(operation, _)) if operation == denied && makes => false,
                // What a deployment that failed has put back is to be done again.
                ("update", End::Done) if deploys => continue,
                // It is done but for the note of what it was declared as.
                ("update", End::Failed(operation, _)) if operation.contains("Tag") => continue,
                ("update", end) => {
                    let actions = &left.at(address)["change"]["actions"];
                    let expected = if *end == End::Done { "no-op" } else { "update" };
                    assert_eq!(actions[0], expected, "{address}: {action} is said to be {end:?}");
                    continue;
                }
                _ => continue,
            };
            assert_eq!(there, expected, "{address}: {action} is said to be {end:?}");
        }
    }

    fn is_replaced_twice(&self, address: &str) -> bool {
        self.is_replaced(address) && self.steps.contains_key(&(address.to_owned(), "delete".to_owned()))
    }

    /// The record says the same.
    pub(super) fn is_recorded(&self, stage: &Stage, outcome: &str, code: i32) {
        let record = last_record(stage).unwrap_or_else(|| panic!("there is no record"));
        assert_eq!((text(&record, "/outcome"), record["exit_code"].as_i64()), (outcome, Some(code.into())), "{record:#}");
        for step in record["steps"].as_array().unwrap() {
            let key = (text(step, "/address").to_owned(), text(step, "/verb").to_owned());
            let told = self.steps.get(&key).unwrap_or_else(|| panic!("nothing was told of {key:?}"));
            let same = match told {
                End::Done => step["outcome"] == "done",
                End::Failed(operation, error) => {
                    step["outcome"] == "failed"
                        && text(step, "/failure/operation") == operation
                        && text(step, "/failure/code") == error
                }
                End::Left(because) => {
                    step["outcome"] == "left" && text(step, "/waited_for") == because
                        || ["stopped", "begun"].contains(&text(step, "/outcome"))
                }
            };
            assert!(same, "told: {told:?}, recorded: {step:#}");
        }
        assert_eq!(record["steps"].as_array().unwrap().len(), self.steps.len());
    }
}

/// The newest record.
pub(super) fn last_record(stage: &Stage) -> Option<Value> {
    let folder = fs::read_dir(stage.records().join("dev")).ok()?;
    let newest = folder.map(|file| file.unwrap().path()).filter(|path| path.is_file()).max()?;
    Some(serde_json::from_str(&fs::read_to_string(newest).unwrap()).unwrap())
}
