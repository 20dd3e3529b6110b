//! `docs/performance.md`.

use std::fmt::Write as _;
use std::time::Duration;

use crate::figures::{Condition, Figures, Fleet, Row, Run};
use crate::machine::Machine;
use crate::tool::Work;
use crate::{ENVIRONMENTS, Error};

const TOOLS: [&str; 2] = ["infra", "terraform"];
const LATE: [u64; 3] = [0, 50, 100];
const RATES: [u32; 2] = [20, 5];

pub(crate) fn text(figures: &Figures, machine: &Machine) -> Result<String, Error> {
    let mut page = String::from(include_str!("page/head.md"));
    about(&mut page, figures, machine)?;
    for environment in ENVIRONMENTS {
        writeln!(page, "\n## `{environment}.toml`\n")?;
        calls(&mut page, figures, environment)?;
        times(&mut page, figures, environment)?;
    }
    page.push_str(include_str!("page/chains.md"));
    fleets(&mut page, figures)?;
    throttles(&mut page, figures)?;
    contents(&mut page, figures)?;
    page.push_str(include_str!("page/foot.md"));
    Ok(page)
}

fn about(page: &mut String, figures: &Figures, machine: &Machine) -> Result<(), Error> {
    let taken = figures.rows.iter().map(|row| row.taken).chain(figures.fleets.iter().map(|fleet| fleet.taken));
    let (first, last) = (taken.clone().min().map(day), taken.max().map(day));
    let when = match (first, last) {
        (Some(first), Some(last)) if first == last => first,
        (first, last) => format!("{} to {}", first.unwrap_or_default(), last.unwrap_or_default()),
    };
    let own = figures.row("infra", "prod", Condition::PLAIN, Work::PlanNothing);
    let call = own.map_or_else(|| "–".into(), |row| milliseconds(Duration::from_secs_f64(middle(row, |run| run.median_call))));
    writeln!(page, "| | |\n|---|---|")?;
    writeln!(page, "| taken | {when}, UTC |")?;
    writeln!(
        page,
        "| machine | {} cores, {} GiB of memory, shared by the tool, the proxy and LocalStack |",
        machine.cores, machine.memory_gib
    )?;
    writeln!(
        page,
        // It is over before its memory could be read.
        "| `infra` | release build, {:.1} MB; `infra --help` {} |",
        mega(machine.binary),
        milliseconds(machine.idle)
    )?;
    writeln!(page, "| Terraform | {} |", figures.terraform.as_deref().unwrap_or("not installed: its rows are empty"))?;
    writeln!(page, "| what the proxy adds to a call | {} |", milliseconds(machine.proxy))?;
    writeln!(
        page,
        "| what LocalStack takes for a call of a plan of `prod.toml`, the whole sweep at once, no delay added | {call}, in the middle |"
    )?;
    Ok(())
}

/// Calls do not depend on the machine. Chains are those of the longest delay, where a call's own time counts least, and the least of
/// several runs: what happens to follow something else makes one longer.
fn calls(page: &mut String, figures: &Figures, environment: &str) -> Result<(), Error> {
    writeln!(
        page,
        "| | | calls | of them writes | polls beside | longest chain | steps of the plan in a row | peak memory |\n|---|---|--:|--:|--:|--:|--:|--:|"
    )?;
    for work in Work::ALL {
        for tool in TOOLS {
            let at =
                |late: &u64| figures.row(tool, environment, Condition { late: Duration::from_millis(*late), rate: None }, work);
            let Some(row) = LATE.iter().rev().find_map(at) else {
                writeln!(page, "| {} | {tool} | – | – | – | – | – | – |", work.words())?;
                continue;
            };
            let each = |what: fn(&Run) -> usize| range(row.runs.iter().map(what));
            writeln!(
                page,
                "| {} | {tool} | {} | {} | {} | {} | {} | {} |",
                work.words(),
                each(|run| run.calls),
                each(|run| run.writes),
                each(|run| run.polls),
                row.runs.iter().map(|run| run.chain).min().unwrap_or_default(),
                row.steps.map_or_else(|| "–".into(), |steps| steps.to_string()),
                memory(row.runs.iter().map(|run| run.memory_kib).max().unwrap_or_default()),
            )?;
        }
    }
    Ok(())
}

fn times(page: &mut String, figures: &Figures, environment: &str) -> Result<(), Error> {
    writeln!(page, "\nWall time, with this much added to each call:\n\n| | | 0 ms | 50 ms | 100 ms |\n|---|---|--:|--:|--:|")?;
    for work in Work::ALL {
        for tool in TOOLS {
            let walls = LATE.map(|late| {
                let condition = Condition { late: Duration::from_millis(late), rate: None };
                figures.row(tool, environment, condition, work).map_or_else(|| "–".into(), wall)
            });
            writeln!(page, "| {} | {tool} | {} |", work.words(), walls.join(" | "))?;
        }
    }
    Ok(())
}

