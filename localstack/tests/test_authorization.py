"""IAM policies: how they are evaluated, what calls ask of them, and how AWS refuses."""

import json

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from infra_localstack.authorization.policy import Policy
from load_balancing import balancer, network

ARN = "arn:aws:rds:eu-central-1:123456789012:db:shop-dev-main"


def statement(effect="Allow", action="rds:DeleteDBInstance", resource="*", **condition) -> dict:
    return {"Effect": effect, "Action": action, "Resource": resource} | ({"Condition": condition} if condition else {})


def policy(*statements) -> dict:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def verdict(*statements, action="rds:DeleteDBInstance", resource=ARN, **keys):
    return Policy(policy(*statements)).verdict(action, resource, keys.get("keys", {}))


# Evaluation -----------------------------------------------------------------------------------------------------------


def test_what_nobody_allows_is_not_allowed_and_a_denial_is_stronger():
    assert verdict(statement(action="rds:CreateDBInstance")) is None
    assert verdict(statement()) == "Allow"
    assert verdict(statement(), statement("Deny")) == "Deny"


@pytest.mark.parametrize(
    "pattern, matches",
    [
        ("*", True),
        (ARN, True),
        ("arn:aws:rds:eu-central-1:123456789012:db:shop-dev-*", True),
        ("arn:aws:rds:eu-central-1:123456789012:db:shop-dev-mai?", True),
        ("arn:aws:rds:*:123456789012:*", True),
        ("arn:aws:rds:eu-central-1:123456789012:db:Shop-dev-*", False),
        ("arn:aws:rds:eu-central-1:123456789012:db:shop-prod-*", False),
        ("arn:aws:rds:eu-west-1:123456789012:db:*", False),
        ("arn:aws:rds:*:db:shop-dev-main", False),
    ],
)
def test_wildcards_in_arns(pattern, matches):
    assert verdict(statement(resource=["arn:aws:s3:::other", pattern])) == ("Allow" if matches else None)


@pytest.mark.parametrize("pattern, matches", [("rds:*", True), ("rds:deletedb*", True), ("RDS:DeleteDBInstance", True), ("rds:Create*", False)])
def test_wildcards_in_actions(pattern, matches):
    assert verdict(statement(action=pattern)) == ("Allow" if matches else None)


KEY = "aws:ResourceTag/infra:environment"


