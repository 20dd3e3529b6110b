//! One life of an environment after another, cut off at most once in each step.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_proxy::{Call, Fault, Moment, Nothing, Proxy, Script};
use tokio::process::Command;
use tokio::time::timeout;

use super::super::{Ended, Stage};
use super::step::Step;

/// How long AWS takes for what takes it time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Speed {
    /// None: what a cut run has begun is over when the next begins.
    AtOnce,
    /// Longer than the next run takes to begin: it finds AWS at work.
    UnderWay,
}

impl Speed {
    const fn seconds(self) -> f64 {
        match self {
            Self::AtOnce => 0.0,
            Self::UnderWay => 0.7,
        }
    }
}

/// How long a run may take.
const PATIENCE: Duration = Duration::from_mins(6);

/// Where a run is cut off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cut {
    pub(super) step: Step,
    pub(super) at: At,
    pub(super) moment: Moment,
}

/// Which call it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum At {
    /// The n-th, from 1.
    Call(usize),
    /// The n-th of those that write.
    Write(usize),
    /// The n-th of a name, such as `ec2:CreateVpc`.
    Named(&'static str, usize),
}

/// What became of a cut.
#[derive(Debug)]
pub(super) enum Became {
    /// The run was cut off, and everything came right.
    Survived,
    /// The run was over before.
    NotReached,
    /// It was cut off at this call, and then this went wrong.
    Failed(String, String),
}

/// What a step does where nothing cuts it off.
pub(super) struct Uncut {
    /// What is called, and whether it writes.
    pub(super) calls: Vec<(String, bool)>,
    census: Vec<String>,
}

struct Cutting {
    cut: Cut,
    seen: usize,
    /// The call that it was.
    cut_at: Arc<Mutex<String>>,
}

impl Script for Cutting {
    fn decide(&mut self, call: &Call) -> Fault {
        let (counts, nth) = match self.cut.at {
            At::Call(nth) => (true, nth),
            At::Write(nth) => (call.writes, nth),
            At::Named(name, nth) => (call.name() == name, nth),
        };
        self.seen += usize::from(counts);
        if !counts || self.seen != nth {
            return Fault::None;
        }
        *self.cut_at.lock().unwrap() = format!("{} (call {})", call.name(), call.number);
        Fault::Cut(self.cut.moment)
    }
}

/// An environment, at some step of its life.
pub(super) struct Life {
    stage: Stage,
    proxy: Proxy,
}

impl Life {
    /// In an account with nothing in it, where AWS is so fast.
    pub(super) async fn new(speed: Speed) -> Self {
        let stage = Stage::new("dev").await;
        stage.sandbox.settle_seconds("*", speed.seconds()).await;
        Self { stage, proxy: Proxy::start(&std::env::var("AWS_ENDPOINT_URL").unwrap()).await }
    }

    /// See [`Stage::census`].
    pub(super) async fn census(&self) -> Vec<String> {
        self.stage.census().await
    }

    /// Leaves an address behind, as a run might.
    pub(super) async fn forget_an_address(&self) {
        self.stage.aws().ec2.allocate_address().send().await.unwrap();
    }

    /// Goes a step without a cut.
    pub(super) async fn go(&self, step: Step) -> Uncut {
        step.prepare(&self.stage).await;
        self.proxy.follow(Nothing);
        let ended: Ended = self.through_proxy(step).await.output().await.unwrap().into();
        assert_eq!(ended.code, 0, "{step:?}: {ended:#?}");
        let calls = self.proxy.log().iter().map(|entry| (entry.call.name(), entry.call.writes)).collect();
        Uncut { calls, census: self.stage.census().await }
    }

    /// Goes a step that is cut off, goes it again, and looks at what there is.
    pub(super) async fn cut(&self, cut: Cut, uncut: &Uncut) -> Became {
        let step = cut.step;
        step.prepare(&self.stage).await;
        let cut_at = match self.kill(cut).await {
            Ok(cut_at) => cut_at,
            Err(why) => return Became::Failed("none".into(), why),
        };
        let call = || cut_at.clone().unwrap_or_default();
        match timeout(PATIENCE, self.again(step, cut_at.is_some(), uncut)).await {
            Ok(Ok(())) if cut_at.is_some() => Became::Survived,
            Ok(Ok(())) => Became::NotReached,
            Ok(Err(why)) => Became::Failed(call(), why),
            Err(_) => Became::Failed(call(), "the next run does not end".into()),
        }
    }

