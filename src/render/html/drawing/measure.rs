//! How wide texts are. Which font a reader has is not known, so this is on the safe side, and what does not fit is cut.

/// A text's weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// That of text.
    Regular,
    /// That of labels.
    Bold,
}

/// The width of a text in pixels at a size, at most.
pub(super) fn width(text: &str, size: i32, weight: Weight) -> i32 {
    let hundredths: i32 = text.chars().map(hundredths).sum();
    let hundredths = if weight == Weight::Bold { hundredths * 9 / 8 } else { hundredths };
    hundredths * size / 100 + 1
}

/// As much of a text as fits.
pub(super) fn fit(text: &str, size: i32, weight: Weight, room: i32) -> String {
    if width(text, size, weight) <= room {
        return text.to_owned();
    }
    let ends = text.char_indices().map(|(end, _)| end).rev();
    let cut = ends.map(|end| format!("{}…", text[..end].trim_end())).find(|cut| width(cut, size, weight) <= room);
    cut.unwrap_or_else(|| "…".into())
}

/// The width of a character in hundredths of the font's size, in the widest of the fonts that systems read in.
fn hundredths(c: char) -> i32 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | '\'' | '|' => 32,
        ' ' | 'f' | 'r' | 't' | '-' | '/' | '(' | ')' => 40,
        '+' | '~' | '=' | '<' | '>' | '→' => 84,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' => 100,
        'A'..='Z' => 74,
        '!'..='~' | '\u{a0}'..='\u{24f}' => 64,
        // Scripts whose characters are as wide as they are high.
        _ => 110,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut() {
        assert_eq!(fit("private-a", 12, Weight::Regular, 100), "private-a");
        let cut = fit("a label that is much too long", 12, Weight::Bold, 80);
        assert!(cut.ends_with('…') && width(&cut, 12, Weight::Bold) <= 80, "{cut}");
        assert_eq!(fit("anything", 12, Weight::Regular, 0), "…");
    }
}
