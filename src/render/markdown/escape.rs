//! Texts from AWS and from specs as markdown: they stay texts.

use crate::render::visible::visible;

/// Characters that are shown of one text; what people name things by is shorter.
const LONGEST: usize = 256;

/// Parts two characters that GitHub would otherwise see as one name of a person, an issue or a page; it has no width.
const GAP: char = '\u{200b}';

/// A text as code, in which nobody is called and nothing is linked; fit for the cell of a table.
pub(super) fn code(text: &str) -> String {
    let text = cut(text);
    // The end of a cell and of code are decided by different rules, which meet in these.
    if text.contains(['`', '|', '\\']) || text.trim() != text {
        let safe = |c: char| c.is_alphanumeric() || [' ', '-', '/'].contains(&c);
        return format!("<code>{}</code>", text.chars().map(|c| encoded(c, safe)).collect::<String>());
    }
    if text.is_empty() { text } else { format!("`{text}`") }
}

/// A text among other words.
pub(super) fn prose(text: &str) -> String {
    let safe = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || " .,:;-/()'\"+=%?@#".contains(c);
    let text: Vec<char> = cut(text).chars().collect();
    let mut prose = String::new();
    for (place, &c) in text.iter().enumerate() {
        // Names of attributes are full of underscores, which emphasise nothing within a word.
        let is_inner = c == '_'
            && [place.checked_sub(1), Some(place + 1)]
                .into_iter()
                .all(|beside| beside.and_then(|beside| text.get(beside)).is_some_and(char::is_ascii_alphanumeric));
        prose.push_str(&if is_inner { c.to_string() } else { encoded(c, safe) });
        if c == '@' || c == '#' {
            prose.push(GAP);
        }
    }
    for (link, parted) in [("://", ":/ /"), ("www.", "www ."), ("GH-", "GH- "), ("gh-", "gh- ")] {
        prose = prose.replace(link, &parted.replace(' ', &GAP.to_string()));
    }
    prose
}

/// A text as a word of a comment, by which programs find it.
pub(super) fn word(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c);
    cut(text).chars().map(|c| if safe(c) { c } else { '_' }).collect()
}

/// Lines in a fence that none of them can close, indented as a whole.
pub(super) fn fence(indent: &str, language: &str, lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| visible(line)).collect();
    let ticks = "`".repeat(3.max(1 + lines.iter().map(|line| longest_run(line)).max().unwrap_or(0)));
    let mut text = format!("{indent}{ticks}{language}\n");
    for line in &lines {
        text.push_str(&format!("{indent}{line}\n"));
    }
    text + &format!("{indent}{ticks}\n")
}

fn longest_run(line: &str) -> usize {
    line.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A character by number where it could mean something else: written so, it means nothing but itself.
fn encoded(c: char, safe: impl Fn(char) -> bool) -> String {
    if safe(c) { c.to_string() } else { format!("&#{};", u32::from(c)) }
}

/// At most so much of a text, on one line.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => visible(text),
        Some((end, _)) => format!("{}…", visible(&text[..end])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_no_escaping_stays_readable() {
        assert_eq!(code("service.web.load_balancer"), "`service.web.load_balancer`");
        assert_eq!(prose("subnet_group: the spec changed"), "subnet_group: the spec changed");
        assert_eq!(fence("", "diff", &["- a".into()]), "```diff\n- a\n```\n");
    }

    #[test]
    fn what_could_be_markup_is_text() {
        assert_eq!(code("a|b`"), "<code>a&#124;b&#96;</code>");
        assert_eq!(prose("<b> *x* [y](z) a|b"), "&#60;b&#62; &#42;x&#42; &#91;y&#93;(z) a&#124;b");
        assert_eq!(fence("  ", "", &["````".into(), "a\nb".into()]), "  `````\n  ````\n  a⏎b\n  `````\n");
    }

    #[test]
    fn nobody_is_called_and_nothing_linked() {
        let parted = prose("@team, #12, octo/repo#12, https://github.com/o/r/issues/1, www.example.com and GH-12");
        for name in ["@team", "#12", "://", "www.", "GH-1"] {
            assert!(!parted.contains(name), "{parted}");
        }
        assert_eq!(
            parted.replace(GAP, ""),
            "@team, #12, octo/repo#12, https://github.com/o/r/issues/1, www.example.com and GH-12"
        );
    }
}
