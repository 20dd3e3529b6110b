//! The account and the region.

use super::Subject;
use crate::spec::problem::Problem;

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    let aws = &subject.environment.aws;
    let mut problems = Vec::new();
    if aws.account.len() != 12 || !aws.account.bytes().all(|b| b.is_ascii_digit()) {
        let problem = Problem::error("not the number of an AWS account").at(subject.place(&["aws", "account"]));
        problems.push(problem.help("write its twelve digits, leading zeros included, in quotes: `\"012345678901\"`"));
    }
    if !is_region(&aws.region) {
        let problem = Problem::error(format!("`{}` is not a region", aws.region)).at(subject.place(&["aws", "region"]));
        problems.push(problem.help("regions are written like `us-east-1` or `eu-central-1`"));
    }
    problems
}

/// `us-east-1`, `us-gov-west-1`: an area, one or two words, a number.
fn is_region(region: &str) -> bool {
    let parts: Vec<&str> = region.split('-').collect();
    let [area, words @ .., number] = parts.as_slice() else { return false };
    let word = |word: &&str| word.len() >= 2 && word.bytes().all(|b| b.is_ascii_lowercase());
    area.len() == 2
        && word(area)
        && (1..=2).contains(&words.len())
        && words.iter().all(word)
        && number.len() == 1
        && number.bytes().all(|b| b.is_ascii_digit())
}
