"""IAM's refusals, and that everything is read back."""

import json

import pytest
import requests


def document(**more) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [{k: v for k, v in statement.items() if v is not None}]})


INLINE = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]})
MANAGED = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


def role(aws, name="web", **more):
    return aws.iam.create_role(**{"RoleName": name, "AssumeRolePolicyDocument": document()} | more)["Role"]


@pytest.mark.parametrize(
    "trust",
    [
        "{nope",
        "{}",
        "[]",
        json.dumps({"Version": "2020-01-01", "Statement": json.loads(document())["Statement"]}),
        document(Principal=None),
        document(Action=None),
        document(Effect=None),
        document(Effect="Maybe"),
        document(Resource="*"),
        document(Action="s3:GetObject"),
        document(Principal={"Service": "ec2"}),
        document(Principal={"AWS": "arn:aws:iam::{account}:role/nobody"}),
        document(Principal={"Someone": "x"}),
        document(Colour="blue"),
    ],
)
def test_malformed_trust_policies_are_refused(aws, trust):
    trust = trust.replace("{account}", aws.account)
    aws.refuses("MalformedPolicyDocument", aws.iam.create_role, RoleName="web", AssumeRolePolicyDocument=trust)
    role(aws)
    aws.refuses("MalformedPolicyDocument", aws.iam.update_assume_role_policy, RoleName="web", PolicyDocument=trust)


@pytest.mark.parametrize(
    "principal",
    [
        {"Service": ["ec2.amazonaws.com", "tasks.apprunner.amazonaws.com"]},
        {"AWS": "arn:aws:iam::{account}:root"},
        {"AWS": "arn:aws:iam::{account}:role/other"},
        {"Federated": "arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com"},
    ],
)
def test_good_trust_policies_are_taken(aws, principal):
    role(aws, "other")
    trust = document(Principal=principal, Action="sts:AssumeRoleWithWebIdentity" if "Federated" in principal else "sts:AssumeRole")
    trust = trust.replace("{account}", aws.account)
    role(aws, AssumeRolePolicyDocument=trust)
    assert aws.iam.get_role(RoleName="web")["Role"]["AssumeRolePolicyDocument"] == json.loads(trust)


@pytest.mark.parametrize("policy", ["{nope", "{}", document(), document(Principal=None), INLINE.replace("Allow", "Maybe")])
def test_malformed_policies_are_refused(aws, policy):
    role(aws)
    aws.refuses("MalformedPolicyDocument", aws.iam.put_role_policy, RoleName="web", PolicyName="p", PolicyDocument=policy)
    aws.refuses("MalformedPolicyDocument", aws.iam.create_policy, PolicyName="p", PolicyDocument=policy)


@pytest.mark.parametrize(
    "more", [{"RoleName": "x" * 65}, {"RoleName": "a b"}, {"Path": "infra"}, {"Description": "x" * 1001}, {"MaxSessionDuration": 60}]
)
def test_names_and_paths_have_limits(aws, more):
    aws.refuses("ValidationError", role, aws=aws, **({"name": more.pop("RoleName")} if "RoleName" in more else {}), **more)
    assert aws.iam.list_roles()["Roles"] == []


def test_sizes_have_limits(aws):
    role(aws)
    long_trust = json.loads(document())
    long_trust["Statement"] *= 30
    aws.refuses("LimitExceeded", aws.iam.update_assume_role_policy, RoleName="web", PolicyDocument=json.dumps(long_trust))
    big = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}] * 300})
    aws.refuses("LimitExceeded", aws.iam.put_role_policy, RoleName="web", PolicyName="p", PolicyDocument=big)


def test_what_exists_is_not_made_again(aws):
    role(aws)
    aws.refuses("EntityAlreadyExists", role, aws=aws)
    aws.iam.create_instance_profile(InstanceProfileName="web")
    aws.refuses("EntityAlreadyExists", aws.iam.create_instance_profile, InstanceProfileName="web")
    aws.refuses("InvalidInput", role, aws=aws, name="t", Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])
    aws.refuses("NoSuchEntity", aws.iam.attach_role_policy, RoleName="web", PolicyArn="arn:aws:iam::aws:policy/Nobody")


