//! The frame of a page: one file that fetches nothing, and in which nothing runs but its own script.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::markup::{Element, Markup, element};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A page. The script comes last, when all that it speaks of is there.
pub(super) fn document(title: &str, body: Element) -> String {
    let meta = |name: &'static str, content: &str| element("meta").attr("name", name).attr("content", content);
    let head = element("head")
        .add(element("meta").attr("charset", "utf-8"))
        .add(element("meta").attr("http-equiv", "Content-Security-Policy").attr("content", policy()))
        .add(meta("viewport", "width=device-width, initial-scale=1"))
        .add(meta("color-scheme", "light dark"))
        .add(meta("robots", "noindex"))
        // Without an icon of its own, a page that is served has its server asked for one.
        .add(element("link").attr("rel", "icon").attr("href", "data:,"))
        .add(element("title").add(title))
        .add(element("style").source(STYLE));
    let page = element("html").attr("lang", "en").add(head).add(body.add(element("script").source(SCRIPT)));
    format!("<!doctype html>\n{}\n", Markup::from(page).into_source())
}

/// What browsers let the page do: be as it is. The style and the script are known by their hashes, so that no text of a plan
/// could be either, even if it got out of its place.
fn policy() -> String {
    let hash = |source: &str| STANDARD.encode(Sha256::digest(source.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_ours_ends_its_element() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</"));
    }
}
