"""A group, its members, and how both are read back."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from ..framework import aws_error

# What a group reads back when nobody asked for it; AWS leaves out everything else that was not set.
DEFAULTS = {
    "DefaultCooldown": 300,
    "LoadBalancerNames": [],
    "TargetGroupARNs": [],
    "HealthCheckType": "EC2",
    "HealthCheckGracePeriod": 0,
    "TerminationPolicies": ["Default"],
    "NewInstancesProtectedFromScaleIn": False,
}
# What a request may set and a description shows under the same name.
SETTINGS = (
    "MinSize",
    "MaxSize",
    "DesiredCapacity",
    "LaunchTemplate",
    "MixedInstancesPolicy",
    "VPCZoneIdentifier",
    "AvailabilityZones",
    "PlacementGroup",
    "ServiceLinkedRoleARN",
    "MaxInstanceLifetime",
    "CapacityRebalance",
    "Context",
    "DesiredCapacityType",
    "DefaultInstanceWarmup",
    "InstanceMaintenancePolicy",
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "CapacityReservationSpecification",
    "InstanceLifecyclePolicy",
    *DEFAULTS,
)
# Of the states a member goes through, those that count towards the capacity.
LIVING = ("Pending", "InService")


def utc(moment: float) -> datetime:
    """The query protocol writes a moment in the zone it comes in and calls it UTC."""
    return datetime.fromtimestamp(moment, UTC)


def invalid(message: str) -> Exception:
    return aws_error("ValidationError", message)


@dataclass
class Group:
    name: str
    arn: str
    created: float
    settings: dict
    # key -> (value, propagate at launch)
    tags: dict[str, tuple[str, bool]] = field(default_factory=dict)
    # instance id -> what describes it, in the order of launch
    members: dict[str, dict] = field(default_factory=dict)
    suspended: set[str] = field(default_factory=set)
    metrics: set[str] = field(default_factory=set)
    policies: dict[str, dict] = field(default_factory=dict)
    activities: list[dict] = field(default_factory=list)
    refreshes: list = field(default_factory=list)
    # Replacements an instance refresh may have above the desired capacity.
    surge: int = 0
    is_going: bool = False
    is_gone: bool = False
    retries: bool = False

    @property
    def subnets(self) -> list[str]:
        return [it.strip() for it in self.settings["VPCZoneIdentifier"].split(",")]

    def living(self) -> list[dict]:
        return [it for it in self.members.values() if it["LifecycleState"] in LIVING]

    def emptiest_subnet(self) -> str:
        """Where the next instance goes: members are spread evenly."""
        used = Counter(it["SubnetId"] for it in self.living())
        return min(self.subnets, key=lambda subnet: used[subnet])

    def scale_in_order(self) -> list[dict]:
        """Who goes first: the unhealthy, then the oldest of the fullest zone."""
        candidates = [it for it in self.living() if not it["ProtectedFromScaleIn"]]
        used, order = Counter(it["AvailabilityZone"] for it in candidates), []
        while candidates:
            first = min(candidates, key=lambda it: (it["HealthStatus"] == "Healthy", -used[it["AvailabilityZone"]]))
            candidates.remove(first)
            used[first["AvailabilityZone"]] -= 1
            order.append(first)
        return order

    def template(self) -> dict:
        """The launch template and version of the group itself, an instance refresh aside."""
        if "LaunchTemplate" in self.settings:
            return self.settings["LaunchTemplate"]
        return self.settings["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]

    def describe(self, with_instances: bool = True) -> dict:
        shown = {
            **self.settings,
            "AutoScalingGroupName": self.name,
            "AutoScalingGroupARN": self.arn,
            "CreatedTime": utc(self.created),
            "Instances": [describe_member(it) for it in self.members.values()] if with_instances else [],
            "SuspendedProcesses": [{"ProcessName": it, "SuspensionReason": "User suspended"} for it in sorted(self.suspended)],
            "EnabledMetrics": [{"Metric": it, "Granularity": "1Minute"} for it in sorted(self.metrics)],
            "Tags": self.describe_tags(),
            "TrafficSources": [{"Identifier": it, "Type": "elbv2"} for it in self.settings["TargetGroupARNs"]],
        }
        return {**shown, "Status": "Delete in progress"} if self.is_going else shown

    def describe_tags(self) -> list[dict]:
        return [
            {
                "ResourceId": self.name,
                "ResourceType": "auto-scaling-group",
                "Key": key,
                "Value": value,
                "PropagateAtLaunch": propagate,
            }
            for key, (value, propagate) in sorted(self.tags.items())
        ]

    def begin_activity(self, description: str, cause: str, at: float) -> dict:
        activity = {
            "ActivityId": str(uuid4()),
            "AutoScalingGroupName": self.name,
            "AutoScalingGroupARN": self.arn,
            "Description": description,
            "Cause": f"At {utc(at):%Y-%m-%dT%H:%M:%SZ} {cause}",
            "StartTime": utc(at),
            "StatusCode": "InProgress",
            "Progress": 50,
            "Details": "{}",
        }
        self.activities.insert(0, activity)
        return activity


def end_activity(activity: dict, at: float, failure: str | None = None) -> None:
    activity.update({"StatusCode": "Failed" if failure else "Successful", "Progress": 100, "EndTime": utc(at)})
    if failure:
        activity["StatusMessage"] = failure


def describe_member(member: dict) -> dict:
    return {key: value for key, value in member.items() if key not in ("SubnetId", "RefreshId")}


def check_sizes(settings: dict) -> None:
    low, high, desired = (settings[key] for key in ("MinSize", "MaxSize", "DesiredCapacity"))
    if low < 0 or high < 0:
        raise invalid("MinSize and MaxSize must not be negative.")
    if low > high:
        raise invalid(f"Max bound, {high}, must be greater than or equal to min bound, {low}")
    check_desired(desired, settings)


def check_maintenance(settings: dict) -> None:
    """Both percentages of an instance maintenance policy or none; -1 for both takes it away.
    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstanceMaintenancePolicy.html
    """
    policy = settings.get("InstanceMaintenancePolicy")
    if policy is None:
        return
    low, high = policy.get("MinHealthyPercentage"), policy.get("MaxHealthyPercentage")
    if (low, high) == (-1, -1):
        del settings["InstanceMaintenancePolicy"]
        return
    if low is None or high is None:
        raise invalid("MinHealthyPercentage and MaxHealthyPercentage must both be specified.")
    check_percentages(low, high)


def check_percentages(low: int, high: int) -> None:
    if not 0 <= low <= 100 or not 100 <= high <= 200 or high - low > 100:
        raise invalid(
            "MinHealthyPercentage must be from 0 to 100 and MaxHealthyPercentage from 100 to 200, at most 100 apart."
        )


def check_desired(desired: int, settings: dict) -> None:
    low, high = settings["MinSize"], settings["MaxSize"]
    if desired < low:
        raise invalid(f"New SetDesiredCapacity value {desired} is below min value {low} for the AutoScalingGroup.")
    if desired > high:
        raise invalid(f"New SetDesiredCapacity value {desired} is above max value {high} for the AutoScalingGroup.")
