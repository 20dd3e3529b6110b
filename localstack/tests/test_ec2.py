"""EC2's refusals and states, as the error codes and the API reference of EC2 name them."""

import pytest


@pytest.fixture
def net(aws):
    """A VPC with an internet gateway and a subnet in each of two zones."""
    ec2 = aws.ec2
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    igw = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=igw)
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{aws.region}{zone}")["Subnet"]["SubnetId"]
        for n, zone in enumerate("ab")
    ]
    return type("Net", (), {"vpc": vpc, "igw": igw, "subnets": subnets, "subnet": subnets[0]})


def group(aws, net, name="web"):
    return aws.ec2.create_security_group(GroupName=name, Description=name, VpcId=net.vpc)["GroupId"]


def rule(peer=None, port=443, cidr=None, about=None):
    said = {"Description": about} if about else {}
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
    if peer:
        permission["UserIdGroupPairs"] = [{"GroupId": peer} | said]
    if cidr:
        permission["Ipv6Ranges" if ":" in cidr else "IpRanges"] = [{"CidrIpv6" if ":" in cidr else "CidrIp": cidr} | said]
    return permission


def permissions(aws, group_id, key="IpPermissions"):
    return aws.ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0][key]


# VPC, subnets, gateways -------------------------------------------------------------------------------------------


def test_dry_run_is_an_error_and_does_nothing(aws):
    before = len(aws.ec2.describe_vpcs()["Vpcs"])
    aws.refuses("DryRunOperation", aws.ec2.create_vpc, CidrBlock="10.0.0.0/16", DryRun=True)
    assert len(aws.ec2.describe_vpcs()["Vpcs"]) == before


def test_subnets_lie_in_the_vpc_and_do_not_overlap(aws, net):
    aws.refuses("InvalidSubnet.Range", aws.ec2.create_subnet, VpcId=net.vpc, CidrBlock="10.1.0.0/24")
    aws.refuses("InvalidSubnet.Range", aws.ec2.create_subnet, VpcId=net.vpc, CidrBlock="10.0.9.0/29")
    aws.refuses("InvalidSubnet.Conflict", aws.ec2.create_subnet, VpcId=net.vpc, CidrBlock="10.0.1.128/25")
    aws.refuses("InvalidParameterValue", aws.ec2.create_subnet, VpcId=net.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone="us-east-1a")


def test_a_subnet_is_found_by_the_id_of_its_zone_and_assigns_no_public_addresses(aws, net):
    zone = aws.ec2.describe_availability_zones()["AvailabilityZones"][2]
    made = aws.ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.0.9.7/24", AvailabilityZoneId=zone["ZoneId"])["Subnet"]
    seen = aws.ec2.describe_subnets(SubnetIds=[made["SubnetId"]])["Subnets"][0]
    assert (seen["AvailabilityZone"], seen["CidrBlock"]) == (zone["ZoneName"], "10.0.9.0/24")
    assert seen["MapPublicIpOnLaunch"] is False and seen["DefaultForAz"] is False


def test_a_subnet_with_an_interface_cannot_be_deleted(aws, net):
    eni = aws.ec2.create_network_interface(SubnetId=net.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    aws.refuses("DependencyViolation", aws.ec2.delete_subnet, SubnetId=net.subnet)
    aws.ec2.delete_network_interface(NetworkInterfaceId=eni)
    aws.ec2.delete_subnet(SubnetId=net.subnet)
    aws.refuses("InvalidSubnetID.NotFound", aws.ec2.delete_subnet, SubnetId=net.subnet)


def test_deleting_a_subnet_frees_its_route_table(aws, net):
    table = aws.ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    aws.ec2.associate_route_table(RouteTableId=table, SubnetId=net.subnet)
    aws.refuses("DependencyViolation", aws.ec2.delete_route_table, RouteTableId=table)
    aws.ec2.delete_subnet(SubnetId=net.subnet)
    aws.ec2.delete_route_table(RouteTableId=table)


@pytest.mark.parametrize("left", ["subnet", "internet gateway", "group", "route table", "endpoint"])
def test_a_vpc_with_anything_left_in_it_cannot_be_deleted(aws, left):
    aws.settle(0, "ec2")
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    if left == "subnet":
        made = aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        undo = lambda: aws.ec2.delete_subnet(SubnetId=made)
    elif left == "internet gateway":
        made = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        aws.ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=made)
        undo = lambda: aws.ec2.detach_internet_gateway(VpcId=vpc, InternetGatewayId=made)
    elif left == "group":
        made = aws.ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
        undo = lambda: aws.ec2.delete_security_group(GroupId=made)
    elif left == "route table":
        made = aws.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        undo = lambda: aws.ec2.delete_route_table(RouteTableId=made)
    else:
        made = aws.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{aws.region}.s3")["VpcEndpoint"]["VpcEndpointId"]
        undo = lambda: aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
    aws.refuses("DependencyViolation", aws.ec2.delete_vpc, VpcId=vpc)
    undo()
    aws.ec2.delete_vpc(VpcId=vpc)
    aws.refuses("InvalidVpcID.NotFound", aws.ec2.describe_vpcs, VpcIds=[vpc])


