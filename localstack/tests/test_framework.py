"""The control API, over a service the extension leaves to LocalStack."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests


def test_calls_are_counted_from_the_last_reset(aws):
    aws.ssm.put_parameter(Name="/a", Value="1", Type="String")
    assert aws.calls() == [{"service": "ssm", "operation": "PutParameter"}]
    aws.infra("calls/reset")
    assert aws.calls() == []


def test_a_failure_is_injected_so_many_times(aws):
    aws.infra("fail", service="ssm", operation="PutParameter", code="ThrottlingException", message="slow down", times=2)
    for _ in range(2):
        assert aws.refuses("ThrottlingException", aws.ssm.put_parameter, Name="/a", Value="1", Type="String") == "slow down"
    aws.refuses("ParameterNotFound", aws.ssm.get_parameter, Name="/a")
    aws.ssm.put_parameter(Name="/a", Value="1", Type="String")


def test_a_lost_answer_leaves_the_work_done(aws):
    aws.infra("fail", service="ssm", operation="PutParameter", code="InternalServerError", status=500, after=True)
    aws.refuses("InternalServerError", aws.ssm.put_parameter, Name="/a", Value="1", Type="String")
    assert aws.ssm.get_parameter(Name="/a")["Parameter"]["Value"] == "1"


def test_accounts_do_not_see_each_other_and_can_be_forgotten(aws, endpoint):
    other = type(aws)(endpoint)
    aws.ssm.put_parameter(Name="/a", Value="1", Type="String")
    other.refuses("ParameterNotFound", other.ssm.get_parameter, Name="/a")
    aws.infra("reset")
    aws.refuses("ParameterNotFound", aws.ssm.get_parameter, Name="/a")


@pytest.mark.parametrize("verb", ["settle", "fail", "outcome"])
def test_incomplete_bodies_are_refused(aws, verb):
    answer = requests.post(f"{aws.endpoint}/_infra/{verb}", json={"account": aws.account}, timeout=30)
    assert answer.status_code == 400


def nat_gateways_place(aws) -> dict:
    """Where a NAT gateway can stand, and its address."""
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    igw = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    aws.ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=igw)
    subnet = aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    return {"SubnetId": subnet, "AllocationId": aws.ec2.allocate_address(Domain="vpc")["AllocationId"]}


def test_what_is_under_way_can_be_hurried_in_its_order(aws):
    place = nat_gateways_place(aws)
    aws.settle(600)
    gateway = aws.ec2.create_nat_gateway(**place)["NatGateway"]["NatGatewayId"]
    state = lambda: aws.ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]["State"]
    assert state() == "pending"
    aws.infra("hurry")
    assert state() == "available"
    aws.ec2.delete_nat_gateway(NatGatewayId=gateway)
    assert state() == "deleting"
    aws.infra("hurry")
    assert state() == "deleted"


def test_equal_requests_at_once_make_one_thing(aws):
    place = nat_gateways_place(aws)
    make = lambda _: aws.ec2.create_nat_gateway(**place, ClientToken="t")["NatGateway"]["NatGatewayId"]
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(make, range(16)))) == 1
    assert len(aws.ec2.describe_nat_gateways()["NatGateways"]) == 1


def test_many_requests_at_once_all_count(aws):
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    make = lambda n: aws.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"]
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(make, range(32)))
    seen = aws.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    assert {s["SubnetId"] for s in seen} == made and len(made) == 32
