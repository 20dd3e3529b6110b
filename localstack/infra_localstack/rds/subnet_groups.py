"""DB subnet groups: at least two zones of one VPC, and not deletable while an instance is in them."""

from ..framework import ServiceException


class SubnetGroups:
    def create_db_subnet_group(self, context, request):
        name = request["DBSubnetGroupName"].lower()
        if name == "default":
            raise self.error("InvalidParameterValue", "The subnet group name 'default' is reserved.")
        if name in self.state(context).subnet_groups:
            raise self.error("DBSubnetGroupAlreadyExistsFault", f"The DB subnet group '{name}' already exists.")
        tags = self._checked_tags(request)
        group = self._new_subnet_group(context, name, request["DBSubnetGroupDescription"], request["SubnetIds"], tags)
        self.state(context).subnet_groups[name] = group
        return {"DBSubnetGroup": _public(group)}

    def describe_db_subnet_groups(self, context, request):
        if name := request.get("DBSubnetGroupName"):
            return {"DBSubnetGroups": [_public(self._subnet_group(context, name))]}
        return {"DBSubnetGroups": [_public(group) for group in self.state(context).subnet_groups.values()]}

    def modify_db_subnet_group(self, context, request):
        group = self._subnet_group(context, request["DBSubnetGroupName"])
        vpc, subnets = self._checked_subnets(context, request["SubnetIds"])
        if vpc != group["VpcId"]:
            raise self.error("InvalidSubnet", "The new Subnets are not in the same Vpc as the existing subnet group")
        for instance in self._instances_in(context, group["DBSubnetGroupName"]):
            if not instance.subnets(context) <= set(request["SubnetIds"]):
                raise self.error("SubnetAlreadyInUse", "Some of the subnets to be deleted are currently in use.")
        group["Subnets"] = subnets
        if request.get("DBSubnetGroupDescription"):
            group["DBSubnetGroupDescription"] = request["DBSubnetGroupDescription"]
        return {"DBSubnetGroup": _public(group)}

    def delete_db_subnet_group(self, context, request):
        group = self._subnet_group(context, request["DBSubnetGroupName"])
        name = group["DBSubnetGroupName"]
        if instances := self._instances_in(context, name):
            raise self.error(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{name}' because at least one database instance: "
                f"{instances[0].name} is still using it.",
            )
        del self.state(context).subnet_groups[name]
        return {}

    def _subnet_group(self, context, name: str) -> dict:
        group = self.state(context).subnet_groups.get(name.lower())
        if not group:
            raise self.error("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.")
        return group

    def _default_subnet_group(self, context) -> dict:
        """RDS makes the group `default`, over the default VPC, for the first instance that names no group."""
        groups = self.state(context).subnet_groups
        if "default" not in groups:
            found = self.call(
                context, "ec2", "DescribeSubnets", {"Filters": [{"Name": "default-for-az", "Values": ["true"]}]}
            )
            if not found.get("Subnets"):
                raise self.error(
                    "DBSubnetGroupNotFoundFault",
                    "No default subnet detected in VPC. Please contact AWS Support to recreate default Subnets.",
                )
            subnets = [subnet["SubnetId"] for subnet in found["Subnets"]]
            groups["default"] = self._new_subnet_group(context, "default", "default", subnets, [])
        return groups["default"]

    def _new_subnet_group(self, context, name: str, description: str, subnet_ids: list[str], tags: list[dict]) -> dict:
        vpc, subnets = self._checked_subnets(context, subnet_ids)
        return {
            "DBSubnetGroupName": name,
            "DBSubnetGroupDescription": description,
            "VpcId": vpc,
            "SubnetGroupStatus": "Complete",
            "Subnets": subnets,
            "DBSubnetGroupArn": self._arn(context, "subgrp", name),
            "SupportedNetworkTypes": ["IPV4"],
            "_tags": tags,
        }

    def _checked_subnets(self, context, ids: list[str]) -> tuple[str, list[dict]]:
        """The VPC and the members of a group of these subnets, or the error RDS gives for them."""
        try:
            found = self.call(context, "ec2", "DescribeSubnets", {"SubnetIds": list(dict.fromkeys(ids))})["Subnets"]
        except ServiceException:
            raise self.error("InvalidSubnet", f"Some input subnets in :{ids} are invalid.") from None
        vpcs = {subnet["VpcId"] for subnet in found}
        if len(vpcs) > 1:
            raise self.error("InvalidSubnet", f"Subnets in :{ids} are not in the same VPC.")
        zones = sorted({subnet["AvailabilityZone"] for subnet in found})
        if len(zones) < 2:
            raise self.error(
                "DBSubnetGroupDoesNotCoverEnoughAZs",
                "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. "
                f"Current AZ coverage: {', '.join(zones)}. Add subnets to cover at least 2 AZs.",
            )
        members = [
            {
                "SubnetIdentifier": subnet["SubnetId"],
                "SubnetAvailabilityZone": {"Name": subnet["AvailabilityZone"]},
                "SubnetOutpost": {},
                "SubnetStatus": "Active",
            }
            for subnet in found
        ]
        return vpcs.pop(), members

    def _instances_in(self, context, group: str) -> list:
        return [i for i in self.state(context).instances.values() if i.subnet_group == group]


def _public(group: dict) -> dict:
    return {key: value for key, value in group.items() if not key.startswith("_")}
