"""Auto Scaling: groups that launch real EC2 instances, and everything about them that takes time.

One file a part: groups, capacity, refreshes, policies, tags. Nothing of moto's, whose groups are final at once. Not
here: launch configurations, which AWS no longer offers to new accounts, lifecycle hooks, warm pools, schedules.
"""

from dataclasses import dataclass, field

from .. import constraints, framework
from .capacity import Capacity
from .group import Group, invalid
from .groups import Groups
from .policies import Policies
from .refreshes import Refreshes
from .tags import Tags


@dataclass
class State:
    groups: dict[str, Group] = field(default_factory=dict)
    # Deleted ones, whose activities can still be looked at.
    gone: list[Group] = field(default_factory=list)


class Provider(Groups, Capacity, Refreshes, Policies, Tags, framework.Provider):
    service = "autoscaling"
    base = None
    state_class = State

    def _before(self, context, request):
        if why := constraints.broken(context.operation.input_shape, request):
            raise invalid(why)

    def create_launch_configuration(self, context, request):
        raise self.error(
            "UnsupportedOperation",
            "The Launch Configuration creation operation is not available in your account. Use launch templates to create "
            "configuration templates for your Auto Scaling groups.",
        )

    def describe_launch_configurations(self, context, request):
        return {"LaunchConfigurations": []}

    def _page(self, request: dict, key: str, items: list, default: int) -> dict:
        """A page of the items; the token of the next is where it starts."""
        start = request.get("NextToken") or "0"
        if not start.isdigit():
            raise self.error("InvalidNextToken", "The token is not valid")
        end = int(start) + (request.get("MaxRecords") or default)
        return {key: items[int(start) : end], **({"NextToken": str(end)} if end < len(items) else {})}
