//! The images that move: each with what is known of it and what its gates say.

use super::class;
use super::differences::sign;
use super::markup::{Element, Markup, classed, element};
use crate::render::rows::promotion::{Image, ImageFate, Objection};
use crate::render::style::Role;

/// A section of images.
pub(super) fn section(fate: ImageFate, images: &[Image<'_>]) -> Element {
    let id = match fate {
        ImageFate::Refused => "refused",
        ImageFate::Deployed => "deployed",
    };
    classed("section", "images")
        .attr("aria-labelledby", id)
        .add(element("h3").attr("id", id).add(fate.title()))
        .add(element("ul").add_all(images.iter().map(image)))
}

fn image(image: &Image<'_>) -> Element {
    let (role, mark) = image.sign();
    let told = match role {
        Role::Blocked => "refused",
        Role::Create => "to be deployed for the first time",
        _ => "to be deployed",
    };
    let head = element("p")
        .add(sign(mark, told))
        .add(" ")
        .add(classed("code", "address").add(image.services.as_str()))
        .add(" ")
        .add(classed("span", "value").add(image.digests()));
    let help = image.help().map(|help| classed("p", "way-out").add(element("strong").add("help:")).add(" ").add(help));
    let facts = image.facts.iter().flat_map(|(name, value)| {
        [Markup::from(element("dt").add(*name)), " ".into(), element("dd").add(value.as_str()).into(), " ".into()]
    });
    let passed = (!image.passed.is_empty()).then(|| classed("p", "faint").add(format!("passed: {}", image.passed)));
    element("li")
        .attr("class", class(role))
        .add(head)
        .add_all(image.refused.iter().map(|one| objection(one, Role::Blocked)))
        .add(help)
        .add_all(image.overridden.iter().map(|one| objection(one, Role::Delete)))
        .add(element("dl").add_all(facts))
        .add(passed)
}

/// What a gate says, why that was overridden, and what was found.
fn objection(objection: &Objection<'_>, role: Role) -> Element {
    let name = element("strong").add(objection.gate.name());
    let reason = objection.reason.map(|reason| element("p").add(element("strong").add("overridden:")).add(" ").add(reason));
    let row = |cells: &[String; 4]| {
        let cells = cells.iter().map(|cell| Markup::from(element("td").add(cell.as_str())));
        element("tr").add_all(cells)
    };
    let findings = (!objection.findings.is_empty())
        .then(|| classed("table", "findings").add(element("tbody").add_all(objection.findings.iter().map(row))));
    let more = (objection.more > 0).then(|| classed("p", "faint").add(format!("and {} more", objection.more)));
    element("div")
        .attr("class", format!("objection {}", class(role)))
        .add(element("p").add(name).add(": ").add(objection.why))
        .add(reason)
        .add(findings)
        .add(more)
}
