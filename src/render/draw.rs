//! Lines on a page of some width: words wrap below where their line began to speak.

use super::style::Role;
use super::visible::visible;

/// What text is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many columns it has.
    pub width: usize,
    /// Whether it takes colour.
    pub colour: bool,
}

/// A piece of a line.
pub(super) type Span<'a> = (Role, &'a str);

/// A page while it fills.
#[derive(Debug)]
pub(super) struct Sheet {
    page: Page,
    text: String,
    /// The look of what was put last, until the line ends.
    look: Role,
}

/// Narrower than this, nothing can be laid out.
const NARROWEST: usize = 40;

impl Sheet {
    pub(super) fn new(page: Page) -> Self {
        Self { page: Page { width: page.width.max(NARROWEST), ..page }, text: String::new(), look: Role::Plain }
    }

    pub(super) fn width(&self) -> usize {
        self.page.width
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// One line, which goes on at the column `hang` where it is longer than the page is wide. Whatever a text holds, it moves no
    /// cursor and ends no line.
    pub(super) fn line(&mut self, indent: usize, hang: usize, spans: &[Span<'_>]) {
        let mut column = 0;
        let mut gap = indent;
        // Whether the line stands where it began; breaking it there again would gain nothing.
        let mut fresh = true;
        for &(role, text) in spans {
            for piece in pieces(&visible(text)) {
                if piece.starts_with(' ') {
                    gap += piece.len();
                    continue;
                }
                let (mut rest, mut left) = (piece, length(piece));
                if !fresh && column + gap + left > self.page.width {
                    self.end();
                    (column, gap) = (0, hang);
                }
                // A word longer than the page goes on below, whole: an ARN that is cut cannot be copied.
                while left > 0 && column + gap + left > self.page.width {
                    let room = self.page.width.saturating_sub(column + gap).max(1);
                    let (head, tail) = rest.split_at(offset(rest, room));
                    self.put(gap, role, head);
                    self.end();
                    (column, gap, rest) = (0, hang, tail);
                    left = left.saturating_sub(room);
                }
                self.put(gap, role, rest);
                column += gap + left;
                (gap, fresh) = (0, false);
            }
        }
        self.end();
    }

    fn put(&mut self, gap: usize, role: Role, word: &str) {
        if role != self.look {
            self.turn(Role::Plain);
        }
        self.text.extend(std::iter::repeat_n(' ', gap));
        self.turn(role);
        self.text.push_str(word);
    }

    fn end(&mut self) {
        self.turn(Role::Plain);
        self.text.push('\n');
    }

    /// Writes what follows in another look.
    fn turn(&mut self, role: Role) {
        if self.page.colour && role != self.look {
            let (was, is) = (self.look.style(), role.style());
            self.text.push_str(&format!("{was:#}{is}"));
        }
        self.look = role;
    }
}

/// Columns that a text takes: all that plans say is made of characters one column wide.
pub(super) fn length(text: &str) -> usize {
    text.chars().count()
}

/// A text, with spaces behind it up to `width` columns. What formats itself may not be wider than 65535 (`std::fmt`).
pub(super) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(length(text))))
}

/// Words and the spaces between them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let space = rest.starts_with(' ');
        let end = rest.find(|c| (c == ' ') != space).unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(end);
        rest = tail;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Where a text's first `count` characters end.
fn offset(text: &str, count: usize) -> usize {
    text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: usize, colour: bool, spans: &[Span<'_>]) -> String {
        let mut sheet = Sheet::new(Page { width, colour });
        sheet.line(2, 6, spans);
        sheet.finish()
    }

    #[test]
    fn words_wrap_and_hang() {
        let text = drawn(40, false, &[(Role::Create, "+"), (Role::Plain, " a line of words that is longer than the page")]);
        assert_eq!(text, "  + a line of words that is longer than\n      the page\n");
    }

    #[test]
    fn a_word_longer_than_the_page_is_all_there() {
        let word = "x".repeat(90);
        let text = drawn(40, false, &[(Role::Plain, &word)]);
        assert!(text.lines().all(|line| length(line) <= 40), "{text}");
        assert_eq!(text.chars().filter(|&c| c == 'x').count(), 90);
    }

    #[test]
    fn no_text_reaches_the_terminal() {
        let text = drawn(40, false, &[(Role::Plain, "v1\u{1b}[2J\u{7}\r"), (Role::Faint, "\nPlan: nothing\u{202e}")]);
        assert_eq!(text, "  v1�[2J��⏎Plan: nothing�\n");
    }

    #[test]
    fn colour_adds_nothing_to_the_words() {
        let spans = [(Role::Delete, "-"), (Role::Faint, " an old thing")];
        let coloured = drawn(40, true, &spans);
        assert!(coloured.contains('\u{1b}'));
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), drawn(40, false, &spans));
    }
}