@pytest.mark.parametrize(
    "operator, wanted, given, holds",
    [
        ("StringEquals", "dev", "dev", True),
        ("StringEquals", ["dev", "prod"], "prod", True),
        ("StringEquals", "dev", "Dev", False),
        ("StringEquals", "dev", None, False),
        ("StringEqualsIfExists", "dev", None, True),
        ("StringEqualsIfExists", "dev", "prod", False),
        ("StringNotEquals", "dev", "prod", True),
        ("StringNotEquals", "dev", None, True),
        ("StringLike", "d*", "dev", True),
        ("StringNotLike", "d*", "dev", False),
        ("ArnLike", "arn:aws:ec2:*:*:launch-template/*", "arn:aws:ec2:eu-west-1:1:launch-template/lt-1", True),
        ("Bool", "true", "true", True),
        ("Null", "true", None, True),
        ("Null", "true", "dev", False),
        ("ForAllValues:StringEquals", ["a", "b"], ["a"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", ["a"], None, True),
        ("ForAnyValue:StringEquals", ["a"], ["c", "a"], True),
        ("ForAnyValue:StringEquals", ["a"], None, False),
    ],
)
def test_conditions(operator, wanted, given, holds):
    keys = {} if given is None else {KEY.lower(): given}
    assert verdict(statement(**{operator: {KEY: wanted}}), keys=keys) == ("Allow" if holds else None)


def test_all_conditions_must_hold():
    both = {"StringEquals": {KEY: "dev", "aws:ResourceTag/infra:project": "shop"}}
    assert verdict(statement(**both), keys={KEY: "dev"}) is None
    assert verdict(statement(**both), keys={KEY: "dev", "aws:ResourceTag/infra:project": "shop"}) == "Allow"


@pytest.mark.parametrize(
    "bad",
    [
        {"Statement": [statement()]},
        policy(),
        policy(statement(action="rds:DeleteDatabase")),
        policy(statement(action="rdbms:DeleteDBInstance")),
        policy(statement(StringEqual={KEY: "dev"})),
        policy(statement() | {"NotAction": "s3:*"}),
    ],
)
def test_what_is_not_understood_is_refused(bad):
    with pytest.raises(ValueError):
        Policy(bad)


# Calls ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def held(aws):
    """Clients whose calls are held to the statements given."""

    def hold(*statements):
        aws.infra("iam", session="ci", policies=[policy(*statements)])
        return lambda service: boto3.client(
            service,
            region_name=aws.region,
            endpoint_url=aws.endpoint,
            aws_access_key_id=aws.account,
            aws_secret_access_key="test",
            aws_session_token="ci",
            config=Config(retries={"max_attempts": 0}),
        )

    return hold


def refusal(operation, **request) -> dict:
    with pytest.raises(ClientError) as refused:
        operation(**request)
    return refused.value.response


OURS = [{"Key": "infra:environment", "Value": "dev"}]
CREATES = statement(action="ec2:CreateVpc", StringEquals={"aws:RequestTag/infra:environment": "dev"})
TAGS = statement(action="ec2:CreateTags", StringEquals={"ec2:CreateAction": "CreateVpc"})


def vpc(client, tags=OURS):
    specification = [{"ResourceType": "vpc", "Tags": tags}] if tags else []
    return {"operation": client("ec2").create_vpc, "CidrBlock": "10.0.0.0/16", "TagSpecifications": specification}


def test_aws_refuses_in_its_own_words(aws, held):
    client = held(statement(action="rds:DescribeDBInstances"))
    answer = refusal(**vpc(client))
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("UnauthorizedOperation", 403)
    assert "assumed-role/ci/infra is not authorized to perform: ec2:CreateVpc on resource: arn:aws:ec2:" in answer["Error"]["Message"]
    answer = refusal(client("rds").delete_db_instance, DBInstanceIdentifier="x", SkipFinalSnapshot=True)
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("AccessDenied", 403)
    answer = refusal(client("ecr").create_repository, repositoryName="elsewhere")
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("AccessDeniedException", 400)

    refused = requests.get(f"{aws.endpoint}/_infra/iam", params={"account": aws.account}, timeout=30).json()
    assert [one["action"] for one in refused] == ["ec2:CreateVpc", "rds:DeleteDBInstance", "ecr:CreateRepository"]
    assert all(call["refused"] for call in aws.calls())
    assert client("rds").describe_db_instances()["DBInstances"] == []
    assert client("sts").get_caller_identity()["Account"] == aws.account  # needs no permission


def test_other_calls_of_the_account_go_on(aws, held):
    held(statement(action="rds:DescribeDBInstances"))
    assert aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]
    aws.infra("iam", session="ci", policies=None)


def test_a_misspelt_action_is_refused_at_once(aws):
    body = {"account": aws.account, "session": "ci", "policies": [policy(statement(action="rds:DeleteDatabase"))]}
    answer = requests.post(f"{aws.endpoint}/_infra/iam", json=body, timeout=30)
    assert answer.status_code == 400 and "rds:DeleteDatabase" in answer.text


def test_what_ec2_makes_is_known_by_the_tags_in_the_request(held):
    client = held(CREATES, TAGS)
    assert "ec2:CreateVpc" in refusal(**vpc(client, None))["Error"]["Message"]
    assert "ec2:CreateVpc" in refusal(**vpc(client, [{"Key": "infra:environment", "Value": "prod"}]))["Error"]["Message"]
    request = vpc(client)
    assert request.pop("operation")(**request)["Vpc"]


def test_tagging_in_the_same_call_is_an_action_of_its_own(held):
    assert "ec2:CreateTags" in refusal(**vpc(held(CREATES)))["Error"]["Message"]


def test_what_is_in_ec2_is_known_by_its_own_tags(aws, held):
    ours = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": OURS}])["Vpc"]["VpcId"]
    theirs = aws.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    client = held(statement(action=["ec2:DeleteVpc", "ec2:CreateTags"], StringEquals={KEY: "dev"}))
    assert "ec2:DeleteVpc" in refusal(client("ec2").delete_vpc, VpcId=theirs)["Error"]["Message"]
    assert "ec2:CreateTags" in refusal(client("ec2").create_tags, Resources=[theirs], Tags=OURS)["Error"]["Message"]
    client("ec2").create_tags(Resources=[ours], Tags=[{"Key": "Name", "Value": "x"}])
    client("ec2").delete_vpc(VpcId=ours)


def test_a_part_is_allowed_where_the_whole_is(aws, held):
    """A subnet is made in a network, which must be allowed as well."""
    theirs = aws.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    client = held(
        statement(action="ec2:CreateSubnet", StringEquals={"aws:RequestTag/infra:environment": "dev"}),
        statement(action="ec2:CreateSubnet", StringEquals={KEY: "dev"}),
        statement(action="ec2:CreateTags"),
    )
    tags = [{"ResourceType": "subnet", "Tags": OURS}]
    answer = refusal(client("ec2").create_subnet, VpcId=theirs, CidrBlock="10.1.0.0/24", TagSpecifications=tags)
    assert f"vpc/{theirs}" in answer["Error"]["Message"]


def test_handing_over_a_role_is_asked_about_by_its_path_and_the_service(aws, held):
    trust = json.dumps(policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}))
    for name, path in (("ours", "/infra/"), ("admin", "/")):
        aws.iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)
    aws.iam.create_instance_profile(InstanceProfileName="web")
    passing = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    client = held(
        statement(action="iam:AddRoleToInstanceProfile"),
        statement(action="iam:PassRole", resource=f"arn:aws:iam::{aws.account}:role/infra/*", **passing),
    )("iam")
    answer = refusal(client.add_role_to_instance_profile, InstanceProfileName="web", RoleName="admin")
    assert "iam:PassRole" in answer["Error"]["Message"]
    client.add_role_to_instance_profile(InstanceProfileName="web", RoleName="ours")


