//! Texts that are nearly what they should be: what people, editors, merges, proxies and enemies make of a good one.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What stands in the place of something else.
const ODD: [&str; 34] = [
    "",
    "\0",
    "\u{1b}[2J",
    "\\u001b[2J",
    "\u{202e}",
    "\u{9b}",
    "\u{feff}",
    "\r",
    "\r\n",
    "\n",
    "\\ud800",
    "\\",
    "\"",
    "'''",
    "\"\"\"",
    "-1",
    "-0.0",
    "0",
    "9223372036854775807",
    "18446744073709551616",
    "1e999",
    "nan",
    "null",
    "true",
    "[]",
    "{}",
    "é🙈\u{301}",
    "..",
    "/",
    "&lt;&#0;&#x1b;",
    "2026-13-45T99:00:00Z",
    "-9999-01-01T00:00:00Z",
    "sha256:",
    "<<<<<<< HEAD",
];

/// What a text is opened with, over and over.
const OPENING: [&str; 6] = ["[", "{\"a\":", "[[a]]\n", "a={", "<a>", "a."];

/// One thing that is done to a text.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// It ends here.
    Cut(Index),
    /// A word, number or the like is another.
    Replace(Index, String),
    /// Something stands here that did not.
    Insert(Index, String),
    /// A line is gone.
    Drop(Index),
    /// A line stands there twice.
    Repeat(Index),
    /// A line stands elsewhere.
    Move(Index, Index),
    /// From here to there, all is gone.
    Lose(Index, usize),
    /// It comes twice.
    Twice,
    /// As some systems end lines.
    Carriage,
    /// As some editors begin files.
    Mark,
}

/// What may be written in the place of something.
pub(crate) fn odd() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => select(ODD.as_slice()).prop_map(str::to_owned),
        4 => "\\PC{0,12}",
        1 => (select(OPENING.as_slice()), 1..3000_usize).prop_map(|(opening, depth)| opening.repeat(depth)),
        1 => (select(vec!["a", "é", "\\u001b", " ", "9"]), 1..100_000_usize).prop_map(|(letter, length)| letter.repeat(length)),
    ]
}

/// One to three deeds.
pub(crate) fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        2 => any::<Index>().prop_map(Deed::Cut),
        12 => (any::<Index>(), odd()).prop_map(|(at, odd)| Deed::Replace(at, odd)),
        4 => (any::<Index>(), odd()).prop_map(|(at, odd)| Deed::Insert(at, odd)),
        3 => any::<Index>().prop_map(Deed::Drop),
        3 => any::<Index>().prop_map(Deed::Repeat),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Deed::Move(from, to)),
        2 => (any::<Index>(), 1..60_usize).prop_map(|(at, length)| Deed::Lose(at, length)),
        1 => Just(Deed::Twice),
        1 => Just(Deed::Carriage),
        1 => Just(Deed::Mark),
    ];
    prop::collection::vec(deed, 1..=3)
}

/// The text after all that was done to it.
pub(crate) fn spoiled(text: &str, deeds: &[Deed]) -> String {
    deeds.iter().fold(text.to_owned(), spoil)
}

fn spoil(mut text: String, deed: &Deed) -> String {
    let place = |text: &str, index: &Index| {
        let at = index.index(text.len() + 1);
        (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
    };
    let lines = |text: &str| text.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
    match deed {
        Deed::Cut(at) => text.truncate(place(&text, at)),
        Deed::Insert(at, odd) => text.insert_str(place(&text, at), odd),
        Deed::Replace(at, odd) => {
            let words = words(&text);
            if !words.is_empty() {
                text.replace_range(words[at.index(words.len())].clone(), odd);
            }
        }
        Deed::Drop(at) | Deed::Repeat(at) | Deed::Move(at, _) if !text.is_empty() => {
            let mut lines = lines(&text);
            let line = lines.remove(at.index(lines.len()));
            match deed {
                Deed::Repeat(_) => lines.insert(at.index(lines.len() + 1), line.repeat(2)),
                Deed::Move(_, to) => lines.insert(to.index(lines.len() + 1), line),
                _ => {}
            }
            return lines.concat();
        }
        Deed::Lose(at, length) => {
            let start = place(&text, at);
            let end = (start + length..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
            text.replace_range(start..end, "");
        }
        Deed::Twice => text = text.repeat(2),
        Deed::Carriage => text = text.replace('\n', "\r\n"),
        Deed::Mark => text.insert(0, '\u{feff}'),
        Deed::Drop(_) | Deed::Repeat(_) | Deed::Move(..) => {}
    }
    text
}

/// Where words, numbers and the like stand.
fn words(text: &str) -> Vec<std::ops::Range<usize>> {
    let part = |c: char| c.is_alphanumeric() || "-_.:/+%@".contains(c);
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, part(c)) {
            (None, true) => start = Some(at),
            (Some(begin), false) => {
                words.push(begin..at);
                start = None;
            }
            _ => {}
        }
    }
    words
}
