//! Files and answers far larger, deeper and longer than any that people write: they end soon, and memory stays within bounds.
//!
//! Each group runs in a process of its own, which cannot have more memory than a machine of CI has; what it had at its most is read from
//! there.

mod answers;
mod files;

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::aws::PORT;

/// Far more than any of these takes when the tool is built for debugging, on a machine that is busy.
const LONG: Duration = Duration::from_mins(3);

/// What the process is told to do.
const GROUP: &str = "INFRA_FUZZ_LARGE";

/// What no group reaches. A test that would take the machine with it takes only itself.
const LIMIT_KIB: u64 = 6 << 20;

/// A group of inputs.
struct Group {
    name: &'static str,
    /// MiB that are never exceeded, those of the test itself included.
    most: u64,
    inputs: fn() -> Vec<Input>,
}

/// What is read, and the words for it.
struct Input {
    name: String,
    read: Box<dyn FnOnce()>,
}

fn input(name: impl Into<String>, read: impl FnOnce() + 'static) -> Input {
    Input { name: name.into(), read: Box::new(read) }
}

const GROUPS: [Group; 6] = [
    Group { name: "files of 4 GiB", most: 64, inputs: files::endless },
    Group { name: "specs", most: 640, inputs: files::specs },
    Group { name: "plans and records", most: 2048, inputs: files::plans_and_records },
    Group { name: "rejections and credentials", most: 192, inputs: files::small },
    Group { name: "registries", most: 512, inputs: answers::of_registries },
    Group { name: "AWS", most: 896, inputs: answers::of_aws },
];

#[expect(clippy::print_stderr, reason = "the figures that are measured")]
fn measure(name: &str) {
    let group = GROUPS.iter().find(|group| group.name == name).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new("bash")
        .args(["-c", "ulimit -v \"$0\" && exec \"$@\"", &LIMIT_KIB.to_string()])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "large::what_is_measured", "--include-ignored", "--nocapture"])
        .env(GROUP, name)
        .envs([("AWS_ACCESS_KEY_ID", "123456789012"), ("AWS_SECRET_ACCESS_KEY", "none"), ("AWS_EC2_METADATA_DISABLED", "true")])
        .env(PORT, port.to_string())
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let said = String::from_utf8(child.stdout).unwrap();
    let all = || format!("{said}{}", String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success(), "{name}: {}", all());
    let measured: Vec<(u64, &str)> = said
        .lines()
        .filter_map(|line| line.split_once("peak ")?.1.split_once(" MiB after "))
        .map(|(peak, input)| (peak.parse().unwrap(), input))
        .collect();
    let (peak, _) = *measured.last().unwrap_or_else(|| panic!("{}", all()));
    eprintln!("{name}: {peak} MiB of {}", group.most);
    let first = measured.iter().find(|(peak, _)| *peak > group.most);
    assert!(first.is_none(), "{name}: more than {} MiB for {first:?}", group.most);
}

#[expect(clippy::print_stdout, reason = "what the parent reads")]
#[test]
#[ignore = "run by the tests below"]
fn what_is_measured() {
    let Ok(name) = std::env::var(GROUP) else { return };
    for Input { name, read } in (GROUPS.iter().find(|group| group.name == name).unwrap().inputs)() {
        let start = Instant::now();
        read();
        let took = start.elapsed();
        assert!(took < LONG, "{name} took {took:?}");
        println!("\npeak {} MiB after {name} ({took:.1?})", peak());
    }
}

/// The most that was resident at any time, in MiB (proc(5)).
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
}

#[test]
fn files_that_hardly_end() {
    measure("files of 4 GiB");
}

#[test]
fn specs() {
    measure("specs");
}

#[test]
fn plans_and_records() {
    measure("plans and records");
}

#[test]
fn rejections_and_credentials() {
    measure("rejections and credentials");
}

#[test]
fn registries() {
    measure("registries");
}

#[test]
fn aws() {
    measure("AWS");
}
