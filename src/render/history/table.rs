//! The runs of an environment, newest first, in as many columns as the page takes.

use serde_json::{Value, json};

use super::{moved, outcome, signs};
use crate::record::Entry;
use crate::render::draw::{Page, Sheet, Span, length};
use crate::render::style::Role;
use crate::render::words::took;

/// Columns between two cells.
const GAP: usize = 2;
/// More of a name is cut.
const NAME: usize = 20;
/// Digits of a plan id, which `history show` takes.
const PLAN: usize = 8;
/// Digits of a commit, as git shortens it.
const COMMIT: usize = 7;

/// A cell: pieces with one space between them.
type Cell = Vec<(Role, String)>;

struct Column {
    head: &'static str,
    /// What does not fit is left out, highest first; `history show` has all of it.
    spare: u8,
    cell: fn(&Entry) -> Cell,
}

const COLUMNS: &[Column] = &[
    Column { head: "when (UTC)", spare: 0, cell: |entry| plain(entry.record.started.strftime("%Y-%m-%d %H:%M").to_string()) },
    Column { head: "verb", spare: 1, cell: |entry| plain(entry.record.verb.name().into()) },
    Column { head: "who", spare: 2, cell: |entry| plain(cut(&entry.record.origin.actor)) },
    Column {
        head: "commit",
        spare: 4,
        cell: |entry| plain(entry.record.origin.commit.as_deref().map_or_else(String::new, commit)),
    },
    Column { head: "plan", spare: 0, cell: |entry| plain(entry.record.plan_id.chars().take(PLAN).collect()) },
    Column { head: "changes", spare: 0, cell: |entry| signs(entry.record.summary) },
    Column {
        head: "outcome",
        spare: 0,
        cell: |entry| {
            let (role, word) = outcome(entry);
            vec![(role, word.into())]
        },
    },
    Column { head: "took", spare: 3, cell: |entry| plain(entry.record.took().map_or_else(String::new, took)) },
];

/// The runs as a table.
pub fn table(entries: &[Entry], page: Page) -> String {
    let mut sheet = Sheet::new(page);
    let mut columns: Vec<(&Column, usize)> = COLUMNS.iter().map(|column| (column, width(column, entries))).collect();
    while columns.iter().map(|(_, width)| width + GAP).sum::<usize>() > sheet.width() + GAP {
        let Some(spare) = columns.iter().map(|(column, _)| column.spare).max().filter(|spare| *spare > 0) else { break };
        columns.retain(|(column, _)| column.spare != spare);
    }
    line(&mut sheet, columns.iter().map(|(column, width)| (vec![(Role::Faint, column.head.to_owned())], *width)));
    for entry in entries {
        line(&mut sheet, columns.iter().map(|(column, width)| ((column.cell)(entry), *width)));
        for (service, image) in &entry.record.images {
            sheet.line(4, 6, &[(Role::Faint, service), (Role::Faint, "  "), (Role::Faint, &moved(image))]);
        }
    }
    sheet.finish()
}

/// The runs for programs.
pub fn json(environment: &str, entries: &[Entry]) -> Value {
    let run = |entry: &Entry| {
        let record = &entry.record;
        json!({
            "file": entry.path,
            "verb": record.verb,
            "started": record.started,
            "ended": record.ended,
            "seconds": record.took().map(|took| took.as_secs_f64()),
            "origin": record.origin,
            "plan_id": record.plan_id,
            "summary": record.summary,
            "images": record.images,
            "outcome": if entry.was_cut_short() { json!("cut_short") } else { json!(record.outcome) },
            "exit_code": record.exit_code,
        })
    };
    json!({ "format_version": "1.0", "environment": environment, "runs": entries.iter().map(run).collect::<Vec<_>>() })
}

fn line(sheet: &mut Sheet, cells: impl Iterator<Item = (Cell, usize)>) {
    let mut spans: Cell = Vec::new();
    for (cell, width) in cells {
        let pad = width + GAP - columns(&cell);
        for (index, (role, text)) in cell.into_iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            spans.extend([(Role::Plain, space.to_owned()), (role, text)]);
        }
        spans.push((Role::Plain, " ".repeat(pad)));
    }
    let spans: Vec<Span<'_>> = spans.iter().map(|(role, text)| (*role, text.as_str())).collect();
    sheet.line(0, 4, &spans);
}

fn width(column: &Column, entries: &[Entry]) -> usize {
    let cells = entries.iter().map(|entry| columns(&(column.cell)(entry))).max().unwrap_or(0);
    cells.max(length(column.head))
}

fn columns(cell: &Cell) -> usize {
    cell.iter().map(|(_, text)| length(text)).sum::<usize>() + cell.len().saturating_sub(1)
}

fn plain(text: String) -> Cell {
    vec![(Role::Plain, text)]
}

fn cut(name: &str) -> String {
    if length(name) <= NAME { name.into() } else { name.chars().take(NAME - 1).chain(['…']).collect() }
}

/// A commit as git shortens it, with a star where files differed from it.
fn commit(commit: &str) -> String {
    let star = if commit.ends_with("-dirty") { "*" } else { "" };
    format!("{}{star}", commit.chars().take(COMMIT).collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::record::read;
    use crate::render::history::one;

    #[test]
    fn every_width_and_colour_fits_and_says_what_matters() {
        let entries = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/plans/dev")).unwrap().entries;
        assert!(entries.len() > 5);
        for width in [62, 80, 100, 160] {
            let plain = table(&entries, Page { width, colour: false });
            let coloured = table(&entries, Page { width, colour: true });
            assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
            assert_ne!(coloured, plain);
            assert_eq!(plain.lines().next().unwrap().contains("commit"), width >= 100, "{plain}");
            for entry in &entries {
                assert!(plain.contains(&entry.record.plan_id[..PLAN]) && plain.contains(outcome(entry).1), "{plain}");
            }
            let whole = entries.iter().map(|entry| one(entry, Page { width, colour: false }));
            for line in whole.chain([plain]).flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()) {
                assert!(length(&line) <= width && line == line.trim_end(), "{width}: {line}");
            }
        }
    }
}
