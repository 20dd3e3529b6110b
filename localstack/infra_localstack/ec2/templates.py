"""Launch templates: versions are numbered and never change; a version made from another inherits what it does not name.

The tags of the template itself and those its data gives to instances are different things.
"""

import re

from moto.ec2.utils import parse_user_data

from .. import interfaces
from ..framework import aws_error, tags_from


class Templates:
    def create_launch_template(self, context, request):
        name, data = request.get("LaunchTemplateName", ""), request.get("LaunchTemplateData")
        if not data:
            raise aws_error("MissingParameter", "The request must contain the parameter LaunchTemplateData")
        if not re.fullmatch(r"[a-zA-Z0-9().\-/_]{3,128}", name):
            raise aws_error(
                "InvalidLaunchTemplateName.MalformedException",
                "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the "
                "following characters: - ( ) . / _.",
            )
        tags = {tag["Key"]: tag["Value"] for tag in tags_from(request, "launch-template")}
        template = interfaces.backend(context).create_launch_template(
            name, request.get("VersionDescription"), _data(data), {"launch-template": tags}
        )
        return {"LaunchTemplate": _template(context, template)}

    def create_launch_template_version(self, context, request):
        template = _find(context, request)
        data = _data(request.get("LaunchTemplateData") or {})
        if source := request.get("SourceVersion"):
            data = _version(template, source).data | data
        elif not data:
            raise aws_error("MissingParameter", "The request must contain the parameter LaunchTemplateData")
        version = template.create_version(data, request.get("VersionDescription"))
        return {"LaunchTemplateVersion": _shown(context, template, version)}

    def modify_launch_template(self, context, request):
        template = _find(context, request)
        if request.get("DefaultVersion"):
            template.default_version_number = _version(template, request["DefaultVersion"]).number
        return {"LaunchTemplate": _template(context, template)}

    def delete_launch_template(self, context, request):
        template = _find(context, request)
        shown = _template(context, template)
        interfaces.backend(context).delete_launch_template(None, template.id)
        return {"LaunchTemplate": shown}

    def delete_launch_template_versions(self, context, request):
        template = _find(context, request)
        done, refused = [], []
        for number in request.get("Versions") or []:
            item = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "VersionNumber": int(number)}
            known = {version.number: version for version in _versions(template)}
            if int(number) not in known:
                error = {"Code": "launchTemplateVersionDoesNotExist", "Message": "The version does not exist."}
                refused.append(item | {"ResponseError": error})
            elif int(number) == template.default_version_number:
                error = {"Code": "unexpectedError", "Message": "The default version cannot be deleted."}
                refused.append(item | {"ResponseError": error})
            else:
                # moto finds a version by its place in the list, so it stays there.
                known[int(number)].deleted = True
                done.append(item)
        return {
            "SuccessfullyDeletedLaunchTemplateVersions": done,
            "UnsuccessfullyDeletedLaunchTemplateVersions": refused,
        }

    def describe_launch_templates(self, context, request):
        moto = interfaces.backend(context)
        ids = list(request.get("LaunchTemplateIds") or [])
        for template_id in ids:
            _find(context, {"LaunchTemplateId": template_id})
        ids += [_find(context, {"LaunchTemplateName": name}).id for name in request.get("LaunchTemplateNames") or []]
        filters = {f["Name"]: f.get("Values", []) for f in request.get("Filters") or []}
        found = moto.describe_launch_templates(template_ids=ids, filters=filters)
        return {"LaunchTemplates": [_template(context, template) for template in found]}

    def describe_launch_template_versions(self, context, request):
        asked = request.get("Versions") or []
        if request.get("LaunchTemplateId") or request.get("LaunchTemplateName"):
            template = _find(context, request)
            versions = [_version(template, number) for number in asked] if asked else _versions(template)[::-1]
            if low := request.get("MinVersion"):
                versions = [v for v in versions if v.number >= int(low)]
            if high := request.get("MaxVersion"):
                versions = [v for v in versions if v.number <= int(high)]
            found = [(template, version) for version in versions]
        elif asked and set(asked) <= {"$Latest", "$Default"}:
            templates = interfaces.backend(context).launch_templates.values()
            found = [(template, _version(template, number)) for template in templates for number in asked]
        else:
            raise aws_error(
                "MissingParameter", "The request must contain the parameter LaunchTemplateId or LaunchTemplateName"
            )
        return {"LaunchTemplateVersions": [_shown(context, template, version) for template, version in found]}


def _find(context, request):
    moto = interfaces.backend(context)
    template_id, name = request.get("LaunchTemplateId"), request.get("LaunchTemplateName")
    if template_id and name:
        raise aws_error(
            "InvalidParameterCombination", "Provide either the launch template ID or the launch template name, not both."
        )
    if name:
        if name not in moto.launch_template_name_to_ids:
            raise aws_error(
                "InvalidLaunchTemplateName.NotFoundException",
                "At least one of the launch templates specified in the request does not exist.",
            )
        template_id = moto.launch_template_name_to_ids[name]
    if not template_id:
        raise aws_error(
            "MissingParameter", "Either launch template ID or launch template name is required."
        )
    if template_id not in moto.launch_templates:
        raise aws_error(
            "InvalidLaunchTemplateId.NotFound", f"The specified launch template, with template ID {template_id}, does not exist."
        )
    return moto.launch_templates[template_id]


def _versions(template) -> list:
    return [version for version in template.versions if not getattr(version, "deleted", False)]


def _version(template, number: str):
    versions = {str(version.number): version for version in _versions(template)}
    if str(number) == "$Latest":
        return versions[max(versions, key=int)]
    if str(number) == "$Default":
        return versions[str(template.default_version_number)]
    if str(number) not in versions:
        raise aws_error(
            "InvalidLaunchTemplateId.VersionNotFound",
            f"Could not find the specified version {number} for the launch template with ID {template.id}.",
        )
    return versions[str(number)]


def _data(data: dict) -> dict:
    data = dict(data)
    if data.get("UserData"):
        data["UserData"] = parse_user_data(data["UserData"])
    else:
        data.pop("UserData", None)
    return data


def _created_by(context) -> str:
    return f"arn:aws:iam::{context.account_id}:root"


def _template(context, template) -> dict:
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "CreateTime": template.create_time,
        "CreatedBy": _created_by(context),
        "DefaultVersionNumber": template.default_version_number,
        "LatestVersionNumber": _version(template, "$Latest").number,
        "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in template.get_tags()],
    }


def _shown(context, template, version) -> dict:
    data = dict(version.data)
    if "UserData" in data:
        data["UserData"] = str(data["UserData"])
    shown = {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "VersionNumber": version.number,
        "CreateTime": version.create_time,
        "CreatedBy": _created_by(context),
        "DefaultVersion": template.is_default(version),
        "LaunchTemplateData": data,
    }
    if version.description:
        shown["VersionDescription"] = version.description
    return shown
