//! Where a secret is kept. A spec holds references, never secrets.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use super::partition::partition;

/// A reference to a secret in one of AWS's two stores.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretRef {
    /// `ssm:/path`: a parameter of SSM Parameter Store, by its full name, which starts with `/`.
    Parameter {
        /// The parameter's full name.
        name: String,
    },
    /// `secretsmanager:NAME` or `secretsmanager:ARN`, with `#key` for one value out of a JSON object.
    Secret {
        /// The secret's name or its ARN.
        id: String,
        /// The key whose value is taken, where the secret is a JSON object; without it the whole secret is meant.
        json_key: Option<String>,
    },
}

impl SecretRef {
    /// The ARN by which a policy knows it, where it is in this region and account. Secrets Manager ends ARNs in six characters of
    /// its own, which a name alone does not tell.
    #[must_use]
    pub fn arn_pattern(&self, region: &str, account: &str) -> String {
        let here = |service: &str| format!("arn:{}:{service}:{region}:{account}", partition(region));
        match self {
            Self::Parameter { name } => format!("{}:parameter{name}", here("ssm")),
            Self::Secret { id, .. } if id.starts_with("arn:") => id.clone(),
            Self::Secret { id, .. } => format!("{}:secret:{id}-??????", here("secretsmanager")),
        }
    }
}

/// What was written is not a reference to a secret. It may be the secret itself, so it is not repeated here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a reference to a secret")]
pub struct NotAReference;

impl FromStr for SecretRef {
    type Err = NotAReference;

    fn from_str(text: &str) -> Result<Self, NotAReference> {
        if let Some(name) = text.strip_prefix("ssm:") {
            let path = name.strip_prefix('/').ok_or(NotAReference)?;
            // SSM's own alphabet for parameter names.
            let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
            let sound = path.chars().all(allowed) && path.split('/').all(|part| !part.is_empty());
            return if sound { Ok(Self::Parameter { name: name.to_owned() }) } else { Err(NotAReference) };
        }
        let secret = text.strip_prefix("secretsmanager:").ok_or(NotAReference)?;
        let (id, json_key) = match secret.split_once('#') {
            Some((id, key)) => (id, Some(key)),
            None => (secret, None),
        };
        // Secrets Manager's alphabet for names, and the colon that ARNs need.
        let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-:".contains(c);
        if id.is_empty() || !id.chars().all(allowed) || json_key.is_some_and(str::is_empty) {
            return Err(NotAReference);
        }
        Ok(Self::Secret { id: id.to_owned(), json_key: json_key.map(str::to_owned) })
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter { name } => write!(f, "ssm:{name}"),
            Self::Secret { id, json_key: None } => write!(f, "secretsmanager:{id}"),
            Self::Secret { id, json_key: Some(key) } => write!(f, "secretsmanager:{id}#{key}"),
        }
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl schemars::JsonSchema for SecretRef {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SecretRef".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "Where a secret is kept: `ssm:/path` or `secretsmanager:NAME-or-ARN`, the latter with `#key` for one value of a JSON object.",
            "format": "infra-secret-reference",
            "examples": ["ssm:/shop/secret-key"],
            "pattern": r"^(ssm:(/[A-Za-z0-9_.-]+)+|secretsmanager:[A-Za-z0-9/_+=.@:-]+(#.+)?)$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in [
            "ssm:/techhub/secret-key",
            "secretsmanager:techhub/api",
            "secretsmanager:techhub/api#token",
            "secretsmanager:arn:aws:secretsmanager:us-east-1:123456789012:secret:techhub-AbCdEf#token",
        ] {
            assert_eq!(text.parse::<SecretRef>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn policies_know_it_by_its_arn() {
        let pattern = |text: &str| text.parse::<SecretRef>().unwrap().arn_pattern("cn-north-1", "123456789012");
        assert_eq!(pattern("ssm:/shop/key"), "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/shop/key");
        assert_eq!(
            pattern("secretsmanager:shop/key#token"),
            "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:shop/key-??????"
        );
        let arn = "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:shop-AbCdEf";
        assert_eq!(pattern(&format!("secretsmanager:{arn}#token")), arn);
    }

    #[test]
    fn refuses_anything_that_could_be_a_secret() {
        for text in [
            "",
            "hunter2",
            "ssm:",
            "ssm:/",
            "ssm:name",
            "ssm:/a//b",
            "ssm:/a b",
            "secretsmanager:",
            "secretsmanager:#k",
            "secretsmanager:a#",
            "secretsmanager:a b",
        ] {
            assert_eq!(text.parse::<SecretRef>(), Err(NotAReference), "{text}");
        }
    }
}
