"""A network for load balancers, and what the tests of them make in it."""


def network(aws):
    """A VPC with an internet gateway, a security group and subnets in two zones, two of them in the first."""
    ec2 = aws.ec2
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    igw = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=igw)

    def subnet(n, zone):
        made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{aws.region}{zone}")
        return made["Subnet"]["SubnetId"]

    group = ec2.create_security_group(GroupName="lb", Description="lb", VpcId=vpc)["GroupId"]
    a, b, again = subnet(0, "a"), subnet(1, "b"), subnet(2, "a")
    return type("Net", (), {"vpc": vpc, "igw": igw, "group": group, "a": a, "b": b, "again": again})


def balancer(aws, net, name="web", **more):
    request = {"Name": name, "Subnets": [net.a, net.b], "SecurityGroups": [net.group]} | more
    return aws.elbv2.create_load_balancer(**request)["LoadBalancers"][0]


def group(aws, net, name="web", **more):
    request = {"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": net.vpc} | more
    return aws.elbv2.create_target_group(**request)["TargetGroups"][0]


def listener(aws, lb, tg, port=80, **more):
    request = {
        "LoadBalancerArn": lb["LoadBalancerArn"],
        "Protocol": "HTTP",
        "Port": port,
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": tg["TargetGroupArn"]}],
    } | more
    return aws.elbv2.create_listener(**request)["Listeners"][0]


def instance(aws, net):
    image = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    made = aws.ec2.run_instances(
        ImageId=aws.ssm.get_parameter(Name=image)["Parameter"]["Value"],
        InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=net.a,
    )
    return made["Instances"][0]["InstanceId"]


def health(aws, tg, **more):
    seen = aws.elbv2.describe_target_health(TargetGroupArn=tg["TargetGroupArn"], **more)["TargetHealthDescriptions"]
    return [(t["TargetHealth"]["State"], t["TargetHealth"].get("Reason")) for t in seen]
