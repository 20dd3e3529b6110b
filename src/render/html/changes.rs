//! The rows of a plan, section by section: what changes, what waits, and what stays.

use std::collections::{BTreeMap, BTreeSet};

use super::class;
use super::differences::{self, sign};
use super::images;
use super::markup::{Element, Markup, classed, element};
use super::top::id;
use crate::plan::{Action, Change, Hazard};
use crate::render::Header;
use crate::render::rows::labels;
use crate::render::rows::promotion::Images;
use crate::render::rows::{Fate, Part, Row, Rows, Section};
use crate::render::style::Role;
use crate::render::words::count;

/// More rows than this are parted by what they belong to.
const MANY: usize = 12;

/// More rows than this are folded, but for those that destroy or are in the way.
const OPEN: usize = 40;

/// What rows need to know of the rest of the page.
pub(super) struct Changes<'a> {
    rows: &'a Rows<'a>,
    images: &'a Images<'a>,
    /// Places in the drawing, by address.
    drawn: BTreeMap<&'a str, String>,
    /// Ids that the page has already. Two resources can bear one address: what a run that was cut left over, and its successor.
    ids: BTreeSet<String>,
}

impl<'a> Changes<'a> {
    /// The rows, of which some are in a drawing.
    pub(super) fn new(rows: &'a Rows<'a>, images: &'a Images<'a>, drawn: BTreeMap<&'a str, String>) -> Self {
        Self { rows, images, drawn, ids: BTreeSet::new() }
    }

    /// All rows.
    pub(super) fn section(mut self, header: &Header) -> Element {
        let Rows { sections, deferred, .. } = self.rows;
        let all: usize = sections.iter().map(|section| section.rows.len()).sum();
        let changes = classed("section", "changes").attr("aria-labelledby", "changes");
        let heading = element("h2").attr("id", "changes");
        let heading = heading.add(if sections.is_empty() && deferred.is_empty() { "Resources" } else { "Changes" });
        let changes = changes.add(heading).add(self.filter());
        let changes = self.rows.with(self.images).fold(changes, |changes, part| match part {
            Part::Resources(section) => changes.add(self.fate(section, all > OPEN)),
            Part::Images(fate, images) => changes.add(images::section(fate, images)),
        });
        changes.add(self.deferred(header)).add(self.unchanged())
    }

    /// What finds rows. It needs the script, which shows it.
    fn filter(&self) -> Element {
        let text = element("input")
            .attr("type", "search")
            .attr("name", "text")
            .attr("placeholder", "Filter by any text")
            .attr("aria-label", "Filter resources by any text")
            .attr("autocomplete", "off")
            .attr("spellcheck", "false");
        let fates = self.rows.sections.iter().map(|section| (id(section.fate), section.name()));
        let fates = fates.chain((!self.rows.deferred.is_empty()).then_some(("deferred", "Deferred"))).collect::<Vec<_>>();
        let toggle = |(fate, name): &(&'static str, &'static str)| {
            element("button").attr("type", "button").attr("aria-pressed", "true").attr("data-fate", fate).add(*name)
        };
        let toggles = fates.iter().map(toggle).filter(|_| fates.len() > 1);
        let fold = element("button").attr("type", "button").attr("name", "fold").add("Fold all");
        let shown = element("output").attr("name", "shown");
        let form = classed("form", "filter").attr("role", "search").flag("hidden", true);
        form.add(text).add_all(toggles).add(fold).add(shown)
    }

    fn fate(&mut self, section: &Section<'_>, fold: bool) -> Element {
        let reason = section.reason.as_ref().map(|reason| classed("span", "faint").add(format!(" (all: {reason})")));
        let legend = section.legend().into_iter().map(|(row, sentence)| {
            let name = element("strong").add(Hazard::Replacement.name());
            classed("p", "legend").add(signed(row.change)).add(" ").add(name).add(": ").add(sentence)
        });
        let fold = fold && section.fate > Fate::Destroyed;
        let mut last: Option<&str> = None;
        let rows = section.rows.iter().map(|row| {
            let part = row.change.address.scope().split('.').next();
            let apart = section.fate == Fate::Created && section.rows.len() > MANY && last.is_some() && last != part;
            last = part;
            self.row(row, section.fate, fold).flag("data-apart", apart)
        });
        let list = classed("ul", "rows").add_all(rows);
        let heading = element("h3").attr("id", id(section.fate)).add(section.title()).add(reason);
        // Of what is made, each in one line, the hazards are told together.
        let hazards = section.hazards().into_iter().filter(|_| section.fate == Fate::Created);
        let hazards = hazards.map(|(hazard, sentence, addresses)| {
            let addresses: Vec<&str> = addresses.iter().map(|address| address.as_str()).collect();
            self::hazard(hazard.name(), sentence).add(format!(" ({})", addresses.join(", ")))
        });
        fate_section(id(section.fate)).add(heading).add_all(legend).add(list).add_all(hazards)
    }

    fn row(&mut self, row: &Row<'_>, fate: Fate, fold: bool) -> Element {
        let change = row.change;
        let (role, _) = labels::sign(change);
        let said = if fate == Fate::Created { headline(row) } else { kind(row) };
        let line =
            |element: Element| element.add(signed(change)).add(" ").add(self.address(change.address.as_str())).add(" ").add(said);
        let detail = detail(row).filter(|_| fate != Fate::Created);
        let content = match detail {
            Some(detail) => element("details").flag("open", !fold).add(line(element("summary"))).add(detail),
            None => line(classed("div", "line")),
        };
        self.item(change.address.as_str(), class(role)).add(content)
    }

