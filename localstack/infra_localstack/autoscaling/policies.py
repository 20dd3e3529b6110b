"""Scaling policies. Nothing measures the instances here, so no policy ever acts by itself.

A target tracking policy names its two alarms as AWS does; they are not made in CloudWatch.
"""

from uuid import uuid4

from .group import Group, invalid

PREDEFINED = {"ASGAverageCPUUtilization", "ASGAverageNetworkIn", "ASGAverageNetworkOut", "ALBRequestCountPerTarget"}
# type -> what it must have, and what it may have besides
TYPES = {
    "SimpleScaling": ({"AdjustmentType", "ScalingAdjustment"}, {"Cooldown", "MinAdjustmentMagnitude"}),
    "StepScaling": (
        {"AdjustmentType", "StepAdjustments"},
        {"MetricAggregationType", "EstimatedInstanceWarmup", "MinAdjustmentMagnitude"},
    ),
    "TargetTrackingScaling": ({"TargetTrackingConfiguration"}, {"EstimatedInstanceWarmup"}),
    "PredictiveScaling": ({"PredictiveScalingConfiguration"}, set()),
}
SETTINGS = set().union(*(needed | allowed for needed, allowed in TYPES.values()))
ADJUSTMENTS = {"ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"}


class Policies:
    def put_scaling_policy(self, context, request):
        group, name = self._policy_group(context, request), request["PolicyName"]
        kind = request.get("PolicyType") or "SimpleScaling"
        settings = {key: request[key] for key in SETTINGS if request.get(key) is not None}
        settings = _check(kind, settings)
        before = group.policies.get(name)
        if before and before["PolicyType"] != kind:
            raise invalid(f"Cannot change the type of the policy {name} from {before['PolicyType']} to {kind}.")
        policy = {
            "AutoScalingGroupName": group.name,
            "PolicyName": name,
            "PolicyARN": before["PolicyARN"] if before else self._policy_arn(context, group, name),
            "PolicyType": kind,
            "StepAdjustments": [],
            "Alarms": [],
            "Enabled": request.get("Enabled", True),
            **settings,
        }
        if kind == "TargetTrackingScaling":
            policy["TargetTrackingConfiguration"] = {"DisableScaleIn": False, **settings["TargetTrackingConfiguration"]}
            _check_unique(group, policy)
            policy["Alarms"] = before["Alarms"] if before else self._alarms(context, group)
        if kind == "StepScaling":
            policy.setdefault("MetricAggregationType", "Average")
        group.policies[name] = policy
        return {"PolicyARN": policy["PolicyARN"], "Alarms": policy["Alarms"]}

    def describe_policies(self, context, request):
        groups = self.state(context).groups.values()
        if request.get("AutoScalingGroupName"):
            groups = [self._policy_group(context, request)]
        names, types = request.get("PolicyNames") or [], request.get("PolicyTypes") or []
        found = [
            it
            for group in groups
            for it in group.policies.values()
            if (not names or it["PolicyName"] in names or it["PolicyARN"] in names)
            and (not types or it["PolicyType"] in types)
        ]
        return self._page(request, "ScalingPolicies", found, 50)

    def delete_policy(self, context, request):
        name, groups = request["PolicyName"], self.state(context).groups.values()
        if request.get("AutoScalingGroupName"):
            groups = [self._policy_group(context, request)]
        for group in groups:
            for policy in group.policies.values():
                if name in (policy["PolicyARN"], policy["PolicyName"] if request.get("AutoScalingGroupName") else None):
                    del group.policies[policy["PolicyName"]]
                    return {}
        raise invalid(f"Scaling policy '{name}' not found")

    def _policy_group(self, context, request: dict) -> Group:
        name = request["AutoScalingGroupName"]
        if name not in self.state(context).groups:
            raise invalid(f"Group {name} not found")
        return self.state(context).groups[name]

    def _policy_arn(self, context, group: Group, name: str) -> str:
        place = f"arn:aws:autoscaling:{context.region}:{context.account_id}"
        return f"{place}:scalingPolicy:{uuid4()}:autoScalingGroupName/{group.name}:policyName/{name}"

    def _alarms(self, context, group: Group) -> list[dict]:
        names = [f"TargetTracking-{group.name}-Alarm{level}-{uuid4()}" for level in ("High", "Low")]
        prefix = f"arn:aws:cloudwatch:{context.region}:{context.account_id}:alarm"
        return [{"AlarmName": it, "AlarmARN": f"{prefix}:{it}"} for it in names]


def _check(kind: str, settings: dict) -> dict:
    """The settings of that type of policy; a zero where another type has a number is taken as left out."""
    if kind not in TYPES:
        raise invalid(f"Invalid policy type {kind}. Supported types are: [{', '.join(TYPES)}]")
    needed, allowed = TYPES[kind]
    if missing := sorted(needed - settings.keys()):
        raise invalid(f"{', '.join(missing)} must be specified for policy type {kind}")
    foreign = settings.keys() - needed - allowed
    if set_ones := sorted(key for key in foreign if settings[key] != 0):
        raise invalid(f"{', '.join(set_ones)} cannot be specified for policy type {kind}")
    if settings.get("AdjustmentType", "ExactCapacity") not in ADJUSTMENTS:
        raise invalid(f"Invalid adjustment type {settings['AdjustmentType']}")
    if kind == "TargetTrackingScaling":
        _check_tracking(settings["TargetTrackingConfiguration"])
    return {key: value for key, value in settings.items() if key not in foreign}


def _check_tracking(configuration: dict) -> None:
    metrics = {"PredefinedMetricSpecification", "CustomizedMetricSpecification"} & configuration.keys()
    if len(metrics) != 1:
        raise invalid("Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified")
    if not configuration.get("TargetValue", 0) > 0:
        raise invalid("TargetValue must be greater than 0")
    if predefined := configuration.get("PredefinedMetricSpecification"):
        metric = predefined.get("PredefinedMetricType")
        if metric not in PREDEFINED:
            raise invalid(f"Invalid predefined metric type {metric}")
        if (metric == "ALBRequestCountPerTarget") != bool(predefined.get("ResourceLabel")):
            raise invalid("ResourceLabel must be specified with ALBRequestCountPerTarget, and only there")


def _check_unique(group: Group, policy: dict) -> None:
    def metric(it: dict) -> dict:
        return {key: value for key, value in it["TargetTrackingConfiguration"].items() if key.endswith("MetricSpecification")}

    for other in group.policies.values():
        tracks = other["PolicyType"] == "TargetTrackingScaling" and other["PolicyName"] != policy["PolicyName"]
        if tracks and metric(other) == metric(policy):
            raise invalid("Only one TargetTrackingScaling policy for a given metric specification is allowed.")
