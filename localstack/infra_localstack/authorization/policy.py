"""Evaluates policy documents ("Policy evaluation logic", "IAM JSON policy elements: Condition operators").

What it does not know it refuses when the policy is bound, rather than take it for something else. It is stricter than AWS in one
thing: an action that no service has, which AWS would take and never match, is refused as well.
"""

import re
from functools import cache

from localstack.aws.spec import load_service

from .demand import PREFIXES

_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition"}
#: Actions that are no operations.
_PERMISSIONS = {"iam:PassRole"}


def _like(pattern: str, value: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), value, re.DOTALL) is not None


def _arn_like(pattern: str, value: str) -> bool:
    """Wildcards stay within each part of an ARN but the last."""
    if pattern == "*":
        return True
    patterns, values = pattern.split(":", 5), value.split(":", 5)
    return len(patterns) == len(values) and all(map(_like, patterns, values))


_OPERATORS = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda wanted, value: wanted.lower() == value.lower(),
}
_NEGATED = {"StringNotEquals": "StringEquals", "StringNotLike": "StringLike", "ArnNotEquals": "ArnEquals", "ArnNotLike": "ArnLike"}


class Policy:
    def __init__(self, document: dict):
        if document.get("Version") != "2012-10-17" or not document.get("Statement"):
            raise ValueError("a policy has a Version, 2012-10-17, and a Statement")
        self._statements = [_Statement(statement) for statement in _many(document["Statement"])]

    def verdict(self, action: str, resource: str, keys: dict) -> str | None:
        """`Deny` if a statement denies it, else `Allow` if one allows it, else None."""
        effects = {statement.effect for statement in self._statements if statement.applies(action, resource, keys)}
        return next((effect for effect in ("Deny", "Allow") if effect in effects), None)


class _Statement:
    def __init__(self, statement: dict):
        if unknown := statement.keys() - _ELEMENTS:
            raise ValueError(f"not understood here: {sorted(unknown)}")
        self.effect = statement["Effect"]
        self._actions, self._resources = _many(statement["Action"]), _many(statement["Resource"])
        for action in self._actions:
            if not _exists(action):
                raise ValueError(f"there is no action {action}")
        self._conditions = [
            _Condition(operator, key, _many(values))
            for operator, pairs in statement.get("Condition", {}).items()
            for key, values in pairs.items()
        ]

    def applies(self, action: str, resource: str, keys: dict) -> bool:
        return (
            any(_like(pattern.lower(), action.lower()) for pattern in self._actions)
            and any(_arn_like(pattern, resource) for pattern in self._resources)
            and all(condition.holds(keys) for condition in self._conditions)
        )


class _Condition:
    def __init__(self, operator: str, key: str, values: list[str]):
        self._key, self._values = key.lower(), values
        self._each, operator = operator.split(":") if ":" in operator else ("", operator)
        self._if_exists, operator = operator.endswith("IfExists"), operator.removesuffix("IfExists")
        self._null, self._negated = operator == "Null", operator in _NEGATED
        self._matches = _OPERATORS.get(_NEGATED.get(operator, operator))
        if self._each not in ("", "ForAllValues", "ForAnyValue") or not (self._null or self._matches):
            raise ValueError(f"no condition operator {operator} here")

    def holds(self, keys: dict) -> bool:
        given = next((value for key, value in keys.items() if key.lower() == self._key), None)
        if self._null:
            return (given is None) == (self._values[0].lower() == "true")
        if given is None:
            return self._if_exists or self._negated or self._each == "ForAllValues"
        every = all if self._each == "ForAllValues" else any
        return every(self._takes(value) for value in _many(given))

    def _takes(self, value: str) -> bool:
        return any(self._matches(wanted, value) for wanted in self._values) != self._negated


def _many(value) -> list:
    return value if isinstance(value, list) else [value]


@cache
def _exists(action: str) -> bool:
    if action == "*" or action in _PERMISSIONS:
        return True
    prefix, _, name = action.lower().partition(":")
    service = next((service for service, other in PREFIXES.items() if other == prefix), prefix)
    try:
        names = load_service(service).operation_names
    except Exception:
        return False
    return any(_like(name, known.lower()) for known in names)
