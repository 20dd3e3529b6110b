//! What a plan comes to, and where it looked.

use super::class;
use super::markup::{Element, classed, element};
use crate::plan::Plan;
use crate::render::Header;
use crate::render::rows::Fate;
use crate::render::rows::labels::{counted, counts};
use crate::render::style::Role;
use crate::render::words::count;

/// The title of the page, by which people find its tab.
pub(super) fn title(header: &Header, plan: &Plan) -> String {
    format!("{} {}: {}", header.project, header.environment, counted(plan.summary()))
}

/// The verdict, where it looked, and the counts.
pub(super) fn header(header: &Header, plan: &Plan) -> Element {
    let reads = format!(" ({} calls, depth {})", header.calls, header.depth);
    let tiles = counts(plan.summary()).into_iter().map(|(count, what)| tile(count, what));
    element("header")
        .attr("class", class(role(plan)))
        .add(classed("p", "kicker").add(format!("Plan for {} {}", header.project, header.environment)))
        .add(element("h1").add(verdict(plan)))
        .add(classed("p", "where").add(header.line()).add(classed("span", "faint").add(reads)))
        .add(classed("ul", "counts").attr("aria-label", "How many resources").add_all(tiles))
}

fn verdict(plan: &Plan) -> String {
    let summary = plan.summary();
    let changes = summary.create + summary.update + summary.replace + summary.delete;
    match summary.blocked {
        _ if plan.is_noop() => "Nothing to do".into(),
        0 => count(changes, "change", "changes"),
        _ => "Blocked".into(),
    }
}

fn role(plan: &Plan) -> Role {
    match plan.summary() {
        _ if plan.is_noop() => Role::Create,
        summary if summary.blocked > 0 => Role::Blocked,
        summary if summary.delete + summary.replace > 0 => Role::Delete,
        summary if summary.update > 0 => Role::Update,
        _ => Role::Create,
    }
}

/// A count that leads to what it counts.
fn tile(count: usize, what: &'static str) -> Element {
    let (role, to) = match what {
        "to create" => (Role::Create, id(Fate::Created)),
        "to update" => (Role::Update, id(Fate::Updated)),
        "to replace" | "to delete" => (Role::Delete, id(Fate::Destroyed)),
        "blocked" => (Role::Blocked, id(Fate::Blocked)),
        "deferred" => (Role::Deferred, "deferred"),
        _ => (Role::Faint, "unchanged"),
    };
    let link = element("a").attr("href", format!("#{to}")).add(element("strong").add(count.to_string())).add(" ").add(what);
    element("li").attr("class", class(role)).add(link)
}

/// The place of a section on the page.
pub(super) fn id(fate: Fate) -> &'static str {
    match fate {
        Fate::Blocked => "blocked",
        Fate::Destroyed => "destroyed",
        Fate::Updated => "updated",
        Fate::Created => "created",
    }
}
