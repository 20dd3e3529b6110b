"""CloudWatch: metrics are LocalStack's own; alarms are kept here, since LocalStack's take any definition, forget their tags and their
state when they are changed, and are judged by a clock of their own.

Here nobody judges them: an alarm stays as it is until `SetAlarmState`. Its actions are checked and not carried out. Not here: composite
alarms, anomaly detection, Metrics Insights, the history of alarms.

What is refused, and in which words where they are known: PutMetricAlarm, DescribeAlarms, DeleteAlarms and SetAlarmState in the CloudWatch
API reference.
"""

import datetime
import re
from dataclasses import dataclass, field

from localstack.services.cloudwatch.provider_v2 import CloudwatchProvider

from . import constraints, framework

STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
#: "CloudWatch statistics definitions": percentiles, trimmed means and their kin, percentile ranks.
EXTENDED = re.compile(r"(p|tm|tc|ts|wm)\d{1,2}(\.\d{0,10})?|p100|IQM|(PR|TM|TC|TS|WM)\([\d.]*%?:[\d.]*%?\)")
MISSING = ("breaching", "notBreaching", "ignore", "missing")
#: Of one metric alone; in the same call as Metrics they are refused.
SINGLE = ("MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")
#: What an alarm may do: tell SNS, call a function, scale a group, act on an instance.
ARN = re.compile(r"arn:(aws|aws-cn|aws-us-gov):(sns|lambda|autoscaling|automate|swf|ssm|ssm-incidents|aiops):([a-z0-9-]*):(\d{12})?:.+")
MOST_METRICS = 10  # "You can include as many as 10 metrics in an alarm that is based on metric math"
MOST_TAGS = 50
PAGE = 50


@dataclass
class State:
    alarms: dict[str, dict] = field(default_factory=dict)
    #: By the ARN of the alarm.
    tags: dict[str, dict] = field(default_factory=dict)


