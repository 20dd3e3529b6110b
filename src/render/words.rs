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

/// How long ago something was, as exactly as people care: `5 minutes`, `30 hours`, `2 days`.
pub fn age(duration: Duration) -> String {
    let minutes = usize::try_from(duration.as_secs() / 60).unwrap_or(usize::MAX);
    match minutes {
        0 => "less than a minute".into(),
        1..60 => count(minutes, "minute", "minutes"),
        60..2_880 => count(minutes / 60, "hour", "hours"),
        _ => count(minutes / 1_440, "day", "days"),
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

    #[test]
    fn ages_too() {
        let text = |minutes: u64| age(Duration::from_secs(minutes * 60 + 59));
        assert_eq!([text(0), text(1), text(59), text(60)], ["less than a minute", "1 minute", "59 minutes", "1 hour"]);
        assert_eq!([text(2_879), text(2_880), text(30_000)], ["47 hours", "2 days", "20 days"]);
    }
}
