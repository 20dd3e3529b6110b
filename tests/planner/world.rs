//! Random environments: a few slots per kind, each with genes that its attributes are read off.
//!
//! Addresses begin with a letter drawn by lot, so that their order says nothing about the order of dependencies: otherwise
//! the alphabet would hide a missing edge.

use std::collections::BTreeMap;
use std::fmt;

use infra::graph::{Address, Attrs, Desired, Input, Scope};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::schema::{KINDS, schema};

/// What the attributes of one resource are read off.
type Genes = [u8; 4];

/// One environment: genes by kind and slot.
#[derive(Clone, Default)]
pub(crate) struct World(BTreeMap<(&'static str, usize), Genes>);

/// Short, for a failing case is read by people.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|((kind, slot), [a, b, c, d])| write!(f, "{kind}-{slot}={a}{b}{c}{d} "))
    }
}

const SLOTS: usize = 2;

/// The environment that all tests are about.
pub(crate) fn scope() -> Scope {
    Scope { project: "p".into(), environment: "e".into() }
}

impl World {
    /// The same with one slot as another environment has it.
    pub(crate) fn with_one_of(&self, other: &Self, slot: usize) -> Self {
        let mut changed = self.clone();
        let slot = slots().nth(slot % slots().count()).expect("less than all");
        match other.0.get(&slot) {
            Some(genes) => changed.0.insert(slot, *genes),
            None => changed.0.remove(&slot),
        };
        changed
    }
}

fn slots() -> impl Iterator<Item = (&'static str, usize)> + Clone {
    KINDS.iter().flat_map(|schema| (0..SLOTS).map(move |slot| (schema.kind, slot)))
}

/// Any environment.
pub(crate) fn world() -> impl Strategy<Value = World> {
    let gene = prop_oneof![9 => 0..4u8, 1 => 4..8u8];
    prop::collection::vec(prop::option::weighted(0.8, prop::array::uniform4(gene)), slots().count())
        .prop_map(|genes| World(slots().zip(genes).filter_map(|(slot, genes)| Some((slot, genes?))).collect()))
}

/// Any environment, and another that shares some with it.
pub(crate) fn two_worlds() -> impl Strategy<Value = (World, World)> {
    (world(), world(), prop::collection::vec(0..10u8, KINDS.len() * SLOTS)).prop_map(|(first, other, mix)| {
        let mixed = slots().zip(mix).filter_map(|(slot, mix)| {
            let (old, new) = (first.0.get(&slot).copied(), other.0.get(&slot).copied());
            let genes = match (mix, old, new) {
                (0..=5, old, _) => old,
                (6..=8, Some(old), Some(new)) => Some(cross(old, new, mix)),
                (_, _, new) => new,
            };
            Some((slot, genes?))
        });
        let mixed = World(mixed.collect());
        (first, mixed)
    })
}

/// One gene of another.
fn cross(mut genes: Genes, other: Genes, at: u8) -> Genes {
    let at = usize::from(at) % genes.len();
    genes[at] = other[at];
    genes
}

/// A world read as a spec, with the lot that its addresses are drawn by.
pub(crate) struct Spec<'a> {
    pub(crate) world: &'a World,
    pub(crate) lot: u64,
}