def test_internet_gateways(aws, net):
    other = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    aws.refuses("InvalidParameterValue", aws.ec2.attach_internet_gateway, VpcId=net.vpc, InternetGatewayId=other)
    aws.refuses("DependencyViolation", aws.ec2.delete_internet_gateway, InternetGatewayId=net.igw)
    eni = aws.ec2.create_network_interface(SubnetId=net.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    address = aws.ec2.allocate_address(Domain="vpc")
    aws.ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=eni)
    detach = lambda: aws.ec2.detach_internet_gateway(VpcId=net.vpc, InternetGatewayId=net.igw)
    assert "mapped public address" in aws.refuses("DependencyViolation", detach)
    aws.refuses("InvalidIPAddress.InUse", aws.ec2.release_address, AllocationId=address["AllocationId"])
    held = aws.ec2.describe_addresses(AllocationIds=[address["AllocationId"]])["Addresses"][0]
    aws.ec2.disassociate_address(AssociationId=held["AssociationId"])
    aws.ec2.release_address(AllocationId=address["AllocationId"])
    detach()
    aws.ec2.delete_internet_gateway(InternetGatewayId=net.igw)


# Routes -----------------------------------------------------------------------------------------------------------


def test_routes(aws, net):
    ec2 = aws.ec2
    table = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    aws.refuses(
        "InvalidNatGatewayID.NotFound", ec2.create_route,
        RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId="nat-0123456789abcdef0",
    )
    loose = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    aws.refuses("InvalidParameterValue", ec2.create_route, RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=loose)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=net.igw)
    aws.refuses("RouteAlreadyExists", ec2.create_route, RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=net.igw)

    def state():
        routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return next(r["State"] for r in routes if r.get("DestinationCidrBlock") == "0.0.0.0/0")

    assert state() == "active"
    ec2.detach_internet_gateway(VpcId=net.vpc, InternetGatewayId=net.igw)
    assert state() == "blackhole"


def test_a_subnet_has_one_route_table_and_the_main_one_stays(aws, net):
    ec2 = aws.ec2
    one, two = (ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
    ec2.associate_route_table(RouteTableId=one, SubnetId=net.subnet)
    aws.refuses("Resource.AlreadyAssociated", ec2.associate_route_table, RouteTableId=two, SubnetId=net.subnet)
    main = ec2.describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [net.vpc]}, {"Name": "association.main", "Values": ["true"]}]
    )["RouteTables"][0]["RouteTableId"]
    aws.refuses("DependencyViolation", ec2.delete_route_table, RouteTableId=main)


# NAT gateways -----------------------------------------------------------------------------------------------------


def nat(aws, net, **more):
    address = aws.ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = aws.ec2.create_nat_gateway(SubnetId=net.subnet, AllocationId=address, **more)["NatGateway"]
    return made["NatGatewayId"], address


def nat_state(aws, gateway):
    return aws.ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]["State"]


