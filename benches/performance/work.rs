//! The life of one environment, measured.

use aws_proxy::Proxy;

use crate::account::Account;
use crate::figures::{Condition, Figures};
use crate::tool::{Tool, Work};
use crate::{Error, program};

/// From nothing to nothing. Plans are made `times` times each, for they change nothing.
pub(crate) async fn once(
    tool: &dyn Tool,
    account: &Account,
    environment: &str,
    condition: Condition,
    proxy: &Proxy,
    times: usize,
    figures: &mut Figures,
) -> Result<(), Error> {
    for work in Work::ALL {
        if work == Work::Deployment {
            account.push(environment).await?;
        }
        let mut runs = Vec::new();
        for _ in 0..if work.is_plan() { times } else { 1 } {
            runs.push(program::measure(proxy, condition, tool.command(environment, work)?).await?);
        }
        let wrote = runs.iter().any(|run| run.writes > 0);
        if wrote == work.is_plan() {
            return Err(format!("{} {}: {runs:?}", tool.name(), work.words()).into());
        }
        eprintln!("{} {environment} {condition:?} {}: {:.2} s", tool.name(), work.words(), runs[0].wall);
        let steps = tool.steps(environment, work)?;
        figures.add(tool.name(), environment, condition, work, runs, steps);
        if work == Work::Deployment {
            let counts = account.count().await?;
            figures.counts.entry(environment.into()).or_default().insert(tool.name().into(), counts);
        }
    }
    Ok(())
}
