//! With somebody at a terminal: they are asked, and see colour as far as they want it.

use std::process::Stdio;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::{Ended, Stage};

impl Stage {
    /// Runs on a terminal of 80 columns, where somebody types `typed`. Both streams come as `out`.
    pub(super) async fn on_terminal(&self, arguments: &[&str], typed: &str, environment: &[(&str, &str)]) -> Ended {
        let mut child = self.terminal(arguments, environment).await.spawn().unwrap();
        let mut keyboard = child.stdin.take().unwrap();
        keyboard.write_all(format!("{typed}\n").as_bytes()).await.unwrap();
        let ended = child.wait_with_output().await.unwrap().into();
        drop(keyboard);
        ended
    }

    /// The binary on a terminal of 80 columns: its standard input is the keyboard.
    async fn terminal(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
        let line = format!("stty cols 80 rows 40; exec {} {}", env!("CARGO_BIN_EXE_infra"), arguments.join(" "));
        // `script` gives its command a terminal of its own.
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
        let infra = self.infra(arguments).await;
        script.env_clear().envs(infra.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))));
        script.envs([("PATH", "/usr/bin:/bin"), ("SHELL", "/bin/sh"), ("TERM", "xterm-256color")]);
        script.envs(environment.iter().copied());
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        script
    }

    /// Somebody was asked and did not agree.
    async fn is_not_agreed(&self, arguments: &[&str], typed: &str) {
        self.count_anew().await;
        let ended = self.on_terminal(arguments, typed, &[]).await;
        assert_eq!(ended.code, 5, "{ended:#?}");
        for words in ["Type dev to carry out this plan", "nothing was done", "type exactly dev"] {
            assert!(ended.out.contains(words), "{words}: {ended:#?}");
        }
        assert_eq!(self.writes().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_name_of_the_environment_agrees_to_the_plan() {
    let stage = Stage::new("dev").await;
    let approval = "[approval]\nrequired = true";
    stage.specs.change("dev", approval);
    for typed in ["", "yes", "prod", "DEV"] {
        stage.is_not_agreed(&["apply"], typed).await;
    }
    // Where approval is required, `--yes` is none.
    stage.is_not_agreed(&["apply", "--yes"], "y").await;
    let ended = stage.on_terminal(&["apply", "--yes"], "dev", &[]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(ended.out.contains("Done: "), "{ended:#?}");
    stage.is_settled().await;

    stage.specs.change("dev", "[service.web]\nlog_days = 7");
    let ended = stage.on_terminal(&["apply", "--yes"], "", &[]).await;
    assert_eq!((ended.code, ended.out.contains("Type dev")), (0, false), "{ended:#?}");
    stage.is_settled().await;
}

#[tokio::test]
async fn an_interrupt_is_an_answer_to_the_question() {
    let stage = Stage::new("dev").await;
    let mut child = stage.terminal(&["apply"], &[]).await.spawn().unwrap();
    let (mut keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("Type dev") {
        assert_ne!(screen.read_buf(&mut seen).await.unwrap(), 0, "{}", String::from_utf8_lossy(&seen));
    }
    keyboard.write_all(b"\x03").await.unwrap();
    screen.read_to_end(&mut seen).await.unwrap();
    let seen = String::from_utf8_lossy(&seen);
    assert!(seen.ends_with("\r\nerror: interrupted; nothing was written to AWS\r\n"), "{seen:?}");
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
    assert_eq!(stage.writes().await, Vec::<String>::new());
}

#[tokio::test]
async fn nobody_is_asked_in_ci() {
    let stage = Stage::new("dev").await;
    let ended = stage.on_terminal(&["apply"], "dev", &[("CI", "true")]).await;
    assert_eq!(ended.code, 5, "{ended:#?}");
    assert!(ended.out.contains("nobody can be asked here") && !ended.out.contains("Type dev"), "{ended:#?}");
}

#[tokio::test]
async fn colour_is_as_people_want_it_and_lines_fit() {
    let stage = Stage::made("dev").await;
    stage.specs.change("dev", "[service.web]\nlog_days = 7\n[database.main]\nclass = \"db.t4g.small\"");
    for arguments in [&["plan"][..], &["plan", "--destroy"], &["status"]] {
        let coloured = stage.on_terminal(arguments, "", &[]).await;
        let plain = stage.on_terminal(arguments, "", &[("NO_COLOR", "1")]).await;
        let dumb = stage.on_terminal(arguments, "", &[("TERM", "dumb")]).await;
        assert_eq!((coloured.code, plain.code, dumb.code), (0, 0, 0), "{coloured:#?}");
        let colours = |ended: &Ended| ended.out.contains("\u{1b}[1m") || ended.out.contains("\u{1b}[3");
        assert_eq!((colours(&plain), colours(&dumb)), (false, false), "{plain:#?}");
        if arguments[0] == "plan" {
            assert!(colours(&coloured), "{coloured:#?}");
            let long = dumb.out.lines().find(|line| line.trim_end().chars().count() > 80 && line.contains(' '));
            assert_eq!(long, None);
        }
    }
}

/// Whoever begins a project is asked until the answers are some, and what is written then is valid.
#[tokio::test]
async fn a_new_project_is_asked_about() {
    let stage = Stage::new("dev").await;
    let folder = stage.home.path().join("new");
    let (path, commit) = (folder.display().to_string(), "ab".repeat(20));
    let tool = format!("acme/infra@{commit}");
    let typed = ["froum", "site", "Shop", "shop", "1234", "123456789012", "acme", "acme/infra@main", &tool].join("\n");
    let ended = stage.on_terminal(&["init", "--region", "us-east-1", &path], &typed, &[]).await;
    assert_eq!(ended.code, 0, "{ended:#?}");
    for words in ["write the first word", "small letters", "twelve digits, like", "all 40 digits", "config.yml"] {
        assert!(ended.out.contains(words), "{words}: {ended:#?}");
    }
    let specs = folder.join("environments").display().to_string();
    let ended = stage.run(&["--specs", &specs, "validate"]).await;
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{ended:#?}");

    // Nobody answers to the end.
    let ended = stage.on_terminal(&["init", &format!("{path}-2")], "site\nshop\n\u{4}", &[]).await;
    assert!(ended.code == 1 && ended.out.contains("nothing was written"), "{ended:#?}");
    assert!(!stage.home.path().join("new-2").exists());
}
