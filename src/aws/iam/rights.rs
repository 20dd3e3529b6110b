//! Whether a role gives more rights than before, or, where it is new, more than one would expect.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::graph::Wanted;
use crate::values::grants::{is_sweeping, more, trusts_outsiders};
use crate::values::policy::Policy;

type Policies = BTreeMap<String, Policy<Wanted>>;

/// Whether inline policies allow what those before did not, in whichever of them; of a new role, whether they are sweeping.
pub(super) fn grants_more(before: &Value, after: &Value) -> bool {
    let Ok(after) = Policies::deserialize(after) else { return false };
    let Ok(before) = Policies::deserialize(before) else { return after.values().any(is_sweeping) };
    let [before, after] = [&before, &after].map(|all| all.values().flat_map(|policy| &policy.statements).collect::<Vec<_>>());
    more(&before, &after)
}

/// Whether others may assume a role than before; of a new one, whether others than services of AWS may.
pub(super) fn trusts_more(before: &Value, after: &Value) -> bool {
    let Ok(after) = Policy::<Wanted>::deserialize(after) else { return false };
    let Ok(before) = Policy::<Wanted>::deserialize(before) else { return trusts_outsiders(&after) };
    let [before, after] = [&before, &after].map(|policy| policy.statements.iter().collect::<Vec<_>>());
    more(&before, &after)
}

/// Whether a managed policy is attached that was not. What it allows is nowhere in the plan.
pub(super) fn attaches(before: &Value, after: &Value) -> bool {
    let [before, after] = [before, after].map(|value| BTreeSet::<String>::deserialize(value).unwrap_or_default());
    !after.is_subset(&before)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn allow(action: &str, resource: &Value) -> Value {
        json!([{ "effect": "Allow", "actions": [action], "resources": [resource] }])
    }

    #[test]
    fn a_right_that_moves_to_another_policy_is_none_that_was_missing() {
        let read = allow("s3:GetObject", &json!("arn:aws:s3:::a/*"));
        let write = allow("s3:PutObject", &json!("arn:aws:s3:::a/*"));
        let (both, moved) = (json!({ "a": read, "b": write }), json!({ "infra": [read[0], write[0]] }));
        assert!(!grants_more(&both, &moved));
        assert!(grants_more(&json!({ "a": read }), &both) && !grants_more(&both, &json!({})));
    }

    #[test]
    fn a_resource_that_is_not_known_yet_is_another_one() {
        let secret = json!({ "$ref": "database.main.instance#secret_arn" });
        let after = json!({ "infra": allow("secretsmanager:GetSecretValue", &secret) });
        assert!(grants_more(&json!({}), &after));
        assert!(!grants_more(&json!({ "infra": allow("*", &json!("*")) }), &after));
    }

    #[test]
    fn a_new_role_is_not_wider_than_anything() {
        let narrow = json!({ "infra": allow("s3:PutObject", &json!("arn:aws:s3:::a/*")) });
        assert!(!grants_more(&Value::Null, &narrow));
        assert!(grants_more(&Value::Null, &json!({ "infra": allow("*", &json!("*")) })));
        let trust =
            |kind: &str, who: &str| json!([{ "effect": "Allow", "actions": ["sts:AssumeRole"], "principals": { kind: [who] } }]);
        assert!(!trusts_more(&Value::Null, &trust("Service", "ec2.amazonaws.com")));
        assert!(trusts_more(&Value::Null, &trust("AWS", "arn:aws:iam::210987654321:root")));
        assert!(trusts_more(&trust("Service", "ec2.amazonaws.com"), &trust("Service", "lambda.amazonaws.com")));
    }

    #[test]
    fn another_managed_policy_is_more() {
        let (none, some) = (json!([]), json!(["arn:aws:iam::aws:policy/ReadOnlyAccess"]));
        assert!(attaches(&none, &some) && attaches(&Value::Null, &some));
        assert!(!attaches(&some, &none) && !attaches(&some, &some) && !attaches(&Value::Null, &none));
    }
}
