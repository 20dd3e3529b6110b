//! What calls need of IAM: each kind says it beside its table, and `infra iam-policy` prints it.
//!
//! The actions, the resources that AWS asks about for each, and the condition keys are those of the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>).
//! Where AWS gives things names, an ARN with the beginning of our names says whose they are; of which type they are, the actions say,
//! so one ARN serves all types of a service, and the policy fits into a role. EC2 does not, so tags do: those in the
//! request when something is made, those of the thing itself from then on.

/// What the calls about one kind need, or about something else that is no kind.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// Looking at it, and waiting for it.
    pub read: &'static [Grant],
    /// Making and changing it.
    pub write: &'static [Grant],
    /// Deleting it.
    pub delete: &'static [Grant],
}

impl Access {
    /// What is only looked at.
    pub const fn reading(read: &'static [Grant]) -> Self {
        Self { read, write: &[], delete: &[] }
    }
}

/// Actions, and what they are allowed on.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// As IAM spells them, such as `ec2:CreateVpc`.
    pub actions: &'static [&'static str],
    /// On what.
    pub on: On,
}

/// What actions are allowed on.
///
/// ARNs are written without `arn:<partition>:`, and with these places: `{here}` for region and account, `{region}` and `{account}`
/// where only one of them stands, `{project}` and `{environment}`, and `{prefix}` for what names begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Everything: AWS asks about no single resource.
    Everything,
    /// What bears a name of the environment, by ARN.
    Named(&'static [&'static str]),
    /// What belongs to nobody in particular and is only used, by ARN.
    Shared(&'static [&'static str]),
    /// What bears a name of the environment that images come from, by ARN with the place `{source}`. Where that is in another account
    /// or region, the role it names is taken on instead.
    Source(&'static [&'static str]),
    /// What is being made in EC2, with the tags of the environment in the same call.
    New,
    /// What carries the tags of the environment in EC2.
    Ours,
    /// What Auto Scaling would start from a launch template, which [`Ours`](Self::Ours) says whose it must be.
    Launched,
    /// The environment's roles, handed to an AWS service.
    PassedTo(&'static str),
    /// The role by which an AWS service works in the account, made at its first use there.
    LinkedTo(&'static str),
}

/// Reading what AWS tells of everything or of nothing.
pub const fn reads(actions: &'static [&'static str]) -> Grant {
    Grant { actions, on: On::Everything }
}

/// Actions on what bears a name of the environment.
pub const fn named(actions: &'static [&'static str], arns: &'static [&'static str]) -> Grant {
    Grant { actions, on: On::Named(arns) }
}

/// Actions on what bears a name of the environment that images come from.
pub const fn source(actions: &'static [&'static str], arns: &'static [&'static str]) -> Grant {
    Grant { actions, on: On::Source(arns) }
}

/// Actions that use what others share.
pub const fn uses(actions: &'static [&'static str], arns: &'static [&'static str]) -> Grant {
    Grant { actions, on: On::Shared(arns) }
}

/// Actions that make something in EC2, and tag it.
pub const fn makes(actions: &'static [&'static str]) -> Grant {
    Grant { actions, on: On::New }
}

/// Actions on what is ours in EC2; those that make something there need them for what it refers to.
pub const fn ours(actions: &'static [&'static str]) -> Grant {
    Grant { actions, on: On::Ours }
}

/// Starting instances from launch templates, which AWS asks for where a group is given one.
pub const fn launches() -> Grant {
    Grant { actions: &["ec2:RunInstances"], on: On::Launched }
}

/// Handing roles to an AWS service.
pub const fn passes_roles_to(service: &'static str) -> Grant {
    Grant { actions: &["iam:PassRole"], on: On::PassedTo(service) }
}

/// Having an AWS service make its service-linked role.
pub const fn linked_role(service: &'static str) -> Grant {
    Grant { actions: &["iam:CreateServiceLinkedRole"], on: On::LinkedTo(service) }
}
