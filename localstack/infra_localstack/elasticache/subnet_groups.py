"""Cache subnet groups: subnets of one VPC, not deletable while a replication group is in them."""

from ..framework import ServiceException


class SubnetGroups:
    def create_cache_subnet_group(self, context, request):
        name = request["CacheSubnetGroupName"].lower()
        if name in self.state(context).subnet_groups:
            raise self.error("CacheSubnetGroupAlreadyExistsFault", f"Cache subnet group {name} already exists.")
        tags = self._checked_tags(request)
        group = self._new_subnet_group(
            context, name, request["CacheSubnetGroupDescription"], request["SubnetIds"], tags
        )
        self.state(context).subnet_groups[name] = group
        return {"CacheSubnetGroup": _public(group)}

    def describe_cache_subnet_groups(self, context, request):
        if name := request.get("CacheSubnetGroupName"):
            return {"CacheSubnetGroups": [_public(self._subnet_group(context, name))]}
        return {"CacheSubnetGroups": [_public(group) for group in self.state(context).subnet_groups.values()]}

    def modify_cache_subnet_group(self, context, request):
        group = self._subnet_group(context, request["CacheSubnetGroupName"])
        if "SubnetIds" in request:
            vpc, subnets = self._checked_subnets(context, request["SubnetIds"])
            if vpc != group["VpcId"]:
                raise self.error(
                    "InvalidSubnet", f"The subnets are not in the VPC {group['VpcId']} of the subnet group."
                )
            for used in self._groups_in(context, group["CacheSubnetGroupName"]):
                if not used.subnets(context) <= set(request["SubnetIds"]):
                    raise self.error("SubnetInUse", "Some of the subnets to be removed are currently in use.")
            group["Subnets"] = subnets
        if "CacheSubnetGroupDescription" in request:
            group["CacheSubnetGroupDescription"] = request["CacheSubnetGroupDescription"]
        return {"CacheSubnetGroup": _public(group)}

    def delete_cache_subnet_group(self, context, request):
        group = self._subnet_group(context, request["CacheSubnetGroupName"])
        name = group["CacheSubnetGroupName"]
        if self._groups_in(context, name):
            raise self.error(
                "CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache cluster."
            )
        del self.state(context).subnet_groups[name]
        return {}

    def _subnet_group(self, context, name: str) -> dict:
        group = self.state(context).subnet_groups.get(name.lower())
        if not group:
            raise self.error("CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {name} does not exist.")
        return group

    def _default_subnet_group(self, context) -> dict:
        """ElastiCache makes the group `default`, over the default VPC, for the first cache that names no group."""
        groups = self.state(context).subnet_groups
        if "default" not in groups:
            found = self.call(
                context, "ec2", "DescribeSubnets", {"Filters": [{"Name": "default-for-az", "Values": ["true"]}]}
            )
            if not found.get("Subnets"):
                raise self.error(
                    "CacheSubnetGroupNotFoundFault", "No default VPC exists, a cache subnet group must be named."
                )
            subnets = [subnet["SubnetId"] for subnet in found["Subnets"]]
            groups["default"] = self._new_subnet_group(context, "default", "Default CacheSubnetGroup", subnets, [])
        return groups["default"]

    def _new_subnet_group(self, context, name: str, description: str, subnet_ids: list[str], tags: list[dict]) -> dict:
        vpc, subnets = self._checked_subnets(context, subnet_ids)
        return {
            "CacheSubnetGroupName": name,
            "CacheSubnetGroupDescription": description,
            "VpcId": vpc,
            "Subnets": subnets,
            "ARN": self._arn(context, "subnetgroup", name),
            "SupportedNetworkTypes": ["ipv4"],
            "_tags": tags,
        }

    def _checked_subnets(self, context, ids: list[str]) -> tuple[str, list[dict]]:
        """The VPC and the members of a group of these subnets, or the error ElastiCache gives for them."""
        ids = list(dict.fromkeys(ids))
        try:
            found = self.call(context, "ec2", "DescribeSubnets", {"SubnetIds": ids})["Subnets"]
        except ServiceException:
            raise self.error(
                "InvalidParameterValueException", f"Some input subnets in :[{', '.join(ids)}] are invalid."
            ) from None
        vpcs = {subnet["VpcId"]: subnet["SubnetId"] for subnet in found}
        if len(vpcs) > 1:
            raise self.error("InvalidSubnet", f"Subnets {' and '.join(vpcs.values())} are not in the same VPC.")
        members = [
            {
                "SubnetIdentifier": subnet["SubnetId"],
                "SubnetAvailabilityZone": {"Name": subnet["AvailabilityZone"]},
                "SupportedNetworkTypes": ["ipv4"],
            }
            for subnet in found
        ]
        return found[0]["VpcId"], members

    def _groups_in(self, context, subnet_group: str) -> list:
        return [g for g in self.state(context).groups.values() if g.common["CacheSubnetGroupName"] == subnet_group]


def _public(group: dict) -> dict:
    return {key: value for key, value in group.items() if not key.startswith("_")}
