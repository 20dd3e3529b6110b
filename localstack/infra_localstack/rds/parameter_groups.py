"""DB parameter groups: values a user set on top of a family's defaults. `default.<family>` cannot be changed or deleted."""

import re
from dataclasses import dataclass, field

from . import catalog
from .parameters import PARAMETERS

#: ModifyDBParameterGroup takes this many parameters in one request.
MOST = 20


@dataclass
class Group:
    shape: dict
    tags: list[dict]
    #: name -> {"ParameterValue", "ApplyMethod"}
    values: dict[str, dict] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.shape["DBParameterGroupName"]

    @property
    def family(self) -> str:
        return self.shape["DBParameterGroupFamily"]


class ParameterGroups:
    def create_db_parameter_group(self, context, request):
        name, family = request["DBParameterGroupName"].lower(), request["DBParameterGroupFamily"]
        if not re.fullmatch(r"[a-z](?!.*--)[a-z0-9-]{0,254}(?<!-)", name):
            raise self.error(
                "InvalidParameterValue",
                "The parameter DBParameterGroupName is not a valid identifier. Identifiers must begin with a letter; must contain "
                "only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.",
            )
        if family not in catalog.FAMILIES:
            raise self.error(
                "InvalidParameterValue", f"ParameterGroupFamily {family} is not a valid parameter group family"
            )
        if name in self.state(context).parameter_groups:
            raise self.error("DBParameterGroupAlreadyExistsFault", f"Parameter group {name} already exists")
        tags = self._checked_tags(request)
        group = self._new_parameter_group(context, name, family, request["Description"], tags)
        return {"DBParameterGroup": group.shape}

    def describe_db_parameter_groups(self, context, request):
        if name := request.get("DBParameterGroupName"):
            return {"DBParameterGroups": [self._parameter_group(context, name).shape]}
        return {"DBParameterGroups": [group.shape for group in self.state(context).parameter_groups.values()]}

    def modify_db_parameter_group(self, context, request):
        group = self._own_parameter_group(context, request["DBParameterGroupName"])
        for change in self._checked_parameters(group, request["Parameters"]):
            if "ParameterValue" not in change:
                raise self.error("InvalidParameterValue", f"Value required for parameter {change['ParameterName']}.")
            if self._static(group, change) and change.get("ApplyMethod") == "immediate":
                raise self.error(
                    "InvalidParameterCombination", "cannot use immediate apply method for static parameter"
                )
        for change in request["Parameters"]:
            group.values[change["ParameterName"]] = {
                "ParameterValue": change["ParameterValue"],
                "ApplyMethod": change.get("ApplyMethod", "pending-reboot"),
            }
        self._await_reboot(context, group, request["Parameters"])
        return {"DBParameterGroupName": group.name}

    def reset_db_parameter_group(self, context, request):
        group = self._own_parameter_group(context, request["DBParameterGroupName"])
        # ResetAllParameters is true unless said otherwise, but naming parameters means those.
        if request.get("Parameters"):
            changes = self._checked_parameters(group, request["Parameters"])
        else:
            changes = [{"ParameterName": name} for name in group.values]
        for change in changes:
            group.values.pop(change["ParameterName"], None)
        self._await_reboot(context, group, changes)
        return {"DBParameterGroupName": group.name}

    def describe_db_parameters(self, context, request):
        group = self._parameter_group(context, request["DBParameterGroupName"])
        source = request.get("Source")
        listed = [_parameter(known, group.values.get(name)) for name, known in _known(group).items()]
        return {"Parameters": [parameter for parameter in listed if source in (None, "", parameter["Source"])]}

    def delete_db_parameter_group(self, context, request):
        group = self._own_parameter_group(context, request["DBParameterGroupName"])
        if any(i.parameter_group == group.name for i in self.state(context).instances.values()):
            raise self.error(
                "InvalidDBParameterGroupStateFault",
                f"One or more database instances are still members of this parameter group {group.name}, so the group cannot be deleted",
            )
        del self.state(context).parameter_groups[group.name]
        return {}

    def _parameter_group(self, context, name: str) -> Group:
        groups = self.state(context).parameter_groups
        name = name.lower()
        family = name.removeprefix("default.")
        if name not in groups and name != family and family in catalog.FAMILIES:
            # A default group comes into being when somebody first asks for it.
            return self._new_parameter_group(context, name, family, f"Default parameter group for {family}", [])
        if name not in groups:
            raise self.error("DBParameterGroupNotFoundFault", f"DBParameterGroup not found: {name}")
        return groups[name]

    def _own_parameter_group(self, context, name: str) -> Group:
        if name.lower().startswith("default."):
            raise self.error(
                "InvalidDBParameterGroupStateFault", "The default parameter group cannot be modified or deleted"
            )
        return self._parameter_group(context, name)

    def _new_parameter_group(self, context, name: str, family: str, description: str, tags: list[dict]) -> Group:
        shape = {
            "DBParameterGroupName": name,
            "DBParameterGroupFamily": family,
            "Description": description,
            "DBParameterGroupArn": self._arn(context, "pg", name),
        }
        group = self.state(context).parameter_groups[name] = Group(shape, tags)
        return group

    def _checked_parameters(self, group: Group, changes: list[dict]) -> list[dict]:
        if len(changes) > MOST:
            raise self.error("InvalidParameterValue", f"At most {MOST} parameters can be modified in one request.")
        for change in changes:
            if change.get("ParameterName") not in _known(group):
                raise self.error(
                    "InvalidParameterValue", f"Could not find parameter with name: {change.get('ParameterName')}"
                )
        return changes

    def _static(self, group: Group, change: dict) -> bool:
        return _known(group)[change["ParameterName"]].static

    def _await_reboot(self, context, group: Group, changes: list[dict]) -> None:
        """Static parameters reach the instances of the group only when they are rebooted."""
        if any(self._static(group, change) for change in changes):
            for instance in self.state(context).instances.values():
                if instance.parameter_group == group.name:
                    instance.shape["DBParameterGroups"][0]["ParameterApplyStatus"] = "pending-reboot"


def _known(group: Group) -> dict:
    return PARAMETERS[catalog.FAMILIES[group.family]]


def _parameter(known, value: dict | None) -> dict:
    shape = {
        "ParameterName": known.name,
        "Source": "user" if value else "system" if known.default else "engine-default",
        "ApplyType": "static" if known.static else "dynamic",
        "DataType": known.data_type,
        "IsModifiable": True,
        "ApplyMethod": "pending-reboot",
    }
    if known.default:
        shape["ParameterValue"] = known.default
    return shape | (value or {})
