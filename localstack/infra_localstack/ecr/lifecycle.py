"""The rules a lifecycle policy must keep before Amazon ECR takes it.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
"""

import json

from ..framework import aws_error

RULE = {"rulePriority", "selection", "action"}
SELECTION = {"tagStatus", "countType", "countNumber"}
TAG_LISTS = ("tagPrefixList", "tagPatternList")


def validate(text: str) -> None:
    try:
        policy = json.loads(text)
        assert isinstance(policy, dict)
    except (ValueError, AssertionError):
        raise _invalid("Could not map policyString into LifecyclePolicy.") from None
    _object(policy, {"rules"}, set())
    rules = policy["rules"]
    if not isinstance(rules, list) or not rules:
        raise _invalid("instance of rules must be a list with at least one rule")
    for rule in rules:
        _object(rule, RULE, {"description"})
        _action(rule["action"])
        _selection(rule["selection"])
    _priorities(rules)


def _action(action: dict) -> None:
    _object(action, {"type"}, set())
    if action["type"] != "expire":
        raise _invalid(f'instance value ({action["type"]}) not found in enum (possible values: ["expire"])')


def _selection(selection: dict) -> None:
    _object(selection, SELECTION, {"countUnit", *TAG_LISTS})
    status, count_type, number = (selection[key] for key in ("tagStatus", "countType", "countNumber"))
    if status not in ("tagged", "untagged", "any"):
        raise _invalid(f'instance value ({status}) not found in enum (possible values: ["any","tagged","untagged"])')
    has_tags = any(selection.get(key) for key in TAG_LISTS)
    if has_tags != (status == "tagged"):
        raise _invalid("a tagPrefixList or tagPatternList is wanted with tagStatus tagged, and only there")
    if count_type not in ("imageCountMoreThan", "sinceImagePushed"):
        raise _invalid(f"instance value ({count_type}) is not a countType")
    if (count_type == "sinceImagePushed") != (selection.get("countUnit") == "days"):
        raise _invalid("countUnit days is wanted with sinceImagePushed, and only there")
    if not isinstance(number, int) or number < 1:
        raise _invalid(f"numeric instance is lower than the required minimum (minimum: 1, found: {number})")


def _priorities(rules: list[dict]) -> None:
    priorities = [rule["rulePriority"] for rule in rules]
    if any(not isinstance(priority, int) or priority < 1 for priority in priorities):
        raise _invalid("rulePriority must be a whole number from 1")
    if len(set(priorities)) != len(priorities):
        raise _invalid("rulePriority must be unique")
    for rule in rules:
        if rule["selection"]["tagStatus"] == "any" and rule["rulePriority"] != max(priorities):
            raise _invalid("the rule with tagStatus any must have the highest rulePriority")


def _object(value: object, required: set[str], optional: set[str]) -> None:
    if not isinstance(value, dict):
        raise _invalid('instance type does not match any allowed primitive type (allowed: ["object"])')
    if missing := required - value.keys():
        raise _invalid(f"object has missing required properties ({json.dumps(sorted(missing))})")
    if unknown := value.keys() - required - optional:
        raise _invalid(
            f"object instance has properties which are not allowed by the schema: {json.dumps(sorted(unknown))}"
        )


def _invalid(why: str) -> Exception:
    return aws_error(
        "InvalidParameterException",
        "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
        f"'Lifecycle policy validation failure: {why}'",
    )
