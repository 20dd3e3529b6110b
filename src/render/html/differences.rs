//! What differs, attribute by attribute.

use super::class;
use super::markup::{Element, classed, element};
use crate::render::rows::{Difference, Mark, Words};
use crate::render::style::Role;

/// Differences as a list, those within others as lists of their own.
pub(super) fn list(all: &[Difference]) -> Option<Element> {
    (!all.is_empty()).then(|| classed("ul", "differences").add_all(all.iter().map(item)))
}

fn item(one: &Difference) -> Element {
    let (role, mark, told) = match one.mark {
        Mark::Added => (Role::Create, "+", "added"),
        Mark::Changed => (Role::Update, "~", "changed"),
        Mark::Removed => (Role::Delete, "-", "removed"),
    };
    let name = (!one.name.is_empty()).then(|| classed("span", "name").add(one.name.as_str()));
    let note = one.note.map(|note| classed("span", "note").add(format!("({note})")));
    element("li")
        .attr("class", class(role))
        .add(sign(mark, told))
        .add(" ")
        .add(name)
        .add(" ")
        .add(classed("span", "value").add(words(one)).add(" ").add(note))
        .add(list(&one.within))
}

fn words(one: &Difference) -> Element {
    let value = element("span");
    match (&one.words, one.mark) {
        (Words::None, _) => value,
        (Words::One(word), Mark::Added) => value.add(element("ins").add(word.as_str())),
        (Words::One(word), Mark::Removed) => value.add(element("del").add(word.as_str())),
        (Words::One(word), Mark::Changed) => value.add(word.as_str()),
        (Words::Two(before, after), _) => {
            value.add(element("del").add(before.as_str())).add(" → ").add(element("ins").add(after.as_str()))
        }
    }
}

/// A sign, and what it says to those who hear the page.
pub(super) fn sign(sign: &'static str, told: &'static str) -> Element {
    classed("span", "sign").attr("role", "img").attr("aria-label", told).add(sign)
}
