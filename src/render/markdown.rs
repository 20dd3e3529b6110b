//! A plan for a pull request: what is in the way and what goes first, then tables of all images and all changes, then a drawing
//! and the command that applies exactly this.
//!
//! It fits into a comment whatever the plan, and whatever values hold: they cannot become markup, call people or link issues.

mod budget;
mod changes;
mod diagram;
mod escape;
mod images;

use std::collections::BTreeMap;

use super::Header;
use super::rows::labels::counted;
use super::rows::promotion::Images;
use super::rows::{Rows, Section};
use super::topology::Topology;
use super::words::count;
use crate::graph::Address;
use crate::plan::{Hazard, Plan, Schemas};
use budget::{Document, Form, List, Rank};
use escape::{code, fence, prose, word};

/// Bytes, and so characters, of a plan: GitHub takes 65,536 characters in a comment, and whoever posts it may add some.
const LIMIT: usize = 60_000;
/// How many resources a hazard names, and how many ways to mean something; all of them are in the table.
const NAMED: usize = 5;
/// Bytes of a command: a longer one cannot be copied from a comment either.
const COMMAND: usize = 4_000;

/// Draws a plan in less than 60,000 bytes.
pub fn plan(header: &Header, plan: &Plan, schemas: &dyn Schemas) -> String {
    let (rows, images) = (Rows::of(plan, schemas), Images::of(header));
    let mut document = Document::default();
    document.fixed(top(header, plan));
    let first = images::refused(&images).into_iter().chain(hazards(&rows)).chain(rows.worth_telling_first().map(changes::first));
    let images = images::table(&images).into_iter().chain(images::objections(&images));
    let rest = changes::table(&rows).into_iter().chain(rows.worth_folding().map(changes::folded)).chain(deferred(header, &rows));
    first.chain(images).chain(rest).for_each(|list| document.list(list));
    // Where nothing changes, a drawing would only make people look for what does.
    let drawing = (!plan.is_noop()).then(|| diagram::draw(header, &Topology::of(plan, schemas)));
    if let Some(drawing) = drawing.flatten() {
        let form = Form { rank: Rank::Drawing, text: drawing };
        document.list(List {
            open: String::new(),
            items: vec![vec![form]],
            close: String::new(),
            more: |_| String::new(),
            none: "\nThere is no room for a drawing of the environment.\n",
        });
    }
    document.if_cut(
        "\nCut to what a comment holds. `infra show PLAN_FILE` shows all of a saved plan, `infra plan` of one made anew.\n"
            .into(),
    );
    document.fixed(end(header, plan));
    document.within(LIMIT - 1)
}

/// What becomes of the environment, in a line; where it was looked, and when.
fn top(header: &Header, plan: &Plan) -> String {
    let Header { project, environment, account, region, observed_at, calls, depth, .. } = header;
    let counted = counted(plan.summary());
    let verdict = match () {
        () if plan.blocked().next().is_some() => format!("blocked: {counted}"),
        () if plan.is_noop() => "nothing to do".into(),
        () => counted.clone(),
    };
    let rest = if plan.is_noop() { format!("AWS is as the spec says: {counted}. ") } else { String::new() };
    format!(
        "<!-- infra plan: {}/{} -->\n## {} {}: {verdict}\n\n{rest}Account {}, {}, read at {} ({calls} calls, depth {depth}).\n",
        word(project),
        word(environment),
        prose(project),
        prose(environment),
        code(account),
        code(region),
        prose(observed_at),
    )
}

/// Every hazard by name, and what it means for whom.
fn hazards(rows: &Rows<'_>) -> Option<List> {
    let mut all: BTreeMap<Hazard, BTreeMap<&str, Vec<&Address>>> = BTreeMap::new();
    for (hazard, sentence, addresses) in rows.sections.iter().flat_map(Section::hazards) {
        all.entry(hazard).or_default().entry(sentence).or_default().extend(addresses);
    }
    let item = |(hazard, meanings): (&Hazard, &BTreeMap<&str, Vec<&Address>>)| {
        let of = count(meanings.values().map(Vec::len).sum(), "resource", "resources");
        let allow = if hazard.must_be_allowed() {
            format!(", to be agreed to by name: `--allow {}`", hazard.name())
        } else {
            String::new()
        };
        let head = format!("- **{}** of {of}{allow}\n", hazard.name());
        let lines = meanings.iter().map(|(sentence, addresses)| format!("  - {}: {}\n", named(addresses), prose(sentence)));
        let lines: Vec<String> = lines.collect();
        let shown = lines.iter().take(NAMED).map(String::as_str).collect::<String>();
        let more = if lines.len() > NAMED { format!("  - … and {} more\n", lines.len() - NAMED) } else { String::new() };
        let full = format!("{head}{shown}{more}");
        vec![Form { rank: Rank::Hazard, text: head }, Form { rank: Rank::HazardInFull, text: full }]
    };
    (!all.is_empty()).then(|| List {
        open: "\n### Hazards\n\n".into(),
        items: all.iter().map(item).collect(),
        close: String::new(),
        more: |_| String::new(),
        none: "",
    })
}

/// The first few of some resources.
fn named(addresses: &[&Address]) -> String {
    let mut named: Vec<String> = addresses.iter().take(NAMED).map(|address| code(address.as_str())).collect();
    if let more @ 1.. = addresses.len().saturating_sub(NAMED) {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

/// What waits, and how to go on.
fn deferred(header: &Header, rows: &Rows<'_>) -> Option<List> {
    let line = |until: &str, address: &Address| format!("- {} waits for {}\n", code(address.as_str()), prose(until));
    let items = rows.deferred.iter().flat_map(|waiting| {
        waiting.addresses.iter().map(|address| vec![Form { rank: Rank::Deferred, text: line(waiting.until, address) }])
    });
    let items: Vec<_> = items.collect();
    let command = rows.to_go_on(header).filter(|command| command.len() <= COMMAND);
    let close = command.map(|command| format!("\nTo go on, push an image, then:\n\n{}", fence("", "sh", &[command])));
    (!items.is_empty()).then(|| List {
        open: "\n### Deferred\n\n".into(),
        items,
        close: close.unwrap_or_default(),
        more: |left| format!("- … and {left} more\n"),
        none: "\nThere is no room for what is deferred.\n",
    })
}

/// The id, and the command that applies exactly this.
fn end(header: &Header, plan: &Plan) -> String {
    if plan.is_noop() {
        return String::new();
    }
    let id = format!("\nPlan id: {}\n", code(&plan.id()));
    let command = header.command(plan);
    let how = match () {
        () if plan.blocked().next().is_some() => "Nothing can be applied before what is blocked is resolved.\n".into(),
        () if command.len() > COMMAND => {
            "It was made with too many flags to repeat here: save it with `infra plan --out FILE`, then `infra apply FILE`.\n"
                .into()
        }
        () => format!("To apply exactly this plan:\n\n{}", fence("", "sh", &[command])),
    };
    format!("\n### To apply\n{id}\n{how}")
}
