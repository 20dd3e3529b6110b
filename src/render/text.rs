//! A plan for people: what is in the way first, what goes next, and what goes again at the end.

mod images;

use super::Header;
use super::draw::{Page, Sheet, Span, length};
use super::rows::labels::{self, counted};
use super::rows::promotion::Images;
use super::rows::{Difference, Fate, Mark, Part, Row, Rows, Section, Words};
use super::style::Role;
use crate::plan::{Change, Hazard, Plan, Schemas};

/// Columns that a resource stands in.
const RESOURCE: usize = 2;
/// Columns that what is said of it stands in.
const DETAIL: usize = 6;
/// Signs take as many columns as the longest, `-/+`, so that addresses stand below each other.
const SIGN: usize = 3;
/// A name is not padded beyond this, lest one long name push all values away.
const NAME: usize = 32;
/// Columns that a new resource's headline needs beside the addresses; else it takes what room each address leaves.
const HEADLINE: usize = 30;
/// More rows than this are parted by what they belong to.
const MANY: usize = 12;

/// Draws a plan.
pub fn plan(header: &Header, plan: &Plan, schemas: &dyn Schemas, page: Page) -> String {
    let rows = Rows::of(plan, schemas);
    let mut sheet = Sheet::new(page);
    let reads = format!(" ({} calls, depth {})", header.calls, header.depth);
    sheet.line(0, 2, &[(Role::Strong, &header.line()), (Role::Faint, &reads)]);
    let images = Images::of(header);
    for part in rows.with(&images) {
        match part {
            Part::Resources(section) => self::section(&mut sheet, section),
            Part::Images(fate, images) => images::section(&mut sheet, fate, images),
        }
    }
    deferred(&mut sheet, &rows, header);
    for section in rows.worth_repeating() {
        repeat(&mut sheet, section);
    }
    sheet.blank();
    end(&mut sheet, plan, header, &images);
    sheet.finish()
}

fn section(sheet: &mut Sheet, section: &Section<'_>) {
    sheet.blank();
    let reason = section.reason.as_ref().map(|reason| format!(" (all: {reason})")).unwrap_or_default();
    sheet.line(0, 2, &[(Role::Strong, section.title()), (Role::Plain, &reason)]);
    legend(sheet, section);
    let rows = &section.rows;
    let column = RESOURCE + SIGN + 1 + rows.iter().map(|row| length(row.change.address.as_str())).max().unwrap_or(0) + 2;
    let column = Some(column).filter(|column| column + HEADLINE <= sheet.width());
    // Lines stand below each other as a table, unless blocks part them.
    let is_table = section.fate == Fate::Created || rows.len() > 1 && rows.iter().all(|row| row.differences.is_empty());
    let column = column.filter(|_| is_table);
    let mut last: Option<&str> = None;
    for row in rows {
        let scope = row.change.address.scope();
        if section.fate == Fate::Created
            && rows.len() > MANY
            && last.is_some_and(|last| last.split('.').next() != scope.split('.').next())
        {
            sheet.blank();
        }
        last = Some(scope);
        if section.fate == Fate::Created { line(sheet, row, column) } else { block(sheet, row, column) }
    }
    if section.fate == Fate::Created {
        dangers(sheet, section);
    }
}

/// Of what is made, each in one line, the hazards are told together.
fn dangers(sheet: &mut Sheet, section: &Section<'_>) {
    let all = section.hazards();
    if !all.is_empty() && section.rows.len() > MANY {
        sheet.blank();
    }
    for (hazard, sentence, addresses) in all {
        let addresses: Vec<&str> = addresses.iter().map(|address| address.as_str()).collect();
        let rest = format!(": {sentence} ({})", addresses.join(", "));
        let spans = [(Role::Delete, "!   "), (Role::Delete, hazard.name()), (Role::Plain, &rest)];
        sheet.line(RESOURCE, DETAIL + 2, &spans);
    }
}

/// What a replacement means is said once, beside its sign.
fn legend(sheet: &mut Sheet, section: &Section<'_>) {
    for (row, sentence) in section.legend() {
        let (role, sign) = sign(row.change);
        let name = Hazard::Replacement.name();
        let spans = [(role, sign.as_str()), (Role::Delete, name), (Role::Faint, ": "), (Role::Faint, sentence)];
        sheet.line(RESOURCE, DETAIL + 2, &spans);
    }
}

