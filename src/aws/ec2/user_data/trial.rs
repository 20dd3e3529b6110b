//! The script at work: on this machine, below a folder that stands for an instance, with every command it calls a pretence that
//! writes down how it was called.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::super::launch_template::Container;
use super::{Once, script, version};

/// All commands in one. What it was called with ends with a record separator, each argument begins with a unit separator.
const PRETENCE: &str = r#"#!/bin/bash
name=${0##*/}
printf -v arguments '\x1f%s' "$@"
printf '%s%s\x1e' "$name" "$arguments" >> "$INSTANCE/calls"
case "$name $*" in
    *"$BREAKS"*) echo "$name is broken" >&2; exit 7 ;;
    "systemctl enable "*) "$INSTANCE/usr/local/sbin/infra-container" serve; exit 0 ;;
    "aws ecr get-login-password "*) echo the-password ;;
    "aws ec2 describe-instances "*)
        older='["2026-11-30T10:00:00+00:00", "i-0old"],'
        [ -e "$INSTANCE/waited" ] && older=
        echo "[$older [\"2026-11-30T10:05:00+00:00\", \"i-0abc\"], [\"2026-11-30T10:06:00+00:00\", \"i-0new\"]]" ;;
    "sleep 5") touch "$INSTANCE/waited" ;;
    "aws ssm get-parameter "*) echo '{"Parameter": {"Value": "-----BEGIN\nIt'"'"'s $(secret)\n"}}' ;;
    "aws secretsmanager get-secret-value "*) echo '{"SecretString": "{\"port\": 5432, \"host\": \"db\"}"}' ;;
    "docker image inspect "*) exit 1 ;;
    "docker login "*) cat > "$INSTANCE/password" ;;
    "docker run "*) env -0 > "$INSTANCE/environment"; printf '%s' "${KEY:-}" | sed -n 2p > "$INSTANCE/secret" ;;
    "docker wait "*) echo 3 ;;
    "docker logs "*) echo "migrated with $(grep --max-count 1 --text . "$INSTANCE/secret") at 5432" ;;
esac
"#;

const IMAGE: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop-test/web@sha256:ab12";
const GREETING: &str = "it's \"$HOME\" `id`\nINFRA_DOCUMENT\nü \\n";
const SECRET: &str = "-----BEGIN\nIt's $(secret)\n";

/// What the script did.
struct Trial {
    calls: Vec<Vec<String>>,
    output: String,
    succeeded: bool,
    /// What docker was given besides its arguments.
    environment: Vec<String>,
    instance: tempfile::TempDir,
}

impl Trial {
    /// Runs it. A command whose line contains `breaks` fails.
    fn run(container: &Container, breaks: &str) -> Self {
        Self::of(container, None, breaks)
    }

    /// Runs it to run the container once.
    fn release(container: &Container, breaks: &str) -> Self {
        Self::of(container, Some(&Once { stream: "release/ab12".into(), timeout_seconds: 90 }), breaks)
    }