class Provider(framework.Provider):
    service = "cloudwatch"
    base = CloudwatchProvider()
    state_class = State

    def _before(self, context, request):
        if why := constraints.broken(context.operation.input_shape, request):
            raise self._invalid(why)

    def put_metric_alarm(self, context, request):
        _check(self._invalid, context.region, request)
        state, now = self.state(context), self._now(context)
        there = state.alarms.get(request["AlarmName"])
        arn = f"arn:{context.partition}:cloudwatch:{context.region}:{context.account_id}:alarm:{request['AlarmName']}"
        alarm = {key: value for key, value in request.items() if key != "Tags"}
        alarm |= {"AlarmArn": arn, "AlarmConfigurationUpdatedTimestamp": now}
        for key in (*ACTIONS, *(() if "Metrics" in request else ("Dimensions",))):
            alarm.setdefault(key, [])
        alarm.setdefault("ActionsEnabled", True)
        if there:
            # "When you update an existing alarm, its state is left unchanged"; "any tags you specify in this parameter are ignored".
            alarm |= {key: value for key, value in there.items() if key.startswith("State")}
        else:
            alarm |= {"StateValue": "INSUFFICIENT_DATA", "StateReason": "Unchecked: Initial alarm creation"}
            alarm |= {"StateUpdatedTimestamp": now, "StateTransitionedTimestamp": now}
            state.tags[arn] = self._tagged({}, request.get("Tags") or [])
        state.alarms[request["AlarmName"]] = alarm

    def put_composite_alarm(self, context, request):
        raise NotImplementedError("composite alarms are not served here")

    def describe_alarms(self, context, request):
        names, prefix = request.get("AlarmNames"), request.get("AlarmNamePrefix")
        if names and prefix:
            raise self._invalid("AlarmNamePrefix and AlarmNames cannot both be specified")
        types = request.get("AlarmTypes") or ["MetricAlarm"]
        alarms = [alarm for _, alarm in sorted(self.state(context).alarms.items()) if "MetricAlarm" in types]
        if names:
            alarms = [alarm for alarm in alarms if alarm["AlarmName"] in names]
        if prefix:
            alarms = [alarm for alarm in alarms if alarm["AlarmName"].startswith(prefix)]
        if wanted := request.get("StateValue"):
            alarms = [alarm for alarm in alarms if alarm["StateValue"] == wanted]
        if action := request.get("ActionPrefix"):
            alarms = [alarm for alarm in alarms if any(it.startswith(action) for key in ACTIONS for it in alarm[key])]
        try:
            start = int(request.get("NextToken") or 0)
        except ValueError:
            raise self.error("InvalidNextToken", "The next token specified is invalid.") from None
        end = start + (request.get("MaxRecords") or PAGE)
        more = {"NextToken": str(end)} if end < len(alarms) else {}
        return {"MetricAlarms": alarms[start:end], "CompositeAlarms": []} | more

    def describe_alarms_for_metric(self, context, request):
        raise NotImplementedError("alarms are found by name here")

    def delete_alarms(self, context, request):
        state = self.state(context)
        # "If you specify an incorrect alarm name or make any other error, no alarms are deleted."
        for name in request["AlarmNames"]:
            self._alarm(context, name)
        for name in request["AlarmNames"]:
            state.tags.pop(state.alarms.pop(name)["AlarmArn"], None)

    def set_alarm_state(self, context, request):
        alarm, now = self._alarm(context, request["AlarmName"]), self._now(context)
        if alarm["StateValue"] != request["StateValue"]:
            alarm["StateTransitionedTimestamp"] = now
        alarm |= {"StateValue": request["StateValue"], "StateReason": request["StateReason"], "StateUpdatedTimestamp": now}
        alarm["StateReasonData"] = request.get("StateReasonData", "")

    def enable_alarm_actions(self, context, request):
        self._enable(context, request, True)

    def disable_alarm_actions(self, context, request):
        self._enable(context, request, False)

    def tag_resource(self, context, request):
        tags = self._tags(context, request)
        tags |= self._tagged(tags, request["Tags"])
        return {}

    def untag_resource(self, context, request):
        tags = self._tags(context, request)
        for key in request["TagKeys"]:
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, context, request):
        return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(self._tags(context, request).items())]}

    def _enable(self, context, request, enabled: bool):
        # "DisableAlarmActions": names that are not there are passed over.
        for name in request["AlarmNames"]:
            if alarm := self.state(context).alarms.get(name):
                alarm["ActionsEnabled"] = enabled

    def _alarm(self, context, name: str) -> dict:
        if name not in self.state(context).alarms:
            raise self.error("ResourceNotFound", f"Unknown alarm: {name}")
        return self.state(context).alarms[name]

    def _tags(self, context, request) -> dict:
        arn = request["ResourceARN"]
        if arn not in self.state(context).tags:
            raise self.error("ResourceNotFoundException", f"Unknown resource: {arn}")
        return self.state(context).tags[arn]

    def _tagged(self, there: dict, tags: list[dict]) -> dict:
        found = {tag["Key"]: tag["Value"] for tag in tags}
        if len(there | found) > MOST_TAGS:
            raise self._invalid(f"No more than {MOST_TAGS} tags are allowed.")
        if reserved := [key for key in found if key.lower().startswith("aws:")]:
            raise self.error("InvalidParameterValueException", f"Tag keys must not begin with aws: {', '.join(reserved)}")
        return found

    def _now(self, context):
        return datetime.datetime.fromtimestamp(self.now(context), datetime.UTC)

    def _invalid(self, message: str):
        return framework.aws_error("ValidationError", message)


