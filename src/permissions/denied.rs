//! What AWS means when it denies something: which action is missing, and how to come by it.

/// How services say that a session is over.
const EXPIRED: [&str; 3] = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"];

/// What to do about a call that AWS answered with this code and message; nothing where it did not deny it.
///
/// AWS names the action that was missing, which need not be that of the call ("Troubleshoot access denied error messages").
pub fn advice(operation: &str, code: &str, message: &str) -> Option<String> {
    if EXPIRED.contains(&code) {
        return Some("sign in again: the credentials have expired".into());
    }
    if !code.contains("AccessDenied") && !code.contains("Unauthorized") {
        return None;
    }
    let named = message.split_once("not authorized to perform: ").and_then(|(_, rest)| rest.split_whitespace().next());
    let action = named.unwrap_or(operation);
    Some(if message.contains("explicit deny") {
        format!("a policy denies `{action}`, whatever others allow: ask whoever keeps the policy that AWS names")
    } else {
        format!("the credentials need `{action}`; `infra iam-policy` prints all that is needed, `--for plan` or `--for apply`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: &str, message: &str) -> Option<String> {
        advice("autoscaling:CreateAutoScalingGroup", code, message)
    }

    #[test]
    fn the_action_is_the_one_that_aws_names() {
        let message = "User: arn:aws:sts::123456789012:assumed-role/ci/infra is not authorized to perform: iam:PassRole on resource: \
                       arn:aws:iam::123456789012:role/infra/shop/dev/web because no identity-based policy allows the iam:PassRole action";
        assert!(said("AccessDenied", message).unwrap().starts_with("the credentials need `iam:PassRole`; `infra iam-policy`"));
        let unnamed = said("AccessDenied", "You are not authorized to use launch template: lt-1").unwrap();
        assert!(unnamed.starts_with("the credentials need `autoscaling:CreateAutoScalingGroup`;"), "{unnamed}");
        let denied =
            message.replace("because no identity-based policy allows", "with an explicit deny in a service control policy:");
        assert!(said("AccessDenied", &denied).unwrap().starts_with("a policy denies `iam:PassRole`"));
    }

    #[test]
    fn a_session_that_is_over_is_begun_anew() {
        for code in EXPIRED {
            assert!(said(code, "The security token included in the request is expired").unwrap().starts_with("sign in again"));
        }
    }

    #[test]
    fn other_answers_are_no_matter_of_rights() {
        assert_eq!(said("LimitExceeded", "not authorized to perform: x"), None);
    }
}
