//! What an alarm is, in our words and in CloudWatch's, which has one way to say a metric and another to say several.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{
    Dimension, Metric as AwsMetric, MetricAlarm, MetricDataQuery, MetricStat, StandardUnit, Statistic,
};

use super::super::client::Aws;
use super::alarm::{Alarm, Metric, decimal};

/// The id of the metric where there is only one, which CloudWatch gives none then.
pub(super) const ONLY: &str = "metric";
/// The id of what the expression gives.
const FIGURE: &str = "figure";
/// What CloudWatch does with few samples unless it is told otherwise.
const EVALUATE: &str = "evaluate";

/// The call that makes an alarm so, whether it is there or not.
pub(super) fn put(aws: &Aws, want: &Alarm) -> PutMetricAlarmFluentBuilder {
    let list = |arns: &BTreeSet<String>| Some(arns.iter().cloned().collect());
    let put = aws
        .cloudwatch
        .put_metric_alarm()
        .alarm_name(&want.name)
        .alarm_description(&want.description)
        .comparison_operator(want.comparison.as_str().into())
        .set_threshold(want.threshold.parse().ok())
        .evaluation_periods(number(want.evaluation_periods))
        .datapoints_to_alarm(number(want.datapoints_to_alarm))
        .treat_missing_data(&want.treat_missing_data)
        .actions_enabled(want.actions_enabled)
        .set_alarm_actions(list(&want.alarm_actions))
        .set_ok_actions(list(&want.ok_actions))
        .set_insufficient_data_actions(list(&want.insufficient_data_actions));
    // "Used only for alarms based on percentiles", and `evaluate` is what it does without it.
    let few = Some(&want.low_sample_count_percentile).filter(|few| *few != EVALUATE).cloned();
    let put = put.set_evaluate_low_sample_count_percentile(few);
    match want.metrics.first_key_value() {
        Some((_, only)) if want.expression.is_empty() => one(put, only),
        _ => put.set_metrics(Some(several(want))),
    }
}

fn one(put: PutMetricAlarmFluentBuilder, metric: &Metric) -> PutMetricAlarmFluentBuilder {
    let put = put
        .namespace(&metric.namespace)
        .metric_name(&metric.metric)
        .set_dimensions(Some(dimensions(metric)))
        .period(number(metric.period_seconds))
        .set_unit(unit(metric));
    match Statistic::try_parse(&metric.statistic) {
        Ok(statistic) => put.statistic(statistic),
        Err(_) => put.extended_statistic(&metric.statistic),
    }
}

fn several(want: &Alarm) -> Vec<MetricDataQuery> {
    let query = |(id, metric): (&String, &Metric)| {
        let named = AwsMetric::builder().namespace(&metric.namespace).metric_name(&metric.metric);
        let stat = MetricStat::builder()
            .metric(named.set_dimensions(Some(dimensions(metric))).build())
            .period(number(metric.period_seconds))
            .stat(&metric.statistic)
            .set_unit(unit(metric));
        MetricDataQuery::builder().id(id).metric_stat(stat.build()).return_data(false).build()
    };
    let figure = MetricDataQuery::builder().id(FIGURE).expression(&want.expression).return_data(true).build();
    want.metrics.iter().map(query).chain([figure]).collect()
}

/// An alarm as CloudWatch describes it.
pub(super) fn attributes(alarm: &MetricAlarm) -> Alarm {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let set = |arns: &[String]| arns.iter().cloned().collect();
    let evaluation_periods = count(alarm.evaluation_periods());
    let (metrics, expression) = watched(alarm);
    Alarm {
        name: text(alarm.alarm_name()),
        description: text(alarm.alarm_description()),
        metrics,
        expression,
        comparison: alarm.comparison_operator().map(|operator| operator.as_str().to_owned()).unwrap_or_default(),
        threshold: alarm.threshold().map(decimal).unwrap_or_default(),
        evaluation_periods,
        // "M out of N" is all of them where nothing else was said.
        datapoints_to_alarm: alarm.datapoints_to_alarm().map_or(evaluation_periods, |count| count.try_into().unwrap_or(0)),
        treat_missing_data: alarm.treat_missing_data().unwrap_or("missing").to_owned(),
        low_sample_count_percentile: alarm.evaluate_low_sample_count_percentile().unwrap_or(EVALUATE).to_owned(),
        actions_enabled: alarm.actions_enabled().unwrap_or(true),
        alarm_actions: set(alarm.alarm_actions()),
        ok_actions: set(alarm.ok_actions()),
        insufficient_data_actions: set(alarm.insufficient_data_actions()),
    }
}

