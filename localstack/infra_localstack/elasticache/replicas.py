"""IncreaseReplicaCount and DecreaseReplicaCount; the primary always stays."""

from .. import interfaces
from . import catalog
from .replication_groups import _zones


class Replicas:
    def increase_replica_count(self, context, request):
        group = self._group(context, request["ReplicationGroupId"])
        count, preferred = self._asked_count(group, request)
        have = len(group.members) - 1
        if count < have:
            raise self.error(
                "InvalidParameterValueException", f"New replica count {count} must be greater than the current {have}."
            )
        if count > catalog.MOST_REPLICAS:
            raise self.error(
                "InvalidParameterValueException",
                f"The number of replicas must be between 0 and {catalog.MOST_REPLICAS}.",
            )
        zones = sorted(_zones(self._subnet_group(context, group.common["CacheSubnetGroupName"])))
        for number in range(have + 1, count + 1):
            self._add_member(context, group, preferred[number - have - 1] if preferred else zones[number % len(zones)])
        self.settle(context, group.shape, "Status", "modifying", "available")
        return {"ReplicationGroup": self._described(context, group)}

    def decrease_replica_count(self, context, request):
        group = self._group(context, request["ReplicationGroupId"])
        named = request.get("ReplicasToRemove") or []
        if named and "NewReplicaCount" not in request:
            self._check_change(group, request)
            leaving = [member for member in group.members[1:] if member.name in named]
            if len(leaving) != len(named):
                raise self.error("InvalidParameterValueException", f"Not replicas of {group.name}: {', '.join(named)}")
        else:
            count, _ = self._asked_count(group, request)
            have = len(group.members) - 1
            if count > have:
                raise self.error(
                    "InvalidParameterValueException", f"New replica count {count} must be less than the current {have}."
                )
            leaving = group.members[1 + count :]
        if len(group.members) - len(leaving) < 2 and group.shape["AutomaticFailover"] == "enabled":
            raise self.error(
                "InvalidParameterCombinationException",
                "When using automatic failover, there must be at least 2 cache clusters in the replication group.",
            )
        self._leave(context, group, leaving)
        return {"ReplicationGroup": self._described(context, group)}

    def _leave(self, context, group, leaving: list) -> None:
        def gone():
            for member in leaving:
                interfaces.release(context, member.interface)
                group.members.remove(member)

        for member in leaving:
            member.shape["Status"] = "deleting"
        self.settle(context, group.shape, "Status", "modifying", "available", then=gone)

    def _asked_count(self, group, request: dict) -> tuple[int, list[str]]:
        self._check_change(group, request)
        shard = next(iter(request.get("ReplicaConfiguration") or []), {})
        count = request.get("NewReplicaCount", shard.get("NewReplicaCount"))
        if count is None:
            raise self.error(
                "InvalidParameterCombinationException", "NewReplicaCount or ReplicaConfiguration must be given."
            )
        if count == len(group.members) - 1:
            raise self.error("NoOperationFault", "The operation was not performed because no changes were required.")
        # The first zone is the primary's.
        return count, (shard.get("PreferredAvailabilityZones") or [])[len(group.members) :]

    def _check_change(self, group, request: dict) -> None:
        self._check_available(group)
        if not request.get("ApplyImmediately"):
            raise self.error("InvalidParameterValueException", "ApplyImmediately=False is not currently supported.")
