"""A small network that other services' tests stand in."""

from dataclasses import dataclass


@dataclass
class Network:
    vpc: str
    #: One in each of the zones a, b and c.
    subnets: list[str]
    group: str


def network(aws) -> Network:
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        aws.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=aws.region + zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate("abc")
    ]
    group = aws.ec2.create_security_group(GroupName="data", Description="data", VpcId=vpc)["GroupId"]
    return Network(vpc, subnets, group)


def interfaces(aws, vpc: str) -> list[dict]:
    return aws.ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkInterfaces"]
