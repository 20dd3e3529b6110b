"""What the bench asks of a LocalStack account beside running tools on it: `account.py settle` has AWS take no time to create,
change and delete; `account.py count` prints how many of each kind are there, as JSON. The account is the access key."""

import json
import os
import sys
import urllib.request

import boto3

REGION = "us-east-1"
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]


def settle() -> None:
    body = json.dumps({"account": os.environ["AWS_ACCESS_KEY_ID"], "seconds": 0}).encode()
    urllib.request.urlopen(f"{ENDPOINT}/_infra/settle", body).read()


def all_of(service: str, operation: str, **request) -> list:
    """Every page of an answer that has one list in it."""
    client = boto3.client(service, region_name=REGION, endpoint_url=ENDPOINT)
    if not client.can_paginate(operation):
        answers = [getattr(client, operation)(**request)]
    else:
        answers = client.get_paginator(operation).paginate(**request)
    return [item for answer in answers for value in answer.values() if isinstance(value, list) for item in value]


def count() -> None:
    vpcs = [vpc["VpcId"] for vpc in all_of("ec2", "describe_vpcs") if not vpc["IsDefault"]]
    inside = [{"Name": "vpc-id", "Values": vpcs or ["none"]}]
    groups = [group for group in all_of("ec2", "describe_security_groups", Filters=inside) if group["GroupName"] != "default"]
    tables = [
        table
        for table in all_of("ec2", "describe_route_tables", Filters=inside)
        if not any(association.get("Main") for association in table["Associations"])
    ]
    roles = [role["RoleName"] for role in all_of("iam", "list_roles") if "aws-service-role" not in role["Path"]]
    balancers = [balancer["LoadBalancerArn"] for balancer in all_of("elbv2", "describe_load_balancers")]
    repositories = all_of("ecr", "describe_repositories")
    caches = all_of("elasticache", "describe_replication_groups")
    rules = [[rule for direction in ("IpPermissions", "IpPermissionsEgress") for rule in group[direction]] for group in groups]
    peers = [peer for some in rules for rule in some for peer in rule["IpRanges"] + rule["UserIdGroupPairs"]]
    counts = {
        "networks": vpcs,
        "subnets": all_of("ec2", "describe_subnets", Filters=inside),
        "internet gateways": [
            gateway
            for gateway in all_of("ec2", "describe_internet_gateways")
            if any(attachment["VpcId"] in vpcs for attachment in gateway["Attachments"])
        ],
        "elastic IPs": all_of("ec2", "describe_addresses"),
        "NAT gateways": [gateway for gateway in all_of("ec2", "describe_nat_gateways") if gateway["State"] == "available"],
        "route tables": tables,
        "routes": [route for table in tables for route in table["Routes"] if route.get("GatewayId") != "local"],
        "subnets of route tables": [association for table in tables for association in table["Associations"]],
        "VPC endpoints": all_of("ec2", "describe_vpc_endpoints", Filters=inside),
        "security groups": groups,
        "rules of security groups": peers,
        "network interfaces": all_of("ec2", "describe_network_interfaces", Filters=inside),
        "launch templates": all_of("ec2", "describe_launch_templates"),
        "instances": [
            instance
            for reservation in all_of("ec2", "describe_instances")
            for instance in reservation["Instances"]
            if instance["State"]["Name"] == "running"
        ],
        "load balancers": balancers,
        "target groups": all_of("elbv2", "describe_target_groups"),
        "listeners": [listener for arn in balancers for listener in all_of("elbv2", "describe_listeners", LoadBalancerArn=arn)],
        "scaling groups": all_of("autoscaling", "describe_auto_scaling_groups"),
        "scaling policies": all_of("autoscaling", "describe_policies"),
        "roles": roles,
        "role policies": [policy for role in roles for policy in all_of("iam", "list_role_policies", RoleName=role)],
        "instance profiles": all_of("iam", "list_instance_profiles"),
        "log groups": all_of("logs", "describe_log_groups"),
        "databases": all_of("rds", "describe_db_instances"),
        "database subnet groups": all_of("rds", "describe_db_subnet_groups"),
        "caches": caches,
        "cache nodes": [node for cache in caches for node in cache["MemberClusters"]],
        "cache subnet groups": [
            group for group in all_of("elasticache", "describe_cache_subnet_groups") if group["CacheSubnetGroupName"] != "default"
        ],
        "repositories": repositories,
        "App Runner services": all_of("apprunner", "list_services"),
        "VPC connectors": all_of("apprunner", "list_vpc_connectors"),
        "App Runner scaling": [
            one
            for one in all_of("apprunner", "list_auto_scaling_configurations")
            if one["AutoScalingConfigurationName"] != "DefaultConfiguration"
        ],
        "secrets": all_of("secretsmanager", "list_secrets"),
    }
    print(json.dumps({kind: len(found) for kind, found in counts.items()}))


if __name__ == "__main__":
    {"settle": settle, "count": count}[sys.argv[1]]()
