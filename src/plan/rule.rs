//! The words of a kind's table: `vpc: P::Text => replace()`.

use serde_json::Value;

use super::schema::{Attribute, Rule, Sensitive, equal};
use super::warning::Warning;

const fn of(rule: Rule) -> Attribute {
    Attribute {
        name: "",
        about: "",
        rule,
        same: equal,
        sensitive: Sensitive::No,
        headline: false,
        names: None,
        revocable: false,
        widens: None,
        costs: None,
    }
}

/// AWS changes it in place.
pub const fn update() -> Attribute {
    of(Rule::Update)
}

/// AWS changes it in place, and people notice; why.
pub const fn disrupt(why: &'static str) -> Attribute {
    of(Rule::Disrupt(why))
}

/// Only another resource can have it.
pub const fn replace() -> Attribute {
    of(Rule::Replace)
}

/// It stays for ever; the way out.
pub const fn fixed(way_out: &'static str) -> Attribute {
    of(Rule::Fixed(way_out))
}

/// The unique name.
pub const fn name() -> Attribute {
    of(Rule::Name)
}

/// AWS takes it with other changes and keeps it nowhere: it is given along with those, and is no difference by itself.
pub const fn write_only() -> Attribute {
    of(Rule::Update).same(whatever)
}

fn whatever(_want: &Value, _live: &Value) -> bool {
    true
}

/// It depends on what AWS has (first) and what is wanted (second).
pub const fn judge(judge: fn(&Value, &Value) -> Rule) -> Attribute {
    of(Rule::Judge(judge))
}

impl Attribute {
    /// What is wanted (first) and what AWS has (second) are the same in this sense.
    pub const fn same(self, same: fn(&Value, &Value) -> bool) -> Self {
        Self { same, ..self }
    }

    /// Shown as names and fingerprints only.
    pub const fn sensitive(self) -> Self {
        Self { sensitive: Sensitive::All, ..self }
    }

    /// What is under this key of it is shown as names and fingerprints only.
    pub const fn sensitive_under(self, key: &'static str) -> Self {
        Self { sensitive: Sensitive::Under(key), ..self }
    }

    /// It belongs into the one line by which people know a resource that is to be made.
    pub const fn headline(self) -> Self {
        Self { headline: true, ..self }
    }

    /// It refers to a resource of that kind by name.
    pub const fn names(self, kind: &'static str) -> Self {
        Self { names: Some(kind), ..self }
    }

    /// Its elements can be taken out before the resource goes.
    pub const fn revocable(self) -> Self {
        Self { revocable: true, ..self }
    }

    /// More people or programs get in when this is so of what AWS has (first; null where it is to be made) and what will be; why.
    pub const fn widens(self, when: fn(&Value, &Value) -> bool, why: &'static str) -> Self {
        Self { widens: Some(Warning { when, why }), ..self }
    }

    /// The bill grows when this is so of what AWS has (first) and what will be; why. What something new costs is for its kind to say.
    pub const fn costs(self, when: fn(&Value, &Value) -> bool, why: &'static str) -> Self {
        Self { costs: Some(Warning { when, why }), ..self }
    }
}
