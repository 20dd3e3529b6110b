//! Numbers, times and lists in words.

use std::time::Duration;

/// `1 resource`, `2 resources`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// How long something took, as exactly as people care: `0.4s`, `12s`, `3m 20s`.
pub fn took(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1}s", duration.as_secs_f64()),
        10..60 => format!("{seconds}s"),
        _ => format!("{}m {}s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_exact_as_people_care() {
        let text = |millis| took(Duration::from_millis(millis));
        assert_eq!((text(420), text(12_400), text(200_000)), ("0.4s".into(), "12s".into(), "3m 20s".into()));
    }
}
