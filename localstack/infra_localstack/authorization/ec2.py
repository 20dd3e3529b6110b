"""EC2: what is made is asked about by the tags in the request, what is there by its own.

"Actions, resources, and condition keys for Amazon EC2". Tagging in the call that makes something is an action of its own, with
`ec2:CreateAction` for the call.
"""

from moto.ec2.models import ec2_backends

from ..framework import tags_from
from .demand import Call, Demand, tag_keys

#: What ids begin with, and the type in the ARN.
TYPES = {
    "vpc": "vpc",
    "subnet": "subnet",
    "igw": "internet-gateway",
    "eipalloc": "elastic-ip",
    "nat": "natgateway",
    "rtb": "route-table",
    "vpce": "vpc-endpoint",
    "sg": "security-group",
    "lt": "launch-template",
    "i": "instance",
    "vol": "volume",
    "eni": "network-interface",
}

#: Operations that make something: its type as tag specifications name it, and the fields that name what it needs.
MAKES = {
    "CreateVpc": ("vpc", []),
    "CreateSubnet": ("subnet", ["VpcId"]),
    "CreateInternetGateway": ("internet-gateway", []),
    "AllocateAddress": ("elastic-ip", []),
    "CreateNatGateway": ("natgateway", ["SubnetId", "AllocationId"]),
    "CreateRouteTable": ("route-table", ["VpcId"]),
    "CreateVpcEndpoint": ("vpc-endpoint", ["VpcId", "RouteTableIds", "SubnetIds", "SecurityGroupIds"]),
    "CreateSecurityGroup": ("security-group", ["VpcId"]),
    "CreateLaunchTemplate": ("launch-template", []),
}

#: Operations on what is there: the fields that name it.
CHANGES = {
    "DescribeVpcAttribute": ["VpcId"],
    "ModifyVpcAttribute": ["VpcId"],
    "DeleteVpc": ["VpcId"],
    "ModifySubnetAttribute": ["SubnetId"],
    "DeleteSubnet": ["SubnetId"],
    "AttachInternetGateway": ["InternetGatewayId", "VpcId"],
    "DetachInternetGateway": ["InternetGatewayId", "VpcId"],
    "DeleteInternetGateway": ["InternetGatewayId"],
    "ReleaseAddress": ["AllocationId"],
    "DeleteNatGateway": ["NatGatewayId"],
    "CreateRoute": ["RouteTableId"],
    "ReplaceRoute": ["RouteTableId"],
    "DeleteRoute": ["RouteTableId"],
    "AssociateRouteTable": ["RouteTableId", "SubnetId"],
    "DisassociateRouteTable": ["AssociationId"],
    "ReplaceRouteTableAssociation": ["RouteTableId", "AssociationId"],
    "DeleteRouteTable": ["RouteTableId"],
    "ModifyVpcEndpoint": ["VpcEndpointId", "AddRouteTableIds", "RemoveRouteTableIds"],
    "DeleteVpcEndpoints": ["VpcEndpointIds"],
    "AuthorizeSecurityGroupIngress": ["GroupId"],
    "AuthorizeSecurityGroupEgress": ["GroupId"],
    "RevokeSecurityGroupIngress": ["GroupId"],
    "RevokeSecurityGroupEgress": ["GroupId"],
    "UpdateSecurityGroupRuleDescriptionsIngress": ["GroupId"],
    "UpdateSecurityGroupRuleDescriptionsEgress": ["GroupId"],
    "DeleteSecurityGroup": ["GroupId"],
    "CreateLaunchTemplateVersion": ["LaunchTemplateId"],
    "ModifyLaunchTemplate": ["LaunchTemplateId"],
    "DeleteLaunchTemplate": ["LaunchTemplateId"],
    "DeleteLaunchTemplateVersions": ["LaunchTemplateId"],
    "TerminateInstances": ["InstanceIds"],
}


def demands(call: Call) -> list[Demand]:
    if call.operation == "CreateTags":
        return [_retags(call, resource_id) for resource_id in call.request["Resources"]]
    if call.operation in MAKES:
        made, fields = MAKES[call.operation]
        tags = {tag["Key"]: tag["Value"] for tag in tags_from(call.request, made)}
        resource, keys = call.arn(f"{made}/*"), tag_keys("RequestTag", tags) | {"aws:TagKeys": list(tags)}
        tagging = [Demand("ec2:CreateTags", resource, keys | {"ec2:CreateAction": call.operation})] if tags else []
        return [Demand(call.action, resource, keys), *_existing(call, fields), *tagging]
    if call.operation in CHANGES:
        return _existing(call, CHANGES[call.operation])
    return [Demand(call.action)]


def tags_of(call: Call, resource_id: str) -> dict[str, str]:
    return dict(ec2_backends[call.account][call.region].tags.get(resource_id) or {})


def arn_of(call: Call, resource_id: str) -> str:
    return call.arn(f"{TYPES[resource_id.rsplit('-', 1)[0]]}/{resource_id}", "ec2")


def existing(call: Call, action: str, resource_id: str, more: dict | None = None) -> Demand:
    """An action on something that is there, which is known by its tags."""
    return Demand(action, arn_of(call, resource_id), tag_keys("ResourceTag", tags_of(call, resource_id)) | (more or {}))


def _existing(call: Call, fields: list[str]) -> list[Demand]:
    return [existing(call, call.action, resource_id) for field in fields for resource_id in _ids(call, field)]


def _ids(call: Call, field: str) -> list[str]:
    value = call.request.get(field) or []
    if field == "AssociationId":
        tables = ec2_backends[call.account][call.region].route_tables.values()
        return [id_ for table in tables if value in table.associations for id_ in (table.id, table.associations[value])]
    return [value] if isinstance(value, str) else value


def _retags(call: Call, resource_id: str) -> Demand:
    wanted = {tag["Key"]: tag["Value"] for tag in call.request["Tags"]}
    own = tag_keys("ResourceTag", tags_of(call, resource_id))
    return Demand(call.action, arn_of(call, resource_id), own | tag_keys("RequestTag", wanted) | {"aws:TagKeys": list(wanted)})
