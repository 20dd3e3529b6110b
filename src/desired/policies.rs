//! Least privilege: exactly the repositories, secrets, parameters and log groups that a service uses, and no wildcard action.

use std::collections::{BTreeMap, BTreeSet};

use super::builder::Builder;
use super::{connections, repository};
use crate::aws::iam::role::Role;
use crate::graph::{Address, Input, Wanted};
use crate::spec::Service;
use crate::values::policy::{Policy, Statement};
use crate::values::secret_ref::SecretRef;

/// The name of the one inline policy that each role has.
const POLICY: &str = "infra";

/// Adds a role that `principal` may assume.
pub(super) fn role(
    builder: &mut Builder<'_>,
    address: Address,
    name: String,
    principal: &str,
    statements: BTreeSet<Statement<Wanted>>,
) -> Address {
    let policies = (!statements.is_empty()).then(|| (POLICY.to_owned(), Policy { statements }));
    let role = Role::<Wanted> {
        name,
        trust: Policy::trust(principal),
        policies: policies.into_iter().collect::<BTreeMap<_, _>>(),
        managed_policies: BTreeSet::new(),
    };
    builder.add::<Role>(address, &role)
}

/// Pulling images of one repository. Asking for a login is possible for all of a registry only.
pub(super) fn pull(service: &Service) -> [Statement<Wanted>; 2] {
    let repository = repository::address(&service.repository);
    [
        Statement::allow(&["ecr:GetAuthorizationToken"], [Input::from("*")]),
        Statement::allow(
            &["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [Input::output(&repository, "arn")],
        ),
    ]
}

/// Pulling as App Runner does it: it looks the image up before (`AWSAppRunnerServicePolicyForECRAccess`).
pub(super) fn pull_by_app_runner(service: &Service) -> [Statement<Wanted>; 2] {
    let [login, mut pull] = pull(service);
    pull.actions.insert("ecr:DescribeImages".into());
    [login, pull]
}

/// Seeing which instances there are, for what must be the only one; EC2 lets nobody see some of them only.
pub(super) fn see_instances() -> Statement<Wanted> {
    Statement::allow(&["ec2:DescribeInstances"], [Input::from("*")])
}

/// Writing to one log group.
pub(super) fn write_logs(builder: &Builder<'_>, log_group: &str) -> Statement<Wanted> {
    let streams = builder.arn("logs", &format!("log-group:{log_group}:*"));
    Statement::allow(&["logs:CreateLogStream", "logs:PutLogEvents"], [streams.into()])
}

/// Reading the parameters and secrets of a service, those of its databases included.
pub(super) fn read_secrets(builder: &Builder<'_>, service: &Service) -> Vec<Statement<Wanted>> {
    let (region, account) = builder.place();
    let (mut parameters, mut secrets) = (BTreeSet::new(), BTreeSet::new());
    for secret in service.secrets.values() {
        match secret {
            SecretRef::Parameter { .. } => &mut parameters,
            SecretRef::Secret { .. } => &mut secrets,
        }
        .insert(secret.arn_pattern(region, account));
    }
    let of_databases = connections::database_secrets(service);
    let inputs = |arns: &BTreeSet<String>| arns.iter().map(|arn| Input::from(arn.as_str())).collect::<BTreeSet<_>>();
    let (names, all) = (inputs(&parameters), &inputs(&secrets) | &of_databases.into_iter().collect());
    let mut statements = Vec::new();
    if !parameters.is_empty() {
        statements.push(Statement::allow(&["ssm:GetParameter", "ssm:GetParameters"], names));
        statements.push(decrypt(builder, "PARAMETER_ARN", parameters));
    }
    if !all.is_empty() {
        statements.push(Statement::allow(&["secretsmanager:GetSecretValue"], all));
    }
    if !secrets.is_empty() {
        statements.push(decrypt(builder, "SecretARN", secrets));
    }
    statements
}

/// Decrypting these and nothing else, with whichever key of the customer they are encrypted: parameters and secrets name themselves
/// in the encryption context. AWS's own keys, which RDS takes for its secrets, need no permission.
fn decrypt(builder: &Builder<'_>, context: &str, arns: BTreeSet<String>) -> Statement<Wanted> {
    let mut statement = Statement::allow(&["kms:Decrypt"], [builder.arn("kms", "key/*").into()]);
    let condition = BTreeMap::from([(format!("kms:EncryptionContext:{context}"), arns)]);
    statement.conditions.insert("StringLike".into(), condition);
    statement
}

/// The ARN of an SSM parameter; its name begins with a slash.
pub(super) fn parameter_arn(builder: &Builder<'_>, name: &str) -> String {
    builder.arn("ssm", &format!("parameter{name}"))
}

/// The ARN of a secret without the six characters at its end.
pub(super) fn secret_arn(builder: &Builder<'_>, name: &str) -> String {
    builder.arn("secretsmanager", &format!("secret:{name}"))
}
