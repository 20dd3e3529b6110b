//! A value of one type where another is meant: what to call both, and how the value is written as the other.

use crate::spec::tree::Value;

/// A type of the schema, in words.
pub(super) fn wanted(kind: &str) -> &'static str {
    match kind {
        "string" => "text in quotes",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        "array" => "a list",
        _ => "a table",
    }
}

/// The type of a value, in words.
pub(super) fn found(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) => "a number",
        Value::Float(_) => "a number with a fraction",
        Value::Boolean(_) => "`true` or `false`",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

/// A plain value as the text it was written in, without quotes.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(text) | Value::Datetime(text) => Some(text.clone()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::String(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

/// How a value becomes one of the type that is wanted, where a quote or a bracket is all that it takes.
pub(super) fn help(wanted: &str, value: &Value) -> Option<String> {
    match (wanted, value) {
        ("string", value) => Some(format!("write it in quotes: `\"{}\"`", text(value)?)),
        ("array", Value::String(text)) => Some(format!("write it in brackets: `[\"{text}\"]`")),
        (_, Value::String(text)) => {
            let plain = match wanted {
                "integer" => text.parse::<i64>().is_ok(),
                "number" => text.parse::<f64>().is_ok(),
                "boolean" => matches!(text.as_str(), "true" | "false"),
                _ => false,
            };
            plain.then(|| format!("write it without quotes: `{text}`"))
        }
        _ => None,
    }
}
