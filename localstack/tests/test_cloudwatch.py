"""Alarms, where LocalStack's own are not as AWS's. Rules without another source are those of `PutMetricAlarm` in the CloudWatch API reference."""

import boto3
import pytest
from botocore.config import Config

ARN = "arn:aws:cloudwatch:eu-central-1:{}:alarm:{}"


def alarm(name="shop-dev-web-cpu", **other) -> dict:
    one = {
        "AlarmName": name,
        "Namespace": "AWS/EC2",
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "AutoScalingGroupName", "Value": "shop-dev-web"}],
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 5,
        "Threshold": 90.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    }
    return {key: value for key, value in (one | other).items() if value is not None}


def query(id: str, **other) -> dict:
    metric = {"Namespace": "AWS/ApplicationELB", "MetricName": id}
    return {"Id": id, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False} | other


def share(*queries, expression="100 * errors / requests") -> dict:
    single = dict.fromkeys(("Namespace", "MetricName", "Dimensions", "Statistic", "Period"))
    figure = {"Id": "figure", "Expression": expression, "ReturnData": True}
    return alarm(**single, Metrics=[*(queries or (query("errors"), query("requests"))), figure])


def found(aws, **request) -> dict:
    (only,) = aws.cloudwatch.describe_alarms(**request)["MetricAlarms"]
    return only


def test_an_alarm_is_described_as_it_was_put(aws):
    aws.cloudwatch.put_metric_alarm(**alarm())
    one = found(aws)
    assert one.items() >= alarm().items()
    assert one["AlarmArn"] == ARN.format(aws.account, "shop-dev-web-cpu")
    assert (one["ActionsEnabled"], one["AlarmActions"], one["StateValue"]) == (True, [], "INSUFFICIENT_DATA")
    aws.cloudwatch.put_metric_alarm(**share())
    assert "Period" not in found(aws) and [it["Id"] for it in found(aws)["Metrics"]] == ["errors", "requests", "figure"]


def test_a_change_overwrites_all_but_state_and_tags(aws):
    aws.cloudwatch.put_metric_alarm(**alarm(AlarmDescription="busy", Tags=[{"Key": "a", "Value": "b"}]))
    aws.cloudwatch.set_alarm_state(AlarmName="shop-dev-web-cpu", StateValue="ALARM", StateReason="a test")
    aws.cloudwatch.put_metric_alarm(**alarm(Threshold=80.0, Tags=[{"Key": "c", "Value": "d"}]))
    one = found(aws)
    assert "AlarmDescription" not in one and one["Threshold"] == 80.0
    assert (one["StateValue"], one["StateReason"]) == ("ALARM", "a test")
    assert aws.cloudwatch.list_tags_for_resource(ResourceARN=one["AlarmArn"])["Tags"] == [{"Key": "a", "Value": "b"}]


def test_tags(aws):
    arn = ARN.format(aws.account, "shop-dev-web-cpu")
    tag = [{"Key": "a", "Value": "b"}]
    aws.refuses("ResourceNotFoundException", aws.cloudwatch.list_tags_for_resource, ResourceARN=arn)
    aws.refuses("ResourceNotFoundException", aws.cloudwatch.tag_resource, ResourceARN=arn, Tags=tag)
    aws.cloudwatch.put_metric_alarm(**alarm())
    aws.cloudwatch.tag_resource(ResourceARN=arn, Tags=tag)
    assert aws.cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == tag
    aws.cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert aws.cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    aws.cloudwatch.tag_resource(ResourceARN=arn, Tags=tag)
    # They go with their alarm.
    aws.cloudwatch.delete_alarms(AlarmNames=["shop-dev-web-cpu"])
    aws.cloudwatch.put_metric_alarm(**alarm())
    assert aws.cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == []


