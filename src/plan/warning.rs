//! Hazards that lie in a value and not in what it takes to set it: who gets in by it, and what it adds to the bill.

use serde_json::Value;

/// When another value of an attribute is a hazard, and why.
#[derive(Clone, Copy, Debug)]
pub struct Warning {
    /// Whether it is one, by what AWS has (first; null where the resource is to be made) and what will be (second; a reference
    /// where it is not known yet).
    pub when: fn(&Value, &Value) -> bool,
    /// Why, in a few words.
    pub why: &'static str,
}

/// A number becomes larger.
pub fn grows(before: &Value, after: &Value) -> bool {
    matches!((before.as_u64(), after.as_u64()), (Some(before), Some(after)) if after > before)
}

/// Something is on that was off, or is made with it on.
pub fn turned_on(before: &Value, after: &Value) -> bool {
    after == true && before != true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_more_is_growth() {
        let cases = [
            (json!(1), json!(2), true),
            (json!(2), json!(2), false),
            (json!(2), json!(1), false),
            // What something new costs is told of its kind, not of each attribute.
            (json!(null), json!(2), false),
            (json!(1), json!({ "$ref": "a#b" }), false),
        ];
        for (before, after, expected) in cases {
            assert_eq!(grows(&before, &after), expected, "{before} → {after}");
        }
    }

    #[test]
    fn what_was_on_is_not_turned_on() {
        let cases =
            [(json!(false), true, true), (json!(null), true, true), (json!(true), true, false), (json!(true), false, false)];
        for (before, after, expected) in cases {
            assert_eq!(turned_on(&before, &json!(after)), expected, "{before} → {after}");
        }
    }
}
