//! Secrets: what a reference of a spec leads to, in SSM Parameter Store or Secrets Manager.
//!
//! Which of them may be read follows from the spec: see [`crate::permissions`].

use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::client::Aws;
use super::error::{AwsError, Call};
use crate::notify::{Key, Keys};
use crate::permissions;
use crate::values::secret_ref::SecretRef;

/// What is kept there.
///
/// # Errors
/// As AWS answers; where there is no text, or not the key of the reference. None of it is repeated in that.
pub async fn value(aws: &Aws, at: &SecretRef) -> Result<String, AwsError> {
    match at {
        SecretRef::Parameter { name } => {
            const OPERATION: &str = "ssm:GetParameter";
            let answer = aws.ssm.get_parameter().name(name).with_decryption(true).send().await.call(OPERATION)?;
            let value = answer.parameter.and_then(|parameter| parameter.value);
            value.ok_or_else(|| AwsError::unexpected(OPERATION, "it has no value"))
        }
        SecretRef::Secret { id, json_key } => {
            const OPERATION: &str = "secretsmanager:GetSecretValue";
            let answer = aws.secretsmanager.get_secret_value().secret_id(id).send().await.call(OPERATION)?;
            let text = answer.secret_string.ok_or_else(|| AwsError::unexpected(OPERATION, "it is no text"))?;
            let Some(key) = json_key else { return Ok(text) };
            part(&text, key)
                .ok_or_else(|| AwsError::unexpected(OPERATION, format!("it is no JSON object with text under `{key}`")))
        }
    }
}

/// The text under a key of a JSON object.
fn part(object: &str, key: &str) -> Option<String> {
    let object: Value = serde_json::from_str(object).ok()?;
    object.get(key)?.as_str().map(str::to_owned)
}

/// The secrets of an account and region. AWS is first asked for something when a key is: whoever waits for none waits for nothing.
#[derive(Debug)]
pub struct Secrets {
    account: String,
    region: String,
    aws: OnceCell<Aws>,
}

impl Secrets {
    /// Those of this account and region.
    pub fn of(account: &str, region: &str) -> Self {
        Self { account: account.into(), region: region.into(), aws: OnceCell::new() }
    }
}

impl Keys for Secrets {
    fn value<'a>(&'a self, at: &'a SecretRef) -> BoxFuture<'a, Result<Key, String>> {
        Box::pin(async move {
            let aws = self.aws.get_or_init(|| Aws::reader(&self.account, &self.region)).await;
            let value = value(aws, at).await.map_err(|error| {
                let advice = permissions::advice(&error.operation, &error.code, &error.message);
                advice.map_or_else(|| error.to_string(), |advice| format!("{error}; {advice}"))
            })?;
            Ok(Key::new(&value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leads_to_a_text_of_a_json_object() {
        let secret = r#"{"token":"hunter2","port":5432}"#;
        assert_eq!(part(secret, "token").as_deref(), Some("hunter2"));
        assert_eq!((part(secret, "port"), part(secret, "other"), part("hunter2", "token")), (None, None, None));
    }
}