def test_a_service_linked_role_is_made_once(held):
    create = {"ReplicationGroupId": "x", "ReplicationGroupDescription": "x", "Engine": "redis", "EngineVersion": "7.1"}
    client = held(statement(action="elasticache:*"))
    answer = refusal(client("elasticache").create_replication_group, **create)
    assert "iam:CreateServiceLinkedRole on resource: arn:aws:iam::" in answer["Error"]["Message"]


def test_a_group_is_given_only_templates_that_its_maker_could_start(aws, held):
    image = aws.ec2.describe_images()["Images"][0]["ImageId"]
    template = aws.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"})
    template = template["LaunchTemplate"]["LaunchTemplateId"]
    network = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = aws.ec2.create_subnet(VpcId=network, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = {
        "AutoScalingGroupName": "web",
        "MinSize": 0,
        "MaxSize": 0,
        "VPCZoneIdentifier": subnet,
        "LaunchTemplate": {"LaunchTemplateId": template, "Version": "1"},
    }
    enough = [statement(action="autoscaling:*"), statement(action="iam:CreateServiceLinkedRole")]
    answer = refusal(held(*enough)("autoscaling").create_auto_scaling_group, **group)
    assert (answer["Error"]["Code"], answer["Error"]["Message"]) == (
        "AccessDenied",
        f"You are not authorized to use launch template: {template}",
    )
    held(*enough, statement(action="ec2:RunInstances"))("autoscaling").create_auto_scaling_group(**group)


def test_the_findings_of_enhanced_scanning_are_inspectors(aws, held):
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html"""
    aws.ecr.create_repository(repositoryName="shop-dev/web")
    image = {"repositoryName": "shop-dev/web", "imageId": {"imageTag": "v1"}}
    findings = statement(action="ecr:DescribeImageScanFindings")
    assert refusal(held(findings)("ecr").describe_image_scan_findings, **image)["Error"]["Code"] == "ImageNotFoundException"
    aws.ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    refused = refusal(held(findings)("ecr").describe_image_scan_findings, **image)
    assert "inspector2:ListCoverage on resource: arn:aws:inspector2:" in refused["Error"]["Message"]
    inspector = statement(action=["inspector2:ListCoverage", "inspector2:ListFindings"])
    client = held(findings, inspector)("ecr")
    assert refusal(client.describe_image_scan_findings, **image)["Error"]["Code"] == "ImageNotFoundException"


def test_a_secret_is_known_by_its_name_and_six_characters_more(aws, held):
    """ "Secrets Manager resources": an ARN ends in a hyphen and six random characters."""
    secrets = aws.client("secretsmanager")
    for name in ("shop/sentry", "shop/sentry-of-others"):
        secrets.create_secret(Name=name, SecretString="x")
    resource = f"arn:aws:secretsmanager:{aws.region}:{aws.account}:secret:shop/sentry-??????"
    client = held(statement(action="secretsmanager:GetSecretValue", resource=resource))("secretsmanager")
    assert client.get_secret_value(SecretId="shop/sentry")["SecretString"] == "x"
    assert "shop/sentry-of-others" in refusal(client.get_secret_value, SecretId="shop/sentry-of-others")["Error"]["Message"]
    answer = refusal(client.get_secret_value, SecretId="shop/nothing")
    assert answer["Error"]["Code"] == "AccessDeniedException"


def test_what_a_customers_key_encrypts_takes_decrypting_as_well(aws, held):
    """ "AWS KMS encryption for AWS Systems Manager Parameter Store SecureString parameters": the parameter's ARN is in the context."""
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    for name, more in (("/shop/own", {"KeyId": key}), ("/shop/default", {}), ("/shop/plain", {"Type": "String"})):
        aws.client("ssm").put_parameter(Name=name, Value="x", **{"Type": "SecureString"} | more)
    arn = f"arn:aws:ssm:{aws.region}:{aws.account}:parameter/shop/"
    read = statement(action="ssm:GetParameter", resource=f"{arn}*")
    client = held(read)("ssm")
    for name in ("/shop/default", "/shop/plain"):
        assert client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "x"
    assert "kms:Decrypt" in refusal(client.get_parameter, Name="/shop/own", WithDecryption=True)["Error"]["Message"]
    client.get_parameter(Name="/shop/own")
    decrypt = {"action": "kms:Decrypt", "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": f"{arn}own"}}
    client = held(read, statement(**decrypt))("ssm")
    assert client.get_parameter(Name="/shop/own", WithDecryption=True)["Parameter"]["Value"] == "x"