def _check(invalid, region: str, request: dict) -> None:
    """What AWS refuses of an alarm beyond the constraints of its model."""
    if any(ord(letter) < 32 for letter in request["AlarmName"]):
        raise invalid("AlarmName must not contain ASCII control characters")
    if request.get("TreatMissingData", "missing") not in MISSING:
        raise invalid(f"The value {request['TreatMissingData']} is not supported for TreatMissingData parameter. Supported values are [{', '.join(MISSING)}].")
    if request.get("EvaluateLowSampleCountPercentile", "evaluate") not in ("evaluate", "ignore"):
        raise invalid("Supported options for parameter EvaluateLowSampleCountPercentile are evaluate and ignore.")
    if request.get("Threshold") is None:
        raise invalid("Threshold is required for alarms based on static thresholds")
    if request["EvaluationPeriods"] < request.get("DatapointsToAlarm", 1):
        raise invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    for action in (it for key in ACTIONS for it in request.get(key) or []):
        _check_action(invalid, region, action)
    if "Metrics" in request:
        periods = _check_queries(invalid, request)
    else:
        periods = [_check_metric(invalid, request)]
    for period in periods:
        if period not in (10, 20, 30) and period % 60:
            raise invalid("Period must be 10, 20, 30 or a multiple of 60")
        # "For alarms with a period of less than one hour, the total evaluation period can't be longer than one day", else seven.
        if period * request["EvaluationPeriods"] > (86_400 if period < 3_600 else 604_800):
            raise invalid("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).")


def _check_action(invalid, region: str, action: str) -> None:
    found = ARN.fullmatch(action)
    if not found:
        raise invalid(f"Invalid arn syntax: {action}")
    if found[2] in ("sns", "lambda", "autoscaling") and found[3] != region:
        raise invalid(f"Invalid region {found[3]} specified. Only {region} is supported.")


def _check_metric(invalid, request: dict) -> int:
    """One metric, without metric math; its period."""
    if missing := [key for key in ("MetricName", "Namespace", "Period") if not request.get(key)]:
        raise invalid(f"The parameter {missing[0]} is required.")
    statistic, extended = request.get("Statistic"), request.get("ExtendedStatistic")
    if bool(statistic) == bool(extended):
        raise invalid("You must specify either Statistic or ExtendedStatistic, and not both")
    if extended and not EXTENDED.fullmatch(extended):
        raise invalid(f"The value {extended} for parameter ExtendedStatistic is not supported.")
    return request["Period"]


def _check_queries(invalid, request: dict) -> list[int]:
    """Metrics, and what metric math makes of them; their periods."""
    if mixed := [key for key in SINGLE if key in request]:
        raise invalid(f"{mixed[0]} must not be specified together with Metrics")
    queries = request["Metrics"]
    ids = [query["Id"] for query in queries]
    if wrong := [one for one in ids if not re.fullmatch("[a-z][A-Za-z0-9_]*", one)]:
        raise invalid(f"Invalid metrics list: the id {wrong[0]} must begin with a lowercase letter, and have letters, numbers and underscores")
    if len(set(ids)) < len(ids):
        raise invalid("Invalid metrics list: ids must be unique")
    if len([query for query in queries if query.get("ReturnData", True)]) != 1:
        raise invalid("Exactly one element of the metrics list should return data")
    for query in queries:
        if ("MetricStat" in query) == ("Expression" in query):
            raise invalid(f"Invalid metrics list: {query['Id']} must have either MetricStat or Expression")
        named = set(re.findall(r"\b[a-z]\w*", re.sub('"[^"]*"', "", query.get("Expression", ""))))
        if unknown := named - set(ids):
            raise invalid(f"Invalid metrics list: undefined variable in expression: {', '.join(sorted(unknown))}")
    stats = [query["MetricStat"] for query in queries if "MetricStat" in query]
    if not stats or len(stats) > MOST_METRICS:
        raise invalid(f"Invalid metrics list: an alarm has from 1 to {MOST_METRICS} metrics")
    for stat in stats:
        if not (stat["Metric"].get("MetricName") and stat["Metric"].get("Namespace")):
            raise invalid("Invalid metrics list: a metric needs MetricName and Namespace")
        if stat["Stat"] not in STATISTICS and not EXTENDED.fullmatch(stat["Stat"]):
            raise invalid(f"The value {stat['Stat']} for parameter Stat is not supported.")
    return [stat["Period"] for stat in stats]
