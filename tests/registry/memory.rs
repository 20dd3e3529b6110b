//! How much memory a large image takes: copied by a process of its own, so that nothing else is counted.

use std::process::Command;
use std::time::Instant;

use crate::kit::images::{Layout, pull};
use crate::kit::server::Server;
use crate::kit::{copied, repository};

/// Three layers of different size, together as large as images of this kind are. `INFRA_COPY_MIB` makes it larger, for measuring.
const MIB: u64 = 300;

#[expect(clippy::print_stderr, reason = "the figure that is measured")]
#[tokio::test(flavor = "multi_thread")]
async fn a_large_image_takes_less_than_100_mib() {
    let (one, two) = (Server::start(), Server::start());
    let mib = std::env::var("INFRA_COPY_MIB").map_or(MIB, |mib| mib.parse().unwrap());
    let layout = Layout::new();
    let layers = [mib / 2, mib / 3, mib / 6].map(|mib| layout.layer(mib << 20));
    let image = layout.push(&layout.image("amd64", &layers), &one.host(), "web", "v1");

    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "memory::the_copy_that_is_measured", "--include-ignored", "--nocapture"])
        .env("INFRA_COPY", format!("{} {} {image}", one.host(), two.host()))
        .output()
        .unwrap();
    let said = String::from_utf8(child.stdout).unwrap();
    assert!(child.status.success(), "{said}{}", String::from_utf8_lossy(&child.stderr));
    let line = said.lines().find_map(|line| line.split_once("peak ")).unwrap_or_else(|| panic!("{said}")).1;
    eprintln!("{mib} MiB: peak {line}");
    let peak: u64 = line.split(' ').next().unwrap().parse().unwrap();
    assert!(peak < 100 * 1024, "{peak} KiB");
    pull(&two.host(), "web", &image);
}

#[expect(clippy::print_stdout, reason = "what the parent reads")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test above"]
async fn the_copy_that_is_measured() {
    let Ok(what) = std::env::var("INFRA_COPY") else { return };
    let [one, two, image] = what.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let start = Instant::now();
    let (done, _) = copied(&repository(one, "web"), &repository(two, "web"), &image.parse().unwrap()).await.unwrap();
    let rate = f64::from(u32::try_from(done.bytes >> 20).unwrap()) / start.elapsed().as_secs_f64();
    // The most that was resident at any time (proc(5)).
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB");
    println!("peak {peak} KiB, {rate:.0} MiB/s");
}
