//! The environment as a Mermaid flowchart, with what changes marked. GitHub draws it.

use std::collections::BTreeSet;

use super::escape::fence;
use crate::render::Header;
use crate::render::topology::{Edge, Fate, Node, Place, Role, Topology};
use crate::render::visible::visible;

/// Nodes that can still be told apart on a screen. Of a larger environment, what changes and its neighbours are drawn.
const MOST: usize = 60;
/// Edges of which the same is true.
const MOST_EDGES: usize = 120;

/// Draws an environment; nothing where there is nothing, or too much, to see.
pub(super) fn draw(header: &Header, topology: &Topology<'_>) -> Option<String> {
    let all: BTreeSet<usize> = (0..topology.nodes.len()).filter(|&node| is_drawn(&topology.nodes[node])).collect();
    let shown = [all.clone(), around_changes(topology, &all)].into_iter().find(|shown| shown.len() <= MOST)?;
    let edges: Vec<&Edge> =
        topology.edges.iter().filter(|edge| [edge.from, edge.to].iter().all(|end| shown.contains(end))).collect();
    if shown.is_empty() || edges.len() > MOST_EDGES {
        return None;
    }
    let chart = Chart { header, topology, shown, lines: vec!["flowchart TB".into()] };
    let fence = fence("", "mermaid", &chart.lines(&edges));
    Some(format!("\n### The environment\n\n{fence}"))
}

/// The network is what others stand in. A subnet is drawn if something becomes of it; else its name is enough.
fn is_drawn(node: &Node<'_>) -> bool {
    match node.role {
        Role::Vpc => false,
        Role::Subnet { .. } => node.fate != Fate::Unchanged,
        _ => true,
    }
}

fn around_changes(topology: &Topology<'_>, all: &BTreeSet<usize>) -> BTreeSet<usize> {
    let changes: BTreeSet<usize> = all.iter().copied().filter(|&node| topology.nodes[node].fate != Fate::Unchanged).collect();
    let edges = topology
        .edges
        .iter()
        .filter(|edge| edge.fate != Fate::Unchanged || changes.contains(&edge.from) || changes.contains(&edge.to));
    let ends: BTreeSet<usize> = edges.flat_map(|edge| [edge.from, edge.to]).collect();
    changes.union(&ends).copied().collect()
}

/// One side of the network.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Public,
    Private,
}

struct Chart<'a> {
    header: &'a Header,
    topology: &'a Topology<'a>,
    shown: BTreeSet<usize>,
    lines: Vec<String>,
}

impl Chart<'_> {
    fn lines(mut self, edges: &[&Edge]) -> Vec<String> {
        self.nodes(1, |place| *place == Place::World);
        self.lines.push(format!("  subgraph region[{}]", quoted(&[&self.header.region])));
        self.nodes(2, |place| *place == Place::Region);
        self.network();
        self.lines.push("  end".into());
        for edge in edges {
            self.edge(edge);
        }
        self.classes();
        self.lines
    }

    fn network(&mut self) {
        let inside = |place: &Place| matches!(place, Place::Network | Place::Subnets(_));
        let vpc = self.topology.vpc();
        if vpc.is_none() && self.topology.at(inside).next().is_none() {
            return;
        }
        let label = vpc.map_or_else(|| "VPC".into(), |vpc| words(&self.topology.nodes[vpc]).join(", "));
        // Mermaid gives the title of what holds others one line.
        let label = quoted(&[&label]);
        self.lines.push(format!("    subgraph vpc[{label}]"));
        let topology = self.topology;
        self.nodes_of(3, |node| node.place == Place::Network && !matches!(node.role, Role::Subnet { .. }));
        for (side, id) in [(Side::Public, "public"), (Side::Private, "private")] {
            let subnets = topology.nodes.iter().filter(|node| side_of_subnet(node) == Some(side));
            let names: Vec<&str> = subnets.map(|node| node.label.as_str()).collect();
            if names.is_empty() {
                continue;
            }
            self.lines.push(format!("      subgraph {id}[{}]", quoted(&[&names.join(", ")])));
            self.nodes_of(4, |node| side_of_subnet(node).or_else(|| side_of(topology, node)) == Some(side));
            self.lines.push("      end".into());
        }
        self.lines.push("    end".into());
    }

    fn nodes(&mut self, depth: usize, fits: impl Fn(&Place) -> bool) {
        self.nodes_of(depth, |node| fits(&node.place));
    }

    fn nodes_of(&mut self, depth: usize, fits: impl Fn(&Node<'_>) -> bool) {
        for &index in &self.shown {
            let node = &self.topology.nodes[index];
            if fits(node) {
                let (open, close) = shape(&node.role);
                self.lines.push(format!("{}n{index}{open}{}{close}", "  ".repeat(depth), quoted(&words(node))));
            }
        }
    }

    fn edge(&mut self, edge: &Edge) {
        let arrow = match edge.fate {
            Fate::Created => "==>",
            Fate::Deleted | Fate::Deferred => "-.->",
            Fate::Unchanged | Fate::Updated | Fate::Replaced | Fate::Blocked => "-->",
        };
        let ways = edge.ways.join(", ");
        let words: Vec<&str> = [ways.as_str(), fate(edge.fate)].into_iter().filter(|word| !word.is_empty()).collect();
        let label = if words.is_empty() { String::new() } else { format!("|{}|", quoted(&words)) };
        self.lines.push(format!("  n{} {arrow}{label} n{}", edge.from, edge.to));
    }

    /// Colour repeats what the words say.
    fn classes(&mut self) {
        for fate in Fate::ALL {
            let Some(style) = style(fate) else { continue };
            let nodes = self.shown.iter().filter(|&&node| self.topology.nodes[node].fate == fate).map(|node| format!("n{node}"));
            let vpc = self.topology.vpc().filter(|&vpc| self.topology.nodes[vpc].fate == fate).map(|_| "vpc".to_owned());
            let ids: Vec<String> = nodes.chain(vpc).collect();
            if !ids.is_empty() {
                let name = fate.name();
                self.lines.push(format!("  classDef {name} {style}"));
                self.lines.push(format!("  class {} {name}", ids.join(",")));
            }
        }
    }
}

