//! Databases: what RDS offers, and in which sizes.

use super::Subject;
use super::shapes::{class_help, is_class};
use crate::spec::problem::Problem;
use crate::spec::store::Database;
use crate::spec::suggest;

/// The engines `infra` manages, with the major versions RDS offers, extended support included.
/// Source: "Supported engine versions" for each engine in the RDS user guide.
const ENGINES: [(&str, &[&str]); 3] = [
    ("postgres", &["11", "12", "13", "14", "15", "16", "17", "18"]),
    ("mysql", &["5.7", "8.0", "8.4"]),
    ("mariadb", &["10.6", "10.11", "11.4", "11.8", "12.3"]),
];

/// What else RDS calls an engine: licensed ones need an option group and a licence, Aurora is a cluster.
const OTHER_ENGINES: [&str; 7] = ["aurora", "custom", "db2", "oracle", "sqlserver", "docdb", "neptune"];

pub(super) fn check(subject: &Subject) -> Vec<Problem> {
    subject.environment.database.iter().flat_map(|(name, database)| one(subject, name, database)).collect()
}

fn one(subject: &Subject, name: &str, database: &Database) -> Vec<Problem> {
    let at = |key: &str| subject.place(&["database", name, key]);
    let mut problems = Vec::new();
    match ENGINES.iter().find(|(engine, _)| *engine == database.engine) {
        None => problems.push(engine(&database.engine).at(at("engine"))),
        Some((engine, majors)) if !majors.iter().any(|major| is_version_of(&database.version, major)) => {
            let problem = Problem::error(format!("RDS has no {engine} `{}`", database.version)).at(at("version"));
            problems.push(
                problem
                    .help(format!("it offers {}, alone or with a minor version", suggest::list(majors.iter().copied(), "and"))),
            );
        }
        Some(_) => {}
    }
    if !is_class("db", &database.class) {
        let problem = Problem::error(format!("`{}` is not a database instance class", database.class)).at(at("class"));
        problems.push(problem.help(class_help("db", &database.class)));
    }
    // "You must set the maximum storage threshold to at least 10% more than the current allocated storage": RDS refuses less.
    let least = database.storage_gib + database.storage_gib.div_ceil(10);
    if let Some(most) = database.max_storage_gib.filter(|most| *most < least) {
        let message =
            format!("`max_storage_gib` must be at least a tenth more than `storage_gib`, which is {}", database.storage_gib);
        let problem = Problem::error(message).at(at("max_storage_gib")).label(at("storage_gib"), "");
        problems.push(problem.help(if most == database.storage_gib {
            "leave it out to keep the storage as it is".to_owned()
        } else {
            format!("write {least} or more")
        }));
    }
    if let Some(name) = database.name.as_ref().filter(|name| !is_database_name(name)) {
        let problem = Problem::error(format!("`{name}` cannot be the name of a database")).at(at("name"));
        problems.push(problem.help("names have up to 63 letters, digits and `_`, and start with a letter"));
    }
    problems
}

fn engine(written: &str) -> Problem {
    let known = || ENGINES.iter().map(|(engine, _)| *engine);
    if OTHER_ENGINES.iter().any(|other| written.starts_with(other)) {
        let problem = Problem::error(format!("infra does not manage the engine `{written}`"));
        return problem.help(format!("it manages {}", suggest::list(known(), "and")));
    }
    let help = suggest::choice(written, known(), "infra manages ", "and");
    Problem::error(format!("AWS has no database engine `{written}`")).help(help)
}

/// `16` and `16.4` are versions of `16`, and so is `16.4-rds.20250101`, as RDS writes extended support; `161` is not.
fn is_version_of(version: &str, major: &str) -> bool {
    let Some(rest) = version.strip_prefix(major) else { return false };
    let Some(minor) = rest.strip_prefix('.') else { return rest.is_empty() };
    let (minor, build) = minor.split_once("-rds.").unwrap_or((minor, "0"));
    [minor, build].iter().all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

fn is_database_name(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_a_major() {
        for version in ["16", "16.4", "16.4-rds.20250101"] {
            assert!(is_version_of(version, "16"), "{version}");
        }
        for version in ["1", "161", "16.", "16.x", "16.4.1", "16-rds.1", "16.4-rds."] {
            assert!(!is_version_of(version, "16"), "{version}");
        }
        assert!(is_version_of("8.0.39", "8.0"));
        assert!(!is_version_of("8", "8.0"));
    }
}
