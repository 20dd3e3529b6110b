"""ModifyDBInstance: what changes at once, what waits for the maintenance window, and what RDS refuses; reboot, stop, start.

A change that waits stays in PendingModifiedValues until a later request applies immediately, which carries out everything
that waits. The answer of an immediate change still says `available` with the change pending, as RDS does; the status
moves to `modifying` right after.
"""

from .. import interfaces
from . import catalog, master_secret

#: Request parameter -> DBInstance member, changed as soon as possible whatever ApplyImmediately says.
_AT_ONCE = {
    "MaxAllocatedStorage": "MaxAllocatedStorage",
    "PreferredBackupWindow": "PreferredBackupWindow",
    "PreferredMaintenanceWindow": "PreferredMaintenanceWindow",
    "AutoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "CopyTagsToSnapshot": "CopyTagsToSnapshot",
    "MonitoringInterval": "MonitoringInterval",
    "MonitoringRoleArn": "MonitoringRoleArn",
    "PubliclyAccessible": "PubliclyAccessible",
    "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
    "DatabaseInsightsMode": "DatabaseInsightsMode",
    "EnablePerformanceInsights": "PerformanceInsightsEnabled",
    "PerformanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
    "DeletionProtection": "DeletionProtection",
    "EngineLifecycleSupport": "EngineLifecycleSupport",
}

#: Changed in the maintenance window, or now with ApplyImmediately. Same names in both.
_IN_WINDOW = (
    "AllocatedStorage",
    "BackupRetentionPeriod",
    "CACertificateIdentifier",
    "DBInstanceClass",
    "EngineVersion",
    "Iops",
    "LicenseModel",
    "MultiAZ",
    "StorageThroughput",
    "StorageType",
)


