"""Rules of a listener: a priority of their own, conditions, actions. Each listener has a default rule, with the listener's own
actions, that comes last: only `ModifyListener` changes it, and it goes with the listener.

Sources: CreateRule, ModifyRule, DeleteRule, DescribeRules and SetRulePriorities in the ELBv2 API reference; "Listener rules" and
"Quotas for your Application Load Balancers" in the guide.
"""

import random

from ..framework import aws_error
from . import actions, conditions

#: "Rules per Application Load Balancer (excluding default rules)".
MOST = 100


class Rules:
    def create_rule(self, context, request):
        state = self.state(context)
        listener = self._known(context, request["ListenerArn"], "listener")
        balancer, at = state.load_balancers[listener["LoadBalancerArn"]], request["Priority"]
        if balancer["Type"] != "application":
            # "The listener must be associated with an Application Load Balancer."
            raise self.error("UnsupportedProtocolException", f"Rules are not supported for {listener['Protocol']} listeners")
        rule = {
            "Conditions": conditions.checked(request.get("Conditions")),
            "Actions": actions.checked(self, context, balancer, listener["Protocol"], request.get("Actions")),
            "Transforms": _transforms(request.get("Transforms")),
            "priority": at,
        }
        if at in {other["priority"] for other in self._rules_of(context, listener)}:
            raise self._in_use(at)
        balancers = [state.listeners[it["listener"]]["LoadBalancerArn"] for it in state.rules.values() if not it["IsDefault"]]
        if balancers.count(balancer["LoadBalancerArn"]) >= MOST:
            raise self.error(
                "TooManyRulesException", f"The maximum number of rules on load balancer '{balancer['LoadBalancerArn']}' is {MOST}"
            )
        arn = self._add_rule(context, listener, rule, request.get("Tags"))
        self._note_use(context)
        return {"Rules": [_shown(state.rules[arn])]}

    def modify_rule(self, context, request):
        state = self.state(context)
        rule = self._changeable(context, request["RuleArn"], "modified")
        if request.get("Transforms") and request.get("ResetTransforms"):
            raise aws_error("ValidationError", "Transforms and ResetTransforms cannot be specified at the same time")
        if not any(request.get(key) for key in ("Conditions", "Actions", "Transforms", "ResetTransforms")):
            raise aws_error("ValidationError", "Either conditions or actions must be specified")
        new = {}
        if request.get("Conditions"):
            new["Conditions"] = conditions.checked(request["Conditions"])
        if request.get("Actions"):
            listener = state.listeners[rule["listener"]]
            balancer = state.load_balancers[listener["LoadBalancerArn"]]
            new["Actions"] = actions.checked(self, context, balancer, listener["Protocol"], request["Actions"], instead_of=rule)
        if request.get("Transforms") or request.get("ResetTransforms"):
            new["Transforms"] = _transforms(request.get("Transforms"))
        rule.update(new)
        self._note_use(context)
        return {"Rules": [_shown(rule)]}

    def set_rule_priorities(self, context, request):
        pairs = request["RulePriorities"]
        if not pairs or any(pair.get("RuleArn") is None or pair.get("Priority") is None for pair in pairs):
            raise aws_error("ValidationError", "A rule ARN and a priority must be specified")
        wanted = {pair["RuleArn"]: pair["Priority"] for pair in pairs}
        if len(wanted) < len(pairs):
            raise aws_error("ValidationError", "A rule was provided multiple times")
        rules = [self._changeable(context, arn, "modified") for arn in wanted]
        if len({rule["listener"] for rule in rules}) > 1:
            raise aws_error("ValidationError", "The rules must belong to the same listener")
        taken = set()
        for priority in wanted.values():
            if priority in taken:
                raise aws_error("ValidationError", f"Priority '{priority}' was provided multiple times")
            taken.add(priority)
        # "Any existing rules that you do not specify retain their current priority."
        for other in self._rules_of(context, self.state(context).listeners[rules[0]["listener"]]):
            if other["RuleArn"] not in wanted and other["priority"] in taken:
                raise self._in_use(other["priority"])
        for rule in rules:
            rule["priority"] = wanted[rule["RuleArn"]]
        return {"Rules": [_shown(rule) for rule in rules]}

    def delete_rule(self, context, request):
        rule = self._changeable(context, request["RuleArn"], "deleted")
        self._drop_rule(context, rule)
        self._note_use(context)
        return {}

    def describe_rules(self, context, request):
        arn, arns = request.get("ListenerArn"), request.get("RuleArns")
        if arn and arns:
            raise aws_error("ValidationError", "Listener rule ARNs and a listener ARN cannot be specified at the same time")
        if arn:
            rules = self._rules_of(context, self._known(context, arn, "listener"))
            found = sorted(rules, key=lambda rule: (rule["IsDefault"], rule["priority"]))
        elif arns:
            found = [self._known(context, arn, "listener-rule") for arn in dict.fromkeys(arns)]
        else:
            raise aws_error("ValidationError", "You must specify either listener rule ARNs or a listener ARN")
        page, more = self._page(found, request)
        return {"Rules": [_shown(rule) for rule in page]} | more

    # For listeners ------------------------------------------------------------------------------------------------

    def _set_default_rule(self, context, listener: dict) -> None:
        """Makes the listener's own actions a rule."""
        if default := self._default_rule(context, listener):
            default["Actions"] = listener["DefaultActions"]
        else:
            rule = {"Conditions": [], "Actions": listener["DefaultActions"], "Transforms": [], "priority": None}
            self._add_rule(context, listener, rule, None)

    def _default_rule(self, context, listener: dict) -> dict | None:
        return next((rule for rule in self._rules_of(context, listener) if rule["IsDefault"]), None)

    def _rules_of(self, context, listener: dict) -> list[dict]:
        return [rule for rule in self.state(context).rules.values() if rule["listener"] == listener["ListenerArn"]]

    def _drop_rule(self, context, rule: dict) -> None:
        state = self.state(context)
        del state.rules[rule["RuleArn"]]
        state.tags.pop(rule["RuleArn"], None)

    # ---------------------------------------------------------------------------------------------------------------

    def _add_rule(self, context, listener: dict, rule: dict, tags: list[dict] | None) -> str:
        arn = listener["ListenerArn"].replace(":listener/", ":listener-rule/") + f"/{random.getrandbits(64):016x}"
        self._tag(context, arn, tags)
        rule |= {"RuleArn": arn, "IsDefault": rule["priority"] is None, "listener": listener["ListenerArn"]}
        self.state(context).rules[arn] = rule
        return arn

    def _changeable(self, context, arn: str, verb: str) -> dict:
        rule = self._known(context, arn, "listener-rule")
        if rule["IsDefault"]:
            raise self.error("OperationNotPermittedException", f"Default rule '{arn}' cannot be {verb}")
        return rule

    def _in_use(self, priority: int):
        return self.error("PriorityInUseException", f"Priority '{priority}' is currently in use")


def _transforms(asked: list[dict] | None) -> list[dict]:
    """ "You can add one host header rewrite transform and one URL rewrite transform." """
    kinds = [transform["Type"] for transform in asked or []]
    if len(kinds) > len(set(kinds)):
        raise aws_error("ValidationError", "A rule can only have one transform of each type")
    return asked or []


def _shown(rule: dict) -> dict:
    shown = {key: value for key, value in rule.items() if key[0].isupper()}
    return shown | {"Priority": "default" if rule["IsDefault"] else str(rule["priority"])}
