//! What waits for what.
//!
//! One rule in both directions: what is made or changed waits for what it refers to; what goes waits for its own successor and
//! until every holder has let go. Makings wait only for makings, deletions for both, so nothing waits for itself whenever
//! references do not. The exception is what never worked or is going already: it may go first, since nobody uses it.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Action, Change, Need, Step, Verb};
use super::holders::Holders;
use super::planner::PlanError;
use super::schema::{Schema, Schemas, Since};
use crate::graph::{Address, Desired, State, references};

/// Addresses, each after all it depends on; alphabetical where that leaves a choice.
pub(super) fn by_dependencies<'a>(
    dependencies: &BTreeMap<&'a Address, BTreeSet<Address>>,
) -> Result<Vec<&'a Address>, PlanError> {
    let index: BTreeMap<&Address, usize> = dependencies.keys().enumerate().map(|(index, &address)| (address, index)).collect();
    let targets: Vec<Vec<usize>> =
        dependencies.values().map(|targets| targets.iter().filter_map(|target| index.get(target).copied()).collect()).collect();
    let addresses: Vec<&Address> = dependencies.keys().copied().collect();
    let sorted = topological(&targets, |index| addresses[index].to_string())?;
    Ok(sorted.into_iter().map(|index| addresses[index]).collect())
}

/// The steps of all changes, each after what it needs.
pub(super) fn steps(
    schemas: &dyn Schemas,
    changes: &[Change],
    desired: &BTreeMap<&Address, &Desired>,
) -> Result<Vec<Step>, PlanError> {
    let nodes: Vec<(usize, Verb)> =
        changes.iter().enumerate().flat_map(|(index, change)| change.verbs().iter().map(move |&verb| (index, verb))).collect();
    let order = Order { schemas, changes, desired, nodes: &nodes, holders: Holders::among(schemas, changes) };
    let mut needs: Vec<BTreeMap<usize, Since>> = nodes
        .iter()
        .map(|&(change, verb)| match verb {
            Verb::Delete => order.before_delete(change),
            _ if order.lets_go(change) => order.before_letting_go(change),
            _ => order.before_make(change),
        })
        .collect();

    let users = order.users_of_versions();
    let deletes = |node: usize| nodes[node].1 == Verb::Delete;
    // Those that go use nothing of each other, nor of what goes before them: they go at once, for each takes its time.
    let together: BTreeSet<usize> = users.iter().filter(|&&user| deletes(user)).flat_map(|&user| reach(user, &needs)).collect();
    for &user in &users {
        let before = reach(user, &needs);
        let alike = |node: &usize| deletes(user) && together.contains(node);
        let goes = |node: &usize| {
            let (change, verb) = nodes[*node];
            (verb == Verb::Delete || order.lets_go(change)) && !Order::goes_freely(&changes[change])
        };
        for node in (0..nodes.len()).filter(goes).filter(|node| !before.contains(node) && !alike(node)) {
            needs[node].insert(user, Since::Ready);
        }
    }

    let targets: Vec<Vec<usize>> = needs.iter().map(|needs| needs.keys().copied().collect()).collect();
    let name = |node: usize| format!("{:?} {}", nodes[node].1, changes[nodes[node].0].address).to_lowercase();
    let sorted = topological(&targets, name)?;
    let place: BTreeMap<usize, usize> = sorted.iter().enumerate().map(|(place, &node)| (node, place)).collect();
    let step = |node: &usize| {
        let mut needs: Vec<Need> = needs[*node].iter().map(|(on, &until)| Need { step: place[on], until }).collect();
        needs.sort();
        Step { change: nodes[*node].0, verb: nodes[*node].1, needs }
    };
    Ok(sorted.iter().map(step).collect())
}

struct Order<'a> {
    schemas: &'a dyn Schemas,
    changes: &'a [Change],
    desired: &'a BTreeMap<&'a Address, &'a Desired>,
    nodes: &'a [(usize, Verb)],
    holders: Holders,
}

