//! Plans of many environments, in one account: one after another, as somebody at a terminal makes them, and all at once, as a matrix
//! of CI jobs does; but here all of them share one machine.

use std::process::Command;
use std::time::Instant;

use aws_proxy::Proxy;
use tokio::task::JoinSet;

use crate::account::Account;
use crate::figures::{Condition, Figures, Fleet, now};
use crate::program::Ended;
use crate::tool::{Tool, Work};
use crate::{Asked, Error, instance, program};

/// How many environments.
pub(crate) const SIZES: [usize; 3] = [1, 4, 16];

pub(crate) async fn measure(tool: &str, asked: &Asked, proxy: &Proxy, figures: &mut Figures) -> Result<(), Error> {
    let all: Vec<String> = (1..=SIZES[SIZES.len() - 1]).map(|number| format!("e{number}")).collect();
    let account = Account::new().await?;
    let tool = instance(tool, asked, &account, proxy, &all).await?;
    for size in SIZES {
        let made = SIZES.iter().copied().filter(|other| *other < size).max().unwrap_or(0);
        make(tool.as_ref(), &account, &all[made..size]).await?;
        for at_once in [false, true] {
            Condition::PLAIN.impose(proxy);
            let began = Instant::now();
            let plan = |environment: &String| tool.command(environment, Work::PlanNothing);
            let ended = if at_once {
                let commands = all[..size].iter().map(plan).collect::<Result<Vec<_>, _>>()?;
                all_at_once(commands).await?
            } else {
                let mut ended = Vec::new();
                for environment in &all[..size] {
                    ended.push(program::run(plan(environment)?).await?);
                }
                ended
            };
            let memory = ended.iter().map(|ended| ended.memory_kib);
            let fleet = Fleet {
                tool: tool.name().into(),
                environments: size,
                at_once,
                calls: proxy.log().len(),
                wall: began.elapsed().as_secs_f64(),
                memory_kib: if at_once { memory.sum() } else { memory.max().unwrap_or_default() },
                taken: now(),
            };
            eprintln!("{fleet:?}");
            figures.fleet(fleet);
            figures.save()?;
        }
    }
    Ok(())
}

/// Makes environments, four at once: most of the time is spent asleep.
async fn make(tool: &dyn Tool, account: &Account, environments: &[String]) -> Result<(), Error> {
    for some in environments.chunks(4) {
        for work in [Work::FromNothing, Work::Deployment] {
            let commands = some.iter().map(|environment| tool.command(environment, work)).collect::<Result<Vec<_>, _>>()?;
            all_at_once(commands).await?;
            if work == Work::FromNothing {
                for environment in some {
                    account.push(environment).await?;
                }
            }
        }
    }
    Ok(())
}

async fn all_at_once(commands: Vec<Command>) -> Result<Vec<Ended>, Error> {
    let running: JoinSet<Result<Ended, Error>> = commands.into_iter().map(program::run).collect();
    running.join_all().await.into_iter().collect()
}