def test_a_role_in_use_cannot_be_deleted(aws):
    iam = aws.iam
    role(aws)
    iam.put_role_policy(RoleName="web", PolicyName="p", PolicyDocument=INLINE)
    iam.attach_role_policy(RoleName="web", PolicyArn=MANAGED)
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    role(aws, "other")
    aws.refuses("LimitExceeded", iam.add_role_to_instance_profile, InstanceProfileName="web", RoleName="other")
    aws.refuses("DeleteConflict", iam.delete_instance_profile, InstanceProfileName="web")
    for undo in (
        lambda: iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="web"),
        lambda: iam.detach_role_policy(RoleName="web", PolicyArn=MANAGED),
        lambda: iam.delete_role_policy(RoleName="web", PolicyName="p"),
    ):
        aws.refuses("DeleteConflict", iam.delete_role, RoleName="web")
        undo()
    iam.delete_role(RoleName="web")
    iam.delete_instance_profile(InstanceProfileName="web")
    aws.refuses("NoSuchEntity", iam.get_role, RoleName="web")


def test_a_role_is_taken_only_out_of_a_profile_that_holds_it(aws):
    iam = aws.iam
    taken = dict(InstanceProfileName="web", RoleName="web")
    aws.refuses("NoSuchEntity", iam.remove_role_from_instance_profile, **taken)
    iam.create_instance_profile(InstanceProfileName="web")
    role(aws)
    aws.refuses("NoSuchEntity", iam.remove_role_from_instance_profile, **taken)
    iam.add_role_to_instance_profile(**taken)
    iam.remove_role_from_instance_profile(**taken)
    aws.refuses("NoSuchEntity", iam.remove_role_from_instance_profile, **taken)
    assert iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]["Roles"] == []


def test_authorization_details_are_complete(aws):
    iam = aws.iam
    made = role(aws, Path="/infra/", Tags=[{"Key": "a", "Value": "role"}])
    iam.put_role_policy(RoleName="web", PolicyName="p", PolicyDocument=INLINE)
    iam.attach_role_policy(RoleName="web", PolicyArn=MANAGED)
    iam.create_instance_profile(InstanceProfileName="web", Path="/infra/", Tags=[{"Key": "a", "Value": "profile"}])
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    seen = iam.get_account_authorization_details(Filter=["Role"])
    (detail,) = seen["RoleDetailList"]
    assert detail["Arn"] == made["Arn"] == f"arn:aws:iam::{aws.account}:role/infra/web"
    assert detail["AssumeRolePolicyDocument"] == json.loads(document())
    assert detail["RolePolicyList"] == [{"PolicyName": "p", "PolicyDocument": json.loads(INLINE)}]
    assert detail["AttachedManagedPolicies"] == [{"PolicyName": "AmazonSSMManagedInstanceCore", "PolicyArn": MANAGED}]
    assert detail["Tags"] == [{"Key": "a", "Value": "role"}]
    (profile,) = detail["InstanceProfileList"]
    assert (profile["InstanceProfileName"], profile["Tags"]) == ("web", [{"Key": "a", "Value": "profile"}])
    assert [r["RoleName"] for r in profile["Roles"]] == ["web"]


def test_authorization_details_come_in_pages(aws):
    for n in range(5):
        role(aws, f"web-{n}")
    pages = aws.iam.get_paginator("get_account_authorization_details").paginate(Filter=["Role"], PaginationConfig={"PageSize": 2})
    names = [[r["RoleName"] for r in page["RoleDetailList"]] for page in pages]
    assert [len(page) for page in names] == [2, 2, 1] and len({n for page in names for n in page}) == 5


@pytest.mark.parametrize("action", ["ListRoles", "ListRoles&PathPrefix=/", "GetRole&RoleName=web", "GetAccountAuthorizationDetails"])
def test_policies_are_url_encoded_on_the_wire(aws, action):
    role(aws)
    key = f"AWS4-HMAC-SHA256 Credential={aws.account}/20250101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=x"
    body = requests.post(
        aws.endpoint, data=f"Action={action}&Version=2010-05-08",
        headers={"Authorization": key, "Content-Type": "application/x-www-form-urlencoded"}, timeout=30,
    ).text  # fmt: skip
    assert "<AssumeRolePolicyDocument>%7B%22Version%22%3A" in body
