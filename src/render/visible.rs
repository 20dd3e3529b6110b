//! Texts that others wrote, such as tags of images and answers of AWS, so that they can be looked at without harm.

/// A text on one line, in which nothing is hidden or turned around, and nothing is said to a terminal. Each character stays one.
pub(super) fn visible(text: &str) -> String {
    let shown = |c| match c {
        '\n' => '⏎',
        '\t' => ' ',
        c if is_hidden(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(shown).collect()
}

/// Whether a character ends a line, turns text around, or says something to a terminal.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The same for a text of several lines, which stay lines.
pub(crate) fn lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| visible(line.trim_end_matches('\r'))).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_lines() {
        assert_eq!(lines("error: \u{1b}[2J\r\n  \u{202e}two\n"), "error: �[2J\n  �two\n");
    }

    #[test]
    fn nothing_is_said_to_a_terminal() {
        assert_eq!(visible("v1\u{1b}[31m\n\ttwo\u{9b}2J\u{202e}"), "v1�[31m⏎ two�2J�");
        assert_eq!(visible("日本語 🙈 e\u{301} →"), "日本語 🙈 e\u{301} →");
    }
}
