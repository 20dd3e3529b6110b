"""Manual snapshots of replication groups, final ones included. Nothing is stored but what describes them."""


class Snapshots:
    def create_snapshot(self, context, request):
        if not request.get("ReplicationGroupId"):
            return self.base_call(context)
        group = self._group(context, request["ReplicationGroupId"])
        self._check_available(group, "Snapshot cannot be created")
        snapshot = self._new_snapshot(context, group, request["SnapshotName"], self._checked_tags(request))
        self.settle(context, group.shape, "Status", "snapshotting", "available")
        return {"Snapshot": _public(snapshot)}

    def describe_snapshots(self, context, request):
        if name := request.get("SnapshotName"):
            return {"Snapshots": [_public(self._snapshot(context, name))]}
        found = self.state(context).snapshots.values()
        group = request.get("ReplicationGroupId")
        return {"Snapshots": [_public(s) for s in found if group in (None, s["ReplicationGroupId"])]}

    def delete_snapshot(self, context, request):
        snapshot = self._snapshot(context, request["SnapshotName"])
        if snapshot["SnapshotStatus"] != "available":
            raise self.error(
                "InvalidSnapshotStateFault", f"Snapshot {snapshot['SnapshotName']} is {snapshot['SnapshotStatus']}."
            )
        del self.state(context).snapshots[snapshot["SnapshotName"]]
        return {"Snapshot": _public(snapshot) | {"SnapshotStatus": "deleting"}}

    def _snapshot(self, context, name: str) -> dict:
        snapshot = self.state(context).snapshots.get(name.lower())
        if not snapshot:
            raise self.error("SnapshotNotFoundFault", f"Snapshot {name} not found.")
        return snapshot

    def _new_snapshot(self, context, group, name: str, tags: list[dict]) -> dict:
        name = name.lower()
        if name in self.state(context).snapshots:
            raise self.error("SnapshotAlreadyExistsFault", f"Snapshot with specified name already exists: {name}")
        common = group.common
        snapshot = {key: common[key] for key in _COPIED} | {
            "SnapshotName": name,
            "ARN": self._arn(context, "snapshot", name),
            "ReplicationGroupId": group.name,
            "ReplicationGroupDescription": group.shape["Description"],
            "SnapshotSource": "manual",
            "CacheParameterGroupName": common["CacheParameterGroup"]["CacheParameterGroupName"],
            "VpcId": self._subnet_group(context, common["CacheSubnetGroupName"])["VpcId"],
            "Port": group.port,
            "NumNodeGroups": 1,
            "AutomaticFailover": group.shape["AutomaticFailover"],
            "KmsKeyId": group.shape.get("KmsKeyId"),
            "NodeSnapshots": [{"NodeGroupId": "0001", "CacheSize": "0 MB", "SnapshotCreateTime": self._time(context)}],
            "_tags": tags,
        }
        self.state(context).snapshots[name] = snapshot
        self.settle(context, snapshot, "SnapshotStatus", "creating", "available")
        return snapshot


#: What a snapshot keeps of the cache under the same name.
_COPIED = (
    "CacheNodeType",
    "Engine",
    "EngineVersion",
    "PreferredMaintenanceWindow",
    "CacheSubnetGroupName",
    "AutoMinorVersionUpgrade",
    "SnapshotRetentionLimit",
    "SnapshotWindow",
)


def _public(snapshot: dict) -> dict:
    return {key: value for key, value in snapshot.items() if not key.startswith("_")}
