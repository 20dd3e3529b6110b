"""ModifyReplicationGroup and TestFailover.

Engine, version and node type wait for the maintenance window unless ApplyImmediately is set, and show in the pending values
of the member clusters meanwhile; everything else changes at once.
"""

from .. import interfaces
from . import catalog

#: Members of the clusters that are set as they are given.
_COMMON = ("PreferredMaintenanceWindow", "SnapshotRetentionLimit", "SnapshotWindow", "AutoMinorVersionUpgrade")


class Modify:
    def modify_replication_group(self, context, request):
        group = self._group(context, request["ReplicationGroupId"])
        self._check_available(group)
        common, shape = group.common, group.shape
        wanted = self._wanted_engine(group, request)
        if "CacheNodeType" in request:
            self._check_node_type(request["CacheNodeType"])
            wanted["CacheNodeType"] = request["CacheNodeType"]
        self._check_parameters(context, group, request, wanted)
        failover = request.get("AutomaticFailoverEnabled", shape["AutomaticFailover"] == "enabled")
        multi_az = request.get("MultiAZEnabled", shape["MultiAZ"] == "enabled")
        self._check_failover(failover, multi_az, len(group.members))
        vpc = self._subnet_group(context, common["CacheSubnetGroupName"])["VpcId"]
        if request.get("SecurityGroupIds"):
            self._check_security_groups(context, vpc, request["SecurityGroupIds"])
        primary = self._wanted_primary(group, request)
        transit = self._wanted_transit(group, request)

        # From here on nothing is refused.
        for key, value in wanted.items():
            group.pending.pop(key, None)
            if value != common[key]:
                group.pending[key] = value
        if request.get("SecurityGroupIds"):
            group.security_groups = list(request["SecurityGroupIds"])
            for member in group.members:
                interfaces.regroup(context, member.interface, group.security_groups)
        common.update({key: request[key] for key in _COMMON if key in request})
        if name := request.get("CacheParameterGroupName"):
            common["CacheParameterGroup"]["CacheParameterGroupName"] = name.lower()
        if "ReplicationGroupDescription" in request:
            shape["Description"] = request["ReplicationGroupDescription"]
        if request.get("AuthToken"):
            shape["AuthTokenEnabled"] = request.get("AuthTokenUpdateStrategy") != "DELETE"
        later = {
            "AutomaticFailover": "enabled" if failover else "disabled",
            "MultiAZ": "enabled" if multi_az else "disabled",
        } | transit
        for key, value in later.items():
            if key == "AutomaticFailover" and value != shape[key]:
                shape[key] = "enabling" if failover else "disabling"
        due = dict(group.pending) if request.get("ApplyImmediately") else {}
        self.settle(
            context,
            shape,
            "Status",
            "modifying",
            "available",
            then=lambda: self._modified(context, group, due, later, primary),
        )
        return {"ReplicationGroup": self._described(context, group)}

    def test_failover(self, context, request):
        group = self._group(context, request["ReplicationGroupId"])
        self._check_available(group)
        if request["NodeGroupId"] != "0001":
            raise self.error("NodeGroupNotFoundFault", f"Node group {request['NodeGroupId']} not found.")
        if group.shape["AutomaticFailover"] != "enabled":
            raise self.error("InvalidReplicationGroupStateFault", "Automatic failover is not enabled.")
        successor = group.members[1].name
        self.settle(
            context,
            group.shape,
            "Status",
            "modifying",
            "available",
            then=lambda: self._modified(context, group, {}, {}, successor),
        )
        return {"ReplicationGroup": self._described(context, group)}

    def _modified(self, context, group, due: dict, later: dict, primary: str | None) -> None:
        common = group.common
        for key in due:
            group.pending.pop(key, None)
        if {"Engine", "EngineVersion"} & due.keys():
            before = catalog.family(common["Engine"], common["EngineVersion"])
            after = catalog.family(
                due.get("Engine", common["Engine"]), due.get("EngineVersion", common["EngineVersion"])
            )
            if common["CacheParameterGroup"]["CacheParameterGroupName"] == f"default.{before}":
                common["CacheParameterGroup"]["CacheParameterGroupName"] = f"default.{after}"
        common.update(due)
        group.shape.update(later)
        if primary:
            group.members.sort(key=lambda member: member.name != primary)

    def _wanted_engine(self, group, request: dict) -> dict:
        engine, current = group.common["Engine"], group.common["EngineVersion"]
        wanted = (request.get("Engine") or engine).lower()
        if "EngineVersion" not in request:
            if wanted != engine:
                raise self.error(
                    "InvalidParameterCombinationException", "EngineVersion must be given to change the engine."
                )
            return {}
        if wanted not in catalog.SUCCESSORS[engine]:
            raise self.error(
                "InvalidParameterCombinationException", f"Cannot change the engine from {engine} to {wanted}."
            )
        version = self._checked_version(wanted, request["EngineVersion"])
        if catalog.order(version) < catalog.order(current):
            raise self.error(
                "InvalidParameterCombinationException", f"Cannot downgrade {wanted} from {current} to {version}."
            )
        return {"Engine": wanted, "EngineVersion": version}

    def _check_parameters(self, context, group, request: dict, wanted: dict) -> None:
        """The parameter group, new or kept, must fit the version to be."""
        engine, version = (
            wanted.get("Engine", group.common["Engine"]),
            wanted.get("EngineVersion", group.common["EngineVersion"]),
        )
        current = group.common["CacheParameterGroup"]["CacheParameterGroupName"]
        name = request.get("CacheParameterGroupName")
        if name or not current.startswith("default."):
            self._check_family(context, engine, version, name or current)

    def _wanted_primary(self, group, request: dict) -> str | None:
        name = request.get("PrimaryClusterId")
        if not name or name == group.members[0].name:
            return None
        if name not in (member.name for member in group.members):
            raise self.error("CacheClusterNotFoundFault", f"CacheCluster {name} not found.")
        if group.shape["AutomaticFailover"] == "enabled":
            raise self.error(
                "InvalidReplicationGroupStateFault", "Automatic failover must be disabled to choose the primary."
            )
        return name

    def _wanted_transit(self, group, request: dict) -> dict:
        """Encryption in transit is switched on in two steps: first both kinds of clients are let in, then one."""
        shape = group.shape
        on, mode = request.get("TransitEncryptionEnabled"), request.get("TransitEncryptionMode")
        if on and not shape["TransitEncryptionEnabled"] and mode != "preferred":
            raise self.error(
                "InvalidParameterCombinationException",
                "TransitEncryptionMode must be preferred when encryption is switched on.",
            )
        if on is False and shape.get("TransitEncryptionMode") == "required":
            raise self.error(
                "InvalidParameterCombinationException",
                "TransitEncryptionMode must be preferred before encryption is switched off.",
            )
        later = {}
        if on is not None:
            later["TransitEncryptionEnabled"] = on
        if on is False:
            later["TransitEncryptionMode"] = None
        elif mode:
            later["TransitEncryptionMode"] = mode
        return later