    fn of(container: &Container, once: Option<&Once>, breaks: &str) -> Self {
        let instance = tempfile::tempdir().unwrap();
        let root = instance.path();
        for folder in ["etc/systemd/system", "usr/local/sbin", "var/lib/cloud/data", "bin"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("var/lib/cloud/data/instance-id"), "i-0abc\n").unwrap();
        fs::write(root.join("bin/pretence"), PRETENCE).unwrap();
        fs::set_permissions(root.join("bin/pretence"), fs::Permissions::from_mode(0o755)).unwrap();
        for command in ["aws", "dnf", "docker", "shutdown", "sleep", "systemctl"] {
            symlink("pretence", root.join("bin").join(command)).unwrap();
        }
        let script =
            ["/etc/", "/usr/local/sbin/", "/var/lib/cloud/"].iter().fold(script(container, once, "eu-west-1"), |script, path| {
                script.replace(path, &format!("{}{path}", root.display()))
            });
        fs::write(root.join("user-data"), script).unwrap();

        let output = Command::new("/bin/bash")
            .arg(root.join("user-data"))
            .env("PATH", format!("{}:/usr/bin:/bin", root.join("bin").display()))
            .env("INSTANCE", root)
            .env("BREAKS", if breaks.is_empty() { "nothing" } else { breaks })
            .output()
            .unwrap();
        let read = |name: &str| fs::read_to_string(root.join(name)).unwrap_or_default();
        let calls = read("calls");
        let calls = calls.split_terminator('\x1e').map(|call| call.split('\x1f').map(str::to_owned).collect()).collect();
        Self {
            calls,
            output: [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat(),
            succeeded: output.status.success(),
            environment: read("environment").split_terminator('\0').map(str::to_owned).collect(),
            instance,
        }
    }

    /// What was told of the end, in the stream for that.
    fn end(&self) -> Option<Value> {
        let to_the_end =
            ["--log-group-name", "/shop/test/web", "--log-stream-name", "release/ab12/i-0abc/end"].map(str::to_owned);
        let told = self.calls(&["aws", "logs", "put-log-events"]).pop().filter(|call| call[3..7] == to_the_end)?;
        assert_eq!(self.calls(&["aws", "logs", "create-log-stream"]).pop().map(|call| &call[3..7]), Some(&to_the_end[..]));
        let events: Vec<Value> = serde_json::from_str(&told[told.iter().position(|word| word == "--log-events")? + 1]).unwrap();
        assert!(events.len() == 1 && events[0]["timestamp"].is_u64(), "{events:?}");
        Some(serde_json::from_str(events[0]["message"].as_str().unwrap()).unwrap())
    }

    /// The calls that begin with these words.
    fn calls(&self, words: &[&str]) -> Vec<&Vec<String>> {
        self.calls.iter().filter(|call| call.iter().zip(words).filter(|(a, b)| a == b).count() == words.len()).collect()
    }
}

fn container() -> Container {
    let texts = |pairs: &[(&str, &str)]| pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
    Container {
        image: IMAGE.into(),
        command: ["celery", "--say", "it's $(date)"].map(str::to_owned).into(),
        port: Some(8000),
        environment: texts(&[("GREETING", GREETING)]),
        secrets: texts(&[("KEY", "ssm:/shop/key"), ("PORT", "secretsmanager:arn:aws:secretsmanager:eu-west-1:1:secret:db#port")]),
        log_group: "/shop/test/web".into(),
        alone_as: String::new(),
        script: version(),
    }
}

#[test]
fn what_runs_alone_waits_for_those_before_it_and_for_nobody_else() {
    let trial = Trial::run(&Container { alone_as: "shop-test-beat".into(), ..container() }, "");
    assert!(trial.output.contains("infra: waits for instances to be gone: i-0old, i-0abc"), "{}", trial.output);
    let asked = trial.calls(&["aws", "ec2", "describe-instances"]);
    assert_eq!(asked.len(), 2);
    assert!(asked[0].contains(&"Name=tag:Name,Values=shop-test-beat".to_owned()), "{asked:?}");
    let place = |words: &[&str]| trial.calls.iter().rposition(|call| call.join(" ").starts_with(&words.join(" "))).unwrap();
    assert!(place(&["aws", "ec2", "describe-instances"]) < place(&["docker", "run"]));
    // It does not start where nobody can tell who else is there.
    let trial = Trial::run(&Container { alone_as: "shop-test-beat".into(), ..container() }, "describe-instances");
    assert!(trial.calls(&["docker", "run"]).is_empty(), "{}", trial.output);
    assert!(Trial::run(&container(), "").calls(&["aws", "ec2"]).is_empty());
}

#[test]
fn it_installs_docker_and_runs_the_container() {
    let trial = Trial::run(&container(), "");
    assert!(trial.succeeded, "{}", trial.output);
    assert_eq!(trial.calls(&["dnf", "install", "--assumeyes", "docker"]).len(), 1);
    assert_eq!(trial.calls(&["systemctl", "enable", "--now", "docker.service", "infra-container.service"]).len(), 1);
    assert_eq!(fs::read_to_string(trial.instance.path().join("password")).unwrap().trim(), "the-password");
    let registry = IMAGE.split('/').next().unwrap();
    assert_eq!(trial.calls(&["docker", "login", "--username", "AWS", "--password-stdin", registry]).len(), 1);
    assert_eq!(trial.calls(&["docker", "pull", "--quiet", IMAGE]).len(), 1);

    let greeting = format!("GREETING={GREETING}");
    let expected = [
        ["docker", "run", "--detach", "--name", "container", "--log-driver", "awslogs"].as_slice(),
        &["--log-opt", "awslogs-region=eu-west-1", "--log-opt", "awslogs-group=/shop/test/web"],
        &["--log-opt", "awslogs-stream=i-0abc", "--log-opt", "mode=non-blocking", "--log-opt", "max-buffer-size=4m"],
        &["--publish", "8000:8000", "--env", &greeting, "--env", "KEY", "--env", "PORT", IMAGE],
        &["celery", "--say", "it's $(date)"],
    ]
    .concat();
    assert_eq!(trial.calls(&["docker", "run"]), [&expected]);
    let last = trial.calls.last().unwrap();
    assert_eq!(last, &["docker", "wait", "container"]);
    assert!(trial.output.contains("the container ended with exit code 3"), "{}", trial.output);
}

#[test]
fn secrets_reach_the_container_and_nothing_else() {
    let trial = Trial::run(&container(), "");
    assert!(trial.environment.contains(&format!("KEY={SECRET}")), "{:?}", trial.environment);
    assert!(trial.environment.contains(&"PORT=5432".into()));
    let in_region = |call: &&Vec<String>| call.windows(2).any(|pair| pair == ["--region", "eu-west-1"]);
    assert!(trial.calls(&["aws"]).iter().all(in_region));
    let told = |text: &str| text.contains("BEGIN") || text.contains("5432") || text.contains("the-password");
    assert!(!told(&trial.output) && !trial.calls.iter().flatten().any(|argument| told(argument)));
    fs::remove_file(trial.instance.path().join("environment")).unwrap();
    fs::remove_file(trial.instance.path().join("password")).unwrap();
    fs::remove_file(trial.instance.path().join("secret")).unwrap();
    fs::remove_file(trial.instance.path().join("bin/pretence")).unwrap();
    assert_untold(trial.instance.path(), &told);
}

/// No file below the folder tells it.
fn assert_untold(folder: &Path, told: &dyn Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => assert_untold(&entry.path(), told),
            kind if kind.is_file() => assert!(!told(&fs::read_to_string(entry.path()).unwrap()), "{}", entry.path().display()),
            _ => {}
        }
    }
}

