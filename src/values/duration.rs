//! Lengths of time as people write them in a spec: `"90s"`, `"5m"`, `"1h30m"`.
//!
//! Whole seconds only, because that is the finest unit any setting of AWS that `infra` manages takes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The units a duration is written in, largest first, and their length in seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A length of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration {
    seconds: u64,
}

impl Duration {
    /// The duration of so many seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self { seconds }
    }

    /// Its length in seconds.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.seconds
    }
}

impl From<Duration> for std::time::Duration {
    fn from(duration: Duration) -> Self {
        Self::from_secs(duration.seconds)
    }
}

/// What was written is not a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a duration")]
pub struct NotADuration;

impl FromStr for Duration {
    type Err = NotADuration;

    /// Reads numbers with units, largest unit first and each at most once, so that a duration has few spellings.
    fn from_str(text: &str) -> Result<Self, NotADuration> {
        let mut rest = text;
        let mut seconds = 0_u64;
        let mut units = UNITS.iter();
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(NotADuration)?;
            let (number, tail) = rest.split_at(digits);
            let number: u64 = number.parse().map_err(|_| NotADuration)?;
            let unit = tail.chars().next().ok_or(NotADuration)?;
            // The iterator has moved past larger units, so `5s1m` and `1m1m` are refused here.
            let (_, length) = units.find(|(name, _)| *name == unit).ok_or(NotADuration)?;
            seconds = number.checked_mul(*length).and_then(|part| seconds.checked_add(part)).ok_or(NotADuration)?;
            rest = &tail[1..];
        }
        if text.is_empty() { Err(NotADuration) } else { Ok(Self { seconds }) }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.seconds == 0 {
            return f.write_str("0s");
        }
        let mut left = self.seconds;
        for (unit, length) in UNITS {
            if left >= length {
                write!(f, "{}{unit}", left / length)?;
                left %= length;
            }
        }
        Ok(())
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl schemars::JsonSchema for Duration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A length of time, such as `90s`, `5m` or `1h30m`.",
            "format": "infra-duration",
            "examples": ["5m"],
            "pattern": "^([0-9]+[dhms])+$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["0s", "90s", "5m", "1h30m", "2d", "1d1h1m1s"] {
            let duration: Duration = text.parse().unwrap();
            assert_eq!(duration.to_string().parse(), Ok(duration), "{text}");
        }
        assert_eq!("1h30m".parse(), Ok(Duration::from_secs(5_400)));
        assert_eq!("90s".parse::<Duration>().unwrap().to_string(), "1m30s");
    }

    #[test]
    fn refuses_what_could_be_misread() {
        for text in
            ["", "5", "m", "5 m", "-5m", "5s1m", "1m1m", "1.5h", "5min", "5µ", "99999999999999999999d", "9999999999999999d"]
        {
            assert_eq!(text.parse::<Duration>(), Err(NotADuration), "{text}");
        }
    }
}
