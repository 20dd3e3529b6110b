"""What Auto Scaling asks of whoever gives a group a launch template: all that starting an instance from it would take.

"Amazon EC2 Auto Scaling API permissions" and "Control Amazon EC2 launch template usage in Auto Scaling groups". It asks by a dry
run, and its refusal does not tell which action was missing.
"""

from moto.iam.models import iam_backends

from ..framework import ServiceException
from . import ec2
from .demand import Call, Demand


def demands(call: Call, specification: dict | None, subnets: list[str]) -> list[Demand]:
    from ..services import provider

    if not specification:
        return []
    keys = ("LaunchTemplateId", "LaunchTemplateName")
    request = {key: specification[key] for key in keys if key in specification} | {"Versions": [specification["Version"]]}
    try:
        found = provider("autoscaling").call(call.context, "ec2", "DescribeLaunchTemplateVersions", request)
    except ServiceException:
        return []  # there is none, which the operation itself says
    version = found["LaunchTemplateVersions"][0]
    template, data = version["LaunchTemplateId"], version["LaunchTemplateData"]
    from_template = {"ec2:LaunchTemplate": ec2.arn_of(call, template)}
    groups = data.get("SecurityGroupIds") or []
    groups = groups + [group for it in data.get("NetworkInterfaces") or [] for group in it.get("Groups") or []]
    made = [call.arn(f"{kind}/*", "ec2") for kind in ("instance", "volume", "network-interface")]
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