fn fleets(page: &mut String, figures: &Figures) -> Result<(), Error> {
    page.push_str(include_str!("page/fleets.md"));
    let calls = |fleet: &Fleet| fleet.calls.to_string();
    let wall = |fleet: &Fleet| format!("{} | {}", seconds(fleet.wall), memory(fleet.memory_kib));
    for (at_once, words) in [(false, "One after another"), (true, "Plans all at once, the rest four at a time")] {
        writeln!(page, "\n{words}:\n")?;
        writeln!(page, "| | | calls of 1 | 4 | 16 | time of 1 | memory | time of 4 | memory | time of 16 | memory |")?;
        writeln!(page, "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")?;
        for work in Work::ALL.into_iter().filter(|work| at_once || work.is_plan()) {
            for tool in TOOLS {
                let cells = |none: &str, what: &dyn Fn(&Fleet) -> String| {
                    let cell = |size| figures.fleet_of(tool, size, work, at_once).map_or_else(|| none.to_owned(), what);
                    crate::fleet::SIZES.map(cell).join(" | ")
                };
                writeln!(page, "| {} | {tool} | {} | {} |", work.words(), cells("–", &calls), cells("– | –", &wall))?;
            }
        }
    }
    Ok(())
}

fn throttles(page: &mut String, figures: &Figures) -> Result<(), Error> {
    page.push_str(include_str!("page/throttles.md"));
    writeln!(page, "\n| | | | 20 a second: refused | time | 5 a second: refused | time |\n|---|---|---|--:|--:|--:|--:|")?;
    for environment in ENVIRONMENTS {
        for work in Work::ALL {
            for tool in TOOLS {
                let cells = RATES.map(|rate| {
                    let condition = Condition { rate: Some(rate), ..Condition::PLAIN };
                    let row = figures.row(tool, environment, condition, work);
                    row.map_or_else(
                        || "– | –".into(),
                        |row| format!("{} | {}", range(row.runs.iter().map(|run| run.refused)), wall(row)),
                    )
                });
                writeln!(page, "| `{environment}.toml` | {} | {tool} | {} |", work.words(), cells.join(" | "))?;
            }
        }
    }
    Ok(())
}

fn contents(page: &mut String, figures: &Figures) -> Result<(), Error> {
    page.push_str(include_str!("page/contents.md"));
    let counted = |environment: &str, tool: &str, kind: &str| {
        let counts = figures.counts.get(environment).and_then(|tools| tools.get(tool));
        counts.and_then(|counts| counts.get(kind)).map_or_else(|| "–".into(), usize::to_string)
    };
    writeln!(page, "\n| kind | `dev.toml`: infra | terraform | `prod.toml`: infra | terraform |\n|---|--:|--:|--:|--:|")?;
    let kinds = figures.counts.values().flat_map(|tools| tools.values()).next();
    for kind in kinds.into_iter().flat_map(|counts| counts.keys()) {
        let cells = ENVIRONMENTS.map(|environment| TOOLS.map(|tool| counted(environment, tool, kind)).join(" | "));
        writeln!(page, "| {kind} | {} |", cells.join(" | "))?;
    }
    Ok(())
}

/// The middle of several runs, and how far they lie apart.
fn wall(row: &Row) -> String {
    let walls = || row.runs.iter().map(|run| run.wall);
    let (least, most) = (walls().fold(f64::INFINITY, f64::min), walls().fold(0.0, f64::max));
    let middle = seconds(middle(row, |run| run.wall));
    if row.runs.len() == 1 { middle } else { format!("{middle} ({}–{})", figure(least), figure(most)) }
}

fn middle(row: &Row, what: fn(&Run) -> f64) -> f64 {
    let mut values: Vec<f64> = row.runs.iter().map(what).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn range(values: impl Iterator<Item = usize> + Clone) -> String {
    match (values.clone().min(), values.max()) {
        (Some(least), Some(most)) if least == most => least.to_string(),
        (least, most) => format!("{}–{}", least.unwrap_or_default(), most.unwrap_or_default()),
    }
}

fn figure(seconds: f64) -> String {
    if seconds < 10.0 { format!("{seconds:.2}") } else { format!("{seconds:.0}") }
}

fn seconds(value: f64) -> String {
    format!("{} s", figure(value))
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn memory(kib: u64) -> String {
    format!("{} MiB", kib.div_ceil(1024))
}

#[expect(clippy::cast_precision_loss, reason = "one digit of it is shown")]
fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The date of a moment, by Howard Hinnant's `civil_from_days`.
fn day(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + u64::from(month <= 2))
}