fn pad(address: &str, column: Option<usize>) -> String {
    " ".repeat(column.map_or(2, |column| column - RESOURCE - SIGN - 1 - length(address)))
}

/// A new resource in one line.
fn line(sheet: &mut Sheet, row: &Row<'_>, column: Option<usize>) {
    let (role, sign) = sign(row.change);
    let address = row.change.address.as_str();
    let gap = pad(address, column);
    let between = if row.reason.is_empty() || row.headline.is_empty() { "" } else { "; " };
    let spans = [(role, sign.as_str()), (Role::Plain, address), (Role::Plain, &gap), (Role::Update, &row.reason)];
    let spans = spans.into_iter().chain([(Role::Faint, between), (Role::Faint, row.headline.as_str())]);
    sheet.line(RESOURCE, column.unwrap_or(DETAIL + 2), &spans.collect::<Vec<_>>());
}

/// A resource with what is to be said of it.
fn block(sheet: &mut Sheet, row: &Row<'_>, column: Option<usize>) {
    let change = row.change;
    let (role, sign) = sign(change);
    let mut what = format!("{}{}", pad(change.address.as_str(), column), change.kind);
    if let Some(id) = row.id() {
        what += &format!(" {id}");
    }
    let between = if row.reason.is_empty() { "" } else { ", " };
    let spans: [Span<'_>; 5] = [
        (role, &sign),
        (Role::Strong, change.address.as_str()),
        (Role::Faint, &what),
        (Role::Faint, between),
        (Role::Plain, &row.reason),
    ];
    sheet.line(RESOURCE, column.unwrap_or(DETAIL + 2), &spans);
    differences(sheet, DETAIL, &row.differences);
    for (hazard, sentence) in row.dangers() {
        sheet.line(
            DETAIL,
            DETAIL + 2,
            &[(Role::Delete, "! "), (Role::Delete, hazard.name()), (Role::Plain, ": "), (Role::Plain, sentence)],
        );
    }
    if let Some(blocked) = &change.blocked {
        sheet.line(DETAIL, DETAIL + 6, &[(Role::Blocked, "why:  "), (Role::Plain, &blocked.why)]);
        sheet.line(DETAIL, DETAIL + 6, &[(Role::Blocked, "help: "), (Role::Plain, &blocked.help)]);
    }
}

pub(super) fn differences(sheet: &mut Sheet, indent: usize, all: &[Difference]) {
    let widest = all.iter().map(|one| length(&one.name)).filter(|&length| length <= NAME).max().unwrap_or(0);
    for one in all {
        difference(sheet, indent, one, widest);
    }
}

fn difference(sheet: &mut Sheet, indent: usize, one: &Difference, widest: usize) {
    let (role, mark) = match one.mark {
        Mark::Added => (Role::Create, "+ "),
        Mark::Changed => (Role::Update, "~ "),
        Mark::Removed => (Role::Delete, "- "),
    };
    let gap = " ".repeat(if one.name.is_empty() { 0 } else { widest.saturating_sub(length(&one.name)) + 2 });
    let note = one.note.map(|note| format!("  ({note})")).unwrap_or_default();
    let value = indent + 2 + length(&one.name) + gap.len();
    let head = [(role, mark), (Role::Plain, one.name.as_str())];
    match &one.words {
        Words::None => {
            sheet.line(indent, indent + 2, &[head[0], head[1], (Role::Delete, &note)]);
            differences(sheet, indent + 4, &one.within);
        }
        Words::One(word) => {
            let role = if one.mark == Mark::Changed { Role::Plain } else { role };
            let hang = if value + HEADLINE <= sheet.width() { value } else { indent + 4 };
            sheet.line(indent, hang, &[head[0], head[1], (Role::Plain, &gap), (role, word), (Role::Delete, &note)]);
        }
        Words::Two(before, after) if value + two(before, after) + length(&note) <= sheet.width() => {
            let words = [(Role::Plain, before.as_str()), (Role::Faint, " → "), (Role::Plain, after), (Role::Delete, &note)];
            sheet.line(indent, value, &[&head[..], &[(Role::Plain, &gap)], &words].concat());
        }
        Words::Two(before, after) if indent + 4 + length(&one.name) + two(before, after) + length(&note) <= sheet.width() => {
            let words =
                [(Role::Plain, "  "), (Role::Plain, before), (Role::Faint, " → "), (Role::Plain, after), (Role::Delete, &note)];
            sheet.line(indent, value, &[&head[..], &words].concat());
        }
        Words::Two(before, after) => {
            sheet.line(indent, indent + 2, &[head[0], head[1], (Role::Delete, &note)]);
            sheet.line(indent + 4, indent + 6, &[(Role::Delete, "- "), (Role::Plain, before)]);
            sheet.line(indent + 4, indent + 6, &[(Role::Create, "+ "), (Role::Plain, after)]);
        }
    }
}

