//! Environments must not get in each other's way.

use ipnet::Ipv4Net;

use super::{Finding, Subject};
use crate::spec::layout::{LARGEST_PREFIX, SMALLEST_PREFIX};
use crate::spec::problem::Problem;

pub(super) fn check<'a>(subjects: &[Subject<'a>]) -> Vec<Finding<'a>> {
    let mut findings = Vec::new();
    for (index, later) in subjects.iter().enumerate() {
        for earlier in &subjects[..index] {
            let environments = || vec![earlier.environment.environment.as_str(), later.environment.environment.as_str()];
            let problems: Vec<Problem> = match same_name(earlier, later) {
                Some(same) => vec![same],
                None => [same_names(earlier, later), overlap(earlier, later)].into_iter().flatten().collect(),
            };
            findings.extend(problems.into_iter().map(|problem| Finding { environments: environments(), problem }));
        }
    }
    findings
}

/// Names must differ even between projects that share a folder, or `--env` would not say which is meant.
fn same_name(earlier: &Subject, later: &Subject) -> Option<Problem> {
    let name = &later.environment.environment;
    (*name == earlier.environment.environment).then(|| {
        Problem::error(format!("there are two environments `{name}`"))
            .at(later.place(&["environment"]))
            .label(earlier.place(&["environment"]), "the other one")
    })
}

/// By their beginning names tell people whose something is, and policies what may be changed: that of `dev` allows `shop-dev-*`.
fn same_names(earlier: &Subject, later: &Subject) -> Option<Problem> {
    let (a, b) = (earlier.environment, later.environment);
    if a.aws.account != b.aws.account {
        return None;
    }
    let (one, other) = (format!("{}-", a.prefix()), format!("{}-", b.prefix()));
    let problem = if one == other {
        Problem::error(format!("all names of `{}` in AWS begin with `{one}`, as those of `{}` do", b.environment, a.environment))
            .help("rename one of the environments, or one of the projects")
    } else if one.starts_with(&other) || other.starts_with(&one) {
        let ((inner, longer), (outer, shorter)) =
            if one.starts_with(&other) { ((a, &one), (b, &other)) } else { ((b, &other), (a, &one)) };
        let message = format!("whoever may change `{}` may change part of `{}`, too", outer.environment, inner.environment);
        Problem::warning(message).help(format!(
            "policies tell names by their beginning, and what begins with `{longer}` also begins with `{shorter}`; rename one of them, or \
             give it another account"
        ))
    } else {
        return None;
    };
    Some(problem.at(later.place(&["environment"])).label(earlier.place(&["environment"]), "the other one"))
}

/// Two networks of one account and region that overlap can never be connected, and invite mistakes long before that.
fn overlap(earlier: &Subject, later: &Subject) -> Option<Problem> {
    let (a, b) = (earlier.environment, later.environment);
    let (one, other) = (a.network.as_ref()?.cidr, b.network.as_ref()?.cidr);
    let sound = |network: &Ipv4Net| (LARGEST_PREFIX..=SMALLEST_PREFIX).contains(&network.prefix_len());
    if !sound(&one) || !sound(&other) {
        return None; // To be changed anyway, and then to be looked at again.
    }
    if a.aws != b.aws || !(one.contains(&other.network()) || other.contains(&one.network())) {
        return None;
    }
    let message =
        format!("the network of `{}` overlaps that of `{}` in the same account and region", b.environment, a.environment);
    let place = later.place(&["network", "cidr"]);
    let other_place = earlier.place(&["network", "cidr"]);
    let problem = Problem::error(message).at(place.clone());
    // Both may have it from the same base.
    let problem =
        if other_place == place { problem } else { problem.label(other_place, format!("`{}` has `{one}`", a.environment)) };
    Some(problem.help("give every environment addresses of its own"))
}
