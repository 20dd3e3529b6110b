//! Plans of many environments, eight in an account: one after another, as somebody at a terminal makes them, and all at once, as a matrix
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
/// How many of them share an account: App Runner allows ten auto scaling configurations in one.
const IN_AN_ACCOUNT: usize = 8;

/// An environment, where it is.
struct Place<'a> {
    account: &'a Account,
    tool: &'a dyn Tool,
    environment: &'a String,
}

impl Place<'_> {
    fn command(&self, work: Work) -> Result<Command, Error> {
        self.tool.command(self.environment, work)
    }
}

pub(crate) async fn measure(tool: &str, asked: &Asked, proxy: &Proxy, figures: &mut Figures) -> Result<(), Error> {
    let all: Vec<String> = (1..=SIZES[SIZES.len() - 1]).map(|number| format!("e{number}")).collect();
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
    for size in SIZES {
        let made = SIZES.iter().copied().filter(|other| *other < size).max().unwrap_or(0);
        make(&places[made..size]).await?;
        for at_once in [false, true] {
            Condition::PLAIN.impose(proxy);
            let began = Instant::now();
            let commands = commands(&places[..size], Work::PlanNothing)?;
            let ended = if at_once {
                all_at_once(commands).await?
            } else {
                let mut ended = Vec::new();
                for command in commands {
                    ended.push(program::run(command).await?);
                }
                ended
            };
            let memory = ended.iter().map(|ended| ended.memory_kib);
            let fleet = Fleet {
                tool: tool.into(),
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
async fn make(places: &[Place<'_>]) -> Result<(), Error> {
    for some in places.chunks(4) {
        all_at_once(commands(some, Work::FromNothing)?).await?;
        for place in some {
            place.account.push(place.environment).await?;
        }
        all_at_once(commands(some, Work::Deployment)?).await?;
    }
    Ok(())
}

fn commands(places: &[Place<'_>], work: Work) -> Result<Vec<Command>, Error> {
    places.iter().map(|place| place.command(work)).collect()
}

async fn all_at_once(commands: Vec<Command>) -> Result<Vec<Ended>, Error> {
    let running: JoinSet<Result<Ended, Error>> = commands.into_iter().map(program::run).collect();
    running.join_all().await.into_iter().collect()
}
