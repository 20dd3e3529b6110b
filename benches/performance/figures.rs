//! What was measured, kept in `bench/figures.json` between runs, so that a part can be measured again by itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use aws_proxy::{Delayed, Nothing, Proxy, Throttled};
use serde::{Deserialize, Serialize};

use crate::tool::Work;
use crate::{Error, root};

/// What lies between a tool and AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Condition {
    /// How much later each answer comes.
    pub(crate) late: Duration,
    /// How many calls a second each service takes.
    pub(crate) rate: Option<u32>,
}

impl Condition {
    pub(crate) const PLAIN: Self = Self { late: Duration::ZERO, rate: None };

    /// Has the proxy do that from now on, and count anew.
    pub(crate) fn impose(self, proxy: &Proxy) {
        match self {
            Self { rate: Some(rate), .. } => proxy.follow(Throttled::new(rate)),
            Self { late: Duration::ZERO, .. } => proxy.follow(Nothing),
            Self { late, .. } => proxy.follow(Delayed(late)),
        }
    }
}

/// One run of a program.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Calls that AWS saw, without polls.
    pub(crate) calls: usize,
    /// Those of them that write.
    pub(crate) writes: usize,
    /// Questions that were asked again while AWS was at work.
    pub(crate) polls: usize,
    /// Calls that a throttle refused.
    pub(crate) refused: usize,
    /// The most calls one after another, polls included.
    pub(crate) chain: usize,
    /// Seconds.
    pub(crate) wall: f64,
    /// Seconds that a call took, in the middle.
    pub(crate) median_call: f64,
    /// The most memory of each of its processes, together.
    pub(crate) memory_kib: u64,
}

/// Runs of the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) tool: String,
    pub(crate) environment: String,
    pub(crate) condition: Condition,
    pub(crate) work: Work,
    pub(crate) runs: Vec<Run>,
    /// Steps of the plan one after another, which is how long the chain of its writes has to be at least.
    pub(crate) steps: Option<usize>,
    /// Seconds since 1970.
    pub(crate) taken: u64,
}

/// The same work on many environments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Fleet {
    pub(crate) tool: String,
    pub(crate) environments: usize,
    pub(crate) work: Work,
    /// Several of them at once, or one after another.
    pub(crate) at_once: bool,
    pub(crate) calls: usize,
    pub(crate) wall: f64,
    pub(crate) memory_kib: u64,
    pub(crate) taken: u64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) rows: Vec<Row>,
    pub(crate) fleets: Vec<Fleet>,
    /// What an environment consists of, by tool, environment and kind.
    pub(crate) counts: BTreeMap<String, BTreeMap<String, BTreeMap<String, usize>>>,
    /// Terraform's version, where it is installed.
    pub(crate) terraform: Option<String>,
    /// What was measured since this process began: it takes the place of what was there.
    #[serde(skip)]
    fresh: Vec<(String, String, Condition, Work)>,
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn file() -> PathBuf {
    root().join("bench/figures.json")
}

impl Figures {
    /// What earlier runs have measured.
    pub(crate) fn load() -> Result<Self, Error> {
        match fs::read_to_string(file()) {
            Ok(text) => Ok(serde_json::from_str(&text)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn save(&self) -> Result<(), Error> {
        Ok(fs::write(file(), serde_json::to_string_pretty(self)?)?)
    }

    pub(crate) fn add(
        &mut self,
        tool: &str,
        environment: &str,
        condition: Condition,
        work: Work,
        runs: Vec<Run>,
        steps: Option<usize>,
    ) {
        let key = (tool.to_owned(), environment.to_owned(), condition, work);
        let is_it = |row: &Row| {
            (row.tool.as_str(), row.environment.as_str(), row.condition, row.work) == (tool, environment, condition, work)
        };
        if !self.fresh.contains(&key) {
            self.rows.retain(|row| !is_it(row));
            self.fresh.push(key);
        }
        match self.rows.iter_mut().find(|row| is_it(row)) {
            Some(row) => row.runs.extend(runs),
            None => self.rows.push(Row {
                tool: tool.into(),
                environment: environment.into(),
                condition,
                work,
                runs,
                steps,
                taken: now(),
            }),
        }
    }

    pub(crate) fn row(&self, tool: &str, environment: &str, condition: Condition, work: Work) -> Option<&Row> {
        self.rows.iter().find(|row| {
            (row.tool.as_str(), row.environment.as_str(), row.condition, row.work) == (tool, environment, condition, work)
        })
    }

    pub(crate) fn fleet(&mut self, fleet: Fleet) {
        let key = |fleet: &Fleet| (fleet.tool.clone(), fleet.environments, fleet.work, fleet.at_once);
        self.fleets.retain(|other| key(other) != key(&fleet));
        self.fleets.push(fleet);
    }

    pub(crate) fn fleet_of(&self, tool: &str, environments: usize, work: Work, at_once: bool) -> Option<&Fleet> {
        self.fleets.iter().find(|fleet| {
            (fleet.tool.as_str(), fleet.environments, fleet.work, fleet.at_once) == (tool, environments, work, at_once)
        })
    }

    /// Whether the tools have made the same; else there is nothing to compare.
    pub(crate) fn agree(&self) -> Result<(), Error> {
        for (environment, tools) in &self.counts {
            let mut tools = tools.iter();
            let Some((first, counts)) = tools.next() else { continue };
            for (other, theirs) in tools {
                let differs = |kind: &&String| counts.get(*kind) != theirs.get(*kind);
                if let Some(kind) = counts.keys().chain(theirs.keys()).find(differs) {
                    let (ours, theirs) = (counts.get(kind), theirs.get(kind));
                    return Err(format!("{kind} in {environment}: {first} has made {ours:?}, and {other} {theirs:?}").into());
                }
            }
        }
        Ok(())
    }
}