#[test]
fn what_is_for_root_alone_is_readable_by_root_alone() {
    let trial = Trial::run(&container(), "");
    for file in ["etc/infra/container.json", "usr/local/sbin/infra-container"] {
        let mode = fs::metadata(trial.instance.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file} has mode {mode:o}");
    }
}

#[test]
fn a_worker_has_no_port_and_a_public_image_no_login() {
    let worker = Container { port: None, command: Vec::new(), image: "docker.io/shop/web@sha256:ab".into(), ..container() };
    let trial = Trial::run(&worker, "");
    let run = trial.calls(&["docker", "run"])[0];
    assert!(!run.contains(&"--publish".into()), "{run:?}");
    assert_eq!(run.last(), Some(&worker.image));
    assert!(trial.calls(&["docker", "login"]).is_empty() && trial.calls(&["aws", "ecr"]).is_empty());
}

#[test]
fn without_docker_it_fails_loudly_after_some_tries() {
    let trial = Trial::run(&container(), "dnf");
    assert!(!trial.succeeded);
    assert!(trial.output.contains("infra: docker could not be installed"), "{}", trial.output);
    assert_eq!((trial.calls(&["dnf"]).len(), trial.calls(&["sleep"]).len()), (5, 4));
    assert!(trial.calls(&["systemctl"]).is_empty());
}

