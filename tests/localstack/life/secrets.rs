//! Secrets: everywhere one can be given, one is given that can be recognised, an environment lives its whole life at the top of its
//! voice, and then everything that was printed, written, sent or left in the account is searched for them. Each is also found where it
//! belongs: a search that finds nothing anywhere proves nothing.

use std::fs;
use std::path::Path;

use aws_proxy::{Call, Entry, Fault};
use serde_json::json;

use super::notify::server::Server;

mod account;
mod given;
mod life;
mod listener;
mod registry;
mod search;

use given::{BY_HAND, FIRST, PASTED, SESSION, THEN};
use life::Life;
use registry::Registry;
use search::{Canary, Texts, each_is_found};

/// Calls whose business values of the environment are.
const TAKE_VALUES: [&str; 5] = [
    "ec2:CreateLaunchTemplate",
    "ec2:CreateLaunchTemplateVersion",
    "ec2:RunInstances",
    "apprunner:CreateService",
    "apprunner:UpdateService",
];

const FORMATS: [&str; 4] = ["text", "json", "markdown", "html"];

#[tokio::test]
async fn none_is_told_to_anybody_but_whom_it_is_for() {
    let by_helper = Registry::start(None).await;
    let by_file = Registry::start(Some(&by_helper)).await;
    let outward = Registry::start(None).await;
    let mut life = Life::new(&by_file, &by_helper, &outward).await;
    let commit = given::repository(life.stage.specs.folder());
    let saved = life.stage.home.path().join("saved.plan").display().to_string();

    // The session's token is what lets us in: without rights of its own nothing is to be seen.
    life.stage.sandbox.control("iam", &json!({ "session": SESSION, "policies": [] })).await;
    assert!(life.run(&["plan"], 1).await.err.contains("not authorized"));
    life.specify(FIRST, "").await;

    life.run(&["validate"], 0).await;
    for folder in life.pasted() {
        let ended = life.run(&["validate", "--specs", &folder], 1).await;
        assert!(ended.err.contains("****"), "the lines are shown: {ended:#?}");
    }
    life.killed().await;
    life.run(&["unlock"], 5).await;
    life.run(&["unlock", "--yes"], 0).await;
    life.plan_in_every_form(&saved).await;
    let ended = life.run(&["apply", &saved, "--yes"], 0).await;
    assert!(ended.err.contains("infra::aws") && ended.err.contains("CreateVpc"), "the tool itself is heard: {}", ended.err);
    life.deploy(&by_file, &by_helper).await;
    life.change(&saved).await;
    life.refuse(&by_file, &by_helper).await;
    life.specify(THEN, "").await;
    life.run(&["apply", "--yes"], 0).await;
    life.run(&["rollback", "--yes"], 0).await;

    life.look(&[&["status"], &["status", "--json"], &["history"], &["history", "--json"], &["plan", "--destroy"]], 0).await;
    let profile = life.owner.profile(&life.stage.aws().account);
    life.run_with(&[&["plan"], &["status"]], 0, &profile).await;
    life.run(&["image", "reject", &format!("sha256:{}", "5e".repeat(32)), "--reason", "it tells secrets"], 0).await;
    life.look(&[&["iam-policy", "--for", "apply"], &["iam-policy", "--for", "plan"]], 0).await;
    for entry in life.stage.recorded().await {
        let origin = &entry.record.origin;
        assert!(origin.commit.as_ref().is_some_and(|it| it.starts_with(&commit)), "git was asked: {origin:?}");
        assert!(
            origin.run_url.as_ref().is_some_and(|it| it.contains("(concealed)@github.example.com/techhub")),
            "CI was read: {origin:?}"
        );
        let show = ["history", "show", entry.stem()];
        life.look(&[&show, &[&show[..], &["--json"]].concat()], 0).await;
    }
    let mut secrets = given::secrets();
    secrets.extend(life.stage.made_by_aws().await);
    let shown = life.stage.shown_by_aws().await;
    life.run(&["destroy", "--yes", "--allow", "data-loss", "--json"], 0).await;
    life.search(&secrets, shown, [&by_file, &by_helper, &outward]);
}

impl Life {
    /// A plan in every form, saved too.
    async fn plan_in_every_form(&mut self, saved: &str) {
        self.run(&["plan", "--out", saved], 0).await;
        let plans = FORMATS.map(|format| ["plan", "--format", format]);
        let shows = FORMATS.map(|format| ["show", saved, "--format", format]);
        let all: Vec<&[&str]> = plans.iter().map(|it| &it[..]).chain(shows.iter().map(|it| &it[..])).collect();
        self.look(&all, 0).await;
    }

