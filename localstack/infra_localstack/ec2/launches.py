"""RunInstances from a launch template, as AWS takes it from a client: what the request does not say, the template does.

Auto Scaling starts its instances by a way of its own (autoscaling/capacity.py), on which none of this is asked.
"""

import base64

from moto.iam.models import iam_backends

from ..framework import aws_error
from .templates import _find, _version

#: Settings of a template that moto does not take over by itself.
TAKEN_OVER = ("ImageId", "IamInstanceProfile", "MetadataOptions", "Monitoring", "BlockDeviceMappings")

#: "User data is limited to 16 KB, in raw form, before it is base64-encoded."
LONGEST = 16 * 1024


def complete(context, request: dict) -> dict:
    """The request with what its template says. Its user data is plain, as boto takes it, by whose rules it is passed on."""
    if "UserData" in request:
        request = request | {"UserData": _plain(request["UserData"])}
    given = request.get("LaunchTemplate")
    if not given:
        return request
    data = _version(_find(context, given), given.get("Version") or "$Default").data
    if request.get("SubnetId") and data.get("NetworkInterfaces") and not request.get("NetworkInterfaces"):
        raise aws_error(
            "InvalidParameterCombination",
            "Network interfaces and an instance-level subnet ID may not be specified on the same request",
        )
    taken_over = {key: data[key] for key in TAKEN_OVER if key in data}
    complete = taken_over | request
    _check_profile(context, complete.get("IamInstanceProfile") or {})
    return complete


def tag(context, instance, request: dict) -> None:
    """moto tags instances and their volumes; network interfaces are tagged by the same call."""
    for specification in request.get("TagSpecifications") or []:
        if specification["ResourceType"] == "network-interface":
            for interface in instance.nics.values():
                interface.add_tags({it["Key"]: it["Value"] for it in specification.get("Tags") or []})


def _plain(user_data: str) -> bytes:
    plain = base64.b64decode(user_data)
    if len(plain) > LONGEST:
        raise aws_error("InvalidParameterValue", "User data is limited to 16384 bytes")
    return plain


def _check_profile(context, profile: dict) -> None:
    key = "Arn" if "Arn" in profile else "Name"
    known = iam_backends[context.account_id]["aws"].instance_profiles.values()
    if profile.get(key) and not any(profile[key] in (it.arn, it.name) for it in known):
        raise aws_error(
            "InvalidParameterValue",
            f"Value ({profile[key]}) for parameter iamInstanceProfile.{key.lower()} is invalid. Invalid IAM Instance Profile "
            f"{'ARN' if key == 'Arn' else 'name'}",
        )
