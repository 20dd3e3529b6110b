//! Invented kinds: few, and between them every rule, every sort of output and every sort of reference.

use infra::graph::Attrs;
use infra::plan::rule::{disrupt, fixed, judge, name, replace, update};
use infra::plan::{Attribute, Output, Rule, Schema, Schemas, grows, turned_on};
use serde_json::Value;

const fn row(name: &'static str, rule: Attribute) -> Attribute {
    Attribute { name, ..rule }
}

const fn kind(kind: &'static str, attributes: &'static [Attribute], outputs: &'static [Output]) -> Schema {
    Schema { kind, attributes, outputs, ..Schema::ORDINARY }
}

/// A wire that hangs loose is plugged in; one that is plugged in elsewhere cannot move.
fn plug(live: &Value, _want: &Value) -> Rule {
    if live == "" { Rule::Update } else { Rule::Replace }
}

/// It grows, and never shrinks.
fn grow(live: &Value, want: &Value) -> Rule {
    if want.as_u64() < live.as_u64() { Rule::Fixed("write what there is, or more") } else { Rule::Update }
}

/// It may have grown by itself.
fn grown(want: &Value, live: &Value) -> bool {
    live.as_u64() == want.as_u64() || live.as_u64() == want.as_u64().map(|size| size + 1)
}

/// All of them. Each refers only to kinds before it.
pub(crate) static KINDS: &[Schema] = &[
    kind("net", &[row("range", replace()), row("names", update())], &[Output::held("id")]),
    kind("gate", &[row("net", judge(plug))], &[Output::held("id")]).yields_to(&["post"]),
    kind(
        "room",
        &[row("net", replace()), row("zone", replace()), row("open", update().widens(turned_on, "people walk in"))],
        &[Output::held("id")],
    ),
    kind("post", &[row("room", replace()), row("loud", update())], &[Output::held("id").when_ready()]),
    kind("table", &[row("net", replace()), row("routes", update()), row("rooms", update())], &[Output::held("id")]),
    kind(
        "guard",
        &[row("name", name()), row("about", replace()), row("net", replace()), row("rules", update().revocable())],
        &[Output::held("id"), Output::plain("name")],
    ),
    kind("shelf", &[row("name", name()), row("rooms", update())], &[Output::plain("name")]),
    Schema {
        kind: "store",
        attributes: &[
            row("name", name()),
            row("engine", fixed("make another one")),
            row("size", judge(grow).same(grown).costs(grows, "more of it")),
            row("class", disrupt("it restarts")),
            row("locked", update()),
            row("shelf", fixed("make another one").names("shelf")),
            row("guards", update()),
        ],
        outputs: &[Output::held("arn"), Output::plain("name"), Output::held("address").when_ready()],
        hourly: true,
        ..Schema::STATEFUL
    }
    .protected_by("locked"),
    kind(
        "mould",
        &[row("name", name()), row("image", update()), row("guards", update()), row("settings", update().sensitive())],
        &[Output::held("id"), Output::plain("name"), Output::plain("version").moving()],
    ),
    kind(
        "crew",
        &[
            row("name", name()),
            row("net", replace()),
            row("rooms", update()),
            row("mould", update()),
            row("version", update()),
            row("most", update()),
        ],
        &[Output::held("arn")],
    ),
    kind("bell", &[row("crew", replace()), row("tone", update())], &[Output::held("id")]),
];

/// The table of a kind.
pub(crate) fn schema(kind: &str) -> &'static Schema {
    KINDS.iter().find(|schema| schema.kind == kind).expect("an invented kind")
}

/// [`KINDS`] as the planner takes them.
pub(crate) struct Invented;

impl Schemas for Invented {
    fn schema(&self, kind: &str) -> Option<&'static Schema> {
        KINDS.iter().find(|schema| schema.kind == kind)
    }

    fn normalise(&self, _kind: &str, attrs: Attrs) -> Attrs {
        attrs.into_iter().map(|(name, value)| (name, sorted(value))).collect()
    }
}

/// Every array of the invented kinds is a set.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(sorted).collect();
            items.sort_by_key(ToString::to_string);
            items.dedup();
            Value::Array(items)
        }
        Value::Object(object) => object.into_iter().map(|(key, item)| (key, sorted(item))).collect(),
        other => other,
    }
}