    /// Runs a step and kills it there; gives the call, or nothing where it was over before.
    async fn kill(&self, cut: Cut) -> Result<Option<String>, String> {
        let mut run = self.through_proxy(cut.step).await;
        let cut_at = Arc::new(Mutex::new(String::new()));
        self.proxy.follow(Cutting { cut, seen: 0, cut_at: Arc::clone(&cut_at) });
        let mut child = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let is_cut = tokio::select! {
            () = self.proxy.cut() => true,
            ended = timeout(PATIENCE, child.wait()) => match ended {
                Ok(_) => false,
                Err(_) => return Err("it does not end".into()),
            },
        };
        child.kill().await.unwrap();
        self.proxy.quiet().await;
        self.proxy.follow(Nothing);
        let call = cut_at.lock().unwrap().clone();
        Ok(is_cut.then_some(call))
    }

    /// Changes a value of the site and kills the run as soon as AWS has made a version of its launch template, so many times;
    /// then lets a run do it. Gives how many versions there are before that and after it.
    pub(super) async fn leave_versions(&self, times: usize) -> (usize, usize) {
        let at = At::Named("ec2:CreateLaunchTemplateVersion", 1);
        for time in 0..times {
            self.stage.specs.change("dev", &format!("[service.web.env]\nTIME = \"{time}\""));
            let cut = Cut { step: Step::Change, at: at.clone(), moment: Moment::CarriedOut };
            self.kill(cut).await.unwrap().expect("it makes a version");
            succeeds(self.stage.infra(&["unlock", "--yes"]).await).await.unwrap();
        }
        let left = self.versions().await;
        self.stage.specs.change("dev", "[service.web.env]\nTIME = \"at last\"");
        succeeds(Step::Change.run(&self.stage).await).await.unwrap();
        succeeds(self.stage.infra(Step::Change.second_plan()).await).await.unwrap();
        (left, self.versions().await)
    }

    async fn versions(&self) -> usize {
        let ec2 = &self.stage.aws().ec2;
        let versions = ec2.describe_launch_template_versions().launch_template_name("techhub-dev-web").send().await.unwrap();
        versions.launch_template_versions().len()
    }

    /// The next run, and what it leads to.
    async fn again(&self, step: Step, is_cut: bool, uncut: &Uncut) -> Result<(), String> {
        // Nobody waits until the lease of the killed run is over.
        if is_cut {
            succeeds(self.stage.infra(&["unlock", "--yes"]).await).await?;
        }
        succeeds(step.run(&self.stage).await).await?;
        succeeds(self.stage.infra(step.second_plan()).await)
            .await
            .map_err(|why| format!("the second plan is not empty: {why}"))?;
        let refused = self.stage.refused().await;
        if !refused.is_empty() {
            return Err(format!("its policy is not enough: {refused:#?}"));
        }
        let difference = difference(&uncut.census, &self.stage.census().await);
        if difference.is_empty() {
            return Ok(());
        }
        Err(format!("the account holds something else than after an uncut run:\n{}", difference.join("\n")))
    }

    async fn through_proxy(&self, step: Step) -> Command {
        let mut run = step.run(&self.stage).await;
        run.env("AWS_ENDPOINT_URL", self.proxy.url());
        run
    }
}

async fn succeeds(mut run: Command) -> Result<(), String> {
    let ended: Ended = run.output().await.unwrap().into();
    if ended.code == 0 { Ok(()) } else { Err(format!("{run:?}: {ended:#?}")) }
}

/// What is in one list and not as often in the other.
pub(super) fn difference(wanted: &[String], found: &[String]) -> Vec<String> {
    let mut counts: BTreeMap<&str, i32> = BTreeMap::new();
    for one in wanted {
        *counts.entry(one).or_default() -= 1;
    }
    for one in found {
        *counts.entry(one).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count != 0).map(|(one, count)| format!("{count:+} {one}")).collect()
}