#[test]
fn without_its_secrets_the_container_does_not_start() {
    let trial = Trial::run(&container(), "get-parameter");
    assert!(trial.output.contains("infra: aws ssm get-parameter"), "{}", trial.output);
    assert!(trial.output.contains("aws is broken"), "{}", trial.output);
    assert!(trial.calls(&["docker", "run"]).is_empty());

    let mut container = container();
    container.secrets.insert("USER".into(), "secretsmanager:db#user".into());
    let trial = Trial::run(&container, "");
    assert!(trial.output.contains("db has no key user"), "{}", trial.output);
    assert!(trial.calls(&["docker", "run"]).is_empty());
}

#[test]
fn an_image_that_does_not_run_is_told_without_the_environment() {
    let trial = Trial::run(&container(), "docker run");
    assert!(trial.output.contains("infra: docker run --detach"), "{}", trial.output);
    assert!(!trial.output.contains("GREETING"), "{}", trial.output);
}

fn command() -> Container {
    Container { port: None, command: ["python", "manage.py", "migrate"].map(str::to_owned).into(), ..container() }
}

/// The minutes until the instance ends whatever happens, and its end.
fn assert_ends(trial: &Trial) {
    let calls: Vec<_> = trial.calls(&["shutdown"]).iter().map(|call| call[1..].join(" ")).collect();
    assert_eq!(calls, ["--poweroff +2", "--poweroff now"], "90 s, as shutdown counts them");
    assert_eq!(trial.calls.last().unwrap()[..], ["shutdown", "--poweroff", "now"]);
    assert!(trial.calls(&["systemctl", "enable"]).is_empty(), "it would be started again");
}

#[test]
fn a_release_runs_once_tells_its_exit_code_and_ends_the_instance() {
    let trial = Trial::release(&command(), "");
    assert!(trial.succeeded, "{}", trial.output);
    let runs = trial.calls(&["docker", "run"]);
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0][runs[0].len() - 4..], [IMAGE, "python", "manage.py", "migrate"]);
    let has = |words: [&str; 2]| runs[0].windows(2).any(|pair| pair == words);
    assert!(has(["--log-opt", "awslogs-stream=release/ab12/i-0abc"]), "{runs:?}");
    assert!(!runs[0].contains(&"mode=non-blocking".into()), "what it says must not be lost: {runs:?}");
    assert!(trial.environment.contains(&format!("KEY={SECRET}")));
    assert_eq!(trial.end(), Some(json!({ "exit_code": 3, "said": "migrated with (concealed) at (concealed)\n" })));
    assert_ends(&trial);
}

#[test]
fn a_release_that_cannot_be_run_says_why_and_ends_the_instance() {
    for (breaks, tries) in [("docker pull", 5), ("get-parameter", 5), ("docker run", 1)] {
        let trial = Trial::release(&command(), breaks);
        let end = trial.end().unwrap();
        let why = end["failed"].as_str().unwrap();
        assert!(why.contains(breaks) && why.contains("failed with exit code 7") && why.ends_with("is broken"), "{why}");
        assert!(!why.contains("GREETING"), "{why}");
        let tried = trial.calls.iter().filter(|call| call[0] != "aws" || call[1] != "logs");
        let tried = tried.filter(|call| call.join(" ").contains(breaks)).count();
        assert_eq!(tried, tries, "{breaks}");
        assert_ends(&trial);
    }
    let trial = Trial::release(&command(), "dnf");
    assert!(trial.end().unwrap()["failed"].as_str().unwrap().contains("docker could not be installed"));
    assert_ends(&trial);
}

#[test]
fn a_release_that_cannot_say_how_it_ended_ends_the_instance() {
    let trial = Trial::release(&command(), "put-log-events");
    assert!(!trial.succeeded);
    assert_ends(&trial);
}
