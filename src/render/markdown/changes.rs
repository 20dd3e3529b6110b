//! Changes: those that come first, the table of all, and what differs, folded.

use super::budget::{Form, List, Rank};
use super::escape::{code, fence, prose};
use crate::plan::Hazard;
use crate::render::rows::labels::sign;
use crate::render::rows::{Difference, Fate, Mark, Row, Rows, Section, Words};

/// Bytes of what differs in one resource: more is for other formats, lest one resource take the place of all others.
const LONGEST: usize = 8_000;
/// How many of those in the way are explained before anything else is said.
const EXPLAINED: usize = 5;

/// What is in the way, or goes: the address of each, and where there is room, all about it.
pub(super) fn first(section: &Section<'_>) -> List {
    let (brief, full) = match section.fate {
        Fate::Blocked => (Rank::Blocked, Rank::BlockedInFull),
        Fate::Destroyed | Fate::Updated | Fate::Created => (Rank::Destroyed, Rank::DestroyedInFull),
    };
    let item = |(place, row): (usize, &Row<'_>)| {
        // What is in the way is of no use without the way out.
        let why = if section.fate == Fate::Blocked && place < EXPLAINED { brief } else { full };
        let (line, below) = (line(row), below(row));
        let all = format!("{line}{below}");
        let is_more = !below.is_empty() && all.len() <= LONGEST;
        let forms = [(brief, format!("{}\n", head(row))), (why, line)];
        let forms = forms.into_iter().chain(is_more.then_some((full, all)));
        forms.map(|(rank, text)| Form { rank, text }).collect()
    };
    let mut open = format!("\n### {}\n\n", headed(section));
    for (row, sentence) in section.legend() {
        open += &format!("`{}` **{}**: {}\n\n", sign(row.change).1, Hazard::Replacement.name(), prose(sentence));
    }
    List {
        open,
        items: section.rows.iter().enumerate().map(item).collect(),
        close: String::new(),
        more: |left| format!("- {}\n", more(left)),
        none: "",
    }
}

/// A table of everything that changes.
pub(super) fn table(rows: &Rows<'_>) -> Option<List> {
    let line = |section: &Section<'_>, row: &Row<'_>| {
        let hazards: Vec<String> = row.hazards.iter().map(|(hazard, _)| format!("**{}**", hazard.name())).collect();
        let reason = section.reason.as_deref().unwrap_or(&row.reason);
        let cells = [
            code(sign(row.change).1),
            code(row.change.address.as_str()),
            code(row.change.kind),
            code(&row.what()),
            prose(reason),
            hazards.join(", "),
        ];
        format!("| {} |\n", cells.join(" | "))
    };
    let items: Vec<_> = rows
        .sections
        .iter()
        .flat_map(|section| section.rows.iter().map(move |row| vec![Form { rank: Rank::Row, text: line(section, row) }]))
        .collect();
    (!items.is_empty()).then(|| List {
        open: "\n### All changes\n\n| | address | type | what | why | hazards |\n|---|---|---|---|---|---|\n".into(),
        items,
        close: String::new(),
        more: |left| format!("\n{}\n", more(left)),
        none: "\nThere is no room for the table of all changes.\n",
    })
}

/// What differs in each, to be opened by whoever wants to know.
pub(super) fn folded(section: &Section<'_>) -> List {
    let item = |row: &Row<'_>| {
        let dangers = dangers("", row);
        let gap = if dangers.is_empty() { "" } else { "\n" };
        let head = format!("{} {}\n\n{dangers}{gap}", code(sign(row.change).1), code(row.change.address.as_str()));
        let full = format!("{head}{}\n", differences("", row));
        // One resource of which too much is to be said is not to hide all that come after it.
        let text = if full.len() <= LONGEST { full } else { format!("{head}This is too long for a comment.\n\n") };
        vec![Form { rank: Rank::Detail, text }]
    };
    let differing = section.rows.iter().filter(|row| !row.differences.is_empty());
    let items: Vec<_> = differing.map(item).collect();
    let open = format!("\n<details><summary>{}: what differs</summary>\n\n", section.name());
    List { open, items, close: "</details>\n".into(), more: |left| format!("{}\n\n", more(left)), none: "" }
}

fn headed(section: &Section<'_>) -> String {
    let reason = section.reason.as_ref().map(|reason| format!(" (all: {})", prose(reason))).unwrap_or_default();
    format!("{}{reason}", section.title())
}

fn more(left: usize) -> String {
    format!("… and {left} more")
}

/// Which, and what happens to it.
fn head(row: &Row<'_>) -> String {
    format!("- {} {}", code(sign(row.change).1), code(row.change.address.as_str()))
}

/// All that must be known of one.
fn line(row: &Row<'_>) -> String {
    let mut line = format!("{}, {}", head(row), code(row.change.kind));
    if let Some(id) = row.id() {
        line += &format!(" {}", code(id));
    }
    if !row.reason.is_empty() {
        line += &format!(", {}", prose(&row.reason));
    }
    let dangers: Vec<String> = row.dangers().map(|(hazard, _)| format!("**{}**", hazard.name())).collect();
    if !dangers.is_empty() {
        line += &format!(": {}", dangers.join(", "));
    }
    line.push('\n');
    if let Some(blocked) = &row.change.blocked {
        line += &format!("  - why: {}\n  - help: {}\n", prose(&blocked.why), prose(&blocked.help));
    }
    line
}

/// What there is to say below that.
fn below(row: &Row<'_>) -> String {
    let differences = if row.differences.is_empty() { String::new() } else { format!("\n{}\n", differences("  ", row)) };
    dangers("  ", row) + &differences
}

/// What its hazards mean.
fn dangers(indent: &str, row: &Row<'_>) -> String {
    let mut lines = String::new();
    for (hazard, sentence) in row.dangers() {
        lines += &format!("{indent}- {}: {}\n", hazard.name(), prose(sentence));
    }
    lines
}

fn differences(indent: &str, row: &Row<'_>) -> String {
    let mut lines = Vec::new();
    row.differences.iter().for_each(|one| difference(&mut lines, 0, one));
    fence(indent, "diff", &lines)
}

/// A difference as `diff` marks it: `!` where one value says it all.
fn difference(lines: &mut Vec<String>, depth: usize, one: &Difference) {
    let indent = "  ".repeat(depth);
    let name = if one.name.is_empty() { String::new() } else { format!("{}: ", one.name) };
    let note = one.note.map(|note| format!("  ({note})")).unwrap_or_default();
    let mark = match one.mark {
        Mark::Added => '+',
        Mark::Changed => '!',
        Mark::Removed => '-',
    };
    match &one.words {
        Words::None => {
            lines.push(format!("{mark} {indent}{}{note}", name.trim_end()));
            one.within.iter().for_each(|one| difference(lines, depth + 1, one));
        }
        Words::One(word) => lines.push(format!("{mark} {indent}{name}{word}{note}")),
        Words::Two(before, after) => {
            lines.push(format!("- {indent}{name}{before}"));
            lines.push(format!("+ {indent}{name}{after}{note}"));
        }
    }
}
