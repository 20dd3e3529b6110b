//! Files far larger, deeper and longer than any that people write: they end soon, and memory stays within bounds.

use std::fs::File;
use std::time::{Duration, Instant};

use infra::record::{self, RejectedImage};
use infra::registry::Credentials;
use infra::spec;
use tempfile::TempDir;

use crate::hold;

/// Far more than any of these takes when the tool is built for debugging, on a machine that is busy.
const LONG: Duration = Duration::from_mins(1);

fn soon(what: &str, read: impl FnOnce()) {
    let start = Instant::now();
    read();
    assert!(start.elapsed() < LONG, "{what} took {:?}", start.elapsed());
}

#[test]
fn more_than_anybody_writes_is_not_read() {
    let folder = TempDir::new().unwrap();
    let large = |name: &str| {
        let path = folder.path().join(name);
        File::create(&path).unwrap().set_len(4 << 30).unwrap();
        path
    };
    let (spec, record) = (large("dev.toml"), large("x.json"));
    soon("4 GiB", || {
        let problems = spec::load(folder.path(), None).unwrap_err().list;
        assert!(problems[0].message.contains(&spec.display().to_string()) && problems[0].message.contains("longer than 1 MiB"));
        let found = record::read(folder.path()).unwrap();
        assert!(found.unreadable[0].why.contains("longer than 16 MiB"), "{}", found.unreadable[0].why);
        assert!(RejectedImage::read(&record).unwrap_err().why.contains("longer than 1 MiB"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let refused = runtime.block_on(Credentials::from_docker(&[record], "registry.example.com")).unwrap_err();
        assert!(refused.message.contains("longer than 1 MiB"), "{refused}");
    });
}

#[test]
fn what_is_long_or_deep_ends_soon() {
    let mib = 1 << 20;
    let keys = (0..40_000).map(|number| format!("key{number} = 1\n")).collect::<Vec<_>>().concat();
    let tables = (0..5_000).map(|number| format!("[service.s{number}]\nport = 1\n")).collect::<Vec<_>>().concat();
    for (what, spec) in [
        ("open brackets", "a = ".to_owned() + &"[".repeat(mib - 10)),
        ("open tables", "a = ".to_owned() + &"{a=".repeat(mib / 3 - 10)),
        ("a long key", "a.".repeat(mib / 2 - 10) + "a = 1"),
        ("a long text", format!("environment = \"{}\"", "x".repeat(mib - 100))),
        ("a long list", format!("zones = [{}]", "1,".repeat(mib / 2 - 100))),
        ("a thousand comments", "# comment\n".repeat(mib / 10 - 10)),
        ("unknown keys", keys),
        ("many services", format!("project = \"shop\"\nenvironment = \"dev\"\n{tables}")),
        ("broken lines", "= 1\n".repeat(mib / 4 - 10)),
    ] {
        soon(what, || hold::spec(spec.as_bytes()));
    }
    let record = include_str!("../cli/plans/dev/20261118T091204Z-apply-e421f15ccaa85e9eacab100bec183643.json");
    for (what, json) in [
        ("open brackets", "[".repeat(mib)),
        ("open tables", "{\"a\":".repeat(mib / 5)),
        ("a long list", format!("[{}0]", "[],".repeat(mib))),
        ("a long text", record.replacen("\"verb\"", &format!("\"x\": \"{}\", \"verb\"", "é".repeat(mib)), 1)),
        ("a long name", record.replace("\"web\"", &format!("\"{}\"", "w".repeat(mib)))),
        ("a long actor", record.replacen("\"actor\": \"", &format!("\"actor\": \"{}", "a".repeat(mib)), 1)),
    ] {
        soon(what, || {
            hold::record(json.as_bytes());
            hold::plan(json.as_bytes());
            hold::rejection(json.as_bytes());
            hold::docker(json.as_bytes());
        });
    }
}
