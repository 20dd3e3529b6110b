//! Arrows. All that one node reaches hangs on one wire, which runs in a lane of its own to the right of all bars.

use std::collections::BTreeMap;

use super::layout::Rect;
use super::measure::{Weight, fit, width};
use crate::render::topology::{Edge, Topology};

/// An arrow from the right end of one bar to that of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wire {
    /// The index of the edge.
    pub(super) edge: usize,
    /// Where it begins.
    pub(super) from: (i32, i32),
    /// Where its lane is.
    pub(super) lane: i32,
    /// Where it ends.
    pub(super) to: (i32, i32),
    /// On which ports, or what for.
    pub(super) words: String,
}

/// The height that one end of an arrow takes.
const END: i32 = 15;
/// The width of a lane.
const LANE: i32 = 14;
/// The size of the words at arrows.
pub(super) const WORDS: i32 = 11;
/// The width of words at arrows, at most.
const LONGEST: i32 = 80;
/// Room for an arrow's head and the space around its words.
const HEAD: i32 = 30;

/// The least height of a node for all its arrows.
pub(super) fn height(topology: &Topology<'_>, node: usize) -> i32 {
    let ends = topology.edges.iter().filter(|edge| edge.to == node).count();
    let begins = usize::from(topology.edges.iter().any(|edge| edge.from == node));
    count(ends + begins) * END + 6
}

/// All arrows whose ends are drawn.
pub(super) fn of(topology: &Topology<'_>, nodes: &BTreeMap<usize, Rect>) -> Vec<Wire> {
    let drawn = |(_, edge): &(usize, &Edge)| nodes.contains_key(&edge.from) && nodes.contains_key(&edge.to);
    let edges: Vec<(usize, &Edge)> = topology.edges.iter().enumerate().filter(drawn).collect();
    let ends = ends(&edges, nodes);
    let right = edges.iter().flat_map(|(_, edge)| [nodes[&edge.from].right(), nodes[&edge.to].right()]).max().unwrap_or_default();
    let lanes = lanes(&ends);
    let wire = |&(index, edge): &(usize, &Edge)| {
        let Ends { begin, end, .. } = ends[&index];
        let lane = right + reserved(topology) + count(lanes[&edge.from]) * LANE;
        let (from, to) = ((nodes[&edge.from].right(), begin), (nodes[&edge.to].right(), end));
        Wire { edge: index, from, lane, to, words: words(edge) }
    };
    edges.iter().map(wire).collect()
}

/// Where an arrow leaves a node, and where it arrives.
#[derive(Clone, Copy)]
struct Ends {
    from: usize,
    begin: i32,
    end: i32,
}

/// The ends of each edge, by its index. What comes in is above what goes out, in the order of where it comes from.
fn ends(edges: &[(usize, &Edge)], nodes: &BTreeMap<usize, Rect>) -> BTreeMap<usize, Ends> {
    let mut found = BTreeMap::new();
    let of = |node: usize, place: usize, all: usize| {
        let rect = nodes[&node];
        rect.y + rect.height / 2 + (2 * count(place) - count(all) + 1) * END / 2
    };
    let count_in = |node: usize| edges.iter().filter(|(_, edge)| edge.to == node).count();
    let goes_out = |node: usize| usize::from(edges.iter().any(|(_, edge)| edge.from == node));
    for &(index, edge) in edges {
        let above = |other: &Edge| (nodes[&other.from].y, other.from) < (nodes[&edge.from].y, edge.from);
        let place = edges.iter().filter(|(_, other)| other.to == edge.to && above(other)).count();
        let begin = of(edge.from, count_in(edge.from), count_in(edge.from) + 1);
        let end = of(edge.to, place, count_in(edge.to) + goes_out(edge.to));
        found.insert(index, Ends { from: edge.from, begin, end });
    }
    found
}

/// The lane of each node that reaches others: the shortest wires are innermost, and wires that do not meet share a lane.
fn lanes(ends: &BTreeMap<usize, Ends>) -> BTreeMap<usize, usize> {
    let mut spans: BTreeMap<usize, (i32, i32)> = BTreeMap::new();
    for Ends { from, begin, end } in ends.values() {
        let span = spans.entry(*from).or_insert((*begin, *begin));
        *span = (span.0.min(*end), span.1.max(*end));
    }
    let mut order: Vec<(usize, (i32, i32))> = spans.into_iter().collect();
    order.sort_by_key(|&(from, (top, bottom))| (bottom - top, from));
    let mut taken: Vec<Vec<(i32, i32)>> = Vec::new();
    let mut lanes = BTreeMap::new();
    for (from, (top, bottom)) in order {
        let free = |lane: &Vec<(i32, i32)>| lane.iter().all(|&(above, below)| below + END < top || bottom + END < above);
        let lane = taken.iter().position(free).unwrap_or(taken.len());
        if lane == taken.len() {
            taken.push(Vec::new());
        }
        taken[lane].push((top, bottom));
        lanes.insert(from, lane);
    }
    lanes
}

/// Room for the words of arrows, between bars and lanes.
fn reserved(topology: &Topology<'_>) -> i32 {
    topology.edges.iter().map(|edge| width(&words(edge), WORDS, Weight::Regular)).max().unwrap_or_default() + HEAD
}

/// What is said at an arrow: one way, and how many more there are; all are said in words below.
fn words(edge: &Edge) -> String {
    match &edge.ways[..] {
        [] => String::new(),
        [one] => fit(one, WORDS, Weight::Regular, LONGEST),
        [one, more @ ..] => format!("{} +{}", fit(one, WORDS, Weight::Regular, LONGEST), more.len()),
    }
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
