"""Replication groups of one shard: a primary and up to five replicas, each a member cluster with a node of its own.

`modify.py` changes them, `replicas.py` adds and removes members, `clusters.py` shows the members.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone

from .. import interfaces, keys
from ..framework import ServiceException
from . import catalog

DEFAULT_MAINTENANCE = "sun:05:00-sun:06:00"
DEFAULT_SNAPSHOTS = "03:00-04:00"


@dataclass
class Member:
    #: {"Status": ...}
    shape: dict
    name: str
    zone: str
    interface: str
    created: datetime


@dataclass
class Group:
    #: The ReplicationGroup of the API, without what follows from the members.
    shape: dict
    #: What each member cluster carries, as CacheCluster names it.
    common: dict
    port: int
    security_groups: list[str]
    tags: list[dict]
    #: The first one is the primary.
    members: list[Member] = field(default_factory=list)
    #: Engine, EngineVersion and CacheNodeType that wait for the maintenance window or the modification under way.
    pending: dict = field(default_factory=dict)
    reachable: bool = False

    @property
    def name(self) -> str:
        return self.shape["ReplicationGroupId"]

    @property
    def status(self) -> str:
        return self.shape["Status"]

    def subnets(self, context) -> set[str]:
        return {interfaces.backend(context).enis[member.interface].subnet.id for member in self.members}


class ReplicationGroups:
    def create_replication_group(self, context, request):
        name = request["ReplicationGroupId"].lower()
        if (
            request.get("NumNodeGroups", 1) > 1
            or request.get("ClusterMode") == "enabled"
            or request.get("GlobalReplicationGroupId")
        ):
            raise NotImplementedError("sharded and global replication groups are not served here")
        self._check_name(name)
        if name in self.state(context).groups:
            raise self.error("ReplicationGroupAlreadyExistsFault", f"Replication group {name} already exists.")
        engine = (request.get("Engine") or "redis").lower()
        version = self._checked_version(engine, request.get("EngineVersion"))
        self._check_node_type(request.get("CacheNodeType"))
        nodes = self._asked_nodes(request)
        failover, multi_az = request.get("AutomaticFailoverEnabled", False), request.get("MultiAZEnabled", False)
        self._check_failover(failover, multi_az, nodes)
        named = request.get("CacheSubnetGroupName")
        subnet_group = self._subnet_group(context, named) if named else self._default_subnet_group(context)
        if multi_az and len(_zones(subnet_group)) < 2:
            raise self.error(
                "InvalidParameterCombinationException",
                "Multi-AZ needs a subnet group with subnets in at least two Availability Zones.",
            )
        security_groups = request.get("SecurityGroupIds") or [
            self._default_security_group(context, subnet_group["VpcId"])
        ]
        self._check_security_groups(context, subnet_group["VpcId"], security_groups)
        parameter_group = (
            request.get("CacheParameterGroupName") or f"default.{catalog.family(engine, version)}"
        ).lower()
        self._check_family(context, engine, version, parameter_group)
        self._check_encryption(request)
        zones = self._zones_of_new(subnet_group, nodes, request.get("PreferredCacheClusterAZs") or [])

        group = Group(
            shape=self._new_shape(context, request, name, engine),
            common=_common(request, engine, version, subnet_group, parameter_group),
            port=request.get("Port") or 6379,
            security_groups=list(security_groups),
            tags=self._checked_tags(request),
        )
        self.state(context).groups[name] = group
        for zone in zones:
            self._add_member(context, group, zone)
        self.settle(
            context, group.shape, "Status", "creating", "available", then=lambda: setattr(group, "reachable", True)
        )
        return {"ReplicationGroup": self._described(context, group)}

    def describe_replication_groups(self, context, request):
        if name := request.get("ReplicationGroupId"):
            return {"ReplicationGroups": [self._described(context, self._group(context, name))]}
        return {"ReplicationGroups": [self._described(context, group) for group in self.state(context).groups.values()]}

    def delete_replication_group(self, context, request):
        group = self._group(context, request["ReplicationGroupId"])
        if request.get("RetainPrimaryCluster"):
            raise NotImplementedError("RetainPrimaryCluster is not served here")
        if group.status != "available":
            raise self.error(
                "InvalidReplicationGroupStateFault",
                f"Replication group {group.name} has status {group.status} which is not valid for deletion.",
            )
        if final := request.get("FinalSnapshotIdentifier"):
            self._new_snapshot(context, group, final, [])
        for member in group.members:
            member.shape["Status"] = "deleting"
        self.settle(context, group.shape, "Status", "deleting", "deleted", then=lambda: self._gone(context, group))
        return {"ReplicationGroup": self._described(context, group)}

    def _gone(self, context, group: Group) -> None:
        for member in group.members:
            interfaces.release(context, member.interface)
        self.state(context).groups.pop(group.name, None)

    def _group(self, context, name: str) -> Group:
        group = self.state(context).groups.get(name.lower())
        if not group:
            raise self.error("ReplicationGroupNotFoundFault", f"ReplicationGroup {name} not found.")
        return group

    def _described(self, context, group: Group) -> dict:
        node_group = {
            "NodeGroupId": "0001",
            "Status": group.status,
            "NodeGroupMembers": [self._node_group_member(context, group, member) for member in group.members],
        }
        if group.reachable:
            node_group["PrimaryEndpoint"] = self._endpoint(context, group, "primary")
            node_group["ReaderEndpoint"] = self._endpoint(context, group, "reader")
        return group.shape | {
            "Engine": group.common["Engine"],
            "CacheNodeType": group.common["CacheNodeType"],
            "SnapshotRetentionLimit": group.common["SnapshotRetentionLimit"],
            "SnapshotWindow": group.common["SnapshotWindow"],
            "AutoMinorVersionUpgrade": group.common["AutoMinorVersionUpgrade"],
            "MemberClusters": [member.name for member in group.members],
            "NodeGroups": [node_group],
            "PendingModifiedValues": {},
        }

    def _node_group_member(self, context, group: Group, member: Member) -> dict:
        shape = {
            "CacheClusterId": member.name,
            "CacheNodeId": "0001",
            "PreferredAvailabilityZone": member.zone,
            "CurrentRole": "primary" if member is group.members[0] else "replica",
        }
        if group.reachable and member.shape["Status"] != "creating":
            shape["ReadEndpoint"] = self._endpoint(context, group, member.name)
        return shape

    def _endpoint(self, context, group: Group, of: str) -> dict:
        """`of` is "primary", "reader" or a member. With encryption in transit the names are others than without."""
        label, where = format(int(context.account_id), "x")[-6:].rjust(6, "0"), _short(context.region)
        if group.shape["TransitEncryptionEnabled"]:
            host = {"primary": f"master.{group.name}", "reader": f"replica.{group.name}"}.get(of, f"{of}.{group.name}")
            address = f"{host}.{label}.{where}.cache.amazonaws.com"
        elif of in ("primary", "reader"):
            address = f"{group.name}{'-ro' if of == 'reader' else ''}.{label}.ng.0001.{where}.cache.amazonaws.com"
        else:
            address = f"{of}.{label}.0001.{where}.cache.amazonaws.com"
        return {"Address": address, "Port": group.port}

    def _new_shape(self, context, request: dict, name: str, engine: str) -> dict:
        # Valkey is encrypted at rest unless that is declined, Redis OSS only when asked.
        at_rest = request.get("AtRestEncryptionEnabled", engine == "valkey")
        transit = request.get("TransitEncryptionEnabled", False)
        shape = {
            "ReplicationGroupId": name,
            "ARN": self._arn(context, "replicationgroup", name),
            "Description": request["ReplicationGroupDescription"],
            "AutomaticFailover": _switch(request.get("AutomaticFailoverEnabled")),
            "MultiAZ": _switch(request.get("MultiAZEnabled")),
            "ClusterEnabled": False,
            "ClusterMode": "disabled",
            "AuthTokenEnabled": bool(request.get("AuthToken")),
            "TransitEncryptionEnabled": transit,
            "AtRestEncryptionEnabled": at_rest,
            "ReplicationGroupCreateTime": self._time(context),
            "DataTiering": "disabled",
            "NetworkType": request.get("NetworkType") or "ipv4",
            "IpDiscovery": request.get("IpDiscovery") or "ipv4",
            "GlobalReplicationGroupInfo": {},
            "UserGroupIds": request.get("UserGroupIds") or [],
            "LogDeliveryConfigurations": [],
        }
        if transit:
            shape["TransitEncryptionMode"] = request.get("TransitEncryptionMode") or "required"
        if request.get("KmsKeyId"):
            shape["KmsKeyId"] = keys.arn(context, request["KmsKeyId"])
            if not shape["KmsKeyId"]:
                raise self.error("InvalidParameterValueException", f"The KMS key {request['KmsKeyId']} does not exist.")
        return shape

    def _add_member(self, context, group: Group, zone: str) -> Member:
        """A member cluster under the first free number, with an interface in a subnet of the zone."""
        taken = {member.name for member in group.members}
        name = next(n for n in (f"{group.name}-{i:03}" for i in range(1, 100)) if n not in taken)
        subnet = _zones(self._subnet_group(context, group.common["CacheSubnetGroupName"]))[zone]
        held = interfaces.hold(
            context, subnet, group.security_groups, f"ElastiCache {name}", owner="amazon-elasticache"
        )
        member = Member({}, name, zone, held, self._time(context))
        group.members.append(member)
        self.settle(context, member.shape, "Status", "creating", "available")
        return member

    def _zones_of_new(self, subnet_group: dict, nodes: int, preferred: list[str]) -> list[str]:
        """One zone a node: those asked for, or all zones of the subnet group in turn."""
        zones = sorted(_zones(subnet_group))
        if preferred and len(preferred) != nodes:
            raise self.error(
                "InvalidParameterCombinationException",
                "PreferredCacheClusterAZs must name as many zones as there are cache clusters.",
            )
        if unknown := set(preferred) - set(zones):
            raise self.error(
                "InvalidVPCNetworkStateFault", f"The cache subnet group does not cover {', '.join(sorted(unknown))}."
            )
        return preferred or [zones[i % len(zones)] for i in range(nodes)]

    def _asked_nodes(self, request: dict) -> int:
        clusters, replicas = request.get("NumCacheClusters"), request.get("ReplicasPerNodeGroup")
        configured = request.get("NodeGroupConfiguration") or []
        if clusters is not None and replicas is not None:
            raise self.error(
                "InvalidParameterCombinationException",
                "NumCacheClusters and ReplicasPerNodeGroup cannot be used together.",
            )
        if clusters is None and replicas is None and configured:
            replicas = configured[0].get("ReplicaCount")
        nodes = clusters if clusters is not None else 1 + (replicas or 0)
        if not 1 <= nodes <= 1 + catalog.MOST_REPLICAS:
            raise self.error(
                "InvalidParameterValueException",
                f"The number of replicas must be between 0 and {catalog.MOST_REPLICAS}.",
            )
        return nodes

    def _check_name(self, name: str) -> None:
        if len(name) > 40 or not re.fullmatch(r"[a-z](?!.*--)[a-z0-9-]*(?<!-)", name):
            raise self.error(
                "InvalidParameterValueException",
                "The parameter ReplicationGroupId is not a valid identifier. Identifiers must have at most 40 characters, begin with a letter, "
                "contain only ASCII letters, digits, and hyphens, and must not end with a hyphen or contain two consecutive hyphens.",
            )

    def _checked_version(self, engine: str, wanted: str | None) -> str:
        if engine not in catalog.VERSIONS:
            raise self.error("InvalidParameterValueException", f"Invalid engine for a replication group: {engine}")
        version = catalog.resolve(engine, wanted)
        if not version:
            raise self.error("InvalidParameterCombinationException", f"Cannot find version {wanted} for {engine}")
        return version

    def _check_node_type(self, node_type: str | None) -> None:
        if node_type not in catalog.NODE_TYPES:
            raise self.error("InvalidParameterValueException", f"Invalid cache node type: {node_type}")

    def _check_failover(self, failover: bool, multi_az: bool, nodes: int) -> None:
        if failover and nodes < 2:
            raise self.error(
                "InvalidParameterCombinationException",
                "When using automatic failover, there must be at least 2 cache clusters in the replication group.",
            )
        if multi_az and not failover:
            raise self.error(
                "InvalidParameterCombinationException", "Must enable automatic failover to enable Multi-AZ."
            )

    def _check_encryption(self, request: dict) -> None:
        if request.get("AuthToken") and not request.get("TransitEncryptionEnabled"):
            raise self.error(
                "InvalidParameterCombinationException",
                "The AUTH token is only supported when encryption-in-transit is enabled.",
            )
        if request.get("TransitEncryptionMode") and not request.get("TransitEncryptionEnabled"):
            raise self.error(
                "InvalidParameterCombinationException", "TransitEncryptionMode needs TransitEncryptionEnabled."
            )
        if request.get("KmsKeyId") and request.get("AtRestEncryptionEnabled") is False:
            raise self.error("InvalidParameterCombinationException", "KmsKeyId needs AtRestEncryptionEnabled.")

    def _check_security_groups(self, context, vpc: str, ids: list[str]) -> None:
        try:
            found = self.call(context, "ec2", "DescribeSecurityGroups", {"GroupIds": ids})["SecurityGroups"]
        except ServiceException:
            raise self.error(
                "InvalidParameterValueException", f"Some security groups are invalid: {', '.join(ids)}"
            ) from None
        if any(group["VpcId"] != vpc for group in found):
            raise self.error(
                "InvalidParameterValueException",
                f"Some security groups are not in the VPC {vpc} of the cache: {', '.join(ids)}",
            )

    def _check_available(
        self, group: Group, what: str = "Replication group must be in available state to modify."
    ) -> None:
        if group.status != "available":
            raise self.error("InvalidReplicationGroupStateFault", what)

    def _default_security_group(self, context, vpc: str) -> str:
        filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
        return self.call(context, "ec2", "DescribeSecurityGroups", {"Filters": filters})["SecurityGroups"][0]["GroupId"]

    def _time(self, context) -> datetime:
        return datetime.fromtimestamp(self.now(context), timezone.utc)


def _common(request: dict, engine: str, version: str, subnet_group: dict, parameter_group: str) -> dict:
    return {
        "Engine": engine,
        "EngineVersion": version,
        "CacheNodeType": request["CacheNodeType"],
        "CacheSubnetGroupName": subnet_group["CacheSubnetGroupName"],
        "CacheParameterGroup": {
            "CacheParameterGroupName": parameter_group,
            "ParameterApplyStatus": "in-sync",
            "CacheNodeIdsToReboot": [],
        },
        "PreferredMaintenanceWindow": (request.get("PreferredMaintenanceWindow") or DEFAULT_MAINTENANCE).lower(),
        "SnapshotRetentionLimit": request.get("SnapshotRetentionLimit", 0),
        "SnapshotWindow": request.get("SnapshotWindow") or DEFAULT_SNAPSHOTS,
        "AutoMinorVersionUpgrade": request.get("AutoMinorVersionUpgrade", True),
    }


def _zones(subnet_group: dict) -> dict[str, str]:
    """Zone -> the group's first subnet there."""
    zones: dict[str, str] = {}
    for subnet in subnet_group["Subnets"]:
        zones.setdefault(subnet["SubnetAvailabilityZone"]["Name"], subnet["SubnetIdentifier"])
    return zones


def _switch(on: bool | None) -> str:
    return "enabled" if on else "disabled"


def _short(region: str) -> str:
    """`us-east-1` is `use1` in host names."""
    first, direction, number = region.rsplit("-", 2)
    return first.replace("-", "") + direction[0] + number
