//! The images that move: what is refused first, a table of all, and what was found, folded.

use super::budget::{Form, List, Rank};
use super::escape::{code, prose};
use crate::render::rows::promotion::{Image, ImageFate, Images, Objection};

/// Bytes of one image, in a row or of what was found in it: more is for other formats, lest it take the place of all others.
const LONGEST: usize = 8_000;

/// What is in the way: which image, and where there is room, why and the way out.
pub(super) fn refused(images: &Images<'_>) -> Option<List> {
    let item = |image: &Image<'_>| {
        let head = format!("- {}\n", head(image));
        let whys: Vec<String> = image.refused.iter().map(|objection| format!("  - {}\n", why(objection))).collect();
        let help = image.help().map(|help| format!("  - help: {}\n", prose(&help)));
        let full = format!("{head}{}{}", whys.concat(), help.unwrap_or_default());
        vec![Form { rank: Rank::Blocked, text: head }, Form { rank: Rank::BlockedInFull, text: full }]
    };
    let items: Vec<_> = images.refused.iter().map(item).collect();
    (!items.is_empty()).then(|| List {
        open: format!("\n### {}\n\n", ImageFate::Refused.title()),
        items,
        close: String::new(),
        more: |left| format!("- … and {left} more\n"),
        none: "\nThere is no room for the images that are refused.\n",
    })
}

/// A table of all images.
pub(super) fn table(images: &Images<'_>) -> Option<List> {
    let item = |image: &Image<'_>| {
        let (brief, full) = (
            row(image, ["", "", "", ""]),
            row(image, [&fact(image, "source"), &about(image), &fact(image, "scan"), &gates(image)]),
        );
        let full = Some((Rank::ImageInFull, full)).filter(|(_, full)| full.len() <= LONGEST);
        [(Rank::Image, brief)].into_iter().chain(full).map(|(rank, text)| Form { rank, text }).collect()
    };
    let items: Vec<_> = images.refused.iter().chain(&images.moving).map(item).collect();
    (!items.is_empty()).then(|| List {
        open: "\n### Images\n\n| | services | image | source | about it | scan | gates |\n|---|---|---|---|---|---|---|\n".into(),
        items,
        close: String::new(),
        more: |left| format!("\n… and {left} more\n"),
        none: "\nThere is no room for the table of images.\n",
    })
}

fn row(image: &Image<'_>, cells: [&str; 4]) -> String {
    let first = [code(image.sign().1), code(&image.services), code(&image.digests())];
    format!("| {} | {} |\n", first.join(" | "), cells.join(" | "))
}

fn fact(image: &Image<'_>, name: &str) -> String {
    image.facts.iter().find(|(fact, _)| *fact == name).map(|(_, value)| prose(value)).unwrap_or_default()
}

/// All that has no column of its own.
fn about(image: &Image<'_>) -> String {
    let rest = image.facts.iter().filter(|(name, _)| !["source", "scan"].contains(name));
    let rest: Vec<String> = rest.map(|(name, value)| format!("{name}: {}", prose(value))).collect();
    rest.join("; ")
}

/// What speaks against them, as far as it has not been said above, to be opened by whoever wants to know.
pub(super) fn objections(images: &Images<'_>) -> Option<List> {
    let all = images.refused.iter().chain(&images.moving);
    let objections = all.flat_map(|image| image.refused.iter().chain(&image.overridden).map(move |one| (image, one)));
    let item = |(image, objection): (&Image<'_>, &Objection<'_>)| {
        let head = format!("{}: {}\n\n", head(image), why(objection));
        let row = |cells: &[String; 4]| {
            let [name, severity, package, fix] = cells;
            format!("| {} | {} | {} | {} |\n", code(name), code(severity), code(package), prose(fix))
        };
        let rows: String = objection.findings.iter().map(row).collect();
        let table = if rows.is_empty() { "" } else { "| finding | severity | package | fix |\n|---|---|---|---|\n" };
        let gap = if rows.is_empty() { "" } else { "\n" };
        let more = if objection.more > 0 { format!("\n… and {} more\n", objection.more) } else { String::new() };
        let full = format!("{head}{table}{rows}{more}{gap}");
        let text = if full.len() <= LONGEST { full } else { format!("{head}This is too long for a comment.\n\n") };
        vec![Form { rank: Rank::Detail, text }]
    };
    let items: Vec<_> = objections.filter(|(_, one)| !one.findings.is_empty() || one.reason.is_some()).map(item).collect();
    (!items.is_empty()).then(|| List {
        open: "\n<details><summary>Images: what speaks against them</summary>\n\n".into(),
        items,
        close: "</details>\n".into(),
        more: |left| format!("… and {left} more\n\n"),
        none: "",
    })
}

fn head(image: &Image<'_>) -> String {
    format!("{} {} {}", code(image.sign().1), code(&image.services), code(&image.digests()))
}

/// What a gate says, and why that was overridden.
fn why(objection: &Objection<'_>) -> String {
    let reason = objection.reason.map(|reason| format!("; overridden: {}", prose(reason))).unwrap_or_default();
    format!("**{}**: {}{reason}", objection.gate, prose(objection.why))
}

/// What all gates say, in a cell.
fn gates(image: &Image<'_>) -> String {
    let name = |objection: &Objection<'_>| match objection.reason {
        Some(reason) => format!("**{}** ({})", objection.gate, prose(reason)),
        None => format!("**{}**", objection.gate),
    };
    let said = |what, all: &[Objection<'_>]| {
        let names: Vec<String> = all.iter().map(name).collect();
        (!names.is_empty()).then(|| format!("{what}: {}", names.join(", ")))
    };
    let passed = (!image.passed.is_empty()).then(|| format!("passed: {}", image.passed));
    let all = [said("refused", &image.refused), said("overridden", &image.overridden), passed];
    all.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
