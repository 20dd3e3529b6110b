//! A repository's lifecycle policy: which images ECR lets expire.
//!
//! Ours has one rule, that only the newest images are kept. The grammar is in "Lifecycle policy parameters" of the ECR guide.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::values::name::fingerprint;

/// Which images of a repository are kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Keep {
    /// The newest; 0 for all of them, which is a repository without a policy.
    Newest(u32),
    /// A policy of another shape, in words with its fingerprint: never wanted, and so always a difference.
    Other(String),
}

impl From<u32> for Keep {
    fn from(images: u32) -> Self {
        Self::Newest(images)
    }
}

impl Keep {
    /// The policy's text; none where all images are kept.
    pub(super) fn to_policy(&self) -> Option<String> {
        let &Self::Newest(images @ 1..) = self else { return None };
        let policy = json!({ "rules": [{
            "rulePriority": 1,
            "description": format!("keep the newest {images} images"),
            "selection": { "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": images },
            "action": { "type": "expire" },
        }] });
        Some(policy.to_string())
    }

    /// Reads a policy's text. What a rule is called and its number mean nothing where it is the only one.
    pub(super) fn from_policy(text: &str) -> Self {
        let policy: Value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
        newest(&policy).map_or_else(
            || Self::Other(format!("another policy ({})", &fingerprint(policy.to_string().as_bytes())[..10])),
            Self::Newest,
        )
    }
}

/// The number of images, if all that the policy says is that the newest are kept.
fn newest(policy: &Value) -> Option<u32> {
    let [rule] = policy["rules"].as_array()?.as_slice() else { return None };
    let images = rule["selection"]["countNumber"].as_u64()?;
    let selection = json!({ "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": images });
    (rule["selection"] == selection && rule["action"] == json!({ "type": "expire" })).then(|| u32::try_from(images).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_all_images_need_no_policy() {
        let keep = Keep::Newest(20);
        assert_eq!(Keep::from_policy(&keep.to_policy().unwrap()), keep);
        assert_eq!(Keep::Newest(0).to_policy(), None);
    }

    #[test]
    fn a_policy_of_another_shape_is_told_apart_from_any_number() {
        let untagged = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed",
            "countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}"#;
        let Keep::Other(words) = Keep::from_policy(untagged) else { panic!("read as a number") };
        assert!(words.starts_with("another policy ("), "{words}");
        let two = Keep::Newest(5).to_policy().unwrap().replace(r#""rules":["#, r#""rules":[{},"#);
        assert!(matches!(Keep::from_policy(&two), Keep::Other(_)));
    }

    #[test]
    fn plans_show_a_plain_number() {
        assert_eq!(serde_json::to_value(Keep::Newest(20)).unwrap(), json!(20));
        assert_eq!(serde_json::from_value::<Keep>(json!(20)).unwrap(), Keep::Newest(20));
    }
}
