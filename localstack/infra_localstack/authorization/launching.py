"""What starting instances takes; and what Auto Scaling asks of whoever gives a group a launch template: all of that.

"Amazon EC2 Auto Scaling API permissions" and "Control Amazon EC2 launch template usage in Auto Scaling groups". It asks by a dry
run, and its refusal does not tell which action was missing.
"""

from moto.iam.models import iam_backends

from ..framework import ServiceException
from . import ec2
from .demand import Call, Demand, tag_keys

MADE = ("instance", "volume", "network-interface")


def by_client(call: Call) -> list[Demand]:
    """`RunInstances` in "Actions, resources, and condition keys for Amazon EC2"."""
    request = call.request
    template, data = _version(call, request.get("LaunchTemplate") or {})
    merged = data | request
    interfaces = merged.get("NetworkInterfaces") or []
    keys = {"ec2:LaunchTemplate": ec2.arn_of(call, template)} if template else {}
    used = [template, merged.get("SubnetId"), *(merged.get("SecurityGroupIds") or [])]
    used += [id_ for it in interfaces for id_ in (it.get("SubnetId"), *(it.get("Groups") or []))]
    asked = [ec2.existing(call, call.action, it, keys) for it in used if it]
    asked.append(Demand(call.action, call.arn(f"image/{merged.get('ImageId')}", account=""), keys))
    # Tags of the template and of the request come together.
    tags: dict[str, dict] = {}
    for tagged in [*(data.get("TagSpecifications") or []), *(request.get("TagSpecifications") or [])]:
        tags.setdefault(tagged["ResourceType"], {}).update({tag["Key"]: tag["Value"] for tag in tagged.get("Tags") or []})
    for kind in MADE:
        its = tags.get(kind, {})
        with_tags = keys | tag_keys("RequestTag", its) | ({"aws:TagKeys": list(its)} if its else {})
        asked.append(Demand(call.action, call.arn(f"{kind}/*"), with_tags))
        if its:
            asked.append(Demand("ec2:CreateTags", call.arn(f"{kind}/*"), with_tags | {"ec2:CreateAction": "RunInstances"}))
    return asked + call.passes(_role(call, merged.get("IamInstanceProfile") or {}), "ec2.amazonaws.com")


def _version(call: Call, specification: dict) -> tuple[str | None, dict]:
    """The launch template and the data of that version; nothing where there is none, which the operation itself says."""
    from ..services import provider

    keys = [key for key in ("LaunchTemplateId", "LaunchTemplateName") if key in specification]
    if not keys:
        return None, {}
    request = {key: specification[key] for key in keys} | {"Versions": [specification.get("Version") or "$Default"]}
    try:
        found = provider("ec2").call(call.context, "ec2", "DescribeLaunchTemplateVersions", request)
    except ServiceException:
        return None, {}
    version = found["LaunchTemplateVersions"][0]
    return version["LaunchTemplateId"], version["LaunchTemplateData"]


def demands(call: Call, specification: dict | None, subnets: list[str]) -> list[Demand]:
    template, data = _version(call, specification or {})
    if not template:
        return []
    from_template = {"ec2:LaunchTemplate": ec2.arn_of(call, template)}
    groups = data.get("SecurityGroupIds") or []
    groups = groups + [group for it in data.get("NetworkInterfaces") or [] for group in it.get("Groups") or []]
    made = [call.arn(f"{kind}/*", "ec2") for kind in MADE]
    asked = [ec2.existing(call, "ec2:RunInstances", it, from_template) for it in (template, *subnets, *groups)]
    asked.append(Demand("ec2:RunInstances", call.arn(f"image/{data['ImageId']}", "ec2", account=""), from_template))
    asked += [Demand("ec2:RunInstances", resource, from_template) for resource in made]
    for tagged in data.get("TagSpecifications") or []:
        resource = call.arn(f"{tagged['ResourceType']}/*", "ec2")
        asked.append(Demand("ec2:CreateTags", resource, {"ec2:CreateAction": "RunInstances"}))
    asked += call.passes(_role(call, data.get("IamInstanceProfile") or {}), "ec2.amazonaws.com")
    instead = f"You are not authorized to use launch template: {template}"
    return [Demand(it.action, it.resource, it.keys, instead) for it in asked]


def _role(call: Call, profile: dict) -> str | None:
    wanted = {profile.get("Arn"), profile.get("Name")}
    for known in iam_backends[call.account]["aws"].instance_profiles.values():
        if wanted & {known.arn, known.name} and known.roles:
            return known.roles[0].arn
    return None
