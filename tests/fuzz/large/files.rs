//! Files.

use std::fs::File;

use infra::record::{self, RejectedImage};
use infra::registry::Credentials;
use infra::spec;
use tempfile::TempDir;

use super::{Input, input};
use crate::hold;

const MIB: usize = 1 << 20;

/// As long as a spec, a rejection or Docker's file may be, and as a plan or a record.
const SPEC: usize = MIB;
const PLAN: usize = 16 * MIB;

/// A head, as often as they fit a part with its number, and a tail.
fn filled(most: usize, head: &str, part: impl Fn(usize) -> String, tail: &str) -> String {
    let mut text = head.to_owned();
    for number in 0.. {
        let part = part(number);
        if text.len() + part.len() + tail.len() > most {
            break;
        }
        text.push_str(&part);
    }
    text + tail
}

pub(super) fn endless() -> Vec<Input> {
    let read = || {
        let folder = TempDir::new().unwrap();
        let large = |name: &str| {
            let path = folder.path().join(name);
            File::create(&path).unwrap().set_len(4 << 30).unwrap();
            path
        };
        let (spec, record) = (large("dev.toml"), large("x.json"));
        let problems = spec::load(folder.path(), None).unwrap_err().list;
        assert!(problems[0].message.contains(&spec.display().to_string()) && problems[0].message.contains("longer than 1 MiB"));
        let found = record::read(folder.path()).unwrap();
        assert!(found.unreadable[0].why.contains("longer than 16 MiB"), "{}", found.unreadable[0].why);
        assert!(RejectedImage::read(&record).unwrap_err().why.contains("longer than 1 MiB"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let refused = runtime.block_on(Credentials::from_docker(&[record], "registry.example.com")).unwrap_err();
        assert!(refused.message.contains("longer than 1 MiB"), "{refused}");
    };
    vec![input("files of 4 GiB", read)]
}

pub(super) fn specs() -> Vec<Input> {
    let same = |part: &'static str| move |_| part.to_owned();
    let named = "project = \"shop\"\nenvironment = \"dev\"\naws = { account = \"123456789012\", region = \"us-east-1\" }\n";
    let long = |length: usize| "x".repeat(length);
    // Half of the room for what is said over and over, half for what says it.
    let both = |head: String, part: fn(usize) -> String, tail: &str| filled(SPEC, &(named.to_owned() + &head), part, tail);
    let repositories = filled(SPEC / 2, "[repository]\n", |number| format!("r{number} = {{}}\n"), "");
    let databases = filled(SPEC / 2, "[database]\n", |number| format!("r{number} = {{}}\n"), "");
    let service =
        "[service.a]\nruntime = \"asg\"\nrepository = \"x\"\nport = 1\ninstances = { type = \"t3.small\", min = 1, max = 1 }\n";
    let route = format!("{service}[service.a.route]\nbehind = \"b\"\nhosts = [");
    let hosts = filled(SPEC / 2, &route, |number| format!("\"h{number}.com\","), "]\npaths = [");
    let specs = [
        ("each host with each path", both(hosts, |n| format!("\"/{n}\","), "]\n")),
        ("open brackets", filled(SPEC, "a = ", same("["), "")),
        ("open tables", filled(SPEC, "a = ", same("{a="), "")),
        ("a long key", filled(SPEC, "", same("a."), "a = 1")),
        ("a long text", filled(SPEC, "environment = \"", same("x"), "\"")),
        ("a long list", filled(SPEC, "zones = [", same("1,"), "]")),
        ("comments", filled(SPEC, "", same("# comment\n"), "")),
        ("unknown keys", filled(SPEC, named, |number| format!("key{number} = 1\n"), "")),
        ("many services", filled(SPEC, named, |number| format!("[service.s{number}]\nport = 1\n"), "")),
        ("broken lines", filled(SPEC, "", same("= 1\n"), "")),
        ("unknown keys under a long name", both(format!("[service.{}]\n", long(SPEC / 2)), |n| format!("a{n} = 1\n"), "")),
        (
            "two long names",
            both(format!("repository.{} = {{}}\n[service.a]\nrepository = \"", long(SPEC / 2)), |_| "y".into(), "\""),
        ),
        (
            "as many repositories as services that lack theirs",
            both(repositories, |n| format!("[service.s{n}]\nrepository = \"x{n}\"\n"), ""),
        ),
        (
            "connections to what is not there",
            both(databases + "[service.a]\nconnects = [", |n| format!("\"cache.x{n}\","), "]\n"),
        ),
        ("a connection over and over", both("[cache.a]\n[service.a]\nconnects = [".into(), |_| "\"cache.a\",".into(), "]\n")),
        (
            "services in a region with a long name",
            filled(
                SPEC,
                &named.replace("us-east-1", &long(SPEC / 2)),
                |n| format!("[service.s{n}]\nruntime = \"asg\"\nload_balancer.certificate = \"x\"\n"),
                "",
            ),
        ),
    ];
    let inputs = specs.map(|(name, spec)| {
        assert!(spec.len() <= SPEC && spec.len() > SPEC / 4, "{name}: {}", spec.len());
        input(name, move || hold::spec(spec.as_bytes()))
    });
    inputs.into()
}

pub(super) fn plans_and_records() -> Vec<Input> {
    let plan = include_str!("../../../fuzz/seeds/plan/from-nothing.plan");
    let record = include_str!("../../cli/plans/dev/20261118T091204Z-apply-e421f15ccaa85e9eacab100bec183643.json");
    let mut inputs = Vec::new();
    for (name, json) in hostile(PLAN) {
        inputs.push(input(format!("{name}, as a plan"), {
            let json = json.clone();
            move || hold::plan(json.as_bytes())
        }));
        inputs.push(input(format!("{name}, as a record"), move || hold::record(json.as_bytes())));
    }
    let changes: serde_json::Value = serde_json::from_str(plan).unwrap();
    for key in ["changes", "steps"] {
        let mut large = changes.clone();
        let items = large[key].as_array_mut().unwrap();
        let whole = items.clone();
        let length: usize = whole.iter().map(|item| item.to_string().len()).sum();
        // Room for the indentation.
        items.extend(whole.iter().cycle().take(whole.len() * (PLAN / 3 / length)).cloned());
        let text = format!("{large:#}");
        assert!(text.len() < PLAN, "{}", text.len());
        inputs.push(input(format!("a plan of many {key}"), move || hold::plan(text.as_bytes())));
    }
    for (name, json) in [
        ("a record with a long name", record.replace("\"web\"", &format!("\"{}\"", "w".repeat(MIB)))),
        ("a record with a long actor", record.replacen("\"actor\": \"", &format!("\"actor\": \"{}", "a".repeat(PLAN - MIB)), 1)),
    ] {
        inputs.push(input(name, move || hold::record(json.as_bytes())));
    }
    inputs
}

pub(super) fn small() -> Vec<Input> {
    let read = |(name, json): (&'static str, String)| {
        input(name, move || {
            hold::rejection(json.as_bytes());
            hold::docker(json.as_bytes());
        })
    };
    let hosts = filled(SPEC, "{\"auths\": {", |number| format!("\"r{number}\": {{}},"), "\"x\": {}}}");
    hostile(SPEC).into_iter().chain([("many registries", hosts)]).map(read).collect()
}

/// JSON that takes far more room in memory than in a file.
fn hostile(most: usize) -> Vec<(&'static str, String)> {
    let same = |part: &'static str| move |_| part.to_owned();
    vec![
        ("open brackets", filled(most, "", same("["), "")),
        ("open tables", filled(most, "", same("{\"a\":"), "")),
        ("a list of lists", filled(most, "[", same("[],"), "0]")),
        ("a list of numbers", filled(most, "[", same("0,"), "0]")),
        ("a list of lists of one", filled(most, "[", same("[0],"), "0]")),
        ("many keys", filled(most, "{", |number| format!("\"{number}\":0,"), "\"\":0}")),
        ("tables of one", filled(most, "[", same("{\"\":0},"), "0]")),
        ("a long text", filled(most, "\"", same("é"), "\"")),
        ("a long key", filled(most, "{\"", same("é"), "\":0}")),
    ]
}
