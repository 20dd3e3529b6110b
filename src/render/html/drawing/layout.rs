//! Where everything is drawn: the region around the network, zones as columns, subnets as their rows, and what stands in subnets
//! as bars across them. All arrows run beside the bars, so that none crosses what it has nothing to do with.

use std::collections::{BTreeMap, BTreeSet};

use super::measure::{Weight, width};
use super::wires::{self, Wire};
use crate::render::topology::{Node, Place, Role, Topology};

/// A rectangle, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

impl Rect {
    pub(super) fn right(self) -> i32 {
        self.x + self.width
    }
}

/// What is drawn, and where.
#[derive(Debug, Default)]
pub(super) struct Sketch {
    pub(super) width: i32,
    pub(super) height: i32,
    /// The region.
    pub(super) region: Rect,
    /// The network, where anything stands in one.
    pub(super) network: Option<Rect>,
    /// Zones by name.
    pub(super) zones: Vec<(String, Rect)>,
    /// Nodes by index: frames such as subnets, and all that stands in them.
    pub(super) nodes: BTreeMap<usize, Rect>,
    /// Arrows, by the index of their edge.
    pub(super) wires: Vec<Wire>,
}

/// Space between the border of a frame and what is in it.
const PAD: i32 = 14;
/// Space between things.
const GAP: i32 = 10;
/// The height of what heads a frame.
const HEAD: i32 = 30;
/// The height of what heads a subnet: its name and its addresses.
const SUBNET_HEAD: i32 = 40;
/// The least height of a bar: two lines.
const BAR: i32 = 46;
/// The height of what has but one line.
pub(super) const CHIP: i32 = 28;
/// The least width of a column, and of all of them.
const COLUMN: i32 = 166;
const COLUMNS: i32 = 518;
/// The size of the text of chips.
pub(super) const SMALL: i32 = 12;
/// Room for a sign and the borders beside the text of a chip.
const AROUND: i32 = 56;

impl Sketch {
    /// Lays a topology out.
    pub(super) fn of(topology: &Topology<'_>) -> Self {
        let mut pen = Pen::new(topology);
        pen.world();
        pen.region();
        pen.sketch.width = pen.sketch.region.right() + 1;
        pen.sketch.height = pen.y + 1;
        pen.sketch
    }
}

/// Draws from the top to the bottom.
struct Pen<'a, 't> {
    topology: &'a Topology<'t>,
    zones: Vec<&'a str>,
    /// The indices of nodes with arrows; others can stand side by side.
    wired: BTreeSet<usize>,
    column: i32,
    /// The right end of bars, where arrows begin.
    right: i32,
    y: i32,
    sketch: Sketch,
}

impl<'a, 't> Pen<'a, 't> {
    fn new(topology: &'a Topology<'t>) -> Self {
        let zones: Vec<&str> = topology.zones().into_iter().collect();
        let columns = i32::try_from(zones.len()).unwrap_or(i32::MAX).max(1);
        let column = COLUMN.max((COLUMNS - (columns - 1) * GAP) / columns);
        let wired = topology.edges.iter().flat_map(|edge| [edge.from, edge.to]).collect();
        let right = 2 * PAD + columns * column + (columns - 1) * GAP;
        Self { topology, zones, wired, column, right, y: 1, sketch: Sketch::default() }
    }

    fn world(&mut self) {
        let world = self.at(|node| node.place == Place::World);
        self.bars(&world, PAD);
        self.y += GAP;
    }

    fn region(&mut self) {
        let top = self.y;
        self.y += HEAD;
        let network = self.topology.vpc();
        let here = self.at(|node| node.place == Place::Region);
        let (above, below): (Vec<usize>, Vec<usize>) = here
            .into_iter()
            .filter(|&node| Some(node) != network)
            .partition(|&node| self.topology.nodes[node].role == Role::AppRunner);
        self.bars(&above, PAD);
        let network_rect = self.network(network);
        self.things(&below, PAD, self.right);
        self.y += PAD - GAP;

        self.sketch.wires = wires::of(self.topology, &self.sketch.nodes);
        let outermost = self.sketch.wires.iter().map(|wire| wire.lane).max().unwrap_or(self.right);
        let region_right = outermost + 2 * PAD;
        let frame = |top: i32, bottom: i32, x: i32, right: i32| Rect { x, y: top, width: right - x, height: bottom - top };
        self.sketch.region = frame(top, self.y, 1, region_right);
        self.sketch.network = network_rect.map(|(top, bottom)| frame(top, bottom, PAD, region_right - PAD));
        if let (Some(node), Some(rect)) = (network, self.sketch.network) {
            self.sketch.nodes.insert(node, rect);
        }
    }