/// Columns that one text in place of another takes.
fn two(before: &str, after: &str) -> usize {
    length(before) + length(" → ") + length(after)
}

fn deferred(sheet: &mut Sheet, rows: &Rows<'_>, header: &Header) {
    let all = &rows.deferred;
    if all.is_empty() {
        return;
    }
    sheet.blank();
    sheet.line(0, 2, &[(Role::Strong, "Deferred")]);
    let addresses = || all.iter().flat_map(|waiting| &waiting.addresses);
    let column = RESOURCE + SIGN + 1 + addresses().map(|address| length(address.as_str())).max().unwrap_or(0) + 2;
    let column = Some(column).filter(|column| column + HEADLINE <= sheet.width());
    for waiting in all {
        for address in &waiting.addresses {
            let address = address.as_str();
            let gap = pad(address, column);
            let spans = [
                (Role::Deferred, "…   "),
                (Role::Plain, address),
                (Role::Plain, &gap),
                (Role::Faint, "waits for "),
                (Role::Faint, waiting.until),
            ];
            sheet.line(RESOURCE, column.unwrap_or(DETAIL + 2), &spans);
        }
    }
    if let Some(command) = rows.to_go_on(header) {
        sheet.line(RESOURCE, DETAIL + 2, &[(Role::Plain, "To go on, push an image, then:")]);
        sheet.line(DETAIL, DETAIL + 2, &[(Role::Strong, &command)]);
    }
}

/// What is in the way and what goes, by address alone.
fn repeat(sheet: &mut Sheet, section: &Section<'_>) {
    sheet.blank();
    sheet.line(0, 2, &[(Role::Strong, "Once more, "), (Role::Strong, &section.name().to_lowercase())]);
    for row in &section.rows {
        let (role, sign) = sign(row.change);
        let hazards: Vec<&str> = row.dangers().map(|(hazard, _)| hazard.name()).collect();
        let hazards = if hazards.is_empty() { String::new() } else { format!("  ! {}", hazards.join(", ")) };
        sheet.line(RESOURCE, DETAIL + 2, &[(role, &sign), (Role::Plain, row.change.address.as_str()), (Role::Delete, &hazards)]);
    }
}

fn end(sheet: &mut Sheet, plan: &Plan, header: &Header, images: &Images<'_>) {
    if plan.is_noop() {
        let words = format!("Nothing to do: AWS is as the spec of {} says.", header.environment);
        let rest = counted(plan.summary());
        sheet.line(0, 2, &[(Role::Create, &words), (Role::Faint, &format!(" {rest}."))]);
        return;
    }
    sheet.line(0, 2, &[(Role::Strong, "Plan: "), (Role::Strong, &counted(plan.summary())), (Role::Strong, ".")]);
    if let Some(images) = images.summary() {
        sheet.line(0, 2, &[(Role::Strong, "Images: "), (Role::Plain, &images), (Role::Plain, ".")]);
    }
    if let Some(counted) = labels::hazards(plan) {
        sheet.line(0, 2, &[(Role::Delete, "Hazards: "), (Role::Plain, &counted), (Role::Plain, ".")]);
    }
    for hazard in plan.hazards().iter().filter(|hazard| hazard.must_be_allowed()) {
        let allow = format!("--allow {}", hazard.name());
        sheet.line(0, 2, &[(Role::Delete, hazard.name()), (Role::Plain, " must be agreed to by name: "), (Role::Strong, &allow)]);
    }
    sheet.line(0, 2, &[(Role::Faint, "Plan id: "), (Role::Plain, &plan.id())]);
}

/// Signs stand in a column.
fn sign(change: &Change) -> (Role, String) {
    signed(labels::sign(change))
}

fn signed((role, sign): (Role, &str)) -> (Role, String) {
    (role, format!("{sign:<width$}", width = SIGN + 1))
}
