"""Load balancers, listeners and target groups: what AWS refuses, its states, its defaults."""

import pytest
from load_balancing import balancer, group, health, instance, listener, network


@pytest.fixture
def net(aws):
    return network(aws)


# Load balancers ---------------------------------------------------------------------------------------------------


def test_a_load_balancer_is_provisioning_and_then_active(aws, net):
    aws.settle(600, "elbv2")
    made = balancer(aws, net, Tags=[{"Key": "a", "Value": "b"}])
    state = lambda: aws.elbv2.describe_load_balancers(Names=["web"])["LoadBalancers"][0]["State"]["Code"]
    assert (made["State"]["Code"], state()) == ("provisioning", "provisioning")
    aws.hurried(lambda: state() == "active")
    assert made["Scheme"] == "internet-facing" and made["DNSName"].endswith(f".{aws.region}.elb.amazonaws.com")
    assert [z["ZoneName"][-1] for z in made["AvailabilityZones"]] == ["a", "b"]
    tags = aws.elbv2.describe_tags(ResourceArns=[made["LoadBalancerArn"]])["TagDescriptions"][0]["Tags"]
    assert tags == [{"Key": "a", "Value": "b"}]


@pytest.mark.parametrize(
    "code, more",
    [
        ("ValidationError", {"Subnets": ["a"]}),
        ("InvalidConfigurationRequest", {"Subnets": ["a", "again"]}),
        ("SubnetNotFound", {"Subnets": ["a", "subnet-0123456789abcdef0"]}),
        ("InvalidSecurityGroup", {"SecurityGroups": ["sg-0123456789abcdef0"]}),
        ("ValidationError", {"Name": "x" * 33}),
        ("ValidationError", {"Name": "web_1"}),
        ("ValidationError", {"Name": "-web"}),
        ("ValidationError", {"Name": "internal-web"}),
        ("ValidationError", {"Scheme": "public"}),
    ],
)
def test_load_balancers_that_aws_refuses(aws, net, code, more):
    more = {k: [getattr(net, s, s) for s in v] if k == "Subnets" else v for k, v in more.items()}
    aws.refuses(code, balancer, aws=aws, net=net, **more)
    assert aws.elbv2.describe_load_balancers()["LoadBalancers"] == []


def test_an_internet_facing_load_balancer_needs_an_internet_gateway(aws, net):
    aws.ec2.detach_internet_gateway(VpcId=net.vpc, InternetGatewayId=net.igw)
    aws.refuses("InvalidSubnet", balancer, aws=aws, net=net)
    assert balancer(aws, net, Scheme="internal")["DNSName"].startswith("internal-web-")


def test_the_same_load_balancer_again_is_the_same_and_another_is_refused(aws, net):
    assert balancer(aws, net)["LoadBalancerArn"] == balancer(aws, net)["LoadBalancerArn"]
    aws.refuses("DuplicateLoadBalancerName", balancer, aws=aws, net=net, Scheme="internal")