def test_a_nat_gateway_steps_through_its_states_and_holds_its_address_and_subnet(aws, net):
    ec2 = aws.ec2
    aws.settle(600, "ec2")
    gateway, address = nat(
        aws, net, TagSpecifications=[{"ResourceType": "natgateway", "Tags": [{"Key": "Name", "Value": "n"}]}]
    )
    assert nat_state(aws, gateway) == "pending"
    seen = aws.hurried(lambda: [g for g in ec2.describe_nat_gateways(
        Filter=[{"Name": "state", "Values": ["available"]}, {"Name": "tag:Name", "Values": ["n"]}])["NatGateways"]])[0]
    held = seen["NatGatewayAddresses"][0]
    assert (held["AllocationId"], held["PrivateIp"]) == (address, "10.0.0.4")
    eni = ec2.describe_network_interfaces(NetworkInterfaceIds=[held["NetworkInterfaceId"]])["NetworkInterfaces"][0]
    assert (eni["InterfaceType"], eni["RequesterManaged"], eni["Status"]) == ("nat_gateway", True, "in-use")
    assert eni["Description"] == f"Interface for NAT Gateway {gateway}"

    table = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)
    ec2.delete_nat_gateway(NatGatewayId=gateway)
    assert nat_state(aws, gateway) == "deleting"
    aws.refuses("DependencyViolation", ec2.delete_subnet, SubnetId=net.subnet)
    aws.refuses("InvalidIPAddress.InUse", ec2.release_address, AllocationId=address)
    aws.refuses("AuthFailure", ec2.disassociate_address, AssociationId=held["AssociationId"])
    aws.refuses("DependencyViolation", ec2.detach_internet_gateway, VpcId=net.vpc, InternetGatewayId=net.igw)
    aws.refuses("InvalidParameterValue", ec2.delete_network_interface, NetworkInterfaceId=eni["NetworkInterfaceId"])
    aws.hurried(lambda: nat_state(aws, gateway) == "deleted")
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert [r["State"] for r in routes if r.get("NatGatewayId")] == ["blackhole"]
    ec2.release_address(AllocationId=address)
    ec2.delete_subnet(SubnetId=net.subnet)
    ec2.detach_internet_gateway(VpcId=net.vpc, InternetGatewayId=net.igw)


def test_a_client_token_makes_one_nat_gateway(aws, net):
    address = aws.ec2.allocate_address(Domain="vpc")["AllocationId"]
    make = lambda **more: aws.ec2.create_nat_gateway(**{"SubnetId": net.subnet, "AllocationId": address, "ClientToken": "t"} | more)
    first, second = make()["NatGateway"], make()["NatGateway"]
    assert first["NatGatewayId"] == second["NatGatewayId"]
    assert len(aws.ec2.describe_nat_gateways()["NatGateways"]) == 1
    aws.refuses("IdempotentParameterMismatch", make, SubnetId=net.subnets[1])


def test_a_nat_gateway_that_cannot_be_ends_as_failed(aws, net):
    _, address = nat(aws, net)
    again = aws.ec2.create_nat_gateway(SubnetId=net.subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    seen = aws.ec2.describe_nat_gateways(NatGatewayIds=[again])["NatGateways"][0]
    assert (seen["State"], seen["FailureCode"]) == ("failed", "Resource.AlreadyAssociated")
    lonely = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = aws.ec2.create_subnet(VpcId=lonely, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    free = aws.ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = aws.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=free)["NatGateway"]["NatGatewayId"]
    assert aws.ec2.describe_nat_gateways(NatGatewayIds=[made])["NatGateways"][0]["FailureCode"] == "Gateway.NotAttached"
    aws.ec2.delete_subnet(SubnetId=subnet)


def test_nat_gateways_that_are_not_there(aws, net):
    aws.refuses("NatGatewayNotFound", aws.ec2.delete_nat_gateway, NatGatewayId="nat-0123456789abcdef0")
    aws.refuses("NatGatewayNotFound", aws.ec2.describe_nat_gateways, NatGatewayIds=["nat-0123456789abcdef0"])
    aws.refuses("InvalidAllocationID.NotFound", aws.ec2.create_nat_gateway, SubnetId=net.subnet, AllocationId="eipalloc-1")


# Security groups --------------------------------------------------------------------------------------------------


def test_rules_keep_their_descriptions_whatever_the_peer(aws, net):
    web, db = group(aws, net), group(aws, net, "db")
    answer = aws.ec2.authorize_security_group_ingress(
        GroupId=db,
        IpPermissions=[
            rule(peer=web, port=5432, about="from web"),
            rule(cidr="10.0.0.0/16", port=5432, about="from the network"),
            rule(cidr="2001:db8::/64", port=443, about="v6"),
        ],
    )
    assert sorted(r["Description"] for r in answer["SecurityGroupRules"]) == ["from the network", "from web", "v6"]
    seen = {p["FromPort"]: p for p in permissions(aws, db)}
    assert seen[5432]["UserIdGroupPairs"] == [{"GroupId": web, "UserId": aws.account, "Description": "from web"}]
    assert seen[5432]["IpRanges"] == [{"CidrIp": "10.0.0.0/16", "Description": "from the network"}]
    assert seen[443]["Ipv6Ranges"] == [{"CidrIpv6": "2001:db8::/64", "Description": "v6"}]
    rules = aws.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [db]}])["SecurityGroupRules"]
    peer = next(r for r in rules if "ReferencedGroupInfo" in r)
    assert (peer["ReferencedGroupInfo"]["GroupId"], peer["Description"], peer["IsEgress"]) == (web, "from web", False)


