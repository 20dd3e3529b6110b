"""DB instances: created, described and deleted. `modify.py` changes them."""

import secrets
import string
from dataclasses import dataclass, field
from datetime import datetime, timezone

from .. import interfaces
from . import catalog, master_secret, windows
from .checks import Checks


@dataclass
class Instance:
    #: The DBInstance of the API. What belongs to others (the subnet group) is filled in when it is described.
    shape: dict
    subnet_group: str
    groups: list[str]
    #: What waits for the maintenance window, or for the modification under way, by ModifyDBInstance's names.
    pending: dict = field(default_factory=dict)
    interfaces: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def name(self) -> str:
        return self.shape["DBInstanceIdentifier"]

    @property
    def status(self) -> str:
        return self.shape["DBInstanceStatus"]

    @property
    def parameter_group(self) -> str:
        return self.shape["DBParameterGroups"][0]["DBParameterGroupName"]

    def subnets(self, context) -> set[str]:
        return {_subnet(context, interface) for interface in self.interfaces}


class Instances(Checks):
    def create_db_instance(self, context, request):
        name, engine = request["DBInstanceIdentifier"], request["Engine"]
        if request.get("DBClusterIdentifier") or engine.startswith(("aurora", "neptune", "docdb")):
            return self.base_call(context)
        self._check_identifier("DBInstanceIdentifier", name)
        if name.lower() in self.state(context).instances:
            raise self.error("DBInstanceAlreadyExistsFault", "DB instance already exists")
        if engine not in catalog.VERSIONS:
            raise self.error("InvalidParameterValue", f"Invalid DB engine: {engine}")
        version = catalog.resolve(engine, request.get("EngineVersion"))
        if not version:
            raise self.error(
                "InvalidParameterCombination", f"Cannot find version {request['EngineVersion']} for {engine}"
            )
        self._check_class(request["DBInstanceClass"])
        self._check_master(context, request)

        group = (
            self._subnet_group(context, request["DBSubnetGroupName"])
            if request.get("DBSubnetGroupName")
            else self._default_subnet_group(context)
        )
        security_groups = request.get("VpcSecurityGroupIds") or [self._default_security_group(context, group["VpcId"])]
        self._check_groups(context, group["VpcId"], security_groups)
        parameter_group = request.get("DBParameterGroupName") or f"default.{catalog.family(engine, version)}"
        self._check_family(context, engine, version, parameter_group)
        shape = self._new_shape(context, request, version, group, parameter_group.lower())
        self._check_storage(shape)
        self._check_gp3_asked(shape, request)
        self._check_backups(shape)
        self._check_insights(shape, request)
        self._check_monitoring(shape)
        self._check_log_types(engine, shape["EnabledCloudwatchLogsExports"])

        port = request.get("Port") or catalog.PORTS[engine]
        instance = Instance(shape, group["DBSubnetGroupName"], list(security_groups), port=port)
        self._place(context, instance)
        if request.get("ManageMasterUserPassword"):
            self._manage_password(context, instance, request.get("MasterUserSecretKmsKeyId"))
        self.state(context).instances[instance.name] = instance
        self.settle(
            context, shape, "DBInstanceStatus", "creating", "backing-up", then=lambda: self._up(context, instance)
        )
        return {"DBInstance": self._described(context, instance)}

    def describe_db_instances(self, context, request):
        if name := request.get("DBInstanceIdentifier"):
            # Terraform and others pass an ARN here, which AWS takes too.
            found = [self._instance(context, name.rsplit(":", 1)[-1])]
        else:
            found = list(self.state(context).instances.values())
        for condition in request.get("Filters") or []:
            key = _FILTERS.get(condition["Name"])
            if not key:
                raise self.error("InvalidParameterValue", f"Unrecognized filter name: {condition['Name']}")
            values = {value.rsplit(":", 1)[-1] for value in condition["Values"]}
            found = [instance for instance in found if instance.shape.get(key) in values]
        return {"DBInstances": [self._described(context, instance) for instance in found]}

    def delete_db_instance(self, context, request):
        instance = self._instance(context, request["DBInstanceIdentifier"])
        skip, final = request.get("SkipFinalSnapshot", False), request.get("FinalDBSnapshotIdentifier")
        if instance.status == "deleting":
            raise self.error("InvalidDBInstanceStateFault", f"Instance {instance.name} is already being deleted.")
        if instance.shape["DeletionProtection"]:
            raise self.error(
                "InvalidParameterCombination",
                "Cannot delete protected DB Instance, please disable deletion protection and try again.",
            )
        if not skip and not final:
            raise self.error(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
            )
        if skip and final:
            raise self.error(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is true.",
            )
        if final:
            self._new_snapshot(context, instance, final, [])
        self.settle(
            context,
            instance.shape,
            "DBInstanceStatus",
            "deleting",
            "deleted",
            then=lambda: self._gone(context, instance),
        )
        return {"DBInstance": self._described(context, instance)}

    def _up(self, context, instance: Instance) -> None:
        """Reachable from here on; its first backup is taken."""
        shape = instance.shape
        shape["Endpoint"] = self._endpoint(context, instance)
        shape["InstanceCreateTime"] = self._time(context)
        if shape["BackupRetentionPeriod"]:
            shape["LatestRestorableTime"] = self._time(context)
        self._secret_ready(instance)
        self.settle(context, shape, "DBInstanceStatus", "backing-up", "available", seconds=self.seconds(context) / 2)

    def _gone(self, context, instance: Instance) -> None:
        for interface in instance.interfaces:
            interfaces.release(context, interface)
        if secret := instance.shape.get("MasterUserSecret"):
            master_secret.delete(context, secret)
        self.state(context).instances.pop(instance.name, None)

    def _instance(self, context, name: str) -> Instance:
        instance = self.state(context).instances.get(name.lower())
        if not instance:
            raise self.error("DBInstanceNotFoundFault", f"DBInstance {name} not found.")
        return instance

    def _described(self, context, instance: Instance) -> dict:
        group = self.state(context).subnet_groups[instance.subnet_group]
        pending = {
            key: "****" if key == "MasterUserPassword" else value
            for key, value in instance.pending.items()
            if key in self.model.shape_for("PendingModifiedValues").members
        }
        if "DBPortNumber" in instance.pending:
            pending["Port"] = instance.pending["DBPortNumber"]
        return instance.shape | {
            "DBSubnetGroup": {
                key: value
                for key, value in group.items()
                if key not in ("_tags", "DBSubnetGroupArn", "SupportedNetworkTypes")
            },
            "VpcSecurityGroups": [{"VpcSecurityGroupId": group, "Status": "active"} for group in instance.groups],
            "PendingModifiedValues": pending,
        }

    def _check_master(self, context, request: dict) -> None:
        self._check_password(request)
        user, engine = request.get("MasterUsername"), request["Engine"]
        if not user:
            raise self.error(
                "InvalidParameterValue", "The parameter MasterUsername must be provided and must not be blank."
            )
        if user.lower() in catalog.RESERVED_USERS[engine]:
            raise self.error(
                "InvalidParameterValue",
                f"MasterUsername {user} cannot be used as it is a reserved word used by the engine",
            )
        if not request.get("MasterUserPassword") and not request.get("ManageMasterUserPassword"):
            raise self.error(
                "InvalidParameterValue", "The parameter MasterUserPassword must be provided and must not be blank."
            )
        if request.get("MasterUserSecretKmsKeyId") and not request.get("ManageMasterUserPassword"):
            raise self.error(
                "InvalidParameterCombination",
                "You can't specify MasterUserSecretKmsKeyId without enabling ManageMasterUserPassword.",
            )
        if key := request.get("MasterUserSecretKmsKeyId"):
            self._key(context, key)

    def _new_shape(self, context, request: dict, version: str, group: dict, parameter_group: str) -> dict:
        name, engine = request["DBInstanceIdentifier"].lower(), request["Engine"]
        if "AllocatedStorage" not in request:
            raise self.error(
                "InvalidParameterCombination", "The parameter AllocatedStorage must be provided and must not be blank."
            )
        if request.get("MultiAZ") and request.get("AvailabilityZone"):
            raise self.error(
                "InvalidParameterCombination",
                "Requesting a specific availability zone is not valid for Multi-AZ instances.",
            )
        insights, encrypted = request.get("EnablePerformanceInsights", False), request.get("StorageEncrypted", False)
        if request.get("KmsKeyId") and not encrypted:
            raise self.error("InvalidParameterCombination", "KmsKeyId can only be specified with StorageEncrypted.")
        storage = request.get("StorageType") or ("io1" if request.get("Iops") else "gp3")
        iops, throughput = request.get("Iops"), request.get("StorageThroughput")
        if storage == "gp3":
            baseline = catalog.gp3_baseline(request["AllocatedStorage"])
            iops, throughput = iops or baseline[0], throughput or baseline[1]
        shape = {
            "DBInstanceIdentifier": name,
            "DBInstanceArn": self._arn(context, "db", name),
            "DbiResourceId": "db-" + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(26)),
            "DBInstanceClass": request["DBInstanceClass"],
            "Engine": engine,
            "EngineVersion": version,
            "LicenseModel": request.get("LicenseModel") or catalog.LICENSES[engine],
            "EngineLifecycleSupport": request.get("EngineLifecycleSupport") or "open-source-rds-extended-support",
            "AutoMinorVersionUpgrade": request.get("AutoMinorVersionUpgrade", True),
            "MasterUsername": request["MasterUsername"],
            "DBName": request.get("DBName"),
            "DbInstancePort": 0,
            "AllocatedStorage": request["AllocatedStorage"],
            "MaxAllocatedStorage": request.get("MaxAllocatedStorage"),
            "StorageType": storage,
            "Iops": iops,
            "StorageThroughput": throughput,
            "StorageEncrypted": encrypted,
            "KmsKeyId": self._key(context, request.get("KmsKeyId") or "alias/aws/rds") if encrypted else None,
            "DedicatedLogVolume": request.get("DedicatedLogVolume", False),
            "IsStorageConfigUpgradeAvailable": False,
            "MultiAZ": request.get("MultiAZ", False),
            "AvailabilityZone": request.get("AvailabilityZone"),
            "PubliclyAccessible": request.get("PubliclyAccessible", group["DBSubnetGroupName"] == "default"),
            "NetworkType": request.get("NetworkType") or "IPV4",
            "CustomerOwnedIpEnabled": False,
            "DBParameterGroups": [{"DBParameterGroupName": parameter_group, "ParameterApplyStatus": "in-sync"}],
            "OptionGroupMemberships": [
                {"OptionGroupName": _option_group(engine, version, request), "Status": "in-sync"}
            ],
            "BackupRetentionPeriod": request.get("BackupRetentionPeriod", 1),
            "PreferredBackupWindow": request.get("PreferredBackupWindow") or windows.DEFAULT_BACKUP,
            "PreferredMaintenanceWindow": (
                request.get("PreferredMaintenanceWindow") or windows.DEFAULT_MAINTENANCE
            ).lower(),
            "BackupTarget": request.get("BackupTarget") or "region",
            "CopyTagsToSnapshot": request.get("CopyTagsToSnapshot", False),
            "DeletionProtection": request.get("DeletionProtection", False),
            "IAMDatabaseAuthenticationEnabled": request.get("EnableIAMDatabaseAuthentication", False),
            "MonitoringInterval": request.get("MonitoringInterval", 0),
            "MonitoringRoleArn": request.get("MonitoringRoleArn"),
            "DatabaseInsightsMode": request.get("DatabaseInsightsMode") or "standard",
            "PerformanceInsightsEnabled": insights,
            "EnabledCloudwatchLogsExports": sorted(request.get("EnableCloudwatchLogsExports") or []),
            "CACertificateIdentifier": request.get("CACertificateIdentifier") or "rds-ca-rsa2048-g1",
            "ActivityStreamStatus": "stopped",
            "TagList": self._checked_tags(request),
            # Lists that are there and empty, as RDS gives them.
            "AssociatedRoles": [],
            "DBSecurityGroups": [],
            "DomainMemberships": [],
            "ReadReplicaDBInstanceIdentifiers": [],
            "ReadReplicaDBClusterIdentifiers": [],
            "StatusInfos": [],
        }
        shape["CertificateDetails"] = {
            "CAIdentifier": shape["CACertificateIdentifier"],
            "ValidTill": datetime(2061, 5, 1, tzinfo=timezone.utc),
        }
        if insights:
            key = request.get("PerformanceInsightsKMSKeyId") or "alias/aws/rds"
            shape["PerformanceInsightsKMSKeyId"] = self._key(context, key)
            shape["PerformanceInsightsRetentionPeriod"] = request.get("PerformanceInsightsRetentionPeriod", 7)
        return shape

    def _place(self, context, instance: Instance) -> None:
        """Chooses zones and holds an interface in each: one for the instance, one more for a standby."""
        shape = instance.shape
        subnets: dict[str, str] = {}
        for subnet in self.state(context).subnet_groups[instance.subnet_group]["Subnets"]:
            subnets.setdefault(subnet["SubnetAvailabilityZone"]["Name"], subnet["SubnetIdentifier"])
        zones = sorted(subnets)
        first = shape["AvailabilityZone"] or zones[0]
        if first not in subnets:
            raise self.error(
                "InvalidVPCNetworkStateFault",
                f"DB subnet group '{instance.subnet_group}' does not cover the Availability Zone {first}.",
            )
        second = next(zone for zone in zones if zone != first) if shape["MultiAZ"] else None
        shape["AvailabilityZone"], shape["SecondaryAvailabilityZone"] = first, second
        wanted = [subnets[zone] for zone in (first, second) if zone]
        for interface in list(instance.interfaces):
            if _subnet(context, interface) in wanted:
                wanted.remove(_subnet(context, interface))
            else:
                instance.interfaces.remove(interface)
                interfaces.release(context, interface)
        for subnet in wanted:
            made = interfaces.hold(context, subnet, instance.groups, "RDSNetworkInterface", owner="amazon-rds")
            instance.interfaces.append(made)

    def _manage_password(self, context, instance: Instance, key: str | None) -> None:
        arn = self._key(context, key) if key else None
        shape = instance.shape
        shape["MasterUserSecret"] = master_secret.create(context, shape["DBInstanceArn"], shape["MasterUsername"], arn)

    def _secret_ready(self, instance: Instance) -> None:
        if secret := instance.shape.get("MasterUserSecret"):
            secret["SecretStatus"] = "active"

    def _default_security_group(self, context, vpc: str) -> str:
        filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
        return self.call(context, "ec2", "DescribeSecurityGroups", {"Filters": filters})["SecurityGroups"][0]["GroupId"]

    def _endpoint(self, context, instance: Instance) -> dict:
        # One label per account and region on AWS; here made from the account.
        label = format(int(context.account_id), "x").rjust(12, "c")
        address = f"{instance.name}.{label}.{context.region}.rds.amazonaws.com"
        return {"Address": address, "Port": instance.port, "HostedZoneId": "Z2R2ITUGPM61AM"}

    def _time(self, context) -> datetime:
        return datetime.fromtimestamp(self.now(context), timezone.utc)


def _subnet(context, interface: str) -> str:
    return interfaces.backend(context).enis[interface].subnet.id


def _option_group(engine: str, version: str, request: dict) -> str:
    return request.get("OptionGroupName") or f"default:{engine}-{catalog.major(engine, version).replace('.', '-')}"


#: Filters of DescribeDBInstances, which take ARNs in place of names as well.
_FILTERS = {
    "db-instance-id": "DBInstanceIdentifier",
    "dbi-resource-id": "DbiResourceId",
    "db-cluster-id": "DBClusterIdentifier",
    "engine": "Engine",
}