class Modify:
    def modify_db_instance(self, context, request):
        instance = self._instance(context, request["DBInstanceIdentifier"])
        if instance.status != "available":
            raise self.error("InvalidDBInstanceStateFault", "Database instance is not in available state.")
        shape = instance.shape
        waiting = {key: request[key] for key in _IN_WINDOW if key in request}
        self._version_change(context, instance, request, waiting)
        self._storage_change(instance, request, waiting)
        if "DBInstanceClass" in waiting:
            self._check_class(waiting["DBInstanceClass"])
        if request.get("DBSubnetGroupName"):
            self._check_move(context, instance, request["DBSubnetGroupName"])
        self._check_password(request)
        if (
            "MasterUserPassword" in request
            and "MasterUserSecret" in shape
            and request.get("ManageMasterUserPassword") is not False
        ):
            raise self.error(
                "InvalidParameterCombination",
                "You can't specify MasterUserPassword for an instance with a managed master user password.",
            )
        if request.get("RotateMasterUserPassword") and not request.get("ApplyImmediately"):
            raise self.error(
                "InvalidParameterCombination", "You must specify ApplyImmediately to rotate the master user password."
            )

        to_be = shape | {member: request[key] for key, member in _AT_ONCE.items() if key in request} | waiting
        if to_be.get("MaxAllocatedStorage") is not None and to_be["MaxAllocatedStorage"] == to_be["AllocatedStorage"]:
            to_be["MaxAllocatedStorage"] = None  # how storage autoscaling is switched off
        self._check_storage(to_be)
        self._check_backups(to_be)
        self._check_insights(to_be, request)
        self._check_monitoring(to_be)
        logs = request.get("CloudwatchLogsExportConfiguration") or {}
        self._check_log_types(shape["Engine"], [*logs.get("EnableLogTypes", []), *logs.get("DisableLogTypes", [])])
        if "VpcSecurityGroupIds" in request:
            self._check_groups(context, self._vpc(context, instance), request["VpcSecurityGroupIds"])
        if name := request.get("NewDBInstanceIdentifier"):
            self._check_identifier("NewDBInstanceIdentifier", name)
            if name.lower() in self.state(context).instances:
                raise self.error("DBInstanceAlreadyExistsFault", "DB instance already exists")
            waiting["DBInstanceIdentifier"] = name.lower()
        for key in ("DBPortNumber", "MasterUserPassword"):
            if key in request:
                waiting[key] = request[key]

        # From here on nothing is refused.
        now = {
            member: to_be[member]
            for key, member in _AT_ONCE.items()
            if key in request and to_be[member] != shape.get(member)
        }
        if "BackupRetentionPeriod" in waiting and waiting["BackupRetentionPeriod"] and shape["BackupRetentionPeriod"]:
            now["BackupRetentionPeriod"] = waiting.pop("BackupRetentionPeriod")  # only to and from 0 waits
        self._queue(instance, waiting)
        others = self._at_once(context, instance, request, logs)
        apply = bool(request.get("ApplyImmediately") and instance.pending)
        answer = self._described(context, instance)
        if now or others or apply:
            due = dict(instance.pending) if apply else {}
            status = "upgrading" if "EngineVersion" in due else "modifying"
            self.settle(
                context,
                shape,
                "DBInstanceStatus",
                status,
                "available",
                then=lambda: self._modified(context, instance, now, due),
            )
        return {"DBInstance": answer}

    def reboot_db_instance(self, context, request):
        instance = self._instance(context, request["DBInstanceIdentifier"])
        if instance.status != "available":
            raise self.error("InvalidDBInstanceStateFault", f"Instance {instance.name} is not in available state.")
        in_sync = lambda: instance.shape["DBParameterGroups"][0].update(ParameterApplyStatus="in-sync")  # noqa: E731
        self.settle(context, instance.shape, "DBInstanceStatus", "rebooting", "available", then=in_sync)
        return {"DBInstance": self._described(context, instance)}

    def stop_db_instance(self, context, request):
        return self._switch(context, request, "available", "stopping", "stopped")

    def start_db_instance(self, context, request):
        return self._switch(context, request, "stopped", "starting", "available")

    def _switch(self, context, request, needed: str, now: str, later: str):
        instance = self._instance(context, request["DBInstanceIdentifier"])
        if instance.status != needed:
            raise self.error("InvalidDBInstanceStateFault", f"Instance {instance.name} is not in {needed} state.")
        self.settle(context, instance.shape, "DBInstanceStatus", now, later)
        return {"DBInstance": self._described(context, instance)}

    def _version_change(self, context, instance, request: dict, waiting: dict) -> None:
        """Resolves the version asked for and checks the way to it, and the parameter group that goes with it."""
        shape = instance.shape
        engine, current = shape["Engine"], shape["EngineVersion"]
        version = current
        if wanted := waiting.pop("EngineVersion", None):
            # A major version alone is satisfied by any of its minor ones.
            version = current if wanted == catalog.major(engine, current) else catalog.resolve(engine, wanted)
            if not version:
                raise self.error("InvalidParameterCombination", f"Cannot find upgrade path from {current} to {wanted}.")
            if version != current and version not in catalog.upgrade_targets(engine, current):
                raise self.error("InvalidParameterCombination", f"Cannot upgrade {engine} from {current} to {version}")
            waiting["EngineVersion"] = version
        group = request.get("DBParameterGroupName")
        if catalog.major(engine, version) != catalog.major(engine, current):
            if not request.get("AllowMajorVersionUpgrade"):
                raise self.error(
                    "InvalidParameterCombination",
                    "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
                )
            if not group and not instance.parameter_group.startswith("default."):
                raise self.error(
                    "InvalidParameterCombination",
                    f"The current DB instance parameter group {instance.parameter_group} is custom. You must explicitly specify "
                    "a new DB parameter group, either default or custom, for the engine version upgrade.",
                )
        if group:
            self._check_family(context, engine, version, group)

    def _storage_change(self, instance, request: dict, waiting: dict) -> None:
        shape = instance.shape
        if gib := waiting.get("AllocatedStorage"):
            current = shape["AllocatedStorage"]
            if gib < current:
                raise self.error(
                    "InvalidParameterCombination",
                    f"Invalid storage size for engine name {shape['Engine']} and storage type {shape['StorageType']}: {gib}. "
                    f"Storage size must not be smaller than the current {current}.",
                )
            if gib > current:
                # An increase of less than a tenth is rounded up to one.
                waiting["AllocatedStorage"] = max(gib, -(-current * 11 // 10))
        kind, gib = (
            waiting.get("StorageType", shape["StorageType"]),
            waiting.get("AllocatedStorage", shape["AllocatedStorage"]),
        )
        self._check_gp3_asked(shape | {"StorageType": kind, "AllocatedStorage": gib}, request)
        if kind != shape["StorageType"] or gib != shape["AllocatedStorage"]:
            if kind == "gp3":
                floor = catalog.gp3_baseline(gib)
                waiting["Iops"] = max(waiting.get("Iops", 0), floor[0])
                waiting["StorageThroughput"] = max(waiting.get("StorageThroughput", 0), floor[1])
            elif kind != shape["StorageType"]:
                waiting.setdefault("Iops", None)
                waiting.setdefault("StorageThroughput", None)

    def _check_move(self, context, instance, name: str) -> None:
        group = self._subnet_group(context, name)
        if group["DBSubnetGroupName"] != instance.subnet_group:
            same = "the same VPC" if group["VpcId"] == self._vpc(context, instance) else "another VPC"
            raise self.error(
                "InvalidVPCNetworkStateFault",
                f"You cannot move DB instance {instance.name} to subnet group {name}. The specified DB subnet group and DB instance "
                f"are in {same}.",
            )

    def _queue(self, instance, waiting: dict) -> None:
        """What differs waits; what is asked to stay as it is no longer does."""
        for key, value in waiting.items():
            current = instance.port if key == "DBPortNumber" else instance.shape.get(key)
            instance.pending.pop(key, None)
            if current != value:
                instance.pending[key] = value

    def _at_once(self, context, instance, request: dict, logs: dict) -> bool:
        """Changes that are not one member each; says whether there were any."""
        shape, changed = instance.shape, False
        if "VpcSecurityGroupIds" in request and set(request["VpcSecurityGroupIds"]) != set(instance.groups):
            instance.groups = list(request["VpcSecurityGroupIds"])
            for interface in instance.interfaces:
                interfaces.regroup(context, interface, instance.groups)
            changed = True
        if logs:
            before = shape["EnabledCloudwatchLogsExports"]
            names = (set(before) | set(logs.get("EnableLogTypes", []))) - set(logs.get("DisableLogTypes", []))
            shape["EnabledCloudwatchLogsExports"] = sorted(names)
            changed |= names != set(before)
        group = (request.get("DBParameterGroupName") or "").lower()
        if group and group != instance.parameter_group and "EngineVersion" not in instance.pending:
            # Associated now, in force after a reboot, with ApplyImmediately or without.
            shape["DBParameterGroups"] = [{"DBParameterGroupName": group, "ParameterApplyStatus": "pending-reboot"}]
            changed = True
        elif group:
            instance.pending["_group"] = group
        return self._password_change(context, instance, request) or changed

    def _password_change(self, context, instance, request: dict) -> bool:
        shape, manage = instance.shape, request.get("ManageMasterUserPassword")
        if manage and "MasterUserSecret" not in shape:
            self._manage_password(context, instance, request.get("MasterUserSecretKmsKeyId"))
        elif manage is False and "MasterUserSecret" in shape:
            master_secret.delete(context, shape.pop("MasterUserSecret"))
        elif request.get("RotateMasterUserPassword") and "MasterUserSecret" in shape:
            master_secret.rotate(context, shape["MasterUserSecret"], shape["MasterUsername"])
            shape["MasterUserSecret"]["SecretStatus"] = "rotating"
        else:
            return False
        return True

    def _modified(self, context, instance, now: dict, due: dict) -> None:
        """The changes arrive: `now` is DBInstance members, `due` is what was pending."""
        shape = instance.shape
        shape.update(now)
        if not shape["PerformanceInsightsEnabled"]:
            shape.pop("PerformanceInsightsRetentionPeriod", None)
            shape.pop("PerformanceInsightsKMSKeyId", None)
        elif "PerformanceInsightsRetentionPeriod" not in shape:
            shape["PerformanceInsightsRetentionPeriod"] = 7
            shape["PerformanceInsightsKMSKeyId"] = self._key(context, "alias/aws/rds")
        self._secret_ready(instance)
        for key in due:
            instance.pending.pop(key, None)
        if "EngineVersion" in due:
            family = catalog.family(shape["Engine"], due["EngineVersion"])
            group = due.get("_group") or (
                instance.parameter_group if family == self._family(context, instance) else f"default.{family}"
            )
            self._parameter_group(context, group)
            shape["DBParameterGroups"] = [{"DBParameterGroupName": group, "ParameterApplyStatus": "in-sync"}]
            major = catalog.major(shape["Engine"], due["EngineVersion"]).replace(".", "-")
            shape["OptionGroupMemberships"][0]["OptionGroupName"] = f"default:{shape['Engine']}-{major}"
        shape.update({key: value for key, value in due.items() if key in _IN_WINDOW})
        if "CACertificateIdentifier" in due:
            shape["CertificateDetails"]["CAIdentifier"] = due["CACertificateIdentifier"]
        if "MultiAZ" in due:
            self._place(context, instance)
        instance.port = due.get("DBPortNumber", instance.port)
        if "DBInstanceIdentifier" in due:
            del self.state(context).instances[instance.name]
            shape["DBInstanceIdentifier"] = due["DBInstanceIdentifier"]
            shape["DBInstanceArn"] = self._arn(context, "db", instance.name)
            self.state(context).instances[instance.name] = instance
        shape["Endpoint"] = self._endpoint(context, instance)

    def _family(self, context, instance) -> str:
        return self._parameter_group(context, instance.parameter_group).family

    def _vpc(self, context, instance) -> str:
        return self.state(context).subnet_groups[instance.subnet_group]["VpcId"]
