//! Tags: AWS's limits, and the keys that are not for people to set.

use super::Subject;
use crate::spec::problem::Problem;

/// AWS allows 50 on a resource; four mark ownership, one is the resource's `Name`, and some have one more to remember what AWS does
/// not: the network of an elastic IP, what becomes of a database when it is deleted.
const MOST: usize = 44;

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    let tags = &subject.environment.tags;
    let mut problems = Vec::new();
    for (key, value) in tags {
        let place = subject.key(&["tags", key]);
        let lower = key.to_ascii_lowercase();
        if lower.starts_with("aws:") {
            problems.push(Problem::error(format!("the tag `{key}` cannot be set: AWS keeps `aws:` for itself")).at(place));
        } else if lower.starts_with("infra:") {
            let problem = Problem::error(format!("the tag `{key}` cannot be set: `infra:` marks what belongs to whom"));
            problems.push(
                problem
                    .at(place)
                    .help("choose another key; everything is tagged `infra:project` and `infra:environment` already"),
            );
        } else if key == "Name" {
            let problem = Problem::error("the tag `Name` cannot be set: every resource has its own");
            problems.push(problem.at(place));
        } else if key.is_empty() || key.chars().count() > 128 {
            problems.push(Problem::error("the key of a tag has 1 to 128 characters").at(place));
        } else if !key.chars().all(is_allowed) {
            problems.push(Problem::error(format!("the tag `{key}` has characters AWS does not take")).at(place).help(ALPHABET));
        }
        let place = subject.place(&["tags", key]);
        if value.chars().count() > 256 {
            problems.push(Problem::error("the value of a tag has at most 256 characters").at(place));
        } else if !value.chars().all(is_allowed) {
            problems.push(Problem::error("this value has characters AWS does not take in tags").at(place).help(ALPHABET));
        }
    }
    if tags.len() > MOST {
        let message = format!("{} tags are too many", tags.len());
        problems.push(
            Problem::error(message)
                .at(subject.place(&["tags"]))
                .help(format!("AWS has room for {MOST} beside those that mark ownership")),
        );
    }
    problems
}

const ALPHABET: &str = "tags have letters, digits, spaces and `_.:/=+-@`";

fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c)
}
