"""What RDS refuses about an instance's settings, when it is created and when it is modified."""

import re

from .. import keys
from ..framework import ServiceException
from . import catalog, windows

INSIGHTS_DAYS = {7, 731} | {31 * months for months in range(1, 24)}


class Checks:
    """`shape` is the DBInstance as it is to be."""

    def _check_identifier(self, parameter: str, name: str) -> None:
        if len(name) > 63 or not re.fullmatch(r"[A-Za-z](?!.*--)[A-Za-z0-9-]*(?<!-)", name):
            raise self.error(
                "InvalidParameterValue",
                f"The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII "
                "letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.",
            )

    def _check_class(self, name: str) -> None:
        if name not in catalog.CLASSES:
            raise self.error("InvalidParameterValue", f"Invalid DB Instance class: {name}")

    def _check_storage(self, shape: dict) -> None:
        engine, kind, gib = shape["Engine"], shape["StorageType"], shape["AllocatedStorage"]
        if kind not in catalog.STORAGE_GIB:
            raise self.error("InvalidParameterValue", f"Invalid storage type: {kind}")
        smallest, largest = catalog.STORAGE_GIB[kind]
        if not smallest <= gib <= largest:
            raise self.error(
                "InvalidParameterCombination",
                f"Invalid storage size for engine name {engine} and storage type {kind}: {gib}",
            )
        most = shape.get("MaxAllocatedStorage")
        if most is not None and most <= gib:
            raise self.error("InvalidParameterCombination", "Max storage size must be greater than storage size")
        if most is not None and most * 10 < gib * 11:
            raise self.error(
                "InvalidParameterCombination", "The maximum allocated storage must be increased by at least 10 percent."
            )
        if kind in ("io1", "io2") and not shape.get("Iops"):
            raise self.error("InvalidParameterCombination", f"You must specify IOPS for storage type {kind}.")
        if kind in ("gp2", "standard") and (shape.get("Iops") or shape.get("StorageThroughput")):
            raise self.error(
                "InvalidParameterCombination", f"You can't specify IOPS or storage throughput for storage type {kind}."
            )

    def _check_gp3_asked(self, shape: dict, request: dict) -> None:
        asked = request.get("Iops") or request.get("StorageThroughput")
        if asked and shape["StorageType"] == "gp3" and shape["AllocatedStorage"] < catalog.GP3_STRIPED_GIB:
            raise self.error(
                "InvalidParameterCombination",
                f"You can't specify IOPS or storage throughput for engine {shape['Engine']} and a storage size less than "
                f"{catalog.GP3_STRIPED_GIB}.",
            )

    def _check_backups(self, shape: dict) -> None:
        if not 0 <= shape["BackupRetentionPeriod"] <= 35:
            raise self.error(
                "InvalidParameterValue",
                f"Invalid backup retention period: {shape['BackupRetentionPeriod']}. Must be between 0 and 35 days.",
            )
        if problem := windows.problem(shape["PreferredBackupWindow"], shape["PreferredMaintenanceWindow"]):
            raise self.error("InvalidParameterValue", problem)

    def _check_insights(self, shape: dict, request: dict) -> None:
        enabled = shape["PerformanceInsightsEnabled"]
        if enabled and not catalog.has_performance_insights(shape["Engine"], shape["DBInstanceClass"]):
            raise self.error(
                "InvalidParameterCombination", "Performance Insights not supported for this configuration."
            )
        days = request.get("PerformanceInsightsRetentionPeriod")
        if days is not None and not enabled:
            raise self.error(
                "InvalidParameterCombination", "Performance Insights must be enabled to set its retention period."
            )
        if days is not None and days not in INSIGHTS_DAYS:
            raise self.error("InvalidParameterValue", f"Invalid Performance Insights retention period: {days}.")

    def _check_monitoring(self, shape: dict) -> None:
        interval, role = shape["MonitoringInterval"], shape.get("MonitoringRoleArn")
        if interval not in (0, 1, 5, 10, 15, 30, 60):
            raise self.error("InvalidParameterValue", f"Invalid monitoring interval: {interval}.")
        if interval and not role:
            raise self.error(
                "InvalidParameterCombination",
                "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.",
            )

    def _check_log_types(self, engine: str, names) -> None:
        if unknown := sorted(set(names) - catalog.LOG_TYPES[engine]):
            raise self.error(
                "InvalidParameterCombination",
                f"You cannot use the log types '{', '.join(unknown)}' with engine version {engine}.",
            )

    def _check_password(self, request: dict) -> None:
        password = request.get("MasterUserPassword")
        if password is not None and len(password) < 8:
            raise self.error(
                "InvalidParameterValue",
                "The parameter MasterUserPassword is not a valid password because it is shorter than 8 characters.",
            )
        if password is not None and re.search(r'[/@" ]', password):
            raise self.error(
                "InvalidParameterValue",
                "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides '/', '@', '\"', ' ' may be used.",
            )
        if password is not None and request.get("ManageMasterUserPassword"):
            raise self.error(
                "InvalidParameterCombination",
                "You can't specify MasterUserPassword when you enable ManageMasterUserPassword.",
            )

    def _check_family(self, context, engine: str, version: str, group_name: str) -> None:
        wanted, group = catalog.family(engine, version), self._parameter_group(context, group_name)
        if group.family != wanted:
            raise self.error(
                "InvalidParameterCombination",
                f"The Parameter Group {group.name} with DBParameterGroupFamily {group.family} can't be used for this instance. "
                f"Please use a Parameter Group with DBParameterGroupFamily {wanted}.",
            )

    def _check_groups(self, context, vpc: str, ids: list[str]) -> None:
        try:
            found = self.call(context, "ec2", "DescribeSecurityGroups", {"GroupIds": ids})["SecurityGroups"]
        except ServiceException:
            raise self.error(
                "InvalidParameterValue", f"Invalid security group , groupId= {', '.join(ids)}, groupName=."
            ) from None
        for group in found:
            if group["VpcId"] != vpc:
                raise self.error(
                    "InvalidParameterCombination",
                    "The DB instance and EC2 security group are in different VPCs. "
                    f"The DB instance is in {vpc} and the EC2 security group is in {group['VpcId']}",
                )

    def _key(self, context, key: str) -> str:
        """The ARN of a KMS key."""
        arn = keys.arn(context, key)
        if not arn:
            raise self.error(
                "KMSKeyNotAccessibleFault",
                f"The specified KMS key [{key}] does not exist, is not enabled or you do not have permissions to access it.",
            )
        return arn