    /// Images come from private registries; a release command says all it knows, and fails at first; a deployment goes wrong.
    async fn deploy(&mut self, by_file: &Registry, by_helper: &Registry) {
        self.stage.push("v1").await;
        let images = |registry: &Registry, tag: &str| {
            ["web", "worker"].map(|service| format!("{service}={}/team/web:{tag}", registry.host)).to_vec()
        };
        let arguments = |images: &[String]| -> Vec<String> {
            let images = images.iter().flat_map(|image| ["--image".to_owned(), image.clone()]);
            ["apply", "--yes"].into_iter().map(str::to_owned).chain(images).collect()
        };
        let (first, next) = ([images(by_file, "v1"), vec!["api=v1".into()]].concat(), images(by_helper, "v2"));
        let (first, next) = (arguments(&first), arguments(&next));
        let (first, next): (Vec<&str>, Vec<&str>) =
            (first.iter().map(String::as_str).collect(), next.iter().map(String::as_str).collect());
        self.ends("ec2", "service.web.release", "3").await;
        let ended = self.run(&first, 3).await;
        for name in ["KEY", "SECRET_KEY", "TOKEN"] {
            assert!(ended.out.contains(&format!("\n  {name}=(concealed)")), "the release was quoted: {ended:#?}");
        }
        self.run(&[&first[..], &["--json"]].concat(), 0).await;

        self.stage.print_secrets().await;
        self.ends("autoscaling", "techhub-dev-web", "Failed").await;
        let ended = self.run(&next, 6).await;
        assert!(ended.out.contains("SECRET_KEY=(concealed)") && ended.out.contains("postgres://(concealed)@"), "{ended:#?}");
        self.stage
            .sandbox
            .control("outcome", &json!({ "service": "autoscaling", "resource": "techhub-dev-web", "outcome": null }))
            .await;
        self.run(&next, 0).await;
    }

    /// Values change, here and behind our back.
    async fn change(&mut self, saved: &str) {
        self.stage.set_by_hand(BY_HAND).await;
        self.specify(THEN, given::TO_DATADOG).await;
        self.plan_in_every_form(saved).await;
    }

    /// AWS quotes what it refuses, and so do a registry, a gateway on the way, and whoever reads an address that is none.
    async fn refuse(&mut self, by_file: &Registry, by_helper: &Registry) {
        self.quotes(("ec2", "CreateLaunchTemplateVersion"), "InvalidUserData.Malformed", &format!("KEY={THEN} is malformed"), 1)
            .await;
        let ended = self.run(&["apply", "--yes"], 3).await;
        assert!(ended.out.contains("KEY=(concealed) is malformed"), "{ended:#?}");
        for name in ["datadog", "the webhook"] {
            assert!(
                ended.err.contains(&format!("{name} was not told")),
                "neither proxy nor webhook wants to hear it: {ended:#?}"
            );
        }
        let asked = |it: &Entry| it.call.name() == "ssm:GetParameter" && it.call.mentions("datadog");
        assert!(self.proxy.log().iter().any(asked), "Datadog's key was read");

        let request = format!(
            "The request signature we calculated does not match.\n\nThe Canonical String for this request should have been\n'POST\n/\n\n\
             x-amz-security-token:{SESSION}\n'"
        );
        for (call, code) in [
            (("ec2", "DescribeSubnets"), "SignatureDoesNotMatch"),
            (("ecr", "DescribeRepositories"), "InvalidSignatureException"),
        ] {
            self.quotes(call, code, &request, 1).await;
            assert!(self.run(&["plan"], 1).await.err.contains(&format!("{code}: The request signature we")));
        }
        let closed = format!("web={}/team/closed:v1", by_file.host);
        assert!(self.run(&["plan", "--image", &closed], 1).await.err.contains("403 DENIED"));
        let pasted = format!("web=ana:{PASTED}@{}/team/web:v1", by_file.host);
        assert!(self.run(&["plan", "--image", &pasted], 1).await.err.contains("`(concealed)@127.0.0.1"));

        let endpoint = |rest: &str| [("AWS_ENDPOINT_URL", format!("http://ana:{}{rest}", given::ENDPOINT))];
        let host = self.proxy.url().replace("http://", "@");
        // The helper is asked, which writes down what the tool was given.
        let image = format!("web={}/team/web:v2", by_helper.host);
        self.run_with(&[&["plan", "--image", &image]], 0, &endpoint(&host)).await;
        let ended = self.run_with(&[&["plan"]], 1, &endpoint(&format!(" {host}"))).await;
        assert!(ended[0].err.contains("http://(concealed)@127.0.0.1"), "{ended:#?}");
        self.echo().await;
    }

