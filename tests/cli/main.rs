//! The command line without AWS: what it prints where, and how it exits. Each case is a golden file of this folder;
//! `SNAPSHOTS=overwrite cargo test --test cli` rewrites them, and you read the diff.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use snapbox::Assert;

/// Where nothing listens.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Runs `infra` in a folder of this test, with no terminal and nothing of the environment of whoever runs it.
fn infra(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let ended = Command::new(env!("CARGO_BIN_EXE_infra"))
        .args(arguments)
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    let mut told = String::new();
    for (name, value) in environment {
        let _ = write!(told, "{name}={value} ");
    }
    let _ = writeln!(told, "$ infra {}", arguments.join(" "));
    let _ = writeln!(told, "exit {}", ended.status.code().expect("it ended by itself"));
    for (stream, text) in [("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
        let _ = write!(told, "\n--- {stream}\n{}", String::from_utf8_lossy(text));
    }
    told
}

fn golden(name: &str, told: String) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cli/{name}.txt"));
    Assert::new().action_env("SNAPSHOTS").normalize_paths(false).eq(told, snapbox::Data::read_from(&file, None));
}

/// Credentials that are well formed, for what never gets as far as using them.
const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "123456789012"), ("AWS_SECRET_ACCESS_KEY", "none")];

#[test]
fn help_teaches() {
    golden("help", infra(&["--help"], &[]));
    for command in
        ["init", "validate", "plan", "apply", "destroy", "unlock", "status", "history", "iam-policy", "schema", "completions"]
    {
        golden(&format!("help-{command}"), infra(&[command, "--help"], &[]));
    }
    golden("help-image", infra(&["image", "--help"], &[]));
    golden("help-image-reject", infra(&["image", "reject", "--help"], &[]));
}

#[test]
fn wrong_invocations_exit_with_1() {
    golden("no-command", infra(&[], &[]));
    golden("unknown-command", infra(&["plann"], &[]));
    golden("unknown-shell", infra(&["completions", "tcsh"], &[]));
    golden("unknown-flag", infra(&["plan", "--env", "dev", "--jsn"], &[]));
    golden("no-environment", infra(&["plan"], &[]));
    golden("bad-image", infra(&["plan", "--env", "dev", "--image", "web"], &[]));
    golden("unknown-service", infra(&["plan", "--env", "dev", "--image", "wbe=v1"], &[]));
    golden("bad-address", infra(&["plan", "--env", "dev", "--only", "Service.Web"], &[]));
    golden("unknown-hazard", infra(&["apply", "--env", "dev", "--allow", "everything"], &[]));
    golden("unknown-environment", infra(&["plan", "--env", "dve"], &[]));
    golden("bad-duration", infra(&["apply", "--env", "dev", "--lock-timeout", "10"], &[]));
    golden("override-without-reason", infra(&["plan", "--env", "dev", "--override", "scan"], &[]));
    golden("override-rejected", infra(&["apply", "--env", "dev", "--override", "rejected", "--reason", "x"], &[]));
    golden("override-nothing", infra(&["plan", "--env", "dev", "--reason", "x"], &[]));
    golden("override-to-destroy", infra(&["plan", "--env", "dev", "--destroy", "--override", "scan", "--reason", "x"], &[]));
    golden("override-silently", infra(&["plan", "--env", "dev", "--override", "scan", "--reason", " "], &[]));
    golden("no-specs", infra(&["--specs", "nowhere", "validate"], &[]));
}

#[test]
fn validate_says_where_and_what_instead() {
    golden("valid", infra(&["validate"], &[]));
    golden("valid-one", infra(&["validate", "--env", "dev"], &[]));
    golden("invalid", infra(&["--specs", "broken", "validate"], &[]));
    golden("invalid-plan", infra(&["plan", "--env", "dev"], &[("INFRA_SPECS", "broken")]));
    golden("environment-by-variable", infra(&["plan"], &[("INFRA_ENV", "nosuch")]));
}

#[test]
fn an_image_is_rejected_without_aws() {
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let reject = |image: &str, records: &str| {
        infra(&["image", "reject", image, "--reason", "drops orders"], &[("INFRA_RECORDS", records), ("USER", "ana")])
    };
    let records = tempfile::tempdir().expect("a folder");
    let records = records.path().to_str().expect("text");
    golden("image-reject", reject(&digest("b"), records).replace(records, "records"));
    // The folder `plans` has one already.
    golden("image-reject-again", reject(&format!("registry/web@{}", digest("a")), "plans"));
    golden("image-reject-unreadable", reject(&digest("c"), "plans"));
    golden("image-reject-nowhere", reject(&digest("b"), "main.rs"));
    golden("bad-digest", reject("v1.2.3", "plans"));
    golden("no-reason", infra(&["image", "reject", &digest("b")], &[]));
}

#[test]
fn the_least_rights_are_printed_without_aws() {
    for environment in ["dev", "prod"] {
        for verb in ["plan", "apply"] {
            let told = infra(&["iam-policy", "--for", verb, "--env", environment], &[]);
            golden(&format!("iam-policy-{verb}-{environment}"), told);
        }
    }
    let github = ["iam-policy", "--for", "plan", "--env", "dev", "--trust", "github:Acme/shop"];
    golden("iam-policy-github", infra(&github, &[]));
    let ids = "circleci:c4b0cd6b-0001-4c4b-8a6e-0123456789ab/0d3f2e0c-0002-4c4b-8a6e-0123456789ab";
    golden("iam-policy-circleci", infra(&["iam-policy", "--for", "plan", "--env", "prod", "--trust", ids], &[]));
    golden("iam-policy-split", infra(&["iam-policy", "--for", "apply", "--env", "dev", "--split"], &[]));
    golden("iam-policy-push", infra(&["iam-policy", "--for", "push", "--env", "dev"], &[]));
    golden("bad-trust", infra(&["iam-policy", "--for", "plan", "--env", "dev", "--trust", "github:acme/*"], &[]));
}