def test_a_new_group_lets_everything_out_until_that_is_revoked(aws, net):
    web = group(aws, net)
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
    assert permissions(aws, web, "IpPermissionsEgress") == [everything]
    revoke = lambda: aws.ec2.revoke_security_group_egress(
        GroupId=web, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )
    revoke()
    assert permissions(aws, web, "IpPermissionsEgress") == []
    aws.refuses("InvalidPermission.NotFound", revoke)


def test_rules_are_added_all_or_none(aws, net):
    web = group(aws, net)
    add = aws.ec2.authorize_security_group_ingress
    add(GroupId=web, IpPermissions=[rule(cidr="10.0.0.0/8")])
    aws.refuses("InvalidPermission.Duplicate", add, GroupId=web, IpPermissions=[rule(cidr="10.1.0.0/16"), rule(cidr="10.0.0.0/8")])
    aws.refuses("InvalidGroup.NotFound", add, GroupId=web, IpPermissions=[rule(peer="sg-0123456789abcdef0")])
    aws.refuses("InvalidParameterValue", add, GroupId=web, IpPermissions=[rule(cidr="10.0.0.0/8", port=70000)])
    aws.refuses("InvalidParameterValue", add, GroupId=web, IpPermissions=[rule(cidr="300.0.0.0/8")])
    aws.refuses("InvalidParameterValue", add, GroupId=web, IpPermissions=[rule(cidr="9.0.0.0/8", about="naïve")])
    assert [r["CidrIp"] for p in permissions(aws, web) for r in p["IpRanges"]] == ["10.0.0.0/8"]


def test_rules_are_tagged_changed_and_revoked_by_id(aws, net):
    ec2, web = aws.ec2, group(aws, net)
    made = ec2.authorize_security_group_ingress(
        GroupId=web, IpPermissions=[rule(cidr="10.0.0.0/8", about="a")],
        TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": [{"Key": "Name", "Value": "r"}]}],
    )["SecurityGroupRules"][0]
    assert made["Tags"] == [{"Key": "Name", "Value": "r"}]
    change = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIpv4": "10.0.0.0/8", "Description": "b"}
    ec2.modify_security_group_rules(
        GroupId=web, SecurityGroupRules=[{"SecurityGroupRuleId": made["SecurityGroupRuleId"], "SecurityGroupRule": change}]
    )
    ec2.update_security_group_rule_descriptions_ingress(GroupId=web, IpPermissions=[rule(cidr="10.0.0.0/8", port=80, about="c")])
    seen = ec2.describe_security_group_rules(SecurityGroupRuleIds=[made["SecurityGroupRuleId"]])["SecurityGroupRules"][0]
    assert (seen["FromPort"], seen["Description"], seen["CidrIpv4"]) == (80, "c", "10.0.0.0/8")
    ec2.revoke_security_group_ingress(GroupId=web, SecurityGroupRuleIds=[made["SecurityGroupRuleId"]])
    aws.refuses("InvalidSecurityGroupRuleId.NotFound", ec2.describe_security_group_rules, SecurityGroupRuleIds=[made["SecurityGroupRuleId"]])


