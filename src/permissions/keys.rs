//! Reading the keys that a spec refers to, for `infra` itself: exactly those.

use std::collections::BTreeSet;

use super::document::{Document, Statement};
use super::least::Place;
use crate::values::partition::partition;
use crate::values::secret_ref::SecretRef;

impl Document {
    /// It, and leave to read these keys.
    pub fn with_keys<'a>(mut self, keys: impl IntoIterator<Item = &'a SecretRef>, place: Place<'_>) -> Self {
        let (parameters, secrets): (BTreeSet<&SecretRef>, BTreeSet<&SecretRef>) =
            keys.into_iter().partition(|key| matches!(key, SecretRef::Parameter { .. }));
        self.allow_reading("Parameters", "ssm:GetParameter", "PARAMETER_ARN", &parameters, place);
        self.allow_reading("Secrets", "secretsmanager:GetSecretValue", "SecretARN", &secrets, place);
        self
    }

    /// With whichever key of the customer they are encrypted: both stores name what they decrypt in the encryption context ("AWS
    /// KMS encryption for Parameter Store", "Secret encryption and decryption in AWS Secrets Manager").
    fn allow_reading(&mut self, what: &str, action: &str, context: &str, keys: &BTreeSet<&SecretRef>, place: Place<'_>) {
        if keys.is_empty() {
            return;
        }
        let Place { account, region, .. } = place;
        let arns: BTreeSet<String> = keys.iter().map(|key| key.arn_pattern(region, account)).collect();
        let allow = |verb: &str, action: &str, resources| Statement {
            sid: format!("{verb}{what}"),
            actions: BTreeSet::from([action.to_owned()]),
            resources,
            ..Statement::default()
        };
        let any_key = BTreeSet::from([format!("arn:{}:kms:{region}:{account}:key/*", partition(region))]);
        let mut decrypt = allow("Decrypt", "kms:Decrypt", any_key);
        decrypt.when("StringLike", format!("kms:EncryptionContext:{context}"), arns.clone());
        self.statements.extend([allow("Read", action, arns), decrypt]);
    }
}
