//! The drawing as SVG, in the order in which one thing covers another: frames, arrows, what stands in frames.

use super::layout::{CHIP, Rect, SMALL, Sketch};
use super::measure::Weight::{Bold, Regular};
use super::measure::{fit, width};
use super::wires::{WORDS, Wire};
use super::{foremost, look, place};
use crate::render::html::class;
use crate::render::html::markup::{Element, classed, element};
use crate::render::topology::{Fate, Node, Role, Topology};

/// The size of the text of bars.
const LABEL: i32 = 14;
/// Space between a border and the text beside it.
const INSET: i32 = 14;
/// The radius of the bends of arrows.
const BEND: i32 = 7;

/// Draws a topology as it is laid out.
pub(super) fn draw(topology: &Topology<'_>, sketch: &Sketch, region: &str) -> Element {
    let nodes = |frames: bool| {
        let drawn = sketch.nodes.iter().map(|(&at, &rect)| (at, &topology.nodes[at], rect));
        drawn
            .map(|(at, node, rect)| (at, node, rect, Shape::of(node, rect, sketch)))
            .filter(move |(.., shape)| shape.is_frame() == frames)
            .map(|(at, node, rect, shape)| self::node(at, node, rect, shape))
    };
    // The network first, then the subnets in it: they are in the order of their roles.
    let mut wires: Vec<&Wire> = sketch.wires.iter().collect();
    wires.sort_by_key(|wire| topology.edges[wire.edge].fate);
    element("svg")
        .attr("xmlns", "http://www.w3.org/2000/svg")
        .attr("width", sketch.width)
        .attr("height", sketch.height)
        .attr("viewBox", format!("0 0 {} {}", sketch.width, sketch.height))
        .add(frame("region", sketch.region))
        .add(text("title", sketch.region.x + INSET, sketch.region.y + 20, region))
        .add(unowned(topology, sketch))
        .add_all(nodes(true))
        .add_all(sketch.zones.iter().map(|(zone, rect)| zone_title(zone, *rect)))
        .add_all(wires.iter().map(|wire| self::wire(topology.edges[wire.edge].fate, wire)))
        .add_all(nodes(false))
}

/// The network's border where the network itself is not part of the plan.
fn unowned(topology: &Topology<'_>, sketch: &Sketch) -> Option<Element> {
    let rect = sketch.network.filter(|_| topology.vpc().is_none())?;
    Some(element("g").add(frame("network", rect)).add(text("title", rect.x + INSET, rect.y + 20, "network")))
}

fn zone_title(zone: &str, rect: Rect) -> Element {
    text("zone", rect.x + rect.width / 2, rect.y + 13, &fit(zone, SMALL, Regular, rect.width))
}

/// A node that leads to its row; the internet has none.
fn node(at: usize, node: &Node<'_>, rect: Rect, shape: Shape) -> Element {
    let (look, sign) = look(node.fate);
    let group = element("g")
        .attr("class", format!("node {} {} {}", class(look), shape.class(node), node.fate.name()))
        .attr("id", place(at))
        .attr("data-rows", node.parts.iter().map(|part| part.address.as_str()).collect::<Vec<_>>().join(" "))
        .attr("tabindex", "-1")
        .add(element("title").add(told(node)))
        .add(border(rect, if shape.is_frame() { 10 } else { 8 }))
        .add_all(words(node, rect, sign, shape));
    match foremost(node) {
        Some(address) => element("a").attr("href", format!("#{address}")).attr("aria-label", told(node)).add(group),
        None => group,
    }
}

/// All there is to say of a node, in a line.
fn told(node: &Node<'_>) -> String {
    let details = if node.details.is_empty() { String::new() } else { format!(": {}", node.details.join(", ")) };
    format!("{}, {}{details}", node.label, node.fate.name())
}

