//! Versions of engines, as exact as they are written: `16` means any 16, `16.4` means that one.

use serde_json::Value;

/// Whether a running version is what a written one asks for: every part written is the same.
pub fn satisfied_by(want: &Value, live: &Value) -> bool {
    let (want, live) = (parts(want), parts(live));
    !want.is_empty() && live.starts_with(&want)
}

/// Whether `a` is older than `b`, as far as `a` is written.
pub fn is_older(a: &Value, b: &Value) -> bool {
    let (a, b) = (parts(a), parts(b));
    a < b[..b.len().min(a.len())].to_vec()
}

fn parts(version: &Value) -> Vec<u32> {
    version.as_str().unwrap_or_default().split('.').map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_major_version_is_content_with_every_minor_one() {
        assert!(satisfied_by(&json!("16"), &json!("16.10")));
        assert!(satisfied_by(&json!("7.1"), &json!("7.1.0")));
        assert!(!satisfied_by(&json!("16.4"), &json!("16.10")));
        assert!(!satisfied_by(&json!("1"), &json!("16")));
    }

    #[test]
    fn older_is_by_number_and_only_as_far_as_written() {
        assert!(is_older(&json!("15"), &json!("16.1")));
        assert!(is_older(&json!("16.4"), &json!("16.10")));
        assert!(!is_older(&json!("16"), &json!("16.10")));
        assert!(!is_older(&json!("17"), &json!("16.10")));
    }
}
