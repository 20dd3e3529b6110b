//! Everything that people, files, registries and AWS may hand to the tool, spoiled: nothing panics, hangs or eats the memory, and what is
//! refused is refused in words. `PROPTEST_CASES=100000 cargo test --test fuzz` looks longer; `scripts/fuzz` lets libFuzzer look.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(unreachable_pub, reason = "the targets in `fuzz` use them from another crate")]

mod aws;
mod body;
mod bytes;
mod cbor;
mod hold;
mod large;
mod plans;
mod registry;
mod server;
mod spoil;

use std::cell::Cell;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{FileFailurePersistence, TestRunner};

use crate::aws::{Answer, Instead, Observer, PORT};
use crate::body::spoils;
use crate::registry::Registry;
use crate::spoil::{deeds, spoiled};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The texts of all files below a folder with this extension.
fn texts(folder: &str, extension: &str) -> Vec<String> {
    fn walk(folder: PathBuf, extension: &str, found: &mut Vec<String>) {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                walk(path, extension, found);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.extend(fs::read_to_string(path));
            }
        }
    }
    let mut found = Vec::new();
    walk(root().join(folder), extension, &mut found);
    assert!(!found.is_empty(), "{folder} has nothing to spoil");
    found
}

fn config(cases: u32) -> ProptestConfig {
    let failures = FileFailurePersistence::Direct("tests/fuzz/proptest-regressions.txt");
    // The variable counts where somebody sets it.
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { cases };
    ProptestConfig { cases, failure_persistence: Some(Box::new(failures)), max_shrink_iters: 500, ..ProptestConfig::default() }
}

static SPECS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let whole = |text: &String| text.contains("environment =");
    let cases = texts("tests/specs", "toml").into_iter().filter(whole);
    texts("environments", "toml").into_iter().chain(cases).chain([both()]).collect()
});

/// A spec that needs no other.
fn both() -> String {
    let read = |name: &str| fs::read_to_string(root().join("environments").join(name)).unwrap();
    format!(
        "environment = \"dev\"\n{}\n{}",
        read("base.toml"),
        read("dev.toml").split_once("[network]").unwrap().1.replacen("", "[network]", 1)
    )
}

static RECORDS: LazyLock<Vec<String>> = LazyLock::new(|| texts("tests/cli/plans/dev", "json"));
static REJECTIONS: LazyLock<Vec<String>> = LazyLock::new(|| texts("tests/cli/plans/rejected_images", "json"));
static REGISTRIES: LazyLock<Vec<String>> = LazyLock::new(|| texts("tests/fuzz/seeds", "txt"));

const REFERENCES: [&str; 5] = [
    "nginx",
    "localhost:5000/team/web:v1",
    "[::1]:5000/web",
    "index.docker.io/nginx:1.27",
    "1.dkr.ecr.eu-west-1.amazonaws.com/a-b__c/d.e:_x-1.y@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
];

const DOCKER: &str = include_str!("../../fuzz/seeds/docker/config.json");

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn specs(spec in select(&**SPECS), deeds in deeds()) {
        hold::spec(spoiled(&spec, &deeds).as_bytes());
    }

    #[test]
    fn records(record in select(&**RECORDS), deeds in deeds()) {
        hold::record(spoiled(&record, &deeds).as_bytes());
    }

    #[test]
    fn rejections(rejection in select(&**REJECTIONS), deeds in deeds()) {
        hold::rejection(spoiled(&rejection, &deeds).as_bytes());
    }

    #[test]
    fn references(reference in select(REFERENCES.as_slice()), deeds in deeds()) {
        hold::reference(&spoiled(reference, &deeds));
    }

    #[test]
    fn credentials_of_docker(deeds in deeds()) {
        hold::docker(spoiled(DOCKER, &deeds).as_bytes());
    }

    #[test]
    fn anything_at_all(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        hold::spec(&bytes);
        hold::plan(&bytes);
        hold::record(&bytes);
        hold::rejection(&bytes);
        hold::docker(&bytes);
        hold::reference(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn registries() {
    let registry = Registry::start();
    for text in &*REGISTRIES {
        assert!(registry.ask(text), "it is found as long as nothing is spoiled: {text}");
    }
    let mut runner = TestRunner::new(config(400));
    let outcome = runner.run(&(select(&**REGISTRIES), deeds()), |(text, deeds)| {
        registry.ask(&spoiled(&text, &deeds));
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// Runs the test below in a process of its own, since the endpoint of AWS is a matter of the process.
#[test]
fn answers_of_aws() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let kept = std::env::vars_os()
        .filter(|(name, _)| ["PROPTEST", "RUST", "LLVM"].iter().any(|kept| name.to_string_lossy().starts_with(kept)));
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["spoiled_answers_of_aws", "--exact", "--ignored"])
        .env_clear()
        .envs(kept)
        .env(PORT, port.to_string())
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
        .envs([("AWS_ACCESS_KEY_ID", "123456789012"), ("AWS_SECRET_ACCESS_KEY", "none"), ("AWS_EC2_METADATA_DISABLED", "true")])
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "answers_of_aws runs it"]
fn spoiled_answers_of_aws() {
    let observer = Observer::start(std::env::var(PORT).unwrap().parse().unwrap(), &root().join("environments"));
    let seen = observer.observe(Vec::new()).expect("nothing is spoiled yet");
    assert!(seen > 35, "{seen} resources: were the answers kept of an environment that was whole?");
    let answers = observer.world().answers();
    let alarms = "monitoring DescribeAlarms";
    let none = Instead { to: alarms.into(), status: None, body: b"\xa0".to_vec() };
    assert_eq!(observer.observe(vec![none]), Ok(seen - 7), "the alarms are among what is seen");
    spoil_answers(&observer, answers, 250, 3);
    // Most answers are XML and JSON, so that few of those cases are about CBOR. One is spoiled at a time: CBOR is soon past reading.
    let to = |name: &str| answers.iter().find(|answer| answer.name() == name).unwrap().clone();
    spoil_answers(&observer, &[to(alarms), to("monitoring ListTagsForResource")], 150, 1);
}

/// Reads, so many times, what so many of these answers at most have become. Some of it is to be understood, and some is not.
fn spoil_answers(observer: &Observer, answers: &[Answer], cases: u32, most: usize) {
    let status = prop_oneof![8 => Just(None), 1 => select(vec![201, 204, 400, 403, 404, 429, 500, 503]).prop_map(Some)];
    let instead = prop::collection::vec((any::<Index>(), spoils(), status), 1..=most);
    let (seen, refused) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(config(cases));
    let outcome = runner.run(&instead, |spoils| {
        let instead = spoils.iter().map(|(index, spoil, status)| {
            let answer = index.get(answers);
            Instead { to: answer.name(), status: *status, body: spoil.of(&answer.body()) }
        });
        match observer.observe(instead.collect()) {
            Ok(_) => seen.set(seen.get() + 1),
            Err(_) => refused.set(refused.get() + 1),
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(seen.get() > 0 && refused.get() > 0, "{seen:?} seen, {refused:?} refused");
}