fn side_of_subnet(node: &Node<'_>) -> Option<Side> {
    match node.role {
        Role::Subnet { public: true, .. } => Some(Side::Public),
        Role::Subnet { public: false, .. } => Some(Side::Private),
        _ => None,
    }
}

/// The side that a node stands on: what stands on both can be reached from the internet.
fn side_of(topology: &Topology<'_>, node: &Node<'_>) -> Option<Side> {
    let Place::Subnets(subnets) = &node.place else { return None };
    let sides = || subnets.iter().filter_map(|&subnet| side_of_subnet(&topology.nodes[subnet]));
    sides().find(|&side| side == Side::Public).or_else(|| sides().next())
}

fn shape(role: &Role) -> (&'static str, &'static str) {
    match role {
        Role::Internet | Role::Peer | Role::InternetGateway | Role::NatGateway | Role::Endpoint => ("([", "])"),
        Role::Database | Role::Cache => ("[(", ")]"),
        Role::LoadBalancer => ("{{", "}}"),
        _ => ("[", "]"),
    }
}

const fn style(fate: Fate) -> Option<&'static str> {
    match fate {
        Fate::Unchanged => None,
        Fate::Deferred => Some("stroke:#0969da,stroke-width:2px,stroke-dasharray:2 4"),
        Fate::Created => Some("stroke:#1a7f37,stroke-width:3px"),
        Fate::Updated => Some("stroke:#bf8700,stroke-width:3px"),
        Fate::Replaced => Some("stroke:#bc4c00,stroke-width:3px"),
        Fate::Deleted => Some("stroke:#cf222e,stroke-width:3px,stroke-dasharray:6 4"),
        Fate::Blocked => Some("stroke:#8250df,stroke-width:5px"),
    }
}

fn fate(fate: Fate) -> &'static str {
    if fate == Fate::Unchanged { "" } else { fate.name() }
}

/// What is said of a node: its name, what people want to know, and what becomes of it.
fn words<'a>(node: &'a Node<'_>) -> Vec<&'a str> {
    let details = node.details.iter().map(String::as_str);
    [node.label.as_str()].into_iter().chain(details).chain([fate(node.fate)]).filter(|word| !word.is_empty()).collect()
}

/// Lines of a label. What could end it, or mean something to Mermaid, is written by number.
fn quoted(lines: &[&str]) -> String {
    let safe = |c: char| c.is_alphanumeric() || " .,:-/()→×_".contains(c);
    let escaped = |line: &&str| -> String {
        visible(line).chars().map(|c| if safe(c) { c.to_string() } else { format!("#{};", u32::from(c)) }).collect()
    };
    format!("\"{}\"", lines.iter().map(escaped).collect::<Vec<_>>().join("<br>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_a_label() {
        assert_eq!(quoted(&["service web", "1 to 2 instances"]), r#""service web<br>1 to 2 instances""#);
        let nasty = quoted(&["a\"] --> b\n%%{init: {}}%% `x` <img> #quot; ```"]);
        let inside = &nasty[1..nasty.len() - 1];
        assert!(!inside.contains(['"', '`', '<', '>', '\n', '%', '{', '[', ']', '&']), "{nasty}");
    }
}
