//! Instance types and classes: `t3.small`, `db.t4g.micro`, `cache.r7g.2xlarge`.

use serde_json::Value;

/// Why a change that [`is_dearer`] is a hazard.
pub const DEARER: &str = "larger, or of another family with other prices";

/// Whether a change of type or class may make the bill larger. Within a family, price follows size; between families only a price
/// list could tell, and nobody is to be surprised.
pub fn is_dearer(before: &Value, after: &Value) -> bool {
    let (Some(before), Some(after)) = (before.as_str(), after.as_str()) else { return false };
    match (parts(before), parts(after)) {
        (Some((family, size)), Some((other, larger))) if family == other => larger > size,
        _ => before != after,
    }
}

/// The family, and what the size amounts to in sixteenths of `xlarge`, above which sizes are multiples of it.
fn parts(class: &str) -> Option<(&str, u32)> {
    let (family, size) = class.rsplit_once('.')?;
    let size = match size {
        "nano" => 1,
        "micro" => 2,
        "small" => 4,
        "medium" => 6,
        "large" => 8,
        "xlarge" => 16,
        _ => 16 * size.strip_suffix("xlarge")?.parse::<u32>().ok()?,
    };
    Some((family, size))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_smaller_one_of_a_family_is_the_only_change_that_costs_nothing() {
        let cases = [
            ("t3.small", "t3.medium", true),
            ("t3.medium", "t3.small", false),
            ("db.t4g.micro", "db.t4g.small", true),
            ("m7g.xlarge", "m7g.2xlarge", true),
            ("m7g.16xlarge", "m7g.4xlarge", false),
            ("m7g.large", "m7g.large", false),
            ("t3.2xlarge", "m5.large", true),
            ("m5.metal", "m5.large", true),
        ];
        for (before, after, expected) in cases {
            assert_eq!(is_dearer(&json!(before), &json!(after)), expected, "{before} → {after}");
        }
        assert!(!is_dearer(&Value::Null, &json!("t3.small")), "what is new is not dearer than anything");
    }

    #[test]
    fn sizes_are_in_order() {
        let sizes = ["nano", "micro", "small", "medium", "large", "xlarge", "2xlarge", "12xlarge"];
        let sizes: Vec<u32> = sizes.iter().filter_map(|size| Some(parts(&format!("m5.{size}"))?.1)).collect();
        assert!(sizes.len() == 8 && sizes.is_sorted_by(|a, b| a < b), "{sizes:?}");
    }
}
