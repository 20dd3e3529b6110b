//! The images that move: each with what is known of it and what its gates say.

use super::{DETAIL, NAME, RESOURCE, signed};
use crate::render::draw::{Sheet, Span, length};
use crate::render::rows::promotion::{Image, ImageFate, Objection};
use crate::render::style::Role;

/// A section of images.
pub(super) fn section(sheet: &mut Sheet, fate: ImageFate, images: &[Image<'_>]) {
    sheet.blank();
    sheet.line(0, 2, &[(Role::Strong, fate.title())]);
    for image in images {
        self::image(sheet, image);
    }
}

fn image(sheet: &mut Sheet, image: &Image<'_>) {
    let (role, sign) = signed(image.sign());
    let digests = format!("  {}", image.digests());
    sheet.line(RESOURCE, DETAIL + 2, &[(role, &sign), (Role::Strong, &image.services), (Role::Plain, &digests)]);
    for objection in &image.refused {
        self::objection(sheet, objection, Role::Blocked);
    }
    if let Some(help) = image.help() {
        sheet.line(DETAIL, DETAIL + 6, &[(Role::Blocked, "help: "), (Role::Plain, &help)]);
    }
    for objection in &image.overridden {
        self::objection(sheet, objection, Role::Delete);
    }
    let widest = image.facts.iter().map(|(name, _)| length(name)).max().unwrap_or(0);
    for (name, value) in &image.facts {
        sheet.line(DETAIL, DETAIL + widest + 2, &[(Role::Faint, &format!("{name:<widest$}  ")), (Role::Plain, value)]);
    }
    if !image.passed.is_empty() {
        sheet.line(DETAIL, DETAIL + 2, &[(Role::Faint, "passed: "), (Role::Faint, &image.passed)]);
    }
}

/// What a gate says, why that was overridden, and what was found.
fn objection(sheet: &mut Sheet, objection: &Objection<'_>, role: Role) {
    sheet.line(DETAIL, DETAIL + 2, &[(role, objection.gate.name()), (Role::Plain, ": "), (Role::Plain, objection.why)]);
    if let Some(reason) = objection.reason {
        sheet.line(DETAIL + 2, DETAIL + 4, &[(role, "overridden: "), (Role::Plain, reason)]);
    }
    let columns = 0..objection.findings.first().map_or(0, |cells| cells.len() - 1);
    let widths: Vec<usize> = columns
        .map(|column| objection.findings.iter().map(|cells| length(&cells[column])).filter(|&width| width <= NAME).max())
        .map(|width| width.unwrap_or(0))
        .collect();
    for cells in &objection.findings {
        // The last is not padded.
        let gap = |(column, cell): (usize, &String)| {
            " ".repeat(widths.get(column).map_or(0, |width| width.saturating_sub(length(cell)) + 2))
        };
        let gaps: Vec<String> = cells.iter().enumerate().map(gap).collect();
        let spans: Vec<Span<'_>> =
            cells.iter().zip(&gaps).flat_map(|(cell, gap)| [(Role::Plain, cell.as_str()), (Role::Plain, gap.as_str())]).collect();
        sheet.line(DETAIL + 2, DETAIL + 4, &spans);
    }
    if objection.more > 0 {
        sheet.line(DETAIL + 2, DETAIL + 4, &[(Role::Faint, &format!("and {} more", objection.more))]);
    }
}