def test_a_group_in_use_cannot_be_deleted(aws, net):
    ec2, web, db = aws.ec2, group(aws, net), group(aws, net, "db")
    ec2.authorize_security_group_ingress(GroupId=db, IpPermissions=[rule(peer=web), rule(peer=db)])
    aws.refuses("DependencyViolation", ec2.delete_security_group, GroupId=web)
    eni = ec2.create_network_interface(SubnetId=net.subnet, Groups=[db])["NetworkInterface"]["NetworkInterfaceId"]
    aws.refuses("DependencyViolation", ec2.delete_security_group, GroupId=db)
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    ec2.delete_security_group(GroupId=db)
    ec2.delete_security_group(GroupId=web)
    aws.refuses("InvalidGroup.NotFound", ec2.delete_security_group, GroupId=web)


def test_groups_that_aws_does_not_make(aws, net):
    make = aws.ec2.create_security_group
    group(aws, net)
    aws.refuses("InvalidGroup.Duplicate", make, GroupName="web", Description="again", VpcId=net.vpc)
    aws.refuses("InvalidParameterValue", make, GroupName="sg-web", Description="d", VpcId=net.vpc)
    aws.refuses("InvalidParameterValue", make, GroupName="w", Description="ü", VpcId=net.vpc)
    aws.refuses("InvalidGroup.NotFound", aws.ec2.create_network_interface, SubnetId=net.subnet, Groups=["sg-0123456789abcdef0"])
    default = aws.ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [net.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"][0]["GroupId"]
    aws.refuses("CannotDelete", aws.ec2.delete_security_group, GroupId=default)


# VPC endpoints ----------------------------------------------------------------------------------------------------


def test_a_gateway_endpoint_routes_its_tables(aws, net):
    ec2, name = aws.ec2, f"com.amazonaws.{aws.region}.s3"
    one, two = (ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
    made = ec2.create_vpc_endpoint(VpcId=net.vpc, ServiceName=name, RouteTableIds=[one])["VpcEndpoint"]["VpcEndpointId"]

    def routed():
        tables = ec2.describe_route_tables(RouteTableIds=[one, two])["RouteTables"]
        return {t["RouteTableId"] for t in tables for r in t["Routes"] if r.get("GatewayId") == made}

    assert routed() == {one}
    ec2.modify_vpc_endpoint(VpcEndpointId=made, AddRouteTableIds=[two], RemoveRouteTableIds=[one])
    assert routed() == {two}
    seen = ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"][0]
    assert (seen["RouteTableIds"], seen["VpcEndpointType"], seen["State"]) == ([two], "Gateway", "available")
    aws.refuses("RouteAlreadyExists", ec2.create_vpc_endpoint, VpcId=net.vpc, ServiceName=name, RouteTableIds=[two])
    aws.refuses("InvalidServiceName", ec2.create_vpc_endpoint, VpcId=net.vpc, ServiceName=f"com.amazonaws.{aws.region}.nil")
    ec2.delete_route_table(RouteTableId=two)
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[made])["Unsuccessful"] == []
    aws.refuses("InvalidVpcEndpointId.NotFound", ec2.describe_vpc_endpoints, VpcEndpointIds=[made])


# Launch templates -------------------------------------------------------------------------------------------------


def template(aws, name="web", **data):
    return aws.ec2.create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={"InstanceType": "t3.micro"} | data,
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "of", "Value": "template"}]}],
    )["LaunchTemplate"]


