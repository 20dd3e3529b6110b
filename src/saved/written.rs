//! Whether a file is, value for value, the text that `infra` writes.

use serde_json::Value;

/// Whether `text` is what `value` is written as, white space between values apart: no key stands there twice, of which readers would see
/// one only, and none in another place; no text and no number is spelled in another way.
pub(super) fn is_as_written(text: &str, value: &Value) -> bool {
    without_space(text).eq(value.to_string().chars())
}

fn without_space(text: &str) -> impl Iterator<Item = char> {
    let (mut quoted, mut escaped) = (false, false);
    text.chars().filter(move |c| {
        let kept = quoted || !matches!(c, ' ' | '\t' | '\r' | '\n');
        quoted ^= *c == '"' && !escaped;
        escaped = quoted && *c == '\\' && !escaped;
        kept
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_between_values_is_without_meaning() {
        let as_written = |text: &str| is_as_written(text, &serde_json::from_str(text).unwrap());
        for text in [r#"{"a":[1,-2.5,"b \" c"]}"#, "{ \"a\" :\r\n\t[ 1 ] }\n", r#"{"a":"\\"}"#] {
            assert!(as_written(text), "{text}");
        }
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":"\u0062"}"#, r#"{"a":1.50}"#, r#"{"a":"\/"}"#, r#"{"a":1e3}"#] {
            assert!(!as_written(text), "{text}");
        }
        assert!(!is_as_written(r#"{"a":"b  c"}"#, &serde_json::json!({"a": "b c"})));
    }
}