/// A node's sign, its label and its details, as far as there is room; the title says all.
fn words(node: &Node<'_>, rect: Rect, sign: &'static str, shape: Shape) -> Vec<Element> {
    let size = if shape == Shape::Bar { LABEL } else { SMALL };
    let first = match shape {
        Shape::Network | Shape::Subnet => rect.y + 19,
        Shape::Bar if !node.details.is_empty() => rect.y + rect.height / 2 - 4,
        Shape::Bar | Shape::Chip => rect.y + rect.height / 2 + 5,
    };
    let start = rect.x + if shape == Shape::Bar { INSET } else { INSET - 4 };
    let x = if sign.is_empty() { start } else { start + width(sign, LABEL, Bold) + 6 };
    let end = rect.right() - INSET / 2;
    let label = fit(&node.label, size, Bold, end - x);
    let (details_x, second) = match shape {
        Shape::Network | Shape::Chip => (x + width(&label, size, Bold) + 8, first),
        Shape::Subnet => (start, first + 15),
        Shape::Bar => (x, first + 17),
    };
    let details = Some(node.details.join(", ")).filter(|details| !details.is_empty() && end > details_x);
    let mut words = vec![text("label", x, first, &label)];
    words.extend((!sign.is_empty()).then(|| text("sign", start, first, sign)));
    words.extend(details.map(|details| text("details", details_x, second, &fit(&details, SMALL, Regular, end - details_x))));
    words
}

/// What a node is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A frame with a line at its top.
    Network,
    /// A frame with two.
    Subnet,
    /// Two lines, of which one may be missing.
    Bar,
    /// One.
    Chip,
}

impl Shape {
    fn of(node: &Node<'_>, rect: Rect, sketch: &Sketch) -> Self {
        match node.role {
            Role::Subnet { .. } => Self::Subnet,
            _ if sketch.network == Some(rect) => Self::Network,
            _ if rect.height > CHIP => Self::Bar,
            _ => Self::Chip,
        }
    }

    fn is_frame(self) -> bool {
        matches!(self, Self::Network | Self::Subnet)
    }

    fn class(self, node: &Node<'_>) -> &'static str {
        match (self, &node.role) {
            (Self::Subnet, Role::Subnet { public: true, .. }) => "subnet public",
            (Self::Subnet, _) => "subnet private",
            (Self::Network, _) => "network",
            (_, Role::Internet | Role::Peer) => "outside",
            (Self::Bar, _) => "bar",
            (Self::Chip, _) => "chip",
        }
    }
}

/// An arrow: out of one bar, along its lane, into another.
fn wire(fate: Fate, wire: &Wire) -> Element {
    let (look, _) = look(fate);
    let ((x, y), (end_x, end_y), lane) = (wire.from, wire.to, wire.lane);
    let down = if end_y >= y { 1 } else { -1 };
    let bend = BEND.min((end_y - y).abs() / 2) * down;
    let line = format!(
        "M{x} {y}H{} Q{lane} {y} {lane} {} V{} Q{lane} {end_y} {} {end_y} H{}",
        lane - bend.abs(),
        y + bend,
        end_y - bend,
        lane - bend.abs(),
        end_x + 7
    );
    let head = format!("M{} {end_y}l8 -4.5v9z", end_x + 1);
    let words = (!wire.words.is_empty()).then(|| text("words", end_x + 13, end_y + WORDS / 2 - 1, &wire.words));
    element("g")
        .attr("class", format!("wire {} {}", class(look), fate.name()))
        .attr("aria-hidden", "true")
        .add(classed("path", "line").attr("d", line))
        .add(classed("path", "head").attr("d", head))
        .add(words)
}

fn frame(name: &'static str, rect: Rect) -> Element {
    border(rect, 12).attr("class", name)
}

fn text(name: &'static str, x: i32, y: i32, words: &str) -> Element {
    classed("text", name).attr("x", x).attr("y", y).add(words)
}

fn border(rect: Rect, radius: i32) -> Element {
    let Rect { x, y, width, height } = rect;
    element("rect").attr("x", x).attr("y", y).attr("width", width).attr("height", height).attr("rx", radius)
}