@pytest.mark.parametrize(
    "why, wrong",
    [
        ("Period must be", {"Period": 90}),
        ("is required", {"Period": None}),
        ("either Statistic or ExtendedStatistic", {"Statistic": None}),
        ("either Statistic or ExtendedStatistic", {"ExtendedStatistic": "p95"}),
        ("is not supported", {"Statistic": None, "ExtendedStatistic": "q95"}),
        ("enum value set", {"ComparisonOperator": "AtLeast"}),
        ("TreatMissingData", {"TreatMissingData": "good"}),
        ("DatapointsToAlarm", {"DatapointsToAlarm": 6}),
        ("more than a day", {"EvaluationPeriods": 1441}),
        ("Threshold is required", {"Threshold": None}),
        ("length less than or equal to 255", {"AlarmName": "x" * 256}),
        ("length less than or equal to 1024", {"AlarmDescription": "x" * 1025}),
        ("length less than or equal to 5", {"AlarmActions": [f"arn:aws:sns:eu-central-1:123456789012:t{it}" for it in range(6)]}),
        ("Invalid arn syntax", {"AlarmActions": ["on-call"]}),
        ("Only eu-central-1 is supported", {"OKActions": ["arn:aws:sns:us-east-1:123456789012:on-call"]}),
        ("together with Metrics", {"Metrics": [query("a", ReturnData=True)]}),
    ],
)
def test_what_no_alarm_can_be(aws, why, wrong):
    assert why in aws.refuses("ValidationError", aws.cloudwatch.put_metric_alarm, **alarm(**wrong))


@pytest.mark.parametrize(
    "why, wrong",
    [
        ("Exactly one", share(query("errors"), query("requests", ReturnData=True))),
        ("unique", share(query("errors"), query("errors"), query("requests"))),
        ("lowercase letter", share(query("Errors"), expression="Errors")),
        ("undefined variable", share(query("errors"))),
        ("either MetricStat or Expression", share(query("errors", Expression="1"), query("requests"))),
        ("from 1 to 10 metrics", share(*(query(f"m{it}") for it in range(11)), expression="m1")),
        ("from 1 to 10 metrics", share({"Id": "one", "Expression": "1", "ReturnData": False}, expression="one")),
        ("Period must be", share(query("errors", MetricStat=query("errors")["MetricStat"] | {"Period": 45}), query("requests"))),
    ],
)
def test_what_metric_math_cannot_be(aws, why, wrong):
    """"One item in the Metrics array is the expression that the alarm watches"; ids as in `MetricDataQuery`."""
    assert why in aws.refuses("ValidationError", aws.cloudwatch.put_metric_alarm, **wrong)


def test_functions_and_words_in_quotes_are_no_ids(aws):
    aws.cloudwatch.put_metric_alarm(**share(expression='IF(requests > 0, SUM(METRICS("errors")) / requests, 0)'))


def test_alarms_are_found_by_name_and_by_how_names_begin_a_page_at_a_time(aws):
    """`DescribeAlarms`: 50 a page unless told otherwise, up to 100, and of alarms on metrics only."""
    for number in range(60):
        aws.cloudwatch.put_metric_alarm(**alarm(f"shop-dev-{number:02}"))
    aws.cloudwatch.put_metric_alarm(**alarm("shop-prod-00"))
    page = aws.cloudwatch.describe_alarms(AlarmNamePrefix="shop-dev-")
    assert len(page["MetricAlarms"]) == 50
    rest = aws.cloudwatch.describe_alarms(AlarmNamePrefix="shop-dev-", NextToken=page["NextToken"])
    assert len(rest["MetricAlarms"]) == 10 and "NextToken" not in rest
    assert len(aws.cloudwatch.describe_alarms(AlarmNamePrefix="shop-", MaxRecords=100)["MetricAlarms"]) == 61
    assert found(aws, AlarmNames=["shop-prod-00", "nobody"])["AlarmName"] == "shop-prod-00"
    assert aws.cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["MetricAlarms"] == []
    aws.refuses("ValidationError", aws.cloudwatch.describe_alarms, AlarmNames=["a"], AlarmNamePrefix="a")
    aws.refuses("ValidationError", aws.cloudwatch.describe_alarms, MaxRecords=101)
    aws.refuses("InvalidNextToken", aws.cloudwatch.describe_alarms, NextToken="more")