    /// An element of a list of rows, which links can lead to.
    fn item(&mut self, address: &str, class: &'static str) -> Element {
        let mut ids = std::iter::once(address.to_owned()).chain((2..).map(|number| format!("{address}~{number}")));
        let id = ids.find(|id| !self.ids.contains(id)).unwrap_or_default();
        self.ids.insert(id.clone());
        element("li").attr("id", id).attr("class", class).attr("tabindex", "-1")
    }

    /// An address, which leads to its place in the drawing.
    fn address(&self, address: &str) -> Element {
        let code = classed("code", "address");
        match self.drawn.get(address) {
            Some(place) => {
                code.add(element("a").attr("href", format!("#{place}")).attr("title", "Show in the drawing").add(address))
            }
            None => code.add(address),
        }
    }

    /// What waits, and how to go on.
    fn deferred(&mut self, header: &Header) -> Option<Element> {
        let deferred = &self.rows.deferred;
        if deferred.is_empty() {
            return None;
        }
        let rows = deferred.iter().flat_map(|all| all.addresses.iter().map(|address| (address.as_str(), all.until)));
        let items = rows.map(|(address, until)| {
            let said = classed("span", "said").add("waits for ").add(until);
            let line = classed("div", "line").add(sign("…", "deferred")).add(" ").add(self.address(address)).add(" ").add(said);
            self.item(address, class(Role::Deferred)).add(line)
        });
        let list = classed("ul", "rows").add_all(items);
        let go_on = self.rows.to_go_on(header).map(|command| {
            let words = element("p").add("To go on, push an image, then:");
            classed("div", "go-on").add(words).add(super::apply::command(&command))
        });
        let heading = element("h3").attr("id", "deferred").add("Deferred");
        Some(fate_section("deferred").add(heading).add(list).add(go_on))
    }

    /// What stays as it is, folded: so that whatever the drawing shows has its place.
    fn unchanged(&mut self) -> Option<Element> {
        let unchanged = &self.rows.unchanged;
        let items = unchanged.iter().map(|change| {
            let address = change.address.as_str();
            let kind = classed("span", "said").add(classed("span", "kind").add(change.kind));
            let line = classed("div", "line").add(self.address(address)).add(" ").add(kind);
            self.item(address, "unchanged").add(line)
        });
        let list = classed("ul", "rows").add_all(items);
        let all = count(unchanged.len(), "resource stays as it is", "resources stay as they are");
        let details = element("details").attr("id", "unchanged").add(element("summary").add(all)).add(list);
        (!unchanged.is_empty()).then(|| fate_section("unchanged").add(details))
    }
}

/// A section whose rows share a fate. It is called by its heading.
fn fate_section(fate: &'static str) -> Element {
    classed("section", "fate").attr("data-fate", fate).attr("aria-labelledby", fate)
}

fn signed(change: &Change) -> Element {
    let (role, mark) = labels::sign(change);
    let told = match change.action {
        _ if change.blocked.is_some() => "blocked",
        Action::NoOp => "unchanged",
        Action::Create => "to be created",
        Action::Update => "to be updated",
        Action::Replace { .. } => "to be replaced",
        Action::Delete => "to be deleted",
    };
    element("span").attr("class", class(role)).add(sign(mark, told))
}

/// A new resource in a few words.
fn headline(row: &Row<'_>) -> Element {
    let between = if row.reason.is_empty() || row.headline.is_empty() { "" } else { "; " };
    classed("span", "said").add(reason(row)).add(between).add(classed("span", "headline").add(row.headline.as_str()))
}

/// What a resource is, what AWS calls it where it goes, and why it changes.
fn kind(row: &Row<'_>) -> Element {
    let id = row.id().map(|id| format!(" {id}")).unwrap_or_default();
    let between = if row.reason.is_empty() { "" } else { ", " };
    let kind = classed("span", "kind").add(format!("{}{id}", row.change.kind));
    classed("span", "said").add(kind).add(between).add(reason(row))
}

fn reason(row: &Row<'_>) -> Option<Element> {
    (!row.reason.is_empty()).then(|| classed("span", "reason").add(row.reason.as_str()))
}

/// What is to be said below the first line; none where that says it all.
fn detail(row: &Row<'_>) -> Option<Element> {
    let mut said: Vec<Markup> = differences::list(&row.differences).into_iter().map(Into::into).collect();
    said.extend(row.dangers().map(|(hazard, sentence)| self::hazard(hazard.name(), sentence).into()));
    if let Some(blocked) = &row.change.blocked {
        let line = |name, text: &str| classed("p", "way-out").add(element("strong").add(name)).add(" ").add(text).into();
        said.extend([line("why:", &blocked.why), line("help:", &blocked.help)]);
    }
    (!said.is_empty()).then(|| classed("div", "detail").add_all(said))
}

fn hazard(name: &'static str, sentence: &str) -> Element {
    let name = element("strong").add(name);
    classed("p", "hazard").add(sign("!", "hazard")).add(" ").add(name).add(": ").add(sentence)
}
