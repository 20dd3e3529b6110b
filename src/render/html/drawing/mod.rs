//! The drawing: what stands where, what reaches what, and what becomes of each. It leads to the rows, and they lead back.

mod layout;
mod measure;
mod svg;
mod wires;

use std::collections::{BTreeMap, BTreeSet};

use super::class;
use super::markup::{Element, classed, element};
use crate::plan::{Plan, Schemas};
use crate::render::Header;
use crate::render::style::Role as Look;
use crate::render::topology::{Fate, Node, Topology};
use layout::Sketch;

/// What is drawn of a plan, and where to find it on the page.
#[derive(Debug)]
pub(super) struct Drawing<'a> {
    topology: Topology<'a>,
    region: String,
}

impl<'a> Drawing<'a> {
    /// Reads it off a plan.
    pub(super) fn of(header: &Header, plan: &'a Plan, schemas: &dyn Schemas) -> Self {
        Self { topology: Topology::of(plan, schemas), region: header.region.clone() }
    }

    /// The section; none where there is nothing to draw.
    pub(super) fn section(&self) -> Option<Element> {
        let heading = element("h2").attr("id", "drawing").add("The environment");
        let svg = svg::draw(&self.topology, &Sketch::of(&self.topology), &self.region);
        let sheet =
            classed("div", "sheet").attr("tabindex", "0").attr("role", "group").attr("aria-labelledby", "drawing").add(svg);
        let section = classed("section", "drawing").attr("aria-labelledby", "drawing");
        (!self.topology.nodes.is_empty()).then(|| section.add(heading).add(sheet).add(self.legend()).add(self.words()))
    }

    /// The places in the drawing of resources, by address.
    pub(super) fn places(&self) -> BTreeMap<&str, String> {
        let nodes = self.topology.nodes.iter().enumerate();
        nodes.flat_map(|(at, node)| node.parts.iter().map(move |part| (part.address.as_str(), place(at)))).collect()
    }

    /// What the signs in the drawing mean.
    fn legend(&self) -> Element {
        let fates: BTreeSet<Fate> =
            self.topology.nodes.iter().map(|node| node.fate).chain(self.topology.edges.iter().map(|edge| edge.fate)).collect();
        let items = fates.into_iter().rev().filter(|&fate| fate != Fate::Unchanged).map(|fate| {
            let (look, sign) = look(fate);
            let sign = classed("span", "sign").attr("aria-hidden", "true").add(sign);
            element("li").attr("class", class(look)).add(sign).add(" ").add(fate.name())
        });
        classed("ul", "legend").add_all(items)
    }

    /// The arrows in words, for those who do not see them.
    fn words(&self) -> Option<Element> {
        let node = |at: usize| self.topology.nodes[at].label.as_str();
        let items = self.topology.edges.iter().map(|edge| {
            let ways = if edge.ways.is_empty() { String::new() } else { format!(": {}", edge.ways.join(", ")) };
            let (look, sign) = look(edge.fate);
            let fate = (edge.fate != Fate::Unchanged).then(|| format!(" ({})", edge.fate.name()));
            let sign = classed("span", "sign").attr("aria-hidden", "true").add(sign);
            let words = format!("{} → {}{ways}", node(edge.from), node(edge.to));
            element("li").attr("class", class(look)).add(sign).add(" ").add(words).add(classed("span", "faint").add(fate))
        });
        let list = classed("ul", "ways").add_all(items);
        let details = element("details").add(element("summary").add("What reaches what, in words")).add(list);
        (!self.topology.edges.is_empty()).then_some(details)
    }
}

/// The place of a node on the page.
fn place(node: usize) -> String {
    format!("drawn-{node}")
}

/// How the fate of a node or an arrow looks, and its sign.
fn look(fate: Fate) -> (Look, &'static str) {
    match fate {
        Fate::Unchanged => (Look::Faint, ""),
        Fate::Deferred => (Look::Deferred, "…"),
        Fate::Created => (Look::Create, "+"),
        Fate::Updated => (Look::Update, "~"),
        Fate::Replaced => (Look::Delete, "+/-"),
        Fate::Deleted => (Look::Delete, "-"),
        Fate::Blocked => (Look::Blocked, "x"),
    }
}

/// The resource that a node is about most: the first of those to which the worst happens.
fn foremost<'a>(node: &Node<'a>) -> Option<&'a str> {
    let worst = node.parts.iter().map(|part| Fate::of(part)).max()?;
    let part = node.parts.iter().find(|part| Fate::of(part) == worst)?;
    Some(part.address.as_str())
}
