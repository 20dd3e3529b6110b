"""One instance refresh: what was asked for, how far it is, and how it is read back."""

from dataclasses import dataclass, field
from uuid import uuid4

from .group import Group, check_percentages, invalid, utc

# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AlarmSpecification.html
MAX_ALARMS = 10
ACTIVE = ("Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress")


@dataclass
class Refresh:
    group: Group
    preferences: dict
    # The desired configuration as it is read back, if there is one.
    desired: dict | None
    # How it was asked to end; None lets it succeed.
    outcome: str | None
    id: str = field(default_factory=lambda: str(uuid4()))
    status: str = "Pending"
    reason: str | None = None
    started: float | None = None
    ended: float | None = None
    rollback: dict | None = None
    # Instances still to replace.
    old: list[str] = field(default_factory=list)
    total: int = 0
    attempts: int = 0
    # Checkpoints that lie behind it.
    passed: int = 0

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def is_moving(self) -> bool:
        """Whether what is launched now belongs to the new configuration."""
        return self.status in ("Pending", "InProgress", "Baking")

    def replacements(self) -> list[dict]:
        """Living members this refresh has brought, those included that took the place of an unhealthy one of its own."""
        return [it for it in self.group.living() if it["RefreshId"] == self.id]

    @property
    def percentage(self) -> int:
        if self.status in ("Successful", "Baking"):
            return 100
        done = self.total - len(self.old)
        if self.rollback:
            # Goes back down as the replacements are replaced.
            done = min(done, len(self.replacements()))
        return round(100 * done / self.total) if self.total else 0

    @property
    def batch(self) -> int:
        """How many instances may be out of service at once; no more than are left to the next checkpoint."""
        desired = self.group.settings["DesiredCapacity"]
        room = 100 - self.preferences["MinHealthyPercentage"] + self.preferences["MaxHealthyPercentage"] - 100
        most = max(1, desired * room // 100)
        if (checkpoint := self.checkpoint) is None or not self.is_moving:
            return most
        left = -(-checkpoint * self.total // 100) - (self.total - len(self.old))
        return min(most, max(1, left))

    @property
    def checkpoint(self) -> int | None:
        """The percentage at which it stops next."""
        return next(iter(self.checkpoints[self.passed :]), None)

    @property
    def checkpoints(self) -> list[int]:
        return self.preferences.get("CheckpointPercentages") or []

    @property
    def launches_first(self) -> bool:
        return self.preferences["MinHealthyPercentage"] == 100 or self.preferences["MaxHealthyPercentage"] > 100

    def template(self) -> dict | None:
        """What instances are launched from while this lasts, if not from the group's own template."""
        if not self.desired or not self.is_moving:
            return None
        if "LaunchTemplate" in self.desired:
            return self.desired["LaunchTemplate"]
        return self.desired["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]

    def end(self, status: str, at: float, reason: str | None = None) -> None:
        self.status, self.ended, self.reason = status, at, reason or self.reason

    def describe(self) -> dict:
        shown = {
            "InstanceRefreshId": self.id,
            "AutoScalingGroupName": self.group.name,
            "Status": self.status,
            "Strategy": "Rolling",
            "Preferences": self.preferences,
            "PercentageComplete": self.percentage,
            "InstancesToUpdate": len(self.old),
            "StatusReason": self.reason,
            "StartTime": utc(self.started) if self.started else None,
            "EndTime": utc(self.ended) if self.ended else None,
            "DesiredConfiguration": self.desired,
            "RollbackDetails": self.rollback,
        }
        return {key: value for key, value in shown.items() if value is not None}


def preferences(given: dict, settings: dict) -> dict:
    """The preferences with AWS's defaults, some of which the group sets."""
    policy = settings.get("InstanceMaintenancePolicy", {})
    warmup = settings.get("DefaultInstanceWarmup", settings["HealthCheckGracePeriod"])
    result = {
        "MinHealthyPercentage": policy.get("MinHealthyPercentage", 90),
        "MaxHealthyPercentage": policy.get("MaxHealthyPercentage", 100),
        "InstanceWarmup": warmup,
        "SkipMatching": False,
        "AutoRollback": False,
        "ScaleInProtectedInstances": "Wait",
        "StandbyInstances": "Wait",
        **given,
    }
    low, high = result["MinHealthyPercentage"], result["MaxHealthyPercentage"]
    if "MaxHealthyPercentage" in given and "MinHealthyPercentage" not in given:
        raise invalid("MinHealthyPercentage must be specified with MaxHealthyPercentage.")
    check_percentages(low, high)
    checkpoints = given.get("CheckpointPercentages") or []
    if checkpoints != sorted(set(checkpoints)) or any(not 1 <= it <= 100 for it in checkpoints):
        raise invalid("CheckpointPercentages must be unique, ascending and from 1 to 100.")
    if "CheckpointDelay" in given and not checkpoints:
        raise invalid("CheckpointPercentages must be specified with CheckpointDelay.")
    if checkpoints:
        result.setdefault("CheckpointDelay", 3600)
    if len((given.get("AlarmSpecification") or {}).get("Alarms") or []) > MAX_ALARMS:
        raise invalid(f"An instance refresh takes at most {MAX_ALARMS} alarms.")
    return result
