//! The command line without AWS: what it says of itself, of wrong invocations and specs, on which stream, and how it ends.
//!
//! Golden files are beside this one; `SNAPSHOTS=overwrite cargo test --test cli` rewrites them, and you read the diff.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use snapbox::{Assert, Data};
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The binary in the root of the repository, with nothing of this machine in its environment.
fn infra(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
    command.args(arguments).current_dir(ROOT).env_clear().stdin(Stdio::null());
    command.env("HOME", "/nowhere").env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// What a run said and how it ended, as golden files hold it.
fn transcript(arguments: &[&str], output: &Output) -> String {
    let mut text = format!("$ infra {}\n", arguments.join(" "));
    for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if !bytes.is_empty() {
            let _ = write!(text, "[{stream}]\n{}", String::from_utf8_lossy(bytes));
        }
    }
    let _ = writeln!(text, "[exit {}]", output.status.code().unwrap());
    text
}

fn golden(file: &str, actual: String) {
    let expected = Data::read_from(&Path::new(ROOT).join("tests/cli").join(file), Some(snapbox::data::DataFormat::Text));
    Assert::new().action_env("SNAPSHOTS").eq(Data::text(actual), expected.raw());
}

fn says(file: &str, arguments: &[&str]) {
    let output = infra(arguments).output().unwrap();
    golden(&format!("said/{file}.txt"), transcript(arguments, &output));
}

#[test]
fn help_teaches() {
    let commands = ["validate", "plan", "apply", "destroy", "status", "schema", "completions"];
    for command in commands {
        let arguments = [command, "--help"];
        golden(&format!("help/{command}.txt"), transcript(&arguments, &infra(&arguments).output().unwrap()));
    }
    let whole = infra(&["--help"]).output().unwrap();
    golden("help/infra.txt", transcript(&["--help"], &whole));
    // One that is added here is added above.
    let text = String::from_utf8(whole.stdout).unwrap();
    let listed = text.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    assert_eq!(listed.map(|line| line.split_whitespace().next().unwrap()).collect::<Vec<_>>(), commands);
}

#[test]
fn wrong_invocations_are_told_what_to_write() {
    says("no-command", &[]);
    says("unknown-command", &["aply", "--env", "dev"]);
    says("unknown-flag", &["plan", "--env", "dev", "--detailed-exit-code"]);
    says("no-environment", &["plan"]);
    says("unknown-hazard", &["apply", "--env", "dev", "--allow", "data-lost"]);
    says("bad-address", &["plan", "--env", "dev", "--only", "Database/Main"]);
    says("bad-image", &["plan", "--env", "dev", "--image", "web"]);
    says("unknown-service", &["plan", "--env", "dev", "--image", "wep=v1"]);
}

#[test]
fn specs_are_checked_without_aws() {
    says("valid", &["validate"]);
    says("valid-one", &["validate", "--env", "prod"]);
    says("invalid", &["validate", "--specs", "tests/cli/broken"]);
    says("invalid-plan", &["plan", "--env", "dev", "--specs", "tests/cli/broken"]);
    says("unknown-environment", &["plan", "--env", "stagin"]);
    says("unknown-environment-validate", &["validate", "--env", "stagin"]);
    says("no-folder", &["validate", "--specs", "nowhere"]);
    let empty = TempDir::new().unwrap();
    let output = infra(&["validate"]).env("INFRA_SPECS", empty.path()).output().unwrap();
    let said = transcript(&["validate"], &output).replace(empty.path().to_str().unwrap(), "[FOLDER]");
    golden("said/empty-folder.txt", said);
}

#[test]
fn the_environment_can_be_named_by_the_environment() {
    let output = infra(&["plan"]).env("INFRA_ENV", "stagin").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("stagin"));
}

#[test]
fn aws_out_of_reach_is_told_at_once() {
    says("no-credentials", &["plan", "--env", "dev"]);
    let arguments = ["plan", "--env", "dev"];
    // Nothing listens on the first port.
    let output = infra(&arguments)
        .env("AWS_ACCESS_KEY_ID", "123456789012")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .output()
        .unwrap();
    golden("said/unreachable.txt", transcript(&arguments, &output));
}

#[test]
fn data_goes_to_stdout_and_everything_else_to_stderr() {
    let streams = |arguments: &[&str]| {
        let output = infra(arguments).output().unwrap();
        (!output.stdout.is_empty(), !output.stderr.is_empty(), output.status.code())
    };
    assert_eq!(streams(&["validate"]), (true, false, Some(0)));
    assert_eq!(streams(&["schema"]), (true, false, Some(0)));
    assert_eq!(streams(&["--version"]), (true, false, Some(0)));
    assert_eq!(streams(&["plan", "--help"]), (true, false, Some(0)));
    assert_eq!(streams(&["validate", "--specs", "tests/cli/broken"]), (false, true, Some(1)));
    assert_eq!(streams(&["plan", "--env", "stagin", "--format", "json"]), (false, true, Some(1)));
    assert_eq!(streams(&["frobnicate"]), (false, true, Some(1)));
}

#[test]
fn the_schema_is_the_one_that_editors_use() {
    let output = infra(&["schema"]).output().unwrap();
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let kept = std::fs::read(Path::new(ROOT).join("environments/schema.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(printed, kept, "`infra schema > environments/schema.json` brings it up to date");
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = infra(&["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        for word in ["infra", "validate", "plan", "apply", "destroy", "--detailed-exitcode"] {
            assert!(script.contains(word.trim_start_matches("--")), "{shell} knows nothing of {word}");
        }
        assert_eq!(output.status.code(), Some(0));
    }
    says("unknown-shell", &["completions", "tcsh"]);
}

#[test]
fn colour_is_for_those_who_want_it() {
    let escapes = |variables: &[(&str, &str)]| {
        let mut command = infra(&["validate", "--specs", "tests/cli/broken"]);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        output.stderr.contains(&b'\x1b')
    };
    assert!(!escapes(&[]), "this is no terminal");
    assert!(escapes(&[("CLICOLOR_FORCE", "1")]));
    assert!(!escapes(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!escapes(&[("TERM", "dumb")]));
}

#[test]
fn whoever_has_read_enough_may_go() {
    let mut child = infra(&["schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
}