def test_a_state_stays_as_it_was_set(aws):
    aws.refuses("ResourceNotFound", aws.cloudwatch.set_alarm_state, AlarmName="nobody", StateValue="OK", StateReason="a test")
    aws.cloudwatch.put_metric_alarm(**alarm(Period=10, EvaluationPeriods=1, TreatMissingData="notBreaching"))
    first = found(aws)["StateTransitionedTimestamp"]
    aws.cloudwatch.set_alarm_state(AlarmName="shop-dev-web-cpu", StateValue="ALARM", StateReason="a test")
    rings = found(aws)
    assert (rings["StateValue"], rings["StateReason"]) == ("ALARM", "a test") and rings["StateTransitionedTimestamp"] > first
    aws.cloudwatch.set_alarm_state(AlarmName="shop-dev-web-cpu", StateValue="ALARM", StateReason="still")
    still = found(aws, StateValue="ALARM")
    assert (still["StateReason"], still["StateTransitionedTimestamp"]) == ("still", rings["StateTransitionedTimestamp"])
    aws.refuses("ValidationError", aws.cloudwatch.set_alarm_state, AlarmName="shop-dev-web-cpu", StateValue="RINGS", StateReason="")


def test_all_alarms_go_or_none(aws):
    """`DeleteAlarms`: "If you specify an incorrect alarm name or make any other error in this operation, no alarms are deleted."""
    aws.cloudwatch.put_metric_alarm(**alarm())
    aws.refuses("ResourceNotFound", aws.cloudwatch.delete_alarms, AlarmNames=["shop-dev-web-cpu", "nobody"])
    aws.cloudwatch.delete_alarms(AlarmNames=[found(aws)["AlarmName"]])
    assert aws.cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_actions_are_switched(aws):
    aws.cloudwatch.put_metric_alarm(**alarm())
    aws.cloudwatch.disable_alarm_actions(AlarmNames=["shop-dev-web-cpu", "nobody"])
    assert found(aws)["ActionsEnabled"] is False
    aws.cloudwatch.enable_alarm_actions(AlarmNames=["shop-dev-web-cpu"])
    assert found(aws)["ActionsEnabled"] is True


def test_metrics_are_still_localstacks(aws):
    aws.cloudwatch.put_metric_data(Namespace="shop", MetricData=[{"MetricName": "orders", "Value": 1.0}])
    assert [it["MetricName"] for it in aws.cloudwatch.list_metrics(Namespace="shop")["Metrics"]] == ["orders"]


def test_a_policy_names_the_alarms_that_it_is_about(aws):
    """"Actions, resources, and condition keys for Amazon CloudWatch": `alarm*`, and `cloudwatch:TagResource` where it is tagged."""
    actions, ours = ["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"], ARN.format(aws.account, "shop-dev-*")
    statement = {"Effect": "Allow", "Action": actions, "Resource": ours}
    aws.infra("iam", session="ci", policies=[{"Version": "2012-10-17", "Statement": [statement]}])
    settings = {"region_name": aws.region, "endpoint_url": aws.endpoint, "aws_access_key_id": aws.account}
    config = Config(retries={"max_attempts": 0})
    ci = boto3.client("cloudwatch", aws_secret_access_key="test", aws_session_token="ci", config=config, **settings)
    ci.put_metric_alarm(**alarm())
    ci.delete_alarms(AlarmNames=["shop-dev-web-cpu"])
    aws.refuses("AccessDenied", ci.put_metric_alarm, **alarm("shop-prod-web-cpu"))
    assert "cloudwatch:TagResource" in aws.refuses("AccessDenied", ci.put_metric_alarm, **alarm(Tags=[{"Key": "a", "Value": "b"}]))
    assert "cloudwatch:DescribeAlarms" in aws.refuses("AccessDenied", ci.describe_alarms)
