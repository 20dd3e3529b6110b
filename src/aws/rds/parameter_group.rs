//! DB parameter groups.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::{ApplyMethod, DbParameterGroup, Parameter};

use super::super::access::{Access, named, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call, IfThere};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::{both, each};
use super::super::wait;
use super::{RELEASE, arn, to_aws};
use crate::graph::{Outputs, Scope, State, Tags};
use crate::plan::Output;
use crate::plan::rule::{name, replace, update};
use crate::resource;

/// "A maximum of 20 parameters can be modified in a single request."
const AT_ONCE: usize = 20;

resource! {
    /// Settings of a database engine.
    ParameterGroup = "rds.parameter_group" {
        /// Unique in the account and region; at most 255 characters, lower case.
        name: String => name(),
        /// The family of engine versions it is for, such as `postgres16`.
        family: String => replace(),
        /// What it is for; RDS never changes it.
        description: String => replace(),
        /// Parameters that differ from the engine's defaults. Static ones take effect at the next reboot.
        parameters: BTreeMap<String, String> => update().headline(),
    }
    outputs: [Output::held("arn"), Output::plain("name")],
    hourly: false,
}

/// The ARNs of the environment's own, as [`access`](super::super::access) writes them.
pub(super) const ARN: &str = "rds:{here}:*:{prefix}*";

impl Resource for ParameterGroup {
    const ACCESS: Access = Access {
        read: &[
            reads(&["rds:DescribeDBParameterGroups"]),
            named(&["rds:DescribeDBParameters", "rds:ListTagsForResource"], &[ARN]),
        ],
        write: &[named(
            &["rds:CreateDBParameterGroup", "rds:ModifyDBParameterGroup", "rds:ResetDBParameterGroup", "rds:AddTagsToResource"],
            &[ARN],
        )],
        delete: &[named(&["rds:DeleteDBParameterGroup"], &[ARN])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let prefix = scope.prefix();
        let mut pages = aws.rds.describe_db_parameter_groups().into_paginator().items().send();
        let mut ours = Vec::new();
        while let Some(group) = pages.next().await {
            let group = group.call("rds:DescribeDBParameterGroups")?;
            if group.db_parameter_group_name().is_some_and(|name| name.starts_with(&prefix)) {
                ours.push(group);
            }
        }
        let found = each(ours, |group| async move {
            let name = group.db_parameter_group_name().unwrap_or_default();
            let arn = group.db_parameter_group_arn().unwrap_or_default();
            let (tags, set) = both(super::tags(aws, arn), parameters(aws, name, Some("user"))).await?;
            Ok(tags.zip(set).map(|(tags, set)| found(&group, &set, tags)))
        });
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let answer = aws
            .rds
            .create_db_parameter_group()
            .db_parameter_group_name(&want.name)
            .db_parameter_group_family(&want.family)
            .description(&want.description)
            .set_tags(Some(to_aws(tags)))
            .send()
            .await
            .call("rds:CreateDBParameterGroup")?;
        change(aws, &want.name, &BTreeMap::new(), &want.parameters).await?;
        let arn = answer.db_parameter_group().and_then(DbParameterGroup::db_parameter_group_arn);
        Ok(Created { id: want.name.clone(), outputs: outputs([("arn", arn), ("name", Some(&want.name))]) })
    }

    async fn update(aws: &Aws, live: &At<Self>, want: &Self, changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        if changed.any(&["parameters"]) {
            change(aws, &live.id, &live.attrs.parameters, &want.parameters).await?;
        }
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        super::tag(aws, arn(&live.outputs), tags).await
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        wait::despite(&["InvalidDBParameterGroupState"], RELEASE, || async {
            let answer = aws.rds.delete_db_parameter_group().db_parameter_group_name(&live.id).send().await;
            answer.call("rds:DeleteDBParameterGroup").if_there().map(drop)
        })
        .await
    }
}

fn found(group: &DbParameterGroup, set: &[Parameter], tags: Tags) -> Found<ParameterGroup> {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let pair = |parameter: &Parameter| Some((parameter.parameter_name()?.to_owned(), parameter.parameter_value()?.to_owned()));
    Found {
        id: text(group.db_parameter_group_name()),
        state: State::Ready,
        attrs: ParameterGroup {
            name: text(group.db_parameter_group_name()),
            family: text(group.db_parameter_group_family()),
            description: text(group.description()),
            parameters: set.iter().filter_map(pair).collect(),
        },
        outputs: outputs([("arn", group.db_parameter_group_arn()), ("name", group.db_parameter_group_name())]),
        tags,
    }
}

/// The parameters of a group, or those of one source; none where the group is gone.
async fn parameters(aws: &Aws, group: &str, source: Option<&str>) -> Result<Option<Vec<Parameter>>, AwsError> {
    let ask = aws.rds.describe_db_parameters().db_parameter_group_name(group).set_source(source.map(str::to_owned));
    let mut pages = ask.into_paginator().items().send();
    let mut parameters = Vec::new();
    while let Some(parameter) = pages.next().await {
        let Some(parameter) = parameter.call("rds:DescribeDBParameters").if_there()? else { return Ok(None) };
        parameters.push(parameter);
    }
    Ok(Some(parameters))
}

/// Sets what differs and resets what is not wanted any more.
async fn change(
    aws: &Aws,
    group: &str,
    live: &BTreeMap<String, String>,
    want: &BTreeMap<String, String>,
) -> Result<(), AwsError> {
    let set: Vec<_> = want.iter().filter(|(name, value)| live.get(*name) != Some(value)).collect();
    let reset: Vec<_> = live.keys().filter(|name| !want.contains_key(*name)).collect();
    if set.is_empty() && reset.is_empty() {
        return Ok(());
    }
    // RDS refuses to apply a static parameter at once, and does not know by itself which ones are static.
    let all = parameters(aws, group, None).await?.unwrap_or_default();
    let dynamic = all.iter().filter(|parameter| parameter.apply_type() == Some("dynamic"));
    let dynamic: BTreeSet<&str> = dynamic.filter_map(Parameter::parameter_name).collect();
    let parameter = |name: &str, value: Option<&str>| {
        let method = if dynamic.contains(name) { ApplyMethod::Immediate } else { ApplyMethod::PendingReboot };
        Parameter::builder().parameter_name(name).set_parameter_value(value.map(str::to_owned)).apply_method(method).build()
    };
    for some in reset.chunks(AT_ONCE) {
        let some = some.iter().map(|name| parameter(name, None)).collect();
        let reset = aws.rds.reset_db_parameter_group().db_parameter_group_name(group).set_parameters(Some(some));
        reset.send().await.call("rds:ResetDBParameterGroup")?;
    }
    for some in set.chunks(AT_ONCE) {
        let some = some.iter().map(|(name, value)| parameter(name, Some(value))).collect();
        let modify = aws.rds.modify_db_parameter_group().db_parameter_group_name(group).set_parameters(Some(some));
        modify.send().await.call("rds:ModifyDBParameterGroup")?;
    }
    Ok(())
}
