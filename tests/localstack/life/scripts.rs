//! Sessions at the command line as golden files in `scripts/`: what each command prints where, and how it exits, with and
//! without a terminal. `SNAPSHOTS=overwrite cargo test --test localstack scripts` rewrites them, and you read the diff.

use std::fmt::Write as _;
use std::path::Path;

use aws_sdk_ecr::types::ImageScanningConfiguration;
use regex_lite::Regex;
use serde_json::json;
use snapbox::{Assert, Data};

use super::{Ended, Stage};

/// What differs from run to run, and what stands in its place.
const MASKS: [(&str, &str); 12] = [
    // Before the ids: the digits of a fraction of a second can be as many as those of one.
    (r#""(calls|depth|elapsed_seconds)": ?[0-9.]+"#, "\"$1\": 1"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "2026-11-21T14:04:05Z"),
    (r"\d{8}T\d{6}Z", "20261121T140405Z"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "2026-11-21 14:04"),
    (r"\b\d\d:\d\d:\d\d UTC", "14:04:05 UTC"),
    (r"\b[0-9a-f]{32}\b", "PLAN_ID"),
    (r"\b\d+(\.\d+)?m?s\b", "1.0s"),
    (r"\(\d+ calls, ", "(57 calls, "),
    (r"calls, depth \d\)", "calls, depth 3)"),
    (r"\(\d+(‹0›)?\n", "(57$1\n"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "REQUEST_ID"),
    (r"\b[0-9a-f]{8}\b", "PLAN_ID8"),
];

/// A session that is written down.
struct Script {
    stage: Stage,
    told: String,
}

impl Script {
    /// An environment of two repositories: little to read, and every way for a run to end.
    async fn new() -> Self {
        let script = Self { stage: Stage::new("dev").await, told: String::new() };
        script.spec(10);
        script
    }

    fn spec(&self, keep_images: usize) {
        let absent = "network = \"absent\"\nservice = \"absent\"\ndatabase = \"absent\"\ncache = \"absent\"\n";
        self.stage.specs.change("dev", &format!("{absent}[repository.api]\n[repository.web]\nkeep_images = {keep_images}\n"));
    }

    async fn scanning_off(&self) {
        let off = ImageScanningConfiguration::builder().scan_on_push(false).build();
        let web = self.stage.aws().ecr.put_image_scanning_configuration().repository_name("techhub-dev/web");
        web.image_scanning_configuration(off).send().await.unwrap();
    }

    fn note(&mut self, note: &str) {
        let _ = writeln!(self.told, "# {note}\n");
    }

    async fn run(&mut self, arguments: &[&str]) -> Ended {
        let ended = self.stage.run(arguments).await;
        // What runs side by side is told in any order.
        let mut steps: Vec<&str> = ended.err.lines().filter(|line| is_progress(line)).collect();
        steps.sort_unstable();
        let rest = ended.err.lines().filter(|line| !is_progress(line));
        let err: Vec<&str> = steps.into_iter().chain(rest).collect();
        self.tell(arguments, ended.code, &[("stdout", &ended.out), ("stderr", &err.join("\n"))]);
        ended
    }

    /// With somebody at the terminal, who types.
    async fn on_terminal(&mut self, arguments: &[&str], typed: &str, environment: &[(&str, &str)]) {
        let ended = self.stage.on_terminal(arguments, typed, environment).await;
        for (name, value) in environment {
            let _ = write!(self.told, "{name}={value} ");
        }
        self.tell(arguments, ended.code, &[("terminal", &as_seen(&ended.out))]);
    }

    fn tell(&mut self, arguments: &[&str], code: i32, streams: &[(&str, &str)]) {
        let _ = writeln!(self.told, "$ infra {}\nexit {code}", arguments.join(" "));
        for (stream, text) in streams.iter().filter(|(_, text)| !text.is_empty()) {
            let _ = writeln!(self.told, "--- {stream}\n{}", text.trim_end());
        }
        self.told.push('\n');
    }

    fn matches_golden(self, name: &str) {
        let home = self.stage.home.path().display().to_string();
        let specs = self.stage.specs.folder().display().to_string();
        let mut told = self.told.replace(&home, "HOME").replace(&specs, "environments");
        told = told.replace(&self.stage.aws().account, "123456789012");
        for (pattern, mask) in MASKS {
            told = Regex::new(pattern).unwrap().replace_all(&told, mask).into_owned();
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/localstack/life/scripts/{name}.txt"));
        Assert::new().action_env("SNAPSHOTS").normalize_paths(false).eq(told, Data::read_from(&file, None));
    }
}

fn is_progress(line: &str) -> bool {
    let verbs = ["creating ", "created ", "updating ", "updated ", "deleting ", "deleted ", "failed "];
    verbs.iter().any(|verb| line.starts_with(verb))
}

/// What is left to read on a terminal: without what was erased again. Colours are shown as `‹1›text‹0›`.
fn as_seen(output: &str) -> String {
    let erased = Regex::new("[^\n]*\u{1b}\\[2?K").unwrap();
    let cursor = Regex::new("\u{1b}\\[[0-9;?]*[A-Za-ln-z]").unwrap();
    let colour = Regex::new("\u{1b}\\[([0-9;]*)m").unwrap();
    let lines = output.replace("\r\n", "\n");
    let lines = erased.replace_all(&lines, "");
    let lines = cursor.replace_all(&lines, "");
    let lines = colour.replace_all(&lines, "‹$1›");
    let last = lines.split('\n').map(|line| line.rsplit('\r').next().unwrap_or_default().trim_end());
    last.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_first_day() {
    let mut script = Script::new().await;
    script.run(&["validate", "--env", "dev"]).await;
    script.run(&["status"]).await;
    script.run(&["history"]).await;
    script.run(&["plan", "--detailed-exitcode"]).await;
    script.note("nobody can be asked here");
    script.run(&["apply"]).await;
    script.run(&["apply", "--yes"]).await;
    script.run(&["plan", "--detailed-exitcode"]).await;
    script.run(&["apply", "--yes"]).await;
    script.run(&["history"]).await;
    script.run(&["unlock"]).await;
    script.note("data goes only where that is said");
    script.run(&["destroy", "--yes"]).await;
    script.run(&["destroy", "--yes", "--allow", "data-loss"]).await;
    script.run(&["plan", "--destroy"]).await;
    script.matches_golden("a-first-day");
}

#[tokio::test]
async fn a_review() {
    let mut script = Script::new().await;
    script.stage.run(&["apply", "--yes"]).await;
    script.spec(5);
    let file = script.stage.home.path().join("reviewed.plan").display().to_string();
    script.run(&["plan", "--out", &file]).await;
    script.run(&["show", &file, "--format", "markdown"]).await;
    script.run(&["apply", "--approve", "another"]).await;

    script.note("somebody turns scanning off");
    script.scanning_off().await;
    script.run(&["apply", &file, "--yes"]).await;
    script.run(&["plan", "--out", &file]).await;
    script.run(&["apply", &file, "--yes"]).await;
    script.run(&["apply", &file, "--yes"]).await;
    script.run(&["apply", &file, "--env", "prod"]).await;
    script.matches_golden("a-review");
}

#[tokio::test]
async fn a_bad_day() {
    let mut script = Script::new().await;
    script.stage.run(&["apply", "--yes", "--only", "repository.web"]).await;
    script.note("somebody turns scanning off, and AWS will not have it turned on again");
    script.scanning_off().await;
    let refuse = json!({ "service": "ecr", "operation": "PutImageScanningConfiguration", "code": "ValidationException",
        "message": "Scanning is configured for the registry.", "times": 1 });
    script.stage.sandbox.control("fail", &refuse).await;
    script.run(&["apply", "--yes"]).await;
    script.stage.sandbox.control("fail", &refuse).await;
    script.run(&["apply", "--yes", "--json"]).await;
    script.run(&["history"]).await;

    script.note("a run is killed while it has the environment");
    script.stage.killed("600").await;
    script.run(&["plan"]).await;
    script.run(&["apply", "--yes"]).await;
    script.run(&["unlock"]).await;
    script.run(&["unlock", "--yes"]).await;
    script.run(&["unlock", "--yes"]).await;
    script.matches_golden("a-bad-day");
}

#[tokio::test]
async fn at_a_terminal() {
    let mut script = Script::new().await;
    script.on_terminal(&["plan"], "", &[]).await;
    script.on_terminal(&["plan"], "", &[("NO_COLOR", "1")]).await;
    script.on_terminal(&["plan"], "", &[("TERM", "dumb")]).await;
    script.on_terminal(&["apply"], "no", &[("NO_COLOR", "1")]).await;
    script.on_terminal(&["apply"], "dev", &[("NO_COLOR", "1"), ("CI", "true")]).await;
    script.on_terminal(&["history"], "", &[]).await;
    script.on_terminal(&["status"], "", &[]).await;
    script.on_terminal(&["plan", "--only", "repository.wbe"], "", &[]).await;
    script.matches_golden("at-a-terminal");
}