    /// The network's top and bottom; none where nothing stands in one.
    fn network(&mut self, vpc: Option<usize>) -> Option<(i32, i32)> {
        let is_subnet = |node: &Node<'_>| matches!(node.role, Role::Subnet { .. });
        let loose = self.at(|node| node.place == Place::Network && !is_subnet(node));
        if vpc.is_none() && loose.is_empty() && self.zones.is_empty() {
            return None;
        }
        let top = self.y;
        self.y += HEAD;
        self.things(&loose, 2 * PAD, self.right);
        let columns = self.y;
        if !self.zones.is_empty() {
            self.y += HEAD - 8;
            for subnets in self.bands() {
                self.band(&subnets);
            }
            let height = self.y - columns;
            let zones = self.zones.iter().enumerate().map(|(column, zone)| {
                let rect = Rect { x: self.column_x(column), y: columns, width: self.column, height };
                ((*zone).to_owned(), rect)
            });
            self.sketch.zones = zones.collect();
            self.y += GAP;
        }
        let bottom = self.y + PAD - GAP;
        self.y = bottom + GAP;
        Some((top, bottom))
    }

    /// Subnets side by side, one a zone, public ones first. A second one of a zone, such as a copy, gets a row of its own.
    fn bands(&self) -> Vec<BTreeMap<usize, usize>> {
        let mut bands: BTreeMap<(bool, usize), BTreeMap<usize, usize>> = BTreeMap::new();
        for (at, node) in self.topology.nodes.iter().enumerate() {
            let Role::Subnet { zone, public } = &node.role else { continue };
            let Some(column) = self.zones.iter().position(|name| name == zone) else { continue };
            let before = bands.iter().filter(|((private, _), band)| *private != *public && band.contains_key(&column)).count();
            bands.entry((!public, before)).or_default().insert(column, at);
        }
        bands.into_values().collect()
    }

    /// Subnets side by side, by column, with all that stands in them.
    fn band(&mut self, subnets: &BTreeMap<usize, usize>) {
        let top = self.y;
        self.y += SUBNET_HEAD;
        // What stands in subnets of several rows stands in the first.
        let mut placed = Vec::new();
        for (at, node) in self.topology.nodes.iter().enumerate() {
            let Place::Subnets(within) = &node.place else { continue };
            let columns: Vec<usize> =
                subnets.iter().filter(|(_, subnet)| within.contains(subnet)).map(|(&column, _)| column).collect();
            if let (Some(&first), Some(&last), false) = (columns.first(), columns.last(), self.sketch.nodes.contains_key(&at)) {
                placed.push((at, first, last));
            }
        }
        let (alone, across): (Vec<_>, Vec<_>) =
            placed.into_iter().partition(|&(at, first, last)| first == last && !self.wired.contains(&at));
        let from = self.y;
        let mut lowest = from;
        for &column in subnets.keys() {
            self.y = from;
            let here: Vec<usize> = alone.iter().filter(|&&(_, first, _)| first == column).map(|&(at, ..)| at).collect();
            let x = self.column_x(column) + 8;
            self.things(&here, x, x + self.column - 16);
            lowest = lowest.max(self.y);
        }
        self.y = lowest;
        for (at, first, last) in across {
            let x = self.column_x(first) + 8;
            let right = self.column_x(last) + self.column - 8;
            self.bar(at, x, right);
        }
        for (&column, &subnet) in subnets {
            let rect = Rect { x: self.column_x(column), y: top, width: self.column, height: self.y - top };
            self.sketch.nodes.insert(subnet, rect);
        }
        self.y += GAP;
    }

    /// Nodes with arrows as bars, the others side by side.
    fn things(&mut self, nodes: &[usize], x: i32, right: i32) {
        let (bars, chips): (Vec<usize>, Vec<usize>) = nodes.iter().partition(|node| self.wired.contains(node));
        self.bars(&bars, x);
        let (mut at, top) = (x, self.y);
        for chip in chips {
            let node = &self.topology.nodes[chip];
            let text = std::iter::once(&node.label).chain(&node.details).cloned().collect::<Vec<_>>().join(" ");
            let wide = (width(&text, SMALL, Weight::Bold) + AROUND).min(right - x);
            if at > x && at + wide > right {
                (at, self.y) = (x, self.y + CHIP + 6);
            }
            self.sketch.nodes.insert(chip, Rect { x: at, y: self.y, width: wide, height: CHIP });
            at += wide + 6;
        }
        if at > x || self.y > top {
            self.y += CHIP + GAP;
        }
    }

    fn bars(&mut self, nodes: &[usize], x: i32) {
        for &node in nodes {
            self.bar(node, x, self.right);
        }
    }

    fn bar(&mut self, node: usize, x: i32, right: i32) {
        let least = if self.topology.nodes[node].details.is_empty() { CHIP + 4 } else { BAR };
        let height = least.max(wires::height(self.topology, node));
        self.sketch.nodes.insert(node, Rect { x, y: self.y, width: right - x, height });
        self.y += height + GAP;
    }

    fn at(&self, fits: impl Fn(&Node<'_>) -> bool) -> Vec<usize> {
        self.topology.nodes.iter().enumerate().filter(|(_, node)| fits(node)).map(|(at, _)| at).collect()
    }

    fn column_x(&self, column: usize) -> i32 {
        2 * PAD + i32::try_from(column).unwrap_or(i32::MAX).saturating_mul(self.column + GAP)
    }
}