def test_a_role_is_taken_on_by_its_arn(aws, held):
    """ "Actions defined by AWS Security Token Service": `AssumeRole` is asked about the role."""
    role = f"arn:aws:iam::{aws.account}:role/promote"
    taking = {"RoleSessionName": "infra"}
    client = held(statement(action="sts:AssumeRole", resource=role))("sts")
    assert client.assume_role(RoleArn=role, **taking)["AssumedRoleUser"]["Arn"].endswith(":assumed-role/promote/infra")
    answer = refusal(client.assume_role, RoleArn=f"{role}-of-others", **taking)
    assert f"sts:AssumeRole on resource: {role}-of-others" in answer["Error"]["Message"]


def test_starting_an_instance_is_asked_about_each_thing_that_it_takes(aws, held):
    image = aws.ec2.describe_images()["Images"][0]["ImageId"]
    template = aws.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"})
    template = template["LaunchTemplate"]["LaunchTemplateId"]
    network = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = aws.ec2.create_subnet(VpcId=network, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    wanted = {
        "LaunchTemplate": {"LaunchTemplateId": template, "Version": "1"},
        "SubnetId": subnet,
        "TagSpecifications": [{"ResourceType": "instance", "Tags": OURS}],
        "MinCount": 1,
        "MaxCount": 1,
    }
    here = f"arn:aws:ec2:{aws.region}:{aws.account}"
    used = [f"{here}:launch-template/{template}", f"{here}:subnet/{subnet}", f"arn:aws:ec2:{aws.region}::image/{image}"]
    made = [f"{here}:{kind}/*" for kind in ("instance", "volume", "network-interface")]
    from_template = {"ArnLike": {"ec2:LaunchTemplate": f"{here}:launch-template/*"}}
    tags = statement(action="ec2:CreateTags", StringEquals={"ec2:CreateAction": "RunInstances"})
    allowed = [statement(action="ec2:RunInstances", resource=[*used, *made], **from_template), tags]
    for missing in [*used, *made]:
        others = [it for it in [*used, *made] if it != missing]
        answer = refusal(held(statement(action="ec2:RunInstances", resource=others), tags)("ec2").run_instances, **wanted)
        assert f"ec2:RunInstances on resource: {missing}" in answer["Error"]["Message"]
    answer = refusal(held(allowed[0])("ec2").run_instances, **wanted)
    assert f"ec2:CreateTags on resource: {here}:instance/*" in answer["Error"]["Message"]
    instance = held(*allowed)("ec2").run_instances(**wanted)["Instances"][0]["InstanceId"]
    ours = statement(action="ec2:TerminateInstances", StringEquals={KEY: "dev"})
    held(ours)("ec2").terminate_instances(InstanceIds=[instance])


def test_listener_rules_are_known_by_their_arns(aws, held):
    """ "Actions defined by AWS Elastic Load Balancing V2": a rule is made in its listener, and is itself after that."""
    says = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]
    web = {"LoadBalancerArn": balancer(aws, network(aws))["LoadBalancerArn"], "Protocol": "HTTP", "DefaultActions": says}
    ours, theirs = (aws.elbv2.create_listener(Port=port, **web)["Listeners"][0]["ListenerArn"] for port in (80, 81))
    rules = ours.replace(":listener/", ":listener-rule/") + "/*"
    made = {"ListenerArn": ours, "Priority": 1, "Actions": says, "Conditions": [{"Field": "path-pattern", "Values": ["/"]}]}

    def may(action, resource, **condition):
        return statement(action=f"elasticloadbalancing:{action}", resource=resource, **condition)

    def refused(client, operation, action, on, **request):
        answer = refusal(getattr(client, operation), **request)
        assert f"elasticloadbalancing:{action} on resource: {on} " in answer["Error"]["Message"]

    create = may("CreateRule", ours)
    client = held(create)("elbv2")
    refused(client, "create_rule", "CreateRule", theirs, **made | {"ListenerArn": theirs})
    refused(client, "create_rule", "AddTags", rules, **made, Tags=OURS)
    one = client.create_rule(**made)["Rules"][0]["RuleArn"]

    tag = may("AddTags", rules, StringEquals={"aws:RequestTag/infra:environment": "dev"})
    client = held(create, tag)("elbv2")
    prod = [{"Key": "infra:environment", "Value": "prod"}]
    refused(client, "create_rule", "AddTags", rules, **made | {"Priority": 2}, Tags=prod)
    two = client.create_rule(**made | {"Priority": 2}, Tags=OURS)["Rules"][0]["RuleArn"]

    changes = ("ModifyRule", "DeleteRule", "SetRulePriorities", "AddTags", "RemoveTags")
    client = held(*(may(action, one) for action in changes))("elbv2")
    refused(client, "modify_rule", "ModifyRule", two, RuleArn=two, Actions=says)
    refused(client, "delete_rule", "DeleteRule", two, RuleArn=two)
    refused(client, "add_tags", "AddTags", two, ResourceArns=[one, two], Tags=OURS)
    refused(client, "remove_tags", "RemoveTags", two, ResourceArns=[one, two], TagKeys=["a"])
    order = [{"RuleArn": one, "Priority": 3}, {"RuleArn": two, "Priority": 4}]
    refused(client, "set_rule_priorities", "SetRulePriorities", two, RulePriorities=order)
    client.set_rule_priorities(RulePriorities=order[:1])
    client.modify_rule(RuleArn=one, Actions=says)
    client.delete_rule(RuleArn=one)

    refused(held(may("DescribeRules", [ours, rules]))("elbv2"), "describe_rules", "DescribeRules", "*", ListenerArn=ours)
    assert len(held(may("DescribeRules", "*"))("elbv2").describe_rules(ListenerArn=ours)["Rules"]) == 2
