//! The digest of a container image: the one name of an image that can never come to mean other bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// `sha256:` and 64 lower case hexadecimal digits, as registries write it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageDigest(String);

impl ImageDigest {
    /// The digest with its algorithm: `sha256:0123…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its hexadecimal digits, without the algorithm.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.0["sha256:".len()..]
    }

    /// Its first twelve hexadecimal digits: enough for people to tell two images apart.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.hex()[..12]
    }
}

/// What was written is not the digest of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an image digest")]
pub struct NotADigest;

impl FromStr for ImageDigest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let hex = text.strip_prefix("sha256:").ok_or(NotADigest)?;
        let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if hex.len() == 64 && hex.bytes().all(lower_hex) { Ok(Self(text.to_owned())) } else { Err(NotADigest) }
    }
}

impl fmt::Display for ImageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ImageDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ImageDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl schemars::JsonSchema for ImageDigest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ImageDigest".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "The digest of a container image: `sha256:` and 64 hexadecimal digits.",
            "format": "infra-image-digest",
            "examples": [format!("sha256:{}", "0".repeat(64))],
            "pattern": "^sha256:[0-9a-f]{64}$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lower_case_sha256_digests() {
        let hex = "0123456789abcdef".repeat(4);
        let digest: ImageDigest = format!("sha256:{hex}").parse().unwrap();
        assert_eq!(digest.short(), "0123456789ab");
        for text in [hex.clone(), format!("sha256:{}", &hex[1..]), format!("sha256:{}", hex.to_uppercase()), "latest".to_owned()]
        {
            assert_eq!(text.parse::<ImageDigest>(), Err(NotADigest), "{text}");
        }
    }
}