def test_a_templates_tags_are_not_its_datas(aws):
    made = template(aws, TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "of", "Value": "instance"}]}])
    assert made["Tags"] == [{"Key": "of", "Value": "template"}]
    data = aws.ec2.describe_launch_template_versions(LaunchTemplateName="web")["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    assert data == {
        "InstanceType": "t3.micro",
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "of", "Value": "instance"}]}],
    }
    aws.ec2.create_tags(Resources=[made["LaunchTemplateId"]], Tags=[{"Key": "late", "Value": "1"}])
    seen = aws.ec2.describe_launch_templates(Filters=[{"Name": "tag:late", "Values": ["1"]}])["LaunchTemplates"]
    assert [t["LaunchTemplateName"] for t in seen] == ["web"] and len(seen[0]["Tags"]) == 2


def test_versions_inherit_from_their_source(aws):
    ec2, made = aws.ec2, template(aws, UserData="aGVsbG8=", EbsOptimized=True)
    version = ec2.create_launch_template_version(
        LaunchTemplateId=made["LaunchTemplateId"], SourceVersion="1", VersionDescription="two", LaunchTemplateData={"InstanceType": "t3.small"}
    )["LaunchTemplateVersion"]
    assert version["VersionNumber"] == 2 and version["DefaultVersion"] is False
    assert version["LaunchTemplateData"] == {"InstanceType": "t3.small", "UserData": "aGVsbG8=", "EbsOptimized": True}
    bare = ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData={"InstanceType": "t3.large"})
    assert bare["LaunchTemplateVersion"]["LaunchTemplateData"] == {"InstanceType": "t3.large"}
    ec2.modify_launch_template(LaunchTemplateName="web", DefaultVersion="2")
    seen = ec2.describe_launch_templates(LaunchTemplateNames=["web"])["LaunchTemplates"][0]
    assert (seen["DefaultVersionNumber"], seen["LatestVersionNumber"]) == (2, 3)
    numbers = lambda **more: [v["VersionNumber"] for v in ec2.describe_launch_template_versions(**more)["LaunchTemplateVersions"]]
    assert numbers(LaunchTemplateName="web", Versions=["$Latest", "$Default"]) == [3, 2]
    gone = ec2.delete_launch_template_versions(LaunchTemplateName="web", Versions=["1", "2"])
    assert [v["VersionNumber"] for v in gone["SuccessfullyDeletedLaunchTemplateVersions"]] == [1]
    assert [v["VersionNumber"] for v in gone["UnsuccessfullyDeletedLaunchTemplateVersions"]] == [2]
    assert numbers(LaunchTemplateName="web") == [3, 2]


def test_templates_that_are_refused(aws):
    made, ec2 = template(aws), aws.ec2
    data = {"InstanceType": "t3.micro"}
    aws.refuses("InvalidLaunchTemplateName.AlreadyExistsException", ec2.create_launch_template, LaunchTemplateName="web", LaunchTemplateData=data)
    aws.refuses("InvalidLaunchTemplateName.MalformedException", ec2.create_launch_template, LaunchTemplateName="w b", LaunchTemplateData=data)
    aws.refuses("InvalidLaunchTemplateName.NotFoundException", ec2.describe_launch_templates, LaunchTemplateNames=["nil"])
    aws.refuses("InvalidLaunchTemplateId.VersionNotFound", ec2.describe_launch_template_versions, LaunchTemplateId=made["LaunchTemplateId"], Versions=["7"])
    ec2.delete_launch_template(LaunchTemplateName="web")
    aws.refuses("InvalidLaunchTemplateId.NotFound", ec2.describe_launch_templates, LaunchTemplateIds=[made["LaunchTemplateId"]])


def test_more_templates_than_a_page(aws):
    for n in range(20):
        template(aws, f"web-{n}")
    assert len(aws.ec2.describe_launch_templates()["LaunchTemplates"]) == 20


# Images and instances ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_the_public_image_parameters_name_images_that_exist(aws, architecture):
    name = f"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"
    image = aws.ssm.get_parameter(Name=name)["Parameter"]["Value"]
    seen = aws.ec2.describe_images(ImageIds=[image])["Images"][0]
    assert (seen["Architecture"], seen["State"], seen["RootDeviceName"]) == (architecture, "available", "/dev/xvda")


