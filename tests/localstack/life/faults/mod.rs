//! What goes wrong between the tool and AWS: faults that pass, faults that stay, and interrupts.
//!
//! Each run goes through a proxy that has calls go wrong as a script says. The scenarios stand in tables; where going through a whole
//! table takes long, a seeded sample of it is taken, and what ever failed besides. `scripts/faults --all` goes through everything.

mod interrupts;
mod passing;
mod scripts;
mod staying;
mod told;

use std::time::Duration;

use aws_proxy::{Entry, Proxy};
use serde_json::json;

use crate::life::{Ended, Stage, TOOL, moved_tool};

/// In this order an environment lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Everything but what waits for images.
    Apply,
    /// The first images.
    Deploy,
    /// Other images, and changes in place of every service that has some.
    Change,
    Destroy,
}

/// What `dev` has besides the tool, so that every kind is there.
const MORE: &str = r#"
    [service.web.alarms]
    cpu_percent = 90
    [database.main.parameters]
    max_connections = "100"
"#;

/// Changes of which each takes another call.
const CHANGE: &str = r#"
    [repository.web]
    keep_images = 5
    immutable_tags = false
    [service.web]
    log_days = 7
    health_check = "/healthy"
    connects = ["database.main"]
    [service.web.instances]
    max = 4
    [service.web.load_balancer]
    allow = ["192.0.2.0/24"]
    [service.web.release]
    command = ["migrate"]
    [service.worker.instances]
    cpu_target_percent = 50
    [service.api]
    cpu = "2 vCPU"
    memory_gib = 4
    [database.main]
    backup_days = 3
    [cache.main]
    node = "cache.t4g.small"
"#;

/// `dev` with all of that changed.
fn changed() -> String {
    moved_tool() + &MORE.replace("= 90", "= 80").replace(r#""100""#, r#""200""#) + CHANGE
}

/// Deploys that tag to every service.
macro_rules! deploys {
    ($tag:literal) => {
        vec![
            concat!("--image=web=", $tag),
            concat!("--image=worker=", $tag),
            concat!("--image=tool=", $tag),
            concat!("--image=api=", $tag),
        ]
    };
}

impl Phase {
    const ALL: [Self; 4] = [Self::Apply, Self::Deploy, Self::Change, Self::Destroy];

    /// What it takes besides a command.
    async fn prepare(self, stage: &Stage) {
        match self {
            Self::Apply => stage.specs.change("dev", &format!("{TOOL}{MORE}")),
            Self::Deploy => stage.push("v1").await,
            Self::Change => {
                stage.push("v2").await;
                stage.specs.change("dev", &changed());
            }
            Self::Destroy => {}
        }
    }

    fn arguments(self) -> Vec<&'static str> {
        match self {
            Self::Destroy => vec!["destroy", "--yes", "--allow", "data-loss"],
            _ => [vec!["apply", "--yes"], self.images()].concat(),
        }
    }

    fn images(self) -> Vec<&'static str> {
        match self {
            Self::Deploy => deploys!("v1"),
            Self::Change => deploys!("v2"),
            Self::Apply | Self::Destroy => Vec::new(),
        }
    }

    /// It came to its end: the second plan is empty, and nothing is there twice.
    async fn is_over(self, stage: &Stage) {
        if self == Self::Destroy {
            return stage.nothing_is_left().await;
        }
        stage.is_settled().await;
        stage.live().await;
        assert_eq!(stage.own_vpcs().await.len(), 1);
        let addresses = stage.aws().ec2.describe_addresses().send().await.unwrap();
        assert_eq!(addresses.addresses().len(), 1, "{addresses:?}");
        let gateways = stage.aws().ec2.describe_internet_gateways().send().await.unwrap();
        let ours = gateways.internet_gateways().iter().filter(|gateway| !gateway.tags().is_empty());
        assert_eq!(ours.count(), 1, "{gateways:?}");
    }
}

/// A stage on which AWS is quick.
async fn quick() -> Stage {
    settling(Duration::from_millis(50)).await
}

/// A stage on which AWS takes so long for each thing that takes it time.
async fn settling(time: Duration) -> Stage {
    let stage = Stage::new("dev").await;
    stage.sandbox.control("settle", &json!({ "seconds": time.as_secs_f64() })).await;
    stage
}

/// One that has come to the beginning of this phase.
async fn before(phase: Phase) -> Stage {
    let stage = quick().await;
    for earlier in Phase::ALL.into_iter().filter(|earlier| *earlier < phase) {
        earlier.prepare(&stage).await;
        finish(&stage, earlier).await;
    }
    phase.prepare(&stage).await;
    stage
}

/// Goes through a phase as far as it is left, with nothing going wrong.
async fn finish(stage: &Stage, phase: Phase) {
    let ended = stage.run(&phase.arguments()).await;
    assert_eq!(ended.code, 0, "{phase:?}: {ended:#?}");
}

async fn proxy() -> Proxy {
    Proxy::start(&std::env::var("AWS_ENDPOINT_URL").unwrap()).await
}

/// Runs a phase through a proxy; gives how it ended, and the calls that it made.
async fn run(stage: &Stage, proxy: &Proxy, phase: Phase, more: &[&str]) -> (Ended, Vec<Entry>) {
    let before = proxy.log().len();
    let arguments = [phase.arguments(), more.to_vec()].concat();
    let ended = stage.through(proxy, &arguments).await.output().await.unwrap().into();
    proxy.quiet().await;
    (ended, proxy.log().split_off(before))
}

/// Whether everything is gone through, and not a sample only.
fn all() -> bool {
    std::env::var("FAULTS").is_ok_and(|which| which == "all")
}

/// Whether it was carried out, and said so.
fn succeeded(entry: &Entry) -> bool {
    entry.status.is_some_and(|status| (200..300).contains(&status))
}

/// The calls that change the environment; those about its lease apart.
fn writes(log: &[Entry]) -> impl Iterator<Item = &Entry> {
    log.iter().filter(|entry| entry.call.writes && entry.call.service != "ssm")
}

/// Numbers that look random, and are the same ones for the same seed.
struct Dice(u64);

impl Dice {
    /// Below `below`.
    fn roll(&mut self, below: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % below as u64).unwrap()
    }

    /// So many of them, in their order.
    fn some<T>(&mut self, mut of: Vec<T>, count: usize) -> Vec<T> {
        while of.len() > count {
            of.remove(self.roll(of.len()));
        }
        of
    }
}
