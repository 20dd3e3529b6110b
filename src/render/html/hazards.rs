//! What to think of before saying yes, over all changes: each hazard with its sentences, and whom they are about.

use std::collections::BTreeMap;

use super::class;
use super::markup::{Element, classed, element};
use crate::graph::Address;
use crate::plan::Hazard;
use crate::render::rows::Rows;
use crate::render::style::Role;

/// The hazards of a plan; none where it has none.
pub(super) fn section(rows: &Rows<'_>) -> Option<Element> {
    let mut hazards: BTreeMap<Hazard, BTreeMap<&str, Vec<&Address>>> = BTreeMap::new();
    for row in rows.sections.iter().flat_map(|section| &section.rows) {
        for (hazard, sentence) in &row.hazards {
            hazards.entry(*hazard).or_default().entry(sentence).or_default().push(&row.change.address);
        }
    }
    let items = hazards.iter().map(|(hazard, sentences)| item(*hazard, sentences));
    let list = element("ul").add_all(items);
    let section = classed("section", "hazards").attr("aria-labelledby", "hazards");
    (!hazards.is_empty()).then(|| section.add(element("h2").attr("id", "hazards").add("Before you agree")).add(list))
}

fn item(hazard: Hazard, sentences: &BTreeMap<&str, Vec<&Address>>) -> Element {
    let allow = hazard.must_be_allowed().then(|| {
        let flag = element("code").add(format!("--allow {}", hazard.name()));
        classed("span", "must").add("must be agreed to by name: ").add(flag)
    });
    let head = element("p").add(element("strong").add(hazard.name())).add(" ").add(allow);
    let role = if hazard.must_be_allowed() { Role::Delete } else { Role::Update };
    element("li").attr("class", class(role)).add(head).add_all(sentences.iter().map(|(sentence, addresses)| {
        let links = addresses
            .iter()
            .map(|address| element("li").add(element("a").attr("href", format!("#{address}")).add(address.as_str())));
        element("div").add(element("p").add(*sentence)).add(classed("ul", "addresses").add_all(links))
    }))
}
