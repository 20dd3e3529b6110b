"""Subnets and a security group of their own, and who is in them."""

from dataclasses import dataclass


@dataclass
class Network:
    vpc: str
    subnets: list[str]
    group: str


def subnets_and_group(aws, zones: str = "ab") -> Network:
    """One subnet in each of the zones."""
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        aws.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=aws.region + zone)["Subnet"]
        for number, zone in enumerate(zones)
    ]
    group = aws.ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    return Network(vpc, [it["SubnetId"] for it in subnets], group)


def interfaces(aws, subnet: str) -> list[dict]:
    filters = [{"Name": "subnet-id", "Values": [subnet]}]
    return aws.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
