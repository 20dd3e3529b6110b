//! The life of many environments, eight in an account. Plans are made one after another, as somebody at a terminal makes them, and all at
//! once, as a matrix of CI jobs does; but here all of them share one machine. What writes is done four at a time.

use std::process::Command;
use std::time::Instant;

use aws_proxy::Proxy;
use tokio::task::JoinSet;

use crate::account::Account;
use crate::figures::{Condition, Figures, Fleet, now};
use crate::tool::{Tool, Work};
use crate::{Asked, Error, instance, program};

/// How many environments.
pub(crate) const SIZES: [usize; 3] = [1, 4, 16];
/// How many of them share an account: App Runner allows ten auto scaling configurations in one.
const IN_AN_ACCOUNT: usize = 8;
/// How many are written at once: Terraform sleeps most of that time.
const TOGETHER: usize = 4;

/// An environment, where it is.
struct Place<'a> {
    account: &'a Account,
    tool: &'a dyn Tool,
    environment: &'a String,
}

pub(crate) async fn measure(tool: &str, asked: &Asked, proxy: &Proxy, figures: &mut Figures) -> Result<(), Error> {
    for size in SIZES {
        life(tool, size, asked, proxy, figures).await?;
    }
    Ok(())
}

/// That many environments from nothing to nothing.
async fn life(tool: &str, size: usize, asked: &Asked, proxy: &Proxy, figures: &mut Figures) -> Result<(), Error> {
    let all: Vec<String> = (1..=size).map(|number| format!("e{number}")).collect();
    let mut accounts = Vec::new();
    for environments in all.chunks(IN_AN_ACCOUNT) {
        let account = Account::new().await?;
        let tool = instance(tool, asked, &account, proxy, environments).await?;
        accounts.push((account, tool, environments));
    }
    let places: Vec<Place<'_>> = accounts
        .iter()
        .flat_map(|(account, tool, environments)| {
            environments.iter().map(|environment| Place { account, tool: tool.as_ref(), environment })
        })
        .collect();
    for work in Work::ALL {
        if work == Work::Deployment {
            for place in &places {
                place.account.push(place.environment).await?;
            }
        }
        let ways: &[(bool, usize)] = if work.is_plan() { &[(false, 1), (true, size)] } else { &[(true, TOGETHER)] };
        for &(at_once, together) in ways {
            Condition::PLAIN.impose(proxy);
            let began = Instant::now();
            let mut memory_kib = 0;
            for some in places.chunks(together) {
                memory_kib = everywhere(some, work).await?.max(memory_kib);
            }
            let wall = began.elapsed().as_secs_f64();
            let calls = proxy.log().iter().filter(|entry| entry.reached).count();
            let fleet = Fleet { tool: tool.into(), environments: size, work, at_once, calls, wall, memory_kib, taken: now() };
            eprintln!("{fleet:?}");
            figures.fleet(fleet);
            figures.save()?;
        }
    }
    Ok(())
}

/// Runs a tool everywhere at once, and adds up the memory.
async fn everywhere(places: &[Place<'_>], work: Work) -> Result<u64, Error> {
    let commands = places.iter().map(|place| place.tool.command(place.environment, work));
    let commands: Vec<Command> = commands.collect::<Result<_, _>>()?;
    let running: JoinSet<Result<program::Ended, Error>> = commands.into_iter().map(program::run).collect();
    let ended: Vec<program::Ended> = running.join_all().await.into_iter().collect::<Result<_, _>>()?;
    Ok(ended.iter().map(|ended| ended.memory_kib).sum())
}
