"""Cache parameter groups. `default.<family>` is always there and cannot be changed."""

import re
from dataclasses import dataclass, field

from . import catalog

#: Parameters people set, with their default (ElastiCache user guide, "Engine specific parameters").
PARAMETERS = {
    "activedefrag": "no",
    "activerehashing": "yes",
    "appendonly": "no",
    "client-query-buffer-limit": "1073741824",
    "close-on-slave-write": "yes",
    "databases": "16",
    "hash-max-listpack-entries": "512",
    "hash-max-listpack-value": "64",
    "lazyfree-lazy-eviction": "no",
    "lazyfree-lazy-expire": "no",
    "lazyfree-lazy-server-del": "no",
    "lfu-decay-time": "1",
    "lfu-log-factor": "10",
    "list-max-listpack-size": "-2",
    "lua-time-limit": "5000",
    "maxclients": "65000",
    "maxmemory-policy": "volatile-lru",
    "maxmemory-samples": "3",
    "min-replicas-max-lag": "10",
    "min-replicas-to-write": "0",
    "notify-keyspace-events": "",
    "reserved-memory-percent": "25",
    "set-max-intset-entries": "512",
    "slowlog-log-slower-than": "10000",
    "slowlog-max-len": "128",
    "stream-node-max-bytes": "4096",
    "stream-node-max-entries": "100",
    "tcp-keepalive": "300",
    "timeout": "0",
    "tracking-table-max-keys": "1000000",
    "zset-max-listpack-entries": "128",
    "zset-max-listpack-value": "64",
}
_FIXED = {"appendonly", "maxclients"}


@dataclass
class Group:
    shape: dict
    tags: list[dict]
    values: dict[str, str] = field(default_factory=dict)

    @property
    def family(self) -> str:
        return self.shape["CacheParameterGroupFamily"]


class ParameterGroups:
    def create_cache_parameter_group(self, context, request):
        name, family = request["CacheParameterGroupName"].lower(), request["CacheParameterGroupFamily"]
        if not re.fullmatch(r"[a-z](?!.*--)[a-z0-9-]{0,254}(?<!-)", name):
            raise self.error(
                "InvalidParameterValueException",
                f"The parameter CacheParameterGroupName is not a valid identifier: {name}",
            )
        if family not in catalog.FAMILIES:
            raise self.error(
                "InvalidParameterValueException",
                f"CacheParameterGroupFamily {family} is not a valid parameter group family.",
            )
        if name in self.state(context).parameter_groups:
            raise self.error("CacheParameterGroupAlreadyExistsFault", f"Cache parameter group {name} already exists.")
        tags = self._checked_tags(request)
        return {
            "CacheParameterGroup": self._new_parameter_group(context, name, family, request["Description"], tags).shape
        }

    def describe_cache_parameter_groups(self, context, request):
        if name := request.get("CacheParameterGroupName"):
            return {"CacheParameterGroups": [self._parameter_group(context, name).shape]}
        for family in sorted(catalog.FAMILIES):
            self._parameter_group(context, f"default.{family}")
        return {"CacheParameterGroups": [group.shape for group in self.state(context).parameter_groups.values()]}

    def modify_cache_parameter_group(self, context, request):
        group = self._own_parameter_group(context, request["CacheParameterGroupName"])
        for change in request["ParameterNameValues"]:
            self._check_parameter(change)
        group.values.update(
            {change["ParameterName"]: change["ParameterValue"] for change in request["ParameterNameValues"]}
        )
        return {"CacheParameterGroupName": group.shape["CacheParameterGroupName"]}

    def reset_cache_parameter_group(self, context, request):
        group = self._own_parameter_group(context, request["CacheParameterGroupName"])
        if request.get("ResetAllParameters"):
            group.values.clear()
        for change in request.get("ParameterNameValues") or []:
            self._check_parameter(change)
            group.values.pop(change["ParameterName"], None)
        return {"CacheParameterGroupName": group.shape["CacheParameterGroupName"]}

    def describe_cache_parameters(self, context, request):
        group, source = self._parameter_group(context, request["CacheParameterGroupName"]), request.get("Source")
        listed = [
            {
                "ParameterName": name,
                "ParameterValue": group.values.get(name, default),
                "Source": "user" if name in group.values else "system",
                "DataType": "string",
                "IsModifiable": name not in _FIXED,
                "ChangeType": "immediate",
            }
            for name, default in PARAMETERS.items()
        ]
        return {"Parameters": [parameter for parameter in listed if source in (None, "", parameter["Source"])]}

    def delete_cache_parameter_group(self, context, request):
        group = self._own_parameter_group(context, request["CacheParameterGroupName"])
        name = group.shape["CacheParameterGroupName"]
        if any(
            g.common["CacheParameterGroup"]["CacheParameterGroupName"] == name
            for g in self.state(context).groups.values()
        ):
            raise self.error(
                "InvalidCacheParameterGroupStateFault",
                f"One or more cache clusters are still members of this parameter group {name}, so the group cannot be deleted.",
            )
        del self.state(context).parameter_groups[name]
        return {}

    def _parameter_group(self, context, name: str) -> Group:
        groups, name = self.state(context).parameter_groups, name.lower()
        family = name.removeprefix("default.")
        if name not in groups and name != family and family in catalog.FAMILIES:
            return self._new_parameter_group(context, name, family, f"Default parameter group for {family}", [])
        if name not in groups:
            raise self.error("CacheParameterGroupNotFoundFault", f"CacheParameterGroup {name} not found.")
        return groups[name]

    def _own_parameter_group(self, context, name: str) -> Group:
        if name.lower().startswith("default."):
            raise self.error(
                "InvalidCacheParameterGroupStateFault", "Default cache parameter groups cannot be modified or deleted."
            )
        return self._parameter_group(context, name)

    def _new_parameter_group(self, context, name: str, family: str, description: str, tags: list[dict]) -> Group:
        shape = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": family,
            "Description": description,
            "IsGlobal": False,
            "ARN": self._arn(context, "parametergroup", name),
        }
        group = self.state(context).parameter_groups[name] = Group(shape, tags)
        return group

    def _check_parameter(self, change: dict) -> None:
        name = change.get("ParameterName")
        if name not in PARAMETERS:
            raise self.error("InvalidParameterValueException", f"Could not find parameter with name {name}.")
        if name in _FIXED:
            raise self.error("InvalidParameterValueException", f"The parameter {name} cannot be modified.")

    def _check_family(self, context, engine: str, version: str, name: str) -> None:
        wanted, group = catalog.family(engine, version), self._parameter_group(context, name)
        if group.family != wanted:
            raise self.error(
                "InvalidParameterCombinationException",
                f"Expected a parameter group of family {wanted} but found one of family {group.family}.",
            )
