//! A plan as one HTML file: for reading in a browser, on a phone, in the dark, and without a network.
//!
//! The page says what the text says, in the same order and the same words; what it adds is a drawing, and ways to find things.

mod apply;
mod changes;
mod differences;
mod document;
mod drawing;
mod hazards;
mod images;
mod markup;
mod top;

use super::Header;
use super::rows::Rows;
use super::rows::promotion::Images;
use super::style::Role;
use crate::plan::{Plan, Schemas};
use changes::Changes;
use drawing::Drawing;
use markup::element;

/// Draws a plan.
pub fn plan(header: &Header, plan: &Plan, schemas: &dyn Schemas) -> String {
    let (rows, images) = (Rows::of(plan, schemas), Images::of(header));
    let drawing = Drawing::of(header, plan, schemas);
    let main = element("main")
        .add(hazards::section(&rows))
        .add(drawing.section())
        .add(Changes::new(&rows, &images, drawing.places()).section(header))
        .add(apply::section(header, plan, &images));
    let body = element("body").add(top::header(header, plan)).add(main);
    document::document(&top::title(header, plan), body)
}

/// The class that gives a role its look.
fn class(role: Role) -> &'static str {
    match role {
        Role::Plain => "plain",
        Role::Strong => "strong",
        Role::Faint => "faint",
        Role::Create => "create",
        Role::Update => "update",
        Role::Delete => "delete",
        Role::Blocked => "blocked",
        Role::Deferred => "deferred",
    }
}