impl Spec<'_> {
    /// What the spec asks for.
    pub(crate) fn desired(&self) -> Vec<Desired> {
        let slots = self.world.0.iter().filter(|&(&slot, _)| self.is_there(slot));
        slots.filter_map(|(&(kind, slot), genes)| self.one(kind, slot, *genes)).collect()
    }

    /// One address is a shelf in some environments and a table in others, and cannot be both.
    fn is_there(&self, (kind, slot): (&'static str, usize)) -> bool {
        self.world.0.contains_key(&(kind, slot)) && !(kind == "table" && slot == 1 && self.world.0.contains_key(&("shelf", 1)))
    }

    pub(crate) fn address(&self, kind: &str, slot: usize) -> Address {
        let word = if slot == 1 && (kind == "table" || kind == "shelf") { "either".into() } else { format!("{kind}-{slot}") };
        let lot = word.bytes().fold(self.lot, |lot, byte| (lot ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(29));
        let letter = char::from(b'a' + u8::try_from(lot % 26).expect("less than 26"));
        Address::of(&[&letter.to_string(), &word])
    }

    /// The address of a slot, where it is there with all it needs.
    fn exactly(&self, kind: &'static str, slot: usize) -> Option<Address> {
        let genes = self.world.0.get(&(kind, slot)).filter(|_| self.is_there((kind, slot)))?;
        self.one(kind, slot, *genes).map(|desired| desired.address)
    }

    /// A resource of a kind: the chosen one where it is there, or else the other.
    fn some(&self, kind: &'static str, gene: u8) -> Option<(Address, usize)> {
        let chosen = usize::from(gene) % SLOTS;
        [chosen, 1 - chosen].into_iter().find_map(|slot| Some((self.exactly(kind, slot)?, slot)))
    }

    fn output(&self, kind: &'static str, gene: u8, output: &str) -> Option<Value> {
        let (address, _) = self.some(kind, gene)?;
        Some(json!(Input::output(&address, output)))
    }

    /// None, one or both of a kind.
    fn several(&self, kind: &'static str, gene: u8) -> Value {
        let chosen = (0..SLOTS).filter(|slot| gene & (1 << slot) != 0).filter_map(|slot| self.exactly(kind, slot));
        chosen.map(|address| json!(Input::output(&address, "id"))).collect()
    }

    /// The second of a kind is called as a replacement of the first would be.
    fn name(kind: &str, slot: usize) -> Value {
        if slot == 0 { json!(format!("p-e-{kind}")) } else { json!(format!("p-e-{kind}-b")) }
    }

    fn one(&self, kind: &'static str, slot: usize, [a, b, c, d]: Genes) -> Option<Desired> {
        let mut after = Vec::new();
        let id = |kind, gene| self.output(kind, gene, "id");
        let attrs = match kind {
            "net" => json!({ "range": format!("10.{}", a / 3), "names": b & 1 == 0 }),
            "gate" => json!({ "net": Input::output(&self.exactly("net", slot)?, "id") }),
            "room" => json!({ "net": id("net", a / 2)?, "zone": b / 3, "open": c & 1 == 0 }),
            "post" => {
                let (_, room) = self.some("room", a)?;
                let (_, net) = self.some("net", self.world.0[&("room", room)][0] / 2)?;
                after.push(self.exactly("gate", net)?);
                json!({ "room": id("room", a)?, "loud": b & 1 == 0 })
            }
            "table" => {
                let routes = [("gate", "gate", a), ("post", "post", b)];
                let routes = routes.into_iter().filter(|(.., gene)| gene & 1 == 0);
                let routes: Value = routes
                    .filter_map(|(to, kind, gene)| Some(json!({ "to": to, "via": { kind: id(kind, gene / 2)? } })))
                    .collect();
                json!({ "net": id("net", c / 2)?, "routes": routes, "rooms": self.several("room", d) })
            }
            "guard" => {
                let mut rules = vec![json!({ "port": a % 2, "peer": { "range": "10" } })];
                // Only the second may name the first: references never go in circles.
                if slot == 1
                    && b & 1 == 0
                    && let Some(first) = self.exactly("guard", 0)
                {
                    rules.push(json!({ "port": b, "peer": { "guard": Input::output(&first, "id") } }));
                }
                json!({ "name": Self::name(kind, slot), "about": c / 3, "net": id("net", d / 2)?, "rules": rules })
            }
            "shelf" => json!({ "name": Self::name(kind, slot), "rooms": self.several("room", a) }),
            "store" => {
                let shelf = self.exactly("shelf", slot)?;
                json!({
                    "name": Self::name(kind, slot), "engine": a / 7, "size": 1 + b / 3, "class": c, "locked": d % 4 == 3,
                    "shelf": Input::output(&shelf, "name"), "guards": self.several("guard", c),
                })
            }
            "mould" => {
                let mut settings = json!({ "A": b.to_string() });
                if let Some(address) = self.output("store", a, "address").filter(|_| b & 1 == 0) {
                    settings["B"] = address;
                }
                json!({ "name": Self::name(kind, slot), "image": a, "guards": self.several("guard", c), "settings": settings })
            }
            "crew" => {
                let mould = self.some("mould", a)?.0;
                // What is referred to by something there at once may have to be ready all the same.
                after.extend(self.some("net", b / 2).filter(|_| d & 1 == 0).map(|(address, _)| address));
                json!({
                    "name": Self::name(kind, slot), "net": id("net", b / 2)?, "rooms": self.several("room", c), "most": d,
                    "mould": Input::output(&mould, "id"), "version": Input::output(&mould, "version"),
                })
            }
            "bell" => json!({ "crew": self.output("crew", a, "arn")?, "tone": b }),
            _ => unreachable!("{kind} is not an invented kind"),
        };
        let Value::Object(attrs) = attrs else { unreachable!("attributes are an object") };
        let mut attrs: Attrs = attrs.into_iter().collect();
        // What is left out is not managed.
        attrs.retain(|name, _| !(name == "loud" && c & 1 == 0));
        let address = self.address(kind, slot);
        Some(Desired {
            kind: schema(kind).kind,
            attrs,
            tags: [("Name".into(), address.to_string())].into(),
            address,
            after,
            deferred: (kind == "crew" && d == 7).then(|| "an image".into()),
            blocked: None,
        })
    }
}