    /// Something on the way answers in AWS's stead, and repeats what it was sent.
    async fn echo(&mut self) {
        self.add_calls();
        self.proxy.follow(|call: &Call| match call.name().as_str() {
            "ec2:DescribeVpcs" | "ecr:DescribeRepositories" | "cloudwatch:DescribeAlarms" | "rds:DescribeDBInstances" => {
                let mut answer = call.refusal(403, "", "");
                answer.body = format!("<html>x-amz-security-token: {SESSION}</html>").into();
                Fault::Instead(answer)
            }
            _ => Fault::None,
        });
        self.run(&["plan"], 1).await;
        self.add_calls();
        self.proxy.follow(self.listener.clone());
    }

    /// What was sent to AWS so far.
    fn add_calls(&mut self) {
        for entry in self.proxy.log() {
            let taken = if TAKE_VALUES.contains(&entry.call.name().as_str()) { "taken by" } else { "sent to" };
            self.told.add(format!("{taken} {}", entry.call.name()), String::from_utf8_lossy(&entry.call.body));
        }
    }

    /// Looks through all that was said, sent and left; and for each secret where it must be.
    fn search(mut self, secrets: &[Canary], shown: account::Shown, registries: [&Registry; 3]) {
        self.add_calls();
        self.told.add_files(self.stage.home.path());
        self.told.add("calls of programs", fs::read_to_string(&self.owner.calls).unwrap());
        for taken in self.webhook.taken().into_iter().chain(self.sentry.taken()) {
            self.told.add("a notification", taken.body.to_string());
        }
        let (values, taken) = (given::values(), self.told.split("taken by"));
        for (what, least) in [("stdout", 40), ("a notification", 10), ("sent to", 500)] {
            assert!(self.told.count(what) >= least, "{} of {what} are too few to be all", self.told.count(what));
        }
        let account::Shown { plain, of_values, log, of_database } = shown;
        let mut leaks = Vec::new();
        for texts in [&self.told, &plain, &taken, &of_values] {
            leaks.extend(texts.leaks(secrets));
        }
        leaks.extend(self.told.leaks(&values).into_iter().chain(plain.leaks(&values)));
        assert_eq!(leaks, Vec::<String>::new());

        let [by_file, by_helper, outward] = registries.map(|registry| Texts::one("a registry", registry.asked().join("\n")));
        let heard = |server: &Server| Texts::one("a receiver", format!("{:?}", server.taken()));
        let file = |file: &Path| Texts::one("a file", fs::read_to_string(file).unwrap());
        let programs = file(&self.owner.calls);
        assert!(
            programs.one_has("aws-login")
                && programs.one_has("docker-credential-canary get")
                && programs.one_has("rev-parse HEAD")
        );
        let mut pasted = Texts::default();
        pasted.add_files(&self.owner.path().join("specs-0"));
        let where_each_belongs: [(Texts, &[&str]); 15] = [
            (of_values, &["the next value"]),
            (taken, &["the first value", "the next value"]),
            (log, &["the application's key", "the application's token", "the first value", "what a service printed"]),
            (of_database, &["the master password"]),
            (heard(&self.webhook), &["the webhook", "the webhook's password"]),
            (heard(&self.sentry), &["Sentry's token"]),
            (by_file, &["the registry's password", "the registry's token"]),
            (by_helper, &["the registry's identity token", "the signature of a blob's address"]),
            (outward, &["the proxy's password"]),
            (self.listener.sent(), &["ECR's token"]),
            (self.listener.answers(), &["Datadog's key", "the value set by hand"]),
            (
                file(&self.owner.environments),
                &["the secret access key", "the session token", "CI's token", "the endpoint's password"],
            ),
            (file(&self.stage.specs.folder().join(".git/config")), &["git's token"]),
            (pasted, &["what was pasted into a spec"]),
            (
                file(&self.owner.path().join("aws-login")),
                &["the secret access key of a program", "the session token of a program"],
            ),
        ];
        each_is_found(&where_each_belongs, secrets.iter().chain(&values));
    }
}