def test_a_load_balancer_holds_its_subnets_and_groups_beyond_its_deletion(aws, net):
    aws.settle(600, "elbv2")
    arn = balancer(aws, net)["LoadBalancerArn"]
    enis = aws.ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": ["ELB app/web/*"]}])["NetworkInterfaces"]
    assert {e["SubnetId"] for e in enis} == {net.a, net.b}
    assert {(e["RequesterManaged"], e["Attachment"]["InstanceOwnerId"]) for e in enis} == {(True, "amazon-elb")}
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    aws.refuses("LoadBalancerNotFound", aws.elbv2.describe_load_balancers, LoadBalancerArns=[arn])
    aws.refuses("DependencyViolation", aws.ec2.delete_subnet, SubnetId=net.a)
    aws.refuses("DependencyViolation", aws.ec2.delete_security_group, GroupId=net.group)
    aws.refuses("DependencyViolation", aws.ec2.detach_internet_gateway, VpcId=net.vpc, InternetGatewayId=net.igw)
    enis = lambda: aws.ec2.describe_network_interfaces()["NetworkInterfaces"]
    aws.hurried(lambda: not enis())
    aws.ec2.delete_subnet(SubnetId=net.a)
    aws.ec2.delete_security_group(GroupId=net.group)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)


def test_deletion_protection(aws, net):
    arn = balancer(aws, net)["LoadBalancerArn"]
    protect = lambda on: aws.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": "deletion_protection.enabled", "Value": on}]
    )
    protect("true")
    aws.refuses("OperationNotPermitted", aws.elbv2.delete_load_balancer, LoadBalancerArn=arn)
    protect("false")
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)


def test_attributes_have_awss_defaults_and_limits(aws, net):
    arn = balancer(aws, net)["LoadBalancerArn"]
    read = lambda: {a["Key"]: a["Value"] for a in aws.elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]}
    seen = read()
    assert seen["idle_timeout.timeout_seconds"] == "60" and seen["routing.http2.enabled"] == "true"
    assert seen["routing.http.desync_mitigation_mode"] == "defensive" and seen["access_logs.s3.enabled"] == "false"
    change = lambda key, value: aws.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": "client_keep_alive.seconds", "Value": "120"}, {"Key": key, "Value": value}]
    )
    aws.refuses("ValidationError", change, key="idle_timeout.timeout_seconds", value="4001")
    aws.refuses("ValidationError", change, key="idle_timeout", value="61")
    aws.refuses("InvalidConfigurationRequest", change, key="access_logs.s3.enabled", value="true")
    assert read() == seen
    change("idle_timeout.timeout_seconds", "61")
    assert read() == seen | {"idle_timeout.timeout_seconds": "61", "client_keep_alive.seconds": "120"}


def test_groups_and_subnets_can_be_changed(aws, net):
    aws.settle(0)
    arn = balancer(aws, net)["LoadBalancerArn"]
    other = aws.ec2.create_security_group(GroupName="lb2", Description="lb2", VpcId=net.vpc)["GroupId"]
    aws.elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[other])
    aws.ec2.delete_security_group(GroupId=net.group)
    aws.elbv2.set_subnets(LoadBalancerArn=arn, Subnets=[net.again, net.b])
    aws.ec2.delete_subnet(SubnetId=net.a)
    seen = aws.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    assert {z["SubnetId"] for z in seen["AvailabilityZones"]} == {net.again, net.b}
    assert seen["SecurityGroups"] == [other]


def test_pages(aws, net):
    for n in range(5):
        group(aws, net, f"web-{n}")
    pages = list(aws.elbv2.get_paginator("describe_target_groups").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["TargetGroups"]) for page in pages] == [2, 2, 1]


# Listeners --------------------------------------------------------------------------------------------------------


def test_listeners_that_aws_refuses(aws, net):
    lb, tg = balancer(aws, net), group(aws, net)
    made = listener(aws, lb, tg)
    assert listener(aws, lb, tg)["ListenerArn"] == made["ListenerArn"]
    refused = lambda code, **more: aws.refuses(code, listener, aws=aws, lb=lb, tg=tg, **more)
    refused("DuplicateListener", DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}])
    refused("ValidationError", port=443, Protocol="HTTPS")
    refused("CertificateNotFound", port=443, Protocol="HTTPS", Certificates=[{"CertificateArn": "arn:aws:acm:x:1:certificate/1"}])
    refused("ValidationError", port=81, Protocol="TCP")
    refused("ValidationError", port=0)
    refused("TargetGroupNotFound", port=81, DefaultActions=[{"Type": "forward", "TargetGroupArn": tg["TargetGroupArn"] + "0"}])
    refused("InvalidLoadBalancerAction", port=81, DefaultActions=[{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301"}}])
    refused("LoadBalancerNotFound", port=81, LoadBalancerArn=lb["LoadBalancerArn"] + "0")
    other = listener(aws, lb, tg, port=81)
    aws.refuses("DuplicateListener", aws.elbv2.modify_listener, ListenerArn=other["ListenerArn"], Port=80)


def test_https_with_a_certificate(aws, net):
    lb, tg = balancer(aws, net), group(aws, net)
    certificate = aws.acm.request_certificate(DomainName="example.com")["CertificateArn"]
    made = listener(aws, lb, tg, port=443, Protocol="HTTPS", Certificates=[{"CertificateArn": certificate}])
    assert made["Certificates"] == [{"CertificateArn": certificate}]
    assert made["SslPolicy"] == "ELBSecurityPolicy-2016-08"
    redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    plain = listener(aws, lb, tg, DefaultActions=[redirect])
    assert plain["DefaultActions"][0]["RedirectConfig"] == {
        "Protocol": "HTTPS", "Port": "443", "Host": "#{host}", "Path": "/#{path}", "Query": "#{query}", "StatusCode": "HTTP_301",
    }


def test_actions_are_read_back_in_full(aws, net):
    made = listener(aws, balancer(aws, net), tg := group(aws, net))
    assert made["DefaultActions"] == [
        {
            "Type": "forward",
            "TargetGroupArn": tg["TargetGroupArn"],
            "ForwardConfig": {
                "TargetGroups": [{"TargetGroupArn": tg["TargetGroupArn"], "Weight": 1}],
                "TargetGroupStickinessConfig": {"Enabled": False},
            },
        }
    ]


# Target groups ----------------------------------------------------------------------------------------------------


def test_target_groups_have_awss_defaults(aws, net):
    made = group(aws, net)
    assert {k: v for k, v in made.items() if k.startswith(("Health", "Unhealthy", "Matcher"))} == {
        "HealthCheckEnabled": True, "HealthCheckIntervalSeconds": 30, "HealthCheckTimeoutSeconds": 5, "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2, "HealthCheckProtocol": "HTTP", "HealthCheckPort": "traffic-port", "HealthCheckPath": "/",
        "Matcher": {"HttpCode": "200"},
    }  # fmt: skip
    seen = aws.elbv2.describe_target_group_attributes(TargetGroupArn=made["TargetGroupArn"])["Attributes"]
    seen = {a["Key"]: a["Value"] for a in seen}
    assert seen["deregistration_delay.timeout_seconds"] == "300" and seen["stickiness.type"] == "lb_cookie"


@pytest.mark.parametrize(
    "code, more",
    [
        ("DuplicateTargetGroupName", {"Port": 81}),
        ("ValidationError", {"Name": "other", "HealthCheckTimeoutSeconds": 30}),
        ("ValidationError", {"Name": "other", "HealthCheckIntervalSeconds": 4}),
        ("ValidationError", {"Name": "other", "HealthyThresholdCount": 11}),
        ("ValidationError", {"Name": "other", "HealthCheckPath": "health"}),
        ("ValidationError", {"Name": "other", "VpcId": "vpc-0123456789abcdef0"}),
        ("ValidationError", {"Name": "other", "Port": 0}),
        ("ValidationError", {"Name": "o" * 33}),
    ],
)
def test_target_groups_that_aws_refuses(aws, net, code, more):
    made = group(aws, net)
    assert group(aws, net)["TargetGroupArn"] == made["TargetGroupArn"]
    aws.refuses(code, group, aws=aws, net=net, **more)


def test_a_target_group_in_use_stays_and_has_one_load_balancer(aws, net):
    one, two, tg = balancer(aws, net), balancer(aws, net, "two"), group(aws, net)
    made = listener(aws, one, tg)
    aws.refuses("TargetGroupAssociationLimit", listener, aws=aws, lb=two, tg=tg)
    aws.refuses("ResourceInUse", aws.elbv2.delete_target_group, TargetGroupArn=tg["TargetGroupArn"])
    seen = aws.elbv2.describe_target_groups(LoadBalancerArn=one["LoadBalancerArn"])["TargetGroups"]
    assert [g["LoadBalancerArns"] for g in seen] == [[one["LoadBalancerArn"]]]
    aws.elbv2.delete_listener(ListenerArn=made["ListenerArn"])
    listener(aws, two, tg)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=two["LoadBalancerArn"])
    aws.elbv2.delete_target_group(TargetGroupArn=tg["TargetGroupArn"])
    aws.refuses("TargetGroupNotFound", aws.elbv2.describe_target_groups, Names=["web"])


# Target health ----------------------------------------------------------------------------------------------------


def test_targets_step_through_their_states(aws, net):
    tg, target = group(aws, net), [{"Id": instance(aws, net)}]
    aws.elbv2.register_targets(TargetGroupArn=tg["TargetGroupArn"], Targets=target)
    assert health(aws, tg) == [("unused", "Target.NotInUse")]
    aws.settle(600, "elbv2")
    listener(aws, balancer(aws, net), tg)
    assert health(aws, tg) == [("initial", "Elb.RegistrationInProgress")]
    aws.hurried(lambda: health(aws, tg) == [("healthy", None)])
    aws.elbv2.deregister_targets(TargetGroupArn=tg["TargetGroupArn"], Targets=target)
    assert health(aws, tg) == [("draining", "Target.DeregistrationInProgress")]
    aws.hurried(lambda: health(aws, tg) == [])
    assert health(aws, tg, Targets=target) == [("unused", "Target.NotRegistered")]


def test_health_is_steered_by_target_group_and_by_target(aws, net):
    tg, one, two = group(aws, net), instance(aws, net), instance(aws, net)
    listener(aws, balancer(aws, net), tg)
    aws.elbv2.register_targets(TargetGroupArn=tg["TargetGroupArn"], Targets=[{"Id": one}, {"Id": two}])
    assert health(aws, tg) == [("healthy", None)] * 2
    aws.infra("outcome", service="elbv2", resource="web", outcome="unhealthy")
    aws.infra("outcome", service="elbv2", resource=two, outcome="503")
    assert health(aws, tg) == [("unhealthy", "Target.FailedHealthChecks"), ("unhealthy", "Target.ResponseCodeMismatch")]
    aws.infra("outcome", service="elbv2", resource="web", outcome=None)
    assert health(aws, tg) == [("healthy", None), ("unhealthy", "Target.ResponseCodeMismatch")]
    aws.settle(0, "ec2")
    aws.ec2.terminate_instances(InstanceIds=[one])
    assert health(aws, tg)[0] == ("unused", "Target.InvalidState")


def test_targets_that_are_not_there(aws, net):
    tg = group(aws, net)
    register = lambda target: aws.elbv2.register_targets(TargetGroupArn=tg["TargetGroupArn"], Targets=[{"Id": target}])
    aws.refuses("InvalidTarget", register, target="i-0123456789abcdef0")
    gone = instance(aws, net)
    aws.ec2.terminate_instances(InstanceIds=[gone])
    aws.refuses("InvalidTarget", register, target=gone)
