"""Rules of a listener: a priority of their own, conditions, actions; the default one is the listener's own."""

import random

from ..framework import aws_error
from . import actions

#: field of a condition -> the member that holds its values in full
CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}


class Rules:
    def create_rule(self, context, request):
        state = self.state(context)
        listener = self._known(context, request["ListenerArn"])
        priority = request.get("Priority")
        if not priority or not 1 <= priority <= 50000:
            raise aws_error("ValidationError", "The priority must be between 1 and 50000")
        if priority in {r["priority"] for r in state.rules.values() if r["listener"] == listener["ListenerArn"]}:
            raise self.error("PriorityInUseException", f"Priority '{priority}' is currently in use")
        balancer = state.load_balancers[listener["LoadBalancerArn"]]
        arn = listener["ListenerArn"].replace(":listener/", ":listener-rule/") + f"/{random.getrandbits(64):016x}"
        rule = {
            "RuleArn": arn,
            "Conditions": _conditions(request.get("Conditions")),
            "Actions": actions.checked(self, context, balancer, listener["Protocol"], request.get("Actions")),
            "IsDefault": False,
            "Transforms": request.get("Transforms") or [],
            "listener": listener["ListenerArn"],
            "priority": priority,
        }
        self._tag(context, arn, request.get("Tags"))
        state.rules[arn] = rule
        self._note_use(context)
        return {"Rules": [_shown(rule)]}

    def modify_rule(self, context, request):
        state = self.state(context)
        rule = self._known(context, request["RuleArn"])
        listener = state.listeners[rule["listener"]]
        if request.get("Actions"):
            balancer = state.load_balancers[listener["LoadBalancerArn"]]
            rule["Actions"] = actions.checked(self, context, balancer, listener["Protocol"], request["Actions"])
            self._note_use(context)
        if request.get("Conditions"):
            rule["Conditions"] = _conditions(request["Conditions"])
        return {"Rules": [_shown(rule)]}

    def set_rule_priorities(self, context, request):
        wanted = {pair["RuleArn"]: pair["Priority"] for pair in request.get("RulePriorities") or []}
        rules = [self._known(context, arn) for arn in wanted]
        for rule in rules:
            for other in self.state(context).rules.values():
                taken = wanted.get(other["RuleArn"], other["priority"]) == wanted[rule["RuleArn"]]
                if taken and other is not rule and other["listener"] == rule["listener"]:
                    raise self.error("PriorityInUseException", f"Priority '{wanted[rule['RuleArn']]}' is currently in use")
        for rule in rules:
            rule["priority"] = wanted[rule["RuleArn"]]
        return {"Rules": [_shown(rule) for rule in rules]}

    def delete_rule(self, context, request):
        state = self.state(context)
        del state.rules[self._known(context, request["RuleArn"])["RuleArn"]]
        state.tags.pop(request["RuleArn"], None)
        self._note_use(context)
        return {}

    def describe_rules(self, context, request):
        state = self.state(context)
        if arn := request.get("ListenerArn"):
            listener = self._known(context, arn)
            rules = sorted((r for r in state.rules.values() if r["listener"] == arn), key=lambda rule: rule["priority"])
            found = [_shown(rule) for rule in rules] + [_default(listener)]
        else:
            found = [_shown(self._known(context, arn)) for arn in request.get("RuleArns") or []]
        page, more = self._page(found, request)
        return {"Rules": page} | more


def _conditions(asked: list[dict] | None) -> list[dict]:
    if not asked:
        raise aws_error("ValidationError", "A condition must be specified")
    full = []
    for condition in asked:
        field = condition.get("Field")
        config = CONFIGS.get(field) or next((name for name in CONFIGS.values() if condition.get(name)), None)
        if not config:
            raise aws_error("ValidationError", f"Condition field '{field}' must be one of '[{', '.join(CONFIGS)}]'")
        field = field or next(key for key, name in CONFIGS.items() if name == config)
        values = condition.get(config) or {"Values": condition.get("Values") or []}
        if not values.get("Values"):
            raise aws_error("ValidationError", "A condition value must be specified")
        shown = {"Field": field, config: values}
        if field in ("host-header", "path-pattern"):  # these two are also shown the old way
            shown["Values"] = values["Values"]
        full.append(shown)
    return full


def _shown(rule: dict) -> dict:
    return {key: value for key, value in rule.items() if key[0].isupper()} | {"Priority": str(rule["priority"])}


def _default(listener: dict) -> dict:
    return {
        "RuleArn": listener["ListenerArn"].replace(":listener/", ":listener-rule/") + "/0000000000000000",
        "Priority": "default",
        "Conditions": [],
        "Actions": listener["DefaultActions"],
        "IsDefault": True,
        "Transforms": [],
    }