#[test]
fn without_aws_it_says_what_to_do() {
    golden("no-credentials", infra(&["plan", "--env", "dev"], &[("AWS_ENDPOINT_URL", NOWHERE)]));
    let mut environment = KEYS.to_vec();
    environment.push(("AWS_ENDPOINT_URL", NOWHERE));
    golden("unreachable", infra(&["plan", "--env", "dev"], &environment));
    golden("unreachable-apply", infra(&["apply", "--env", "dev", "--yes"], &environment));
    golden("unreachable-unlock", infra(&["unlock", "--env", "dev", "--yes"], &environment));
}

/// The folder `plans` beside the specs, as runs left it; two files in it are none that can be read.
#[test]
fn history_reads_what_is_recorded() {
    golden("history", infra(&["history", "--env", "dev"], &[]));
    golden("history-last", infra(&["history", "-n", "2"], &[("INFRA_ENV", "dev")]));
    golden("history-json", infra(&["history", "--env", "prod", "--json"], &[]));
    golden("history-none", infra(&["history", "--env", "staging"], &[]));
    golden("history-none-json", infra(&["history", "--env", "staging", "--json"], &[]));
    golden("history-no-environment", infra(&["history"], &[]));
    golden("history-elsewhere", infra(&["history", "--env", "dev"], &[("INFRA_RECORDS", "plans/dev/nothing")]));
}

#[test]
fn history_shows_one_run_in_full() {
    for (name, id) in [
        ("done", "20261118T091204Z"),
        ("partly", "febb34f049a81ccbed5e5509f44b7018"),
        ("failed", "plans/dev/20261119T160417Z-apply-c78827b5039ac919633478081d8dc48d.json"),
        ("cut-short", "20261119T162041"),
        ("interrupted", "ca36a"),
        ("destroy", "20261120T101530Z-destroy-b6c95c37f7f7b450d5b98c22af69bee7"),
    ] {
        golden(&format!("history-show-{name}"), infra(&["history", "show", id, "--env", "dev"], &[]));
    }
    golden("history-show-rolled-back", infra(&["history", "show", "20261120T18"], &[]));
    golden("history-show-ambiguous", infra(&["history", "show", "c78827b5"], &[("INFRA_ENV", "dev")]));
    golden("history-show-unknown", infra(&["history", "show", "0000", "--env", "prod"], &[]));
    let json = infra(&["history", "show", "20261120T18", "--json"], &[("INFRA_ENV", "prod")]);
    let (_, json) = json.split_once("--- stdout\n").expect("data goes to stdout");
    let (json, _) = json.split_once("\n--- stderr").expect("all of it");
    let shown: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let file = "tests/cli/plans/prod/20261120T180000Z-apply-e421f15ccaa85e9eacab100bec183643.json";
    let file = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("the record");
    assert_eq!(shown, serde_json::from_str::<serde_json::Value>(&file).expect("JSON"));
}

#[test]
fn colour_is_for_terminals_and_for_those_who_force_it() {
    let coloured = |environment: &[(&str, &str)]| infra(&["--specs", "broken", "validate"], environment).contains('\u{1b}');
    assert!(!coloured(&[]), "there is no terminal");
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn the_schema_and_completions_are_data() {
    let schema = infra(&["schema"], &[]);
    assert!(schema.contains("exit 0") && schema.contains("\"$schema\"") && schema.ends_with("--- stderr\n"), "{schema}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = infra(&["completions", shell], &[]);
        assert!(script.contains("exit 0") && script.contains("detailed-exitcode") && script.ends_with("--- stderr\n"), "{shell}");
    }
}

#[test]
fn editors_and_the_binary_have_the_same_schema() {
    let schema = infra(&["schema"], &[]);
    let (_, schema) = schema.split_once("--- stdout\n").expect("data goes to stdout");
    let (schema, _) = schema.split_once("\n--- stderr").expect("all of it");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("environments/schema.json");
    let kept = std::fs::read_to_string(kept).expect("the schema beside the specs");
    assert_eq!(schema.trim(), kept.trim(), "`infra schema > environments/schema.json` brings it up to date");
}

#[test]
fn whoever_has_read_enough_may_go() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
    let mut child = command.arg("schema").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    drop(child.stdout.take());
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &b""[..]));
}

/// Every shape of a new project is one that `validate` accepts as it is written, and nothing that is there is touched.
#[test]
fn a_project_begins_with_specs_that_are_valid() {
    golden("init-missing", infra(&["init", "--project", "shop"], &[]));
    golden("init-bad", infra(&["init", "--project", "Shop", "--account", "1234", "--shape", "froum"], &[]));
    let infra_at = format!("acme/infra@{}", "ab".repeat(20));
    for shape in infra::init::SHAPES.iter().map(|shape| shape.name) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_str().expect("text");
        let known = ["--project", "shop", "--account", "123456789012", "--region", "us-east-1", "--organization", "acme"];
        let init = || infra(&[&["init", "--shape", shape, "--infra", &infra_at][..], &known, &[path]].concat(), &[]);
        golden(&format!("init-{shape}"), init().replace(path, "FOLDER"));
        let told = infra(&["validate"], &[("INFRA_SPECS", &format!("{path}/environments"))]);
        assert!(told.contains("exit 0") && !told.contains("warning"), "{shape}: {told}");
        let again = init();
        assert!(again.contains("exit 1") && again.contains("nothing was written: "), "{shape}: {again}");
    }
}