def test_instances_step_through_their_states_and_hold_their_subnet(aws, net):
    ec2 = aws.ec2
    aws.settle(600, "ec2")
    image = aws.ssm.get_parameter(Name="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64")["Parameter"]["Value"]
    aws.refuses("InvalidAMIID.NotFound", ec2.run_instances, ImageId="ami-00000000000000000", MinCount=1, MaxCount=1)
    made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=net.subnet)["Instances"][0]

    def state():
        seen = ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"][0]
        return seen["State"]["Name"]

    assert (made["State"]["Name"], state()) == ("pending", "pending")
    aws.hurried(lambda: state() == "running")
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    assert state() == "shutting-down"
    aws.refuses("DependencyViolation", ec2.delete_subnet, SubnetId=net.subnet)
    aws.hurried(lambda: state() == "terminated")
    ec2.delete_subnet(SubnetId=net.subnet)


# Tags -------------------------------------------------------------------------------------------------------------


def test_everything_is_tagged_as_it_is_made_and_found_by_its_tags(aws, net):
    ec2 = aws.ec2
    tagged = lambda kind: [{"ResourceType": kind, "Tags": [{"Key": "infra:project", "Value": "demo"}, {"Key": "Name", "Value": kind}]}]
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=tagged("vpc"))["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24", TagSpecifications=tagged("subnet"))["Subnet"]["SubnetId"]
    igw = ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway"))["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=igw)
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip"))["AllocationId"]
    gateway = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address, TagSpecifications=tagged("natgateway"))["NatGateway"]
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tagged("route-table"))["RouteTable"]["RouteTableId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{aws.region}.s3", TagSpecifications=tagged("vpc-endpoint")
    )["VpcEndpoint"]["VpcEndpointId"]
    group_id = ec2.create_security_group(
        GroupName="g", Description="g", VpcId=vpc, TagSpecifications=tagged("security-group")
    )["GroupId"]
    launch = ec2.create_launch_template(
        LaunchTemplateName="tagged", LaunchTemplateData={"InstanceType": "t3.micro"}, TagSpecifications=tagged("launch-template")
    )["LaunchTemplate"]["LaunchTemplateId"]
    eni = ec2.create_network_interface(SubnetId=subnet, TagSpecifications=tagged("network-interface"))["NetworkInterface"]
    kinds = [
        (ec2.describe_vpcs, "Filters", "Vpcs", "VpcId", vpc),
        (ec2.describe_subnets, "Filters", "Subnets", "SubnetId", subnet),
        (ec2.describe_internet_gateways, "Filters", "InternetGateways", "InternetGatewayId", igw),
        (ec2.describe_addresses, "Filters", "Addresses", "AllocationId", address),
        (ec2.describe_nat_gateways, "Filter", "NatGateways", "NatGatewayId", gateway["NatGatewayId"]),
        (ec2.describe_route_tables, "Filters", "RouteTables", "RouteTableId", table),
        (ec2.describe_vpc_endpoints, "Filters", "VpcEndpoints", "VpcEndpointId", endpoint),
        (ec2.describe_security_groups, "Filters", "SecurityGroups", "GroupId", group_id),
        (ec2.describe_launch_templates, "Filters", "LaunchTemplates", "LaunchTemplateId", launch),
        (ec2.describe_network_interfaces, "Filters", "NetworkInterfaces", "NetworkInterfaceId", eni["NetworkInterfaceId"]),
    ]
    for describe, filters, list_, key, made in kinds:
        for names in (["infra:project"], ["infra:project", "late"]):
            seen = describe(**{filters: [{"Name": f"tag:{name}", "Values": ["demo"]} for name in names]})[list_]
            assert [thing[key] for thing in seen] == [made], (list_, names)
            tags = {t["Key"]: t["Value"] for t in seen[0].get("Tags") or seen[0]["TagSet"]}
            assert tags["infra:project"] == "demo" and len(tags) == 1 + len(names), list_
            ec2.create_tags(Resources=[made], Tags=[{"Key": "late", "Value": "demo"}])
        ec2.delete_tags(Resources=[made], Tags=[{"Key": "infra:project"}])
        assert describe(**{filters: [{"Name": "tag:infra:project", "Values": ["demo"]}]})[list_] == []