impl Order<'_> {
    fn node(&self, change: usize, wanted: impl Fn(Verb) -> bool) -> Option<usize> {
        self.nodes.iter().position(|&(of, verb)| of == change && wanted(verb))
    }

    fn delete(&self, change: usize) -> Option<usize> {
        self.node(change, |verb| verb == Verb::Delete)
    }

    fn make(&self, change: usize) -> Option<usize> {
        self.node(change, |verb| verb != Verb::Delete)
    }

    /// The change that decides a wanted address, leftovers of it apart.
    fn wanted(&self, address: &Address) -> Option<usize> {
        self.changes.iter().position(|change| change.address == *address && !change.tags.is_empty())
    }

    /// What a making waits for: the makings of what it depends on, through those that stay as they are.
    fn before_make(&self, change: usize) -> BTreeMap<usize, Since> {
        let mut needs = BTreeMap::new();
        self.makings_before(change, &mut BTreeSet::new(), &mut needs);
        needs.extend(self.namesakes(change).map(|node| (node, Since::Ready)));
        if self.changes[change].action == (Action::Replace { delete_first: true }) {
            needs.extend(self.delete(change).map(|node| (node, Since::Ready)));
        }
        needs
    }

    fn makings_before(&self, change: usize, seen: &mut BTreeSet<usize>, needs: &mut BTreeMap<usize, Since>) {
        let dependencies = self.desired.get(&self.changes[change].address).map(|desired| desired.dependencies());
        for address in dependencies.iter().flatten() {
            let Some(target) = self.wanted(address).filter(|&target| seen.insert(target)) else { continue };
            match self.make(target) {
                Some(node) => {
                    let until = self.until(change, target);
                    needs.entry(node).and_modify(|have| *have = until.max(*have)).or_insert(until);
                }
                None => self.makings_before(target, seen, needs),
            }
        }
    }

    /// How far `target` must be for `from`: ready, unless it is only referred to, and all of that is there as soon as it is created.
    fn until(&self, from: usize, target: usize) -> Since {
        let target = &self.changes[target];
        if self.desired[&self.changes[from].address].after.contains(&target.address) {
            return Since::Ready;
        }
        let outputs = self.changes[from].after.values().flat_map(references);
        let outputs = outputs.filter(|reference| reference.address == target.address);
        let schema = self.schemas.schema(target.kind);
        let since = outputs.map(|reference| {
            schema.and_then(|schema| schema.output(&reference.output)).map_or(Since::Ready, |output| output.since)
        });
        let created = matches!(target.action, Action::Create | Action::Replace { .. });
        if created { since.max().unwrap_or(Since::Ready) } else { Since::Ready }
    }

    /// Deletions that free the name a making takes.
    fn namesakes(&self, change: usize) -> impl Iterator<Item = usize> {
        let making = &self.changes[change];
        let name = self.schemas.schema(making.kind).and_then(Schema::name);
        let name = name.and_then(|attribute| Some((attribute.name, making.after.get(attribute.name)?)));
        let creates = matches!(making.action, Action::Create | Action::Replace { .. });
        self.changes.iter().enumerate().filter_map(move |(index, other)| {
            let (attribute, name) = name.filter(|_| creates && other.kind == making.kind)?;
            let same = other.live.as_ref()?.attrs.get(attribute) == Some(name);
            if same { self.delete(index) } else { None }
        })
    }

    /// Whether it may go at once: nobody uses what never worked or is going already.
    fn goes_freely(change: &Change) -> bool {
        let going = change.live.as_ref().is_some_and(|live| live.state == State::Deleting);
        going || change.action == (Action::Replace { delete_first: true })
    }

    /// The last steps of [what uses versions](Holders::users_of_versions).
    fn users_of_versions(&self) -> Vec<usize> {
        let users = self.holders.users_of_versions().iter();
        users.filter_map(|&user| self.delete(user).or_else(|| self.make(user))).collect()
    }

    /// Whether it gives up what it holds before it goes, as what it holds does.
    fn lets_go(&self, change: usize) -> bool {
        self.changes[change].action == Action::Delete && self.make(change).is_some()
    }

    /// What letting go waits for: all that the deletion does, but for those that let go themselves.
    fn before_letting_go(&self, change: usize) -> BTreeMap<usize, Since> {
        let mut needs = self.before_delete(change);
        needs.retain(|&node, _| !self.lets_go(self.nodes[node].0));
        needs
    }

    /// The step by which `holder` no longer holds `held`.
    fn release(&self, holder: usize, held: usize) -> Option<usize> {
        let together = self.lets_go(holder) && self.lets_go(held);
        self.delete(holder).filter(|_| !together).or_else(|| self.make(holder))
    }

    /// What a deletion waits for: the successor, and until every holder has let go.
    fn before_delete(&self, change: usize) -> BTreeMap<usize, Since> {
        let going = &self.changes[change];
        if Self::goes_freely(going) {
            return BTreeMap::new();
        }
        // A leftover serves until the one that stays does.
        let mut needs = BTreeSet::from_iter(self.make(change).or_else(|| self.make(self.wanted(&going.address)?)));
        needs.extend(self.holders.of(change).iter().filter_map(|&holder| self.release(holder, change)));
        let yields_to = self.schemas.schema(going.kind).map_or(&[][..], |schema| schema.yields_to);
        needs.extend(
            (0..self.changes.len())
                .filter(|&other| yields_to.contains(&self.changes[other].kind))
                .filter_map(|other| self.delete(other)),
        );
        needs.into_iter().map(|node| (node, Since::Ready)).collect()
    }
}

/// A node and all that it needs, directly or not.
fn reach(node: usize, needs: &[BTreeMap<usize, Since>]) -> BTreeSet<usize> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![node]);
    while let Some(node) = open.pop() {
        if reached.insert(node) {
            open.extend(needs[node].keys());
        }
    }
    reached
}

/// Nodes, each after its targets; by index where that leaves a choice.
fn topological(targets: &[Vec<usize>], name: impl Fn(usize) -> String) -> Result<Vec<usize>, PlanError> {
    let mut missing: Vec<usize> = targets.iter().map(|targets| targets.iter().collect::<BTreeSet<_>>().len()).collect();
    let mut waiting: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); targets.len()];
    for (node, targets) in targets.iter().enumerate() {
        for &target in targets {
            waiting[target].insert(node);
        }
    }
    let mut ready: BTreeSet<usize> = (0..targets.len()).filter(|&node| missing[node] == 0).collect();
    let mut sorted = Vec::with_capacity(targets.len());
    while let Some(node) = ready.pop_first() {
        sorted.push(node);
        for &next in &waiting[node] {
            missing[next] -= 1;
            if missing[next] == 0 {
                ready.insert(next);
            }
        }
    }
    if sorted.len() == targets.len() { Ok(sorted) } else { Err(PlanError::Cycle(cycle(targets, &missing, name))) }
}

/// A circle among the nodes that still miss something, in words: from any of them, each step goes to one that misses too.
fn cycle(targets: &[Vec<usize>], missing: &[usize], name: impl Fn(usize) -> String) -> Vec<String> {
    let mut path: Vec<usize> = Vec::new();
    let mut next = missing.iter().position(|&missing| missing > 0);
    while let Some(node) = next {
        if let Some(start) = path.iter().position(|&seen| seen == node) {
            path.push(node);
            return path[start..].iter().map(|&node| name(node)).collect();
        }
        path.push(node);
        next = targets[node].iter().copied().find(|&target| missing[target] > 0);
    }
    Vec::new()
}
