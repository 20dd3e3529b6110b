"""Manual DB snapshots, final ones included. Nothing is stored but what describes them."""


class Snapshots:
    def create_db_snapshot(self, context, request):
        instance = self._instance(context, request["DBInstanceIdentifier"])
        snapshot = self._new_snapshot(context, instance, request["DBSnapshotIdentifier"], self._checked_tags(request))
        self.settle(context, instance.shape, "DBInstanceStatus", "backing-up", "available")
        return {"DBSnapshot": snapshot}

    def describe_db_snapshots(self, context, request):
        if name := request.get("DBSnapshotIdentifier"):
            found = [self._snapshot(context, name.rsplit(":snapshot:", 1)[-1])]
        else:
            found = list(self.state(context).snapshots.values())
        wanted = {
            "DBInstanceIdentifier": (request.get("DBInstanceIdentifier") or "").lower(),
            "DbiResourceId": request.get("DbiResourceId"),
            "SnapshotType": request.get("SnapshotType"),
        }
        for key, value in wanted.items():
            found = [snapshot for snapshot in found if not value or snapshot[key] == value]
        for condition in request.get("Filters") or []:
            key = _FILTERS.get(condition["Name"])
            if not key:
                raise self.error("InvalidParameterValue", f"Unrecognized filter name: {condition['Name']}")
            found = [snapshot for snapshot in found if snapshot[key] in condition["Values"]]
        return {"DBSnapshots": found}

    def delete_db_snapshot(self, context, request):
        snapshot = self._snapshot(context, request["DBSnapshotIdentifier"])
        if snapshot["Status"] != "available":
            raise self.error(
                "InvalidDBSnapshotStateFault",
                f"Cannot delete the snapshot because it is currently in the {snapshot['Status']} state.",
            )
        del self.state(context).snapshots[snapshot["DBSnapshotIdentifier"]]
        return {"DBSnapshot": snapshot | {"Status": "deleted"}}

    def _snapshot(self, context, name: str) -> dict:
        snapshot = self.state(context).snapshots.get(name.lower())
        if not snapshot:
            raise self.error("DBSnapshotNotFoundFault", f"DBSnapshot {name} not found.")
        return snapshot

    def _new_snapshot(self, context, instance, name: str, tags: list[dict]) -> dict:
        name = name.lower()
        self._check_identifier("DBSnapshotIdentifier", name)
        if name in self.state(context).snapshots:
            raise self.error(
                "DBSnapshotAlreadyExistsFault",
                f"Cannot create the snapshot because a snapshot with the identifier {name} already exists.",
            )
        if instance.status != "available":
            raise self.error(
                "InvalidDBInstanceStateFault",
                f"Cannot create a snapshot because the database instance {instance.name} is not currently in the available state.",
            )
        shape = instance.shape
        inherited = shape["TagList"] if shape["CopyTagsToSnapshot"] and not tags else []
        snapshot = {key: shape.get(key) for key in _COPIED} | {
            "DBSnapshotIdentifier": name,
            "DBSnapshotArn": self._arn(context, "snapshot", name),
            "SnapshotType": "manual",
            "SnapshotTarget": "region",
            "SnapshotCreateTime": self._time(context),
            "OriginalSnapshotCreateTime": self._time(context),
            "OptionGroupName": shape["OptionGroupMemberships"][0]["OptionGroupName"],
            "Port": instance.port,
            "VpcId": self.state(context).subnet_groups[instance.subnet_group]["VpcId"],
            "Encrypted": shape["StorageEncrypted"],
            "PercentProgress": 0,
            "TagList": [*inherited, *tags],
        }
        self.state(context).snapshots[name] = snapshot
        self.settle(
            context, snapshot, "Status", "creating", "available", then=lambda: snapshot.update(PercentProgress=100)
        )
        return snapshot


#: What a snapshot keeps of its instance under the same name.
_COPIED = (
    "DBInstanceIdentifier",
    "DbiResourceId",
    "Engine",
    "EngineVersion",
    "LicenseModel",
    "AllocatedStorage",
    "StorageType",
    "Iops",
    "StorageThroughput",
    "KmsKeyId",
    "AvailabilityZone",
    "InstanceCreateTime",
    "MasterUsername",
    "IAMDatabaseAuthenticationEnabled",
    "DedicatedLogVolume",
)

_FILTERS = {
    "db-instance-id": "DBInstanceIdentifier",
    "db-snapshot-id": "DBSnapshotIdentifier",
    "dbi-resource-id": "DbiResourceId",
    "snapshot-type": "SnapshotType",
    "engine": "Engine",
}
