//! Alarms on metrics.
//!
//! One call makes an alarm and changes it, and each time says all that it is: what somebody else has added to it would be lost, so
//! all of it is compared.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm, Tag};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::access::{Access, named, reads};
use super::super::client::Aws;
use super::super::error::{AwsError, Call, IfThere};
use super::super::kind::{At, Changed, Created, Found, Resource, outputs};
use super::super::read::each;
use super::{ARN, definition};
use crate::graph::{Actual, Outputs, Phase, Scope, State, Tags};
use crate::plan::Output;
use crate::plan::rule::{name, update};
use crate::resource;
use crate::values::partition::partition;

resource! {
    /// Rings while a figure has reached its threshold.
    Alarm<P> = "cloudwatch.alarm" {
        /// Unique in the account and region; at most 255 characters.
        name: String => name(),
        /// What it means that it rings, for whoever is told; at most 1024 characters.
        description: String => update().headline(),
        /// The metrics that the figure is made of, by the ids that the expression calls them by.
        metrics: BTreeMap<String, Metric<P>> => update().costs(more, "every metric that an alarm watches is billed"),
        /// How the figure is made of the metrics, in CloudWatch's metric math; empty where it is the only metric.
        expression: String => update(),
        /// CloudWatch's word for which side of the threshold is the wrong one, such as `GreaterThanOrEqualToThreshold`.
        comparison: String => update(),
        /// The threshold in the unit of the figure: a decimal number, as short as it can be.
        threshold: String => update(),
        /// Of how many figures, one a period, the alarm judges.
        evaluation_periods: u32 => update(),
        /// How many of them must be on the wrong side for it to ring.
        datapoints_to_alarm: u32 => update(),
        /// What a missing figure counts as: `breaching`, `notBreaching`, `ignore` or `missing`.
        treat_missing_data: String => update(),
        /// Whether few samples are `evaluate`d for a percentile or `ignore`d.
        low_sample_count_percentile: String => update(),
        /// Whether anybody is told.
        actions_enabled: bool => update(),
        /// The ARNs of those that are told when it begins to ring: at most 5.
        alarm_actions: BTreeSet<String> => update(),
        /// The ARNs of those that are told when it ends.
        ok_actions: BTreeSet<String> => update(),
        /// The ARNs of those that are told when there is nothing to judge.
        insufficient_data_actions: BTreeSet<String> => update(),
    }
    outputs: [Output::held("arn"), Output::plain("name")],
    hourly: true,
}

/// A metric, and how its samples of one period become one figure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub struct Metric<P: Phase = Actual> {
    /// Whose metric it is, such as `AWS/EC2`.
    pub namespace: String,
    /// Its name, such as `CPUUtilization`.
    pub metric: String,
    /// What it is the metric of: dimension to value.
    pub dimensions: BTreeMap<String, P::Text>,
    /// `Average`, `Sum`, `Minimum`, `Maximum`, `SampleCount`, or a percentile such as `p95`.
    pub statistic: String,
    /// The length of a period in seconds.
    pub period_seconds: u32,
    /// The only unit whose samples count; empty for all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
}

/// A number in the one way in which it is written here: decimal, with as few digits as tell it from any other.
pub fn decimal(number: f64) -> String {
    number.to_string()
}

fn more(before: &Value, after: &Value) -> bool {
    let count = |metrics: &Value| metrics.as_object().map(serde_json::Map::len);
    count(before).is_some_and(|before| count(after).is_some_and(|after| after > before))
}

impl Resource for Alarm {
    const ACCESS: Access = Access {
        read: &[reads(&["cloudwatch:DescribeAlarms"]), named(&["cloudwatch:ListTagsForResource"], &[ARN])],
        write: &[named(&["cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"], &[ARN])],
        delete: &[named(&["cloudwatch:DeleteAlarms"], &[ARN])],
    };

    async fn list(aws: &Aws, scope: &Scope) -> Result<Vec<Found<Self>>, AwsError> {
        let found = each(described(aws, &scope.prefix()).await?, |alarm| async move {
            let list = aws.cloudwatch.list_tags_for_resource().resource_arn(alarm.alarm_arn().unwrap_or_default());
            let tags = list.send().await.call("cloudwatch:ListTagsForResource").if_there()?;
            Ok(tags.map(|answer| found(&alarm, from_aws(answer.tags()))))
        });
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, want: &Self, tags: &Tags) -> Result<Created, AwsError> {
        let put = definition::put(aws, want).set_tags(Some(to_aws(tags)));
        put.send().await.call("cloudwatch:PutMetricAlarm")?;
        // The call answers with nothing, and needs not: the ARN is made of what is known.
        let arn = format!("arn:{}:cloudwatch:{}:{}:alarm:{}", partition(&aws.region), aws.region, aws.account, want.name);
        Ok(Created { id: want.name.clone(), outputs: outputs([("arn", Some(&arn)), ("name", Some(&want.name))]) })
    }

    /// Without tags, which the call ignores where the alarm is there.
    async fn update(aws: &Aws, _live: &At<Self>, want: &Self, _changed: &Changed<'_>) -> Result<Outputs, AwsError> {
        definition::put(aws, want).send().await.call("cloudwatch:PutMetricAlarm")?;
        Ok(Outputs::new())
    }

    async fn tag(aws: &Aws, live: &At<Self>, tags: &Tags) -> Result<(), AwsError> {
        let tag = aws.cloudwatch.tag_resource().set_resource_arn(live.outputs.get("arn").cloned()).set_tags(Some(to_aws(tags)));
        tag.send().await.call("cloudwatch:TagResource").map(drop)
    }

    async fn delete(aws: &Aws, live: &At<Self>) -> Result<(), AwsError> {
        aws.cloudwatch.delete_alarms().alarm_names(&live.id).send().await.call("cloudwatch:DeleteAlarms").if_there().map(drop)
    }
}

/// The alarms on metrics whose names begin so.
async fn described(aws: &Aws, prefix: &str) -> Result<Vec<MetricAlarm>, AwsError> {
    let describe = aws.cloudwatch.describe_alarms().alarm_name_prefix(prefix).alarm_types(AlarmType::MetricAlarm);
    let mut pages = describe.into_paginator().send();
    let mut alarms = Vec::new();
    while let Some(page) = pages.next().await {
        alarms.extend(page.call("cloudwatch:DescribeAlarms")?.metric_alarms.unwrap_or_default());
    }
    Ok(alarms)
}

fn found(alarm: &MetricAlarm, tags: Tags) -> Found<Alarm> {
    Found {
        id: alarm.alarm_name().unwrap_or_default().to_owned(),
        state: State::Ready,
        attrs: definition::attributes(alarm),
        outputs: outputs([("arn", alarm.alarm_arn()), ("name", alarm.alarm_name())]),
        tags,
    }
}

fn to_aws(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn from_aws(tags: &[Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))).collect()
}
