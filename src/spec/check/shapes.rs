//! The shape of the sizes AWS sells: `t3.small`, `db.m6g.large`, `cache.t4g.micro`.
//!
//! Which exist changes every month and from region to region, so only what can never exist is refused.

/// Whether a text has the shape of an instance type of EC2, such as `t3.small` or `u-6tb1.112xlarge`.
pub(super) fn is_instance_type(text: &str) -> bool {
    let Some((family, size)) = text.split_once('.') else { return false };
    is_family(family) && is_size(size)
}

/// Whether a text has the shape of an instance class of a service, such as `db.t4g.micro`.
pub(super) fn is_class(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')).is_some_and(is_instance_type)
}

/// What to write instead of something that is no class of a service.
pub(super) fn class_help(prefix: &str, text: &str) -> String {
    let without_prefix = text.split_once('.').map_or(text, |(_, rest)| rest);
    match [text, without_prefix].into_iter().find(|size| is_instance_type(size)) {
        Some(size) => format!("write `{prefix}.{size}`"),
        None => format!("write it like `{prefix}.t4g.micro` or `{prefix}.m6g.large`"),
    }
}

fn is_family(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_size(text: &str) -> bool {
    let plain = ["nano", "micro", "small", "medium", "large", "xlarge", "metal"];
    let times = text.strip_suffix("xlarge").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let bare_metal = text.strip_prefix("metal-").and_then(|size| size.strip_suffix("xl"));
    plain.contains(&text) || times || bare_metal.is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_exist() {
        for text in ["t3.small", "m7g.16xlarge", "u-6tb1.112xlarge", "c7i.metal-24xl", "x2iedn.metal", "m7i-flex.large"] {
            assert!(is_instance_type(text), "{text}");
        }
        assert!(is_class("db", "db.m6g.large"));
    }

    #[test]
    fn sizes_that_cannot_exist() {
        for text in ["", "t3", "small", "t3.", ".small", "t3.smal", "T3.small", "t3.small.x", "db.t3.small"] {
            assert!(!is_instance_type(text), "{text}");
        }
        for text in ["t4g.micro", "cache.t4g.micro", "db", "db.micro"] {
            assert!(!is_class("db", text), "{text}");
        }
    }

    #[test]
    fn help_keeps_what_was_right() {
        assert_eq!(class_help("db", "t4g.micro"), "write `db.t4g.micro`");
        assert_eq!(class_help("db", "cache.t4g.micro"), "write `db.t4g.micro`");
        assert_eq!(class_help("db", "micro"), "write it like `db.t4g.micro` or `db.m6g.large`");
    }
}