/// The metrics, and what is made of them. Of several expressions all are told, which no alarm of ours has.
fn watched(alarm: &MetricAlarm) -> (BTreeMap<String, Metric>, String) {
    if let Some(metric_name) = alarm.metric_name() {
        let statistic = alarm.statistic().map(Statistic::as_str).or(alarm.extended_statistic()).unwrap_or_default();
        let metric = metric(alarm.namespace(), metric_name, alarm.dimensions(), statistic, alarm.period(), alarm.unit());
        return ([(ONLY.to_owned(), metric)].into(), String::new());
    }
    let queries = alarm.metrics();
    let expressions: Vec<&str> = queries.iter().filter_map(MetricDataQuery::expression).collect();
    let metrics = queries.iter().filter_map(|query| {
        let stat = query.metric_stat()?;
        let named = stat.metric()?;
        let (name, statistic) = (named.metric_name().unwrap_or_default(), stat.stat().unwrap_or_default());
        let metric = metric(named.namespace(), name, named.dimensions(), statistic, stat.period(), stat.unit());
        Some((query.id().unwrap_or_default().to_owned(), metric))
    });
    (metrics.collect(), expressions.join("; "))
}

fn metric(
    namespace: Option<&str>,
    name: &str,
    dimensions: &[Dimension],
    statistic: &str,
    period: Option<i32>,
    unit: Option<&StandardUnit>,
) -> Metric {
    let pair = |one: &Dimension| Some((one.name()?.to_owned(), one.value()?.to_owned()));
    Metric {
        namespace: namespace.unwrap_or_default().to_owned(),
        metric: name.to_owned(),
        dimensions: dimensions.iter().filter_map(pair).collect(),
        statistic: statistic.to_owned(),
        period_seconds: count(period),
        unit: unit.map(|unit| unit.as_str().to_owned()).unwrap_or_default(),
    }
}

fn dimensions(metric: &Metric) -> Vec<Dimension> {
    metric.dimensions.iter().map(|(name, value)| Dimension::builder().name(name).value(value).build()).collect()
}

fn unit(metric: &Metric) -> Option<StandardUnit> {
    Some(metric.unit.as_str()).filter(|unit| !unit.is_empty()).map(StandardUnit::from)
}

/// A number, as CloudWatch takes it.
fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A number, as CloudWatch gives it.
fn count(number: Option<i32>) -> u32 {
    number.and_then(|number| number.try_into().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_in_one_way() {
        let written = [5.0, 0.5, 1_500.0, 5_368_709_120.0, 0.001].map(decimal);
        assert_eq!(written, ["5", "0.5", "1500", "5368709120", "0.001"]);
        assert!(written.iter().all(|text| decimal(text.parse().unwrap()) == *text));
    }

    #[test]
    fn one_metric_is_the_same_whichever_way_cloudwatch_says_it() {
        let dimension = Dimension::builder().name("InstanceId").value("i-1").build();
        let plain = MetricAlarm::builder().namespace("AWS/EC2").metric_name("CPUUtilization").statistic(Statistic::Average);
        let plain = plain.dimensions(dimension.clone()).period(60).threshold(90.0).evaluation_periods(5).build();
        let named = AwsMetric::builder().namespace("AWS/EC2").metric_name("CPUUtilization").dimensions(dimension).build();
        let stat = MetricStat::builder().metric(named).period(60).stat("Average").build();
        let query = MetricDataQuery::builder().id(ONLY).metric_stat(stat).return_data(true).build();
        let queried = MetricAlarm::builder().metrics(query).threshold(90.0).evaluation_periods(5).datapoints_to_alarm(5).build();
        assert_eq!(attributes(&plain), attributes(&queried));
    }
}
