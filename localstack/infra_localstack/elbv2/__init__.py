"""Elastic Load Balancing v2, whole: moto's is not used.

One file a thing: load_balancers, listeners, rules (and their conditions), actions, target_groups, targets (and their
health), attributes. What is kept is what the describe calls answer, plus what is behind it under keys in small letters.
"""

from dataclasses import dataclass, field

from .. import constraints, framework
from .listeners import Listeners
from .load_balancers import LoadBalancers
from .rules import Rules
from .target_groups import TargetGroups
from .targets import Targets


@dataclass
class State:
    """Everything by its ARN."""

    load_balancers: dict[str, dict] = field(default_factory=dict)
    listeners: dict[str, dict] = field(default_factory=dict)
    rules: dict[str, dict] = field(default_factory=dict)
    target_groups: dict[str, dict] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    # Targets from before that moment are no longer `initial`.
    hurried: float = 0.0

    def hurry(self, at: float) -> None:
        self.hurried = at


class Provider(LoadBalancers, Listeners, Rules, TargetGroups, Targets, framework.Provider):
    service = "elbv2"
    state_class = State

    def _before(self, context, request):
        if why := constraints.broken(context.operation.input_shape, request):
            raise framework.aws_error("ValidationError", why)

    def add_tags(self, context, request):
        for arn in request["ResourceArns"]:
            self._known(context, arn)
        for arn in request["ResourceArns"]:
            self._tag(context, arn, request.get("Tags"))
        return {}

    def remove_tags(self, context, request):
        for arn in request["ResourceArns"]:
            self._known(context, arn)
            for key in request.get("TagKeys") or []:
                self.state(context).tags.get(arn, {}).pop(key, None)
        return {}

    def describe_tags(self, context, request):
        arns = request.get("ResourceArns") or []
        if len(arns) > 20:
            raise framework.aws_error("ValidationError", "Cannot have more than 20 resources described")
        for arn in arns:
            self._known(context, arn)
        tags = self.state(context).tags
        return {
            "TagDescriptions": [
                {"ResourceArn": arn, "Tags": [{"Key": k, "Value": v} for k, v in tags.get(arn, {}).items()]} for arn in arns
            ]
        }

    def _tag(self, context, arn: str, tags: list[dict] | None):
        new = {tag["Key"]: tag.get("Value", "") for tag in tags or []}
        if len(new) < len(tags or []):
            raise self.error("DuplicateTagKeysException", "Tag keys must be unique")
        if any(key.lower().startswith("aws:") for key in new):
            raise framework.aws_error("ValidationError", "Tag keys may not begin with aws:")
        mine = self.state(context).tags.setdefault(arn, {})
        if len(mine | new) > 50:
            raise self.error("TooManyTagsException", "The maximum number of tags is 50")
        mine.update(new)

    def _known(self, context, arn: str, kind: str | None = None):
        """What has that ARN; of that kind only, where a call asks for one."""
        state = self.state(context)
        kinds = (
            ("listener-rule", state.rules, "RuleNotFoundException", "rules"),
            ("listener", state.listeners, "ListenerNotFoundException", "listeners"),
            ("targetgroup", state.target_groups, "TargetGroupNotFoundException", "target groups"),
            ("loadbalancer", state.load_balancers, "LoadBalancerNotFoundException", "load balancers"),
        )
        for part, things, code, name in kinds:
            if f":{part}/" in arn and kind in (None, part):
                if arn not in things:
                    raise self.error(code, f"One or more {name} not found")
                return things[arn]
        raise framework.aws_error("ValidationError", f"'{arn}' is not a valid {kind or 'resource'} ARN")

    def _page(self, items: list, request) -> tuple[list, dict]:
        """The page a request asks for, and what names the next one."""
        marker = request.get("Marker") or "0"
        if not marker.isdecimal():
            raise framework.aws_error("ValidationError", f"The marker '{marker}' is not valid")
        start = int(marker)
        end = start + (request.get("PageSize") or 400)
        return items[start:end], {"NextMarker": str(end)} if end < len(items) else {}
