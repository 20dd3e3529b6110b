"""Launch templates as a group sees them: named by id or name, a version that exists, and data fit to launch from."""

from moto.iam.models import iam_backends

from ..framework import ServiceException
from .group import invalid

MALFORMED = "You must use a valid fully-formed launch template."


def resolve(provider, context, given: dict) -> tuple[dict, dict]:
    """The specification as it is read back, and the version it means now."""
    keys = {"LaunchTemplateId", "LaunchTemplateName"} & given.keys()
    if len(keys) != 1 and not given.get("LaunchTemplateId"):
        raise invalid("Valid requests must contain either launchTemplateId or LaunchTemplateName")
    key = "LaunchTemplateId" if "LaunchTemplateId" in keys else "LaunchTemplateName"
    version = given.get("Version") or "$Default"
    request = {key: given[key], "Versions": [version]}
    try:
        found = provider.call(context, "ec2", "DescribeLaunchTemplateVersions", request)["LaunchTemplateVersions"][0]
    except ServiceException as error:
        raise invalid(f"{MALFORMED} {error.message}") from None
    names = {it: found[it] for it in ("LaunchTemplateId", "LaunchTemplateName")}
    return {**names, "Version": version}, found


def pinned(version: dict) -> dict:
    """The version by its number, as an instance carries it."""
    return {
        "LaunchTemplateId": version["LaunchTemplateId"],
        "LaunchTemplateName": version["LaunchTemplateName"],
        "Version": str(version["VersionNumber"]),
    }


def check(context, version: dict) -> None:
    """What AWS finds out by a dry run before it takes the template."""
    data = version["LaunchTemplateData"]
    if not data.get("ImageId"):
        raise invalid(f"{MALFORMED} The request must contain the parameter ImageId")
    profile = data.get("IamInstanceProfile", {})
    wanted = profile.get("Arn") or profile.get("Name")
    profiles = iam_backends[context.account_id]["aws"].instance_profiles.values()
    if wanted and not any(wanted in (it.arn, it.name) for it in profiles):
        kind = "arn" if "Arn" in profile else "name"
        raise invalid(
            f"{MALFORMED} Value ({wanted}) for parameter iamInstanceProfile.{kind} is invalid. "
            f"Invalid IAM Instance Profile {kind}"
        )


def security_groups(data: dict) -> list[str]:
    inner = [group for it in data.get("NetworkInterfaces") or [] for group in it.get("Groups") or []]
    return [*(data.get("SecurityGroupIds") or []), *inner]
