//! What AWS answers when it refuses: always with the operation, AWS's code and message, and the request id.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::stranger;
use crate::values::userinfo::without_userinfo;

/// A call that AWS did not carry out, or a resource that went where it should not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct AwsError {
    /// Service and action as IAM spells them, such as `ec2:CreateVpc`.
    pub operation: String,
    /// AWS's code, such as `VpcLimitExceeded`; ours where the call never reached AWS.
    pub code: String,
    /// AWS's message.
    pub message: String,
    /// The id that AWS's support asks for.
    pub request_id: Option<String>,
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.operation, self.code, self.message)?;
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

impl AwsError {
    /// Something is not as it must be though AWS answered.
    pub fn unexpected(operation: &str, message: impl Into<String>) -> Self {
        Self { operation: operation.into(), code: "Unexpected".into(), message: message.into(), request_id: None }
    }

    /// Whether AWS says that the thing is not there. Services spell it in many ways; all of them contain one of these words.
    pub fn is_not_found(&self) -> bool {
        ["NotFound", "NoSuchEntity", "DoesNotExist", "ResourceNotFoundException"].iter().any(|word| self.code.contains(word))
    }

    /// Whether AWS may have carried the call out all the same: its answer did not arrive, or says that something broke on the way.
    pub fn leaves_open(&self) -> bool {
        self.is(&["NotReached", "NotUnderstood", "ServiceFailure", "Timeout"]) || self.code.starts_with("Internal")
    }

    /// Whether AWS says that there is one already, or that it is so already. Services spell it in many ways, and App Runner says it in its message only.
    pub fn says_taken(&self) -> bool {
        ["AlreadyAssociated", "AlreadyExists", "Duplicate", ".Conflict"].iter().any(|word| self.code.contains(word))
            || self.message.contains("already exists")
    }

    /// Whether AWS says that it is at work on the thing, or that the thing is in a state in which it takes no such call. Auto Scaling
    /// has a word of its own for it, also for a group that is being deleted.
    pub fn says_busy(&self) -> bool {
        (self.code.starts_with("Invalid") && self.code.contains("State")) || self.code.starts_with("ScalingActivityInProgress")
    }

    /// Whether something was waited for in vain.
    pub fn is_timed_out(&self) -> bool {
        self.is(&["TimedOut"])
    }

    /// Whether the code is one of these.
    pub fn is(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code.as_str())
    }
}

/// How the SDK begins to say that every place for credentials was tried; it has no type for it.
const NO_CREDENTIALS: &str = "no credentials found in chain";

/// How the SDK begins to say that it could not take on a role, or that a profile leads nowhere.
const REFUSED: &str = "an error occurred while loading credentials";

/// Gives the outcome of a call its operation's name, and turns the SDK's many error types into one.
pub trait Call<T> {
    /// Names the operation as IAM does.
    ///
    /// # Errors
    /// As AWS answered, or why it could not be asked.
    fn call(self, operation: &str) -> Result<T, AwsError>;
}

impl<T, E> Call<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    fn call(self, operation: &str) -> Result<T, AwsError> {
        self.map_err(|error| {
            let metadata = error.meta();
            let request_id = metadata.extra("aws_request_id").map(str::to_owned);
            let (code, message) = match &error {
                SdkError::ServiceError(refused) => match metadata.code() {
                    Some(code) => {
                        let message = metadata.message().map_or_else(|| chain(&error), str::to_owned);
                        (code.to_owned(), without_request(code, message))
                    }
                    None => stranger::words(refused.raw(), &chain(&error)),
                },
                SdkError::TimeoutError(_) => ("Timeout".into(), chain(&error)),
                SdkError::DispatchFailure(_) if chain(&error).contains(NO_CREDENTIALS) => (
                    "NoCredentials".into(),
                    "there are no AWS credentials in the environment, the profile or the instance".into(),
                ),
                SdkError::DispatchFailure(_) if chain(&error).contains(REFUSED) => ("CredentialsRefused".into(), chain(&error)),
                SdkError::DispatchFailure(_) => ("NotReached".into(), chain(&error)),
                SdkError::ConstructionFailure(_) => ("NotSent".into(), chain(&error)),
                _ => ("NotUnderstood".into(), chain(&error)),
            };
            AwsError { operation: operation.into(), code, message, request_id }
        })
    }
}

/// What AWS says of a signature that does not fit begins with the reason, and goes on with the request as it would have signed it:
/// with the session token of the credentials. The reason is enough.
fn without_request(code: &str, message: String) -> String {
    if !["SignatureDoesNotMatch", "InvalidSignatureException"].contains(&code) {
        return message;
    }
    let reason = message.split("The Canonical String").next().unwrap_or_default();
    reason.lines().next().unwrap_or_default().trim_end().to_owned()
}

/// For answers about things that may have gone in the meantime.
pub trait IfThere<T> {
    /// The answer, or nothing where AWS says that the thing is not there.
    ///
    /// # Errors
    /// Any other than that.
    fn if_there(self) -> Result<Option<T>, AwsError>;
}

impl<T> IfThere<T> for Result<T, AwsError> {
    fn if_there(self) -> Result<Option<T>, AwsError> {
        match self {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Every cause, outermost first, each once. The SDK quotes an endpoint that is none, with the password in it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        next = error.source();
    }
    without_userinfo(&parts.join(": ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_wrong_signature_the_reason_is_told_and_not_the_request() {
        let reason = "The request signature we calculated does not match the signature you provided.";
        let said = format!(
            "{reason}\n\nThe Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:hunter2'"
        );
        assert_eq!(without_request("SignatureDoesNotMatch", said.clone()), reason);
        assert_eq!(without_request("SignatureDoesNotMatch", said.replace('\n', " ")), reason);
        assert_eq!(without_request("ValidationError", "one\ntwo".into()), "one\ntwo");
    }
}
