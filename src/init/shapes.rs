//! The shapes that a new project can begin as: the files of `examples/`, which are tested there as they stand.

use crate::spec::PREFIX;

/// A kind of system, with the files that it begins with.
#[derive(Debug)]
pub struct Shape {
    /// What `--shape` takes.
    pub name: &'static str,
    /// What it is for, in a line.
    pub about: &'static str,
    /// What the example is called: its project, which stands in the files.
    pub project: &'static str,
    /// Paths below the new project's folder, and what stands in them.
    pub files: &'static [(&'static str, &'static str)],
}

impl Shape {
    /// How long a project's name may be, beside the longest name of an environment.
    pub fn longest_project(&self) -> usize {
        let names = self.files.iter().filter_map(|(path, _)| path.strip_prefix("environments/")?.strip_suffix(".toml"));
        PREFIX.saturating_sub(names.filter(|name| *name != "base").map(str::len).max().unwrap_or_default())
    }
}

macro_rules! shape {
    ($name:literal, $about:literal, $project:literal: [$($path:literal),* $(,)?]) => {
        Shape {
            name: $name,
            about: $about,
            project: $project,
            files: &[$(($path, include_str!(concat!("../../examples/", $project, "/", $path)))),*],
        }
    };
}

/// All of them, the most usual first.
pub const SHAPES: [Shape; 5] = [
    shape!("forum", "a web application on instances, one image from any registry, in staging, qa and production; GitHub, Datadog", "techhub": [
        ".github/workflows/deploy.yml",
        ".github/workflows/environment.yml",
        ".github/workflows/plan.yml",
        ".github/workflows/test.yml",
        "README.md",
        "environments/base.toml",
        "environments/production.toml",
        "environments/qa.toml",
        "environments/staging.toml",
        "hooks/pre-commit",
        "scripts/comment",
        "scripts/keep-records",
        "scripts/make-push-role",
        "scripts/make-roles",
        "scripts/registry-login",
    ]),
    shape!("workers", "a web application with workers and a scheduler, Postgres and Redis, in dev and pro; GitHub", "devops-challenge": [
        ".github/workflows/build.yml",
        ".github/workflows/deploy.yml",
        ".github/workflows/environment.yml",
        ".github/workflows/pull-request.yml",
        ".github/workflows/test.yml",
        "README.md",
        "environments/base.toml",
        "environments/dev.toml",
        "environments/pro.toml",
        "hooks/pre-commit",
        "scripts/comment",
        "scripts/keep-records",
        "scripts/make-push-role",
        "scripts/make-roles",
    ]),
    shape!("client-server", "a web client and an API behind one load balancer, in staging and prod; GitHub", "client-server": [
        ".github/workflows/deploy.yml",
        ".github/workflows/environment.yml",
        ".github/workflows/plan.yml",
        ".github/workflows/test.yml",
        "README.md",
        "environments/base.toml",
        "environments/prod.toml",
        "environments/staging.toml",
        "hooks/pre-commit",
        "scripts/comment",
        "scripts/keep-records",
        "scripts/make-roles",
    ]),
    shape!("site", "a site on App Runner with Postgres, in staging and production; CircleCI, Docker Hub, Sentry", "oc-lettings": [
        ".circleci/config.yml",
        "README.md",
        "environments/base.toml",
        "environments/production.toml",
        "environments/staging.toml",
        "hooks/pre-commit",
        "scripts/keep-records",
        "scripts/make-roles",
    ]),
    shape!("api", "an API on App Runner with Postgres, deployed by releases, in staging and production; GitHub, Docker Hub", "release-api": [
        ".github/workflows/apply.yml",
        ".github/workflows/infrastructure.yml",
        ".github/workflows/plan.yml",
        ".github/workflows/release.yml",
        ".github/workflows/test.yml",
        "README.md",
        "environments/base.toml",
        "environments/production.toml",
        "environments/staging.toml",
        "hooks/pre-commit",
        "scripts/comment",
        "scripts/keep-records",
        "scripts/make-roles",
    ]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn files(folder: &Path, below: &str, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{below}{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                files(&entry.path(), &format!("{path}/"), found);
            } else {
                found.insert(path);
            }
        }
    }

    #[test]
    fn every_file_of_an_example_is_there() {
        for shape in &SHAPES {
            let mut found = BTreeSet::new();
            files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(shape.project), "", &mut found);
            let listed: BTreeSet<String> = shape.files.iter().map(|(path, _)| (*path).to_owned()).collect();
            assert_eq!(listed, found, "{}", shape.name);
        }
    }
}
