//! The end of the page: what the plan comes to once more, its id, and the command that carries out exactly this.

use super::markup::{Element, classed, element};
use crate::plan::Plan;
use crate::render::Header;
use crate::render::rows::labels::{self, counted};
use crate::render::rows::promotion::Images;

/// How to go on; where there is nothing to do, that.
pub(super) fn section(header: &Header, plan: &Plan, images: &Images<'_>) -> Element {
    let counted = counted(plan.summary());
    if plan.is_noop() {
        let words = format!("Nothing to do: AWS is as the spec of {} says. {counted}.", header.environment);
        return classed("section", "apply").add(element("p").add(words));
    }
    let id = classed("p", "id").add("Plan id: ").add(element("code").add(plan.id()));
    let images = images.summary().map(|images| element("p").add(format!("Images: {images}.")));
    let hazards = labels::hazards(plan).map(|counted| element("p").add(format!("Hazards: {counted}.")));
    let allow = plan.hazards().into_iter().filter(|hazard| hazard.must_be_allowed()).map(|hazard| {
        let flag = element("code").add(format!("--allow {}", hazard.name()));
        element("p").add(element("strong").add(hazard.name())).add(" must be agreed to by name: ").add(flag)
    });
    let section = classed("section", "apply").attr("aria-labelledby", "apply");
    let title = if plan.blocked().next().is_some() { "Nothing can be applied yet" } else { "To apply exactly this" };
    let command = plan.blocked().next().is_none().then(|| command(&header.command(plan)));
    section
        .add(element("h2").attr("id", "apply").add(title))
        .add(element("p").add(format!("Plan: {counted}.")))
        .add(images)
        .add(hazards)
        .add_all(allow)
        .add(command)
        .add(id)
}

/// A command to copy.
pub(super) fn command(command: &str) -> Element {
    let copy = element("button").attr("type", "button").attr("class", "copy").flag("hidden", true).add("Copy");
    classed("div", "command").add(element("pre").add(element("code").add(command))).add(copy)
}
